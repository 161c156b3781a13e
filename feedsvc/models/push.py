"""Who is pushed to."""

from enum import IntEnum

import peewee

from feedsvc.models.base import MomentField, NumberedTable
from feedsvc.models.saved import FeedToken


class Topic(NumberedTable):
    """What can be subscribed to: a feed's document, by its canonical address."""

    #: A private feed's has no token in it; that is the subscription's.
    url = peewee.TextField(unique=True)


class Kind(IntEnum):
    """How a subscription is spoken to."""

    WEBSUB = 0
    RSSCLOUD = 1
    #: Another hub, which is told which addresses have changed.
    HUB = 2


class Standing(IntEnum):
    """Where a subscription stands. What has ended is removed."""

    ACTIVE = 0
    #: Too many deliveries failed; its renewal, or a person, lets it go on.
    SUSPENDED = 1


class Subscription(NumberedTable):
    """What a subscriber has seen: it is the job itself, and to deliver is to move it on."""

    kind = peewee.SmallIntegerField()
    #: Null for another hub: it hears of every feed.
    topic = peewee.ForeignKeyField(Topic, null=True, index=False)
    topic_id: int | None
    #: How the subscriber writes the topic's address, if otherwise; sealed if it has a token.
    spelling = peewee.TextField(null=True)
    callback = peewee.TextField()
    #: The callback's.
    host = peewee.TextField(default="")
    #: Sealed (`vault`).
    secret = peewee.TextField(null=True)
    #: What opened a private feed; when it is revoked, the subscription ends. Where its feed is
    #: removed, it can't stay: the number may become another token's.
    token = peewee.ForeignKeyField(FeedToken, null=True, index=False, on_delete="CASCADE")
    token_id: int | None
    state = peewee.SmallIntegerField()
    #: All changes up to here were acknowledged; with an article, and those of the next change up
    #: to it. So whoever stands at the last change has all.
    epoch = peewee.CharField(max_length=32)
    change = peewee.BigIntegerField()
    article_id = peewee.IntegerField(null=True)
    created_at = MomentField()
    #: Of another hub, which is never renewed: until when it was looked at what appears by itself.
    renewed_at = MomentField()
    expires_at = MomentField(null=True)
    #: Not to be tried before this; for another hub, also when something is to appear by itself.
    next_at = MomentField()
    #: A worker is delivering; if it dies, another may from this moment on.
    claimed_until = MomentField()
    #: Deliveries that failed since the last that was acknowledged, and since when.
    attempt = peewee.IntegerField()
    failing_since = MomentField(null=True)
    last_error = peewee.TextField()
    delivered = peewee.BigIntegerField()
    failed = peewee.BigIntegerField()
    delivered_at = MomentField(null=True)
    #: From the commit to the acknowledgement, of the last delivery.
    lag_seconds = peewee.DoubleField(null=True)


Subscription.add_index(
    Subscription.index(
        Subscription.callback,
        Subscription.topic,
        Subscription.kind,
        unique=True,
        name="subscription_callback",
    )
)
Subscription.add_index(
    Subscription.index(
        Subscription.topic, Subscription.state, Subscription.change, name="subscription_standing"
    )
)
Subscription.add_index(
    Subscription.index(
        Subscription.next_at, where=Subscription.attempt > 0, name="subscription_failing"
    )
)
Subscription.add_index(Subscription.index(Subscription.expires_at, name="subscription_expires"))
Subscription.add_index(Subscription.index(Subscription.host, name="subscription_host"))
Subscription.add_index(Subscription.index(Subscription.token, name="subscription_token"))


class Verification(NumberedTable):
    """Somebody asked to subscribe or to unsubscribe: is it what the callback's owner wants?"""

    kind = peewee.SmallIntegerField()
    mode = peewee.CharField(max_length=20)
    topic = peewee.ForeignKeyField(Topic, index=False)
    topic_id: int
    spelling = peewee.TextField(null=True)
    callback = peewee.TextField()
    host = peewee.TextField()
    secret = peewee.TextField(null=True)
    token = peewee.ForeignKeyField(FeedToken, null=True, index=False, on_delete="CASCADE")
    token_id: int | None
    lease_seconds = peewee.IntegerField()
    requested_at = MomentField()
    claimed_until = MomentField()


Verification.add_index(
    Verification.index(
        Verification.callback,
        Verification.topic,
        Verification.kind,
        unique=True,
        name="verification_callback",
    )
)
Verification.add_index(Verification.index(Verification.host, name="verification_host"))
