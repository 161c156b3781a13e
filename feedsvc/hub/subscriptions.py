"""Who has subscribed to what: what a subscriber asks for, and what people see and do.

Nothing here is a public document's change: no change number is taken. What is sent, and when, is
in `jobs`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import peewee

from feedsvc.db import Changes, Database, fetch_rows
from feedsvc.errors import HubError, SubscriptionError
from feedsvc.feeds.selection import Cursor
from feedsvc.hub.requests import UNSUBSCRIBE
from feedsvc.models.push import Kind, Standing, Subscription, Topic, Verification
from feedsvc.settings import Settings
from feedsvc.vault import Vault

#: How an rssCloud registration is verified, in the place of a mode: the callback is asked for a
#: challenge, or, being on the host that has asked, only has to take a notice.
CHALLENGE, NOTICE = "challenge", "notice"
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for; whether the callback's owner wants it too, is to be verified."""

    kind: Kind
    #: Of WebSub the mode; of rssCloud how it is verified.
    mode: str
    #: Canonical.
    topic_url: str
    #: The topic's address as the subscriber writes it, sealed if a token is in it; None where it
    #: is the same.
    spelling: str | None
    callback: str
    #: The callback's.
    host: str
    lease_seconds: int
    #: Sealed.
    secret: str | None = None
    token_id: int | None = None


@dataclass(frozen=True, slots=True)
class Info:
    """A subscription without its secret."""

    id: int
    kind: Kind
    #: None: all that is public.
    topic_url: str | None
    callback: str
    has_secret: bool
    standing: Standing
    change: int
    created_at: datetime
    renewed_at: datetime
    expires_at: datetime | None
    next_at: datetime
    attempt: int
    failing_since: datetime | None
    last_error: str
    delivered: int
    failed: int
    delivered_at: datetime | None
    lag_seconds: float | None


def remember(database: Database, settings: Settings, wish: Wish, now: datetime) -> None:
    """Have a wish verified; one for the same callback and topic that waits is replaced.

    Raises:
        HubError: there are as many subscriptions as there may be, or none to end.
    """

    def keep(_: Changes) -> None:
        topic = _get_topic(wish.topic_url)
        if wish.mode == UNSUBSCRIBE:
            _require_any(topic, wish)
        Verification.delete().where(_same(Verification, topic, wish)).execute()
        Verification.create(
            kind=wish.kind,
            mode=wish.mode,
            topic=topic,
            spelling=wish.spelling,
            callback=wish.callback,
            host=wish.host,
            secret=wish.secret,
            token=wish.token_id,
            lease_seconds=wish.lease_seconds,
            requested_at=now,
            claimed_until=now,
        )

    if wish.mode != UNSUBSCRIBE:
        # Before, since everybody would wait while so many are counted. Of those who ask at the
        # same moment, some may be too many.
        with database.read():
            _require_room(wish, settings)
    database.publish(keep)


def confirm(
    database: Database,
    verification: Verification,
    now: datetime,
    beginning: Cursor | None = None,
) -> bool:
    """Do what was verified: subscribe, renew, or end. False if it was replaced meanwhile.

    A new subscription begins at a cursor, or with what changes from now on. A renewed one goes on
    where it stood, also one that was suspended.
    """

    def carry_out(_: Changes) -> bool:
        if not _take(verification):
            return False
        mine = _same(Subscription, verification.topic_id, verification)
        if verification.mode == UNSUBSCRIBE:
            Subscription.delete().where(mine).execute()
            forget_topics([verification.topic_id])
        elif not Subscription.update(**_renewed(verification, now)).where(mine).execute():
            _create(database, verification, now, beginning)
        return True

    return database.publish(carry_out)


def drop_verification(database: Database, verification: Verification) -> bool:
    """Forget a wish that the callback's owner does not have. False if it was replaced meanwhile."""

    def drop(_: Changes) -> bool:
        if not _take(verification):
            return False
        forget_topics([verification.topic_id])
        return True

    return database.publish(drop)


def end(database: Database, subscription_ids: Sequence[int]) -> int:
    """End subscriptions; gives how many there were."""

    def remove(_: Changes) -> int:
        chosen = Subscription.id.in_(list(subscription_ids))
        topics = fetch_rows(Subscription.select(Subscription.topic).where(chosen).distinct())
        count: int = Subscription.delete().where(chosen).execute()
        forget_topics([id_ for (id_,) in topics if id_ is not None])
        return count

    return database.publish(remove)


def forget_topics(ids: Sequence[int]) -> None:
    """Remove those of topics that nobody has subscribed to, or is about to."""
    for table in (Subscription, Verification):
        used = fetch_rows(table.select(table.topic).where(table.topic.in_(list(ids))).distinct())
        ids = sorted(set(ids) - {id_ for (id_,) in used})
    Topic.delete().where(Topic.id.in_(list(ids))).execute()


def resume(database: Database, subscription_id: int, now: datetime) -> None:
    """Have a subscription tried again at once, from where it stands.

    Raises:
        SubscriptionError: there is none.
    """
    again = {**FRESH, "next_at": now}
    update = Subscription.update(**again).where(Subscription.id == subscription_id)
    if not database.publish(lambda _: update.execute()):
        raise _no_such(subscription_id)


def remove(database: Database, subscription_id: int) -> None:
    """End a subscription without a word to its subscriber; SubscriptionError if there is none."""
    if not end(database, [subscription_id]):
        raise _no_such(subscription_id)


def get_info(database: Database, subscription_id: int) -> Info:
    """Raises SubscriptionError if there is no such subscription."""
    with database.read():
        rows = fetch_rows(_select().where(Subscription.id == subscription_id))
    if not rows:
        raise _no_such(subscription_id)
    return _info(rows[0])


def list_infos(
    database: Database, *, text: str = "", standing: Standing | None = None
) -> Iterator[Info]:
    """Subscriptions in the order in which they came, read a part at a time.

    `text` is in the topic's address or in the callback.
    """
    chosen = (
        Subscription.callback.contains(text) | Topic.url.contains(text)
        if text
        else peewee.Value(1) == 1
    )
    if standing is not None:
        chosen &= Subscription.state == standing
    last = 0
    while True:
        query = _select().where(chosen, Subscription.id > last).order_by(Subscription.id)
        with database.read():
            rows = fetch_rows(query.limit(_AT_ONCE))
        yield from map(_info, rows)
        if len(rows) < _AT_ONCE:
            return
        last = rows[-1][0]


def read_spelling(spelling: str | None, topic_url: str, vault: Vault) -> str:
    """A topic's address as the subscriber writes it, which is what they know it by.

    Raises:
        SecretKeyError: it was sealed with another secret.
    """
    return topic_url if spelling is None else vault.unseal(spelling)


#: A subscription of which no delivery has failed.
FRESH: dict[str, Any] = {
    "state": Standing.ACTIVE,
    "attempt": 0,
    "failing_since": None,
    "last_error": "",
}


def cursor_columns(cursor: Cursor) -> dict[str, Any]:
    """How a subscription keeps a cursor, which has the database's whole epoch."""
    is_within = cursor.article_id is not None
    return {
        "epoch": cursor.epoch,
        "change": cursor.change - is_within,
        "article_id": cursor.article_id,
    }


def read_cursor(epoch: str, change: int, article_id: int | None) -> Cursor:
    """The cursor that a subscription keeps."""
    is_within = article_id is not None
    return Cursor(change + is_within, article_id, epoch)


def _create(
    database: Database, verification: Verification, now: datetime, beginning: Cursor | None
) -> None:
    if beginning is None:
        counter = database.read_counter()
        beginning = Cursor(counter.change, epoch=counter.epoch)
    Subscription.create(
        kind=verification.kind,
        topic=verification.topic_id,
        callback=verification.callback,
        host=verification.host,
        created_at=now,
        claimed_until=now,
        delivered=0,
        failed=0,
        **cursor_columns(beginning),
        **_renewed(verification, now),
    )


def _renewed(verification: Verification, now: datetime) -> dict[str, Any]:
    return {
        **FRESH,
        "spelling": verification.spelling,
        "secret": verification.secret,
        "token": verification.token_id,
        "renewed_at": now,
        "expires_at": now + timedelta(seconds=verification.lease_seconds),
        "next_at": now,
    }


def _take(verification: Verification) -> bool:
    """Remove it, if it is still there; SQLite gives the number of a removed one to another."""
    mine = (Verification.id == verification.id) & (
        Verification.requested_at == verification.requested_at
    )
    return bool(Verification.delete().where(mine).execute())


def _same(table: Any, topic_id: int, wish: Wish | Verification) -> Any:
    """The one row of a callback, a topic and a kind."""
    return (table.callback == wish.callback) & (table.topic == topic_id) & (table.kind == wish.kind)


def _get_topic(url: str) -> int:
    """The number of a topic, which is made if it has none."""
    Topic.insert(url=url).on_conflict_ignore().execute()
    ((id_,),) = fetch_rows(Topic.select(Topic.id).where(Topic.url == url))
    return int(id_)


def _require_room(wish: Wish, settings: Settings) -> None:
    topic = Topic.get_or_none(Topic.url == wish.topic_url)
    if topic and Subscription.select().where(_same(Subscription, topic.id, wish)).exists():
        return  # it is renewed
    for most, name, on_host in (
        (settings.hub_max_subscriptions_per_host, "HUB_MAX_SUBSCRIPTIONS_PER_HOST", True),
        (settings.hub_max_subscriptions, "HUB_MAX_SUBSCRIPTIONS", False),
    ):
        count = 0
        for table in (Subscription, Verification):
            query: Any = table.select(table.id)
            if on_host:
                query = query.where(table.host == wish.host)
            count += query.limit(most).count()
        if count >= most:
            where = f"with callbacks on {wish.host}" if on_host else "here"
            raise HubError(
                "hub.callback",
                f"there are {most:,} subscriptions {where} already (FEEDSVC_{name}).",
            )


def _require_any(topic_id: int, wish: Wish) -> None:
    for table in (Subscription, Verification):
        if table.select().where(_same(table, topic_id, wish)).exists():
            return
    raise HubError("hub.callback", "has no subscription to this topic.")


def _no_such(subscription_id: int) -> SubscriptionError:
    return SubscriptionError(
        f"There is no subscription {subscription_id}; `feedsvc hub list` shows those."
    )


def _select() -> Any:
    one = Subscription
    return one.select(
        *(one.id, one.kind, Topic.url, one.callback, one.secret, one.state, one.change),
        *(one.created_at, one.renewed_at, one.expires_at, one.next_at, one.attempt),
        *(one.failing_since, one.last_error, one.delivered, one.failed),
        *(one.delivered_at, one.lag_seconds),
    ).join(Topic, peewee.JOIN.LEFT_OUTER)


def _info(row: tuple[Any, ...]) -> Info:
    id_, kind, url, callback, secret, state, *rest = row
    return Info(id_, Kind(kind), url, callback, secret is not None, Standing(state), *rest)
