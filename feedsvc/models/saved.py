"""Feeds that the newsroom puts together itself, and who may read them."""

import peewee

from feedsvc.models.base import ListField, MomentField, NumberedTable


class SavedFeed(NumberedTable):
    """A feed that the newsroom has put together itself, for a partner or a purpose."""

    name = peewee.CharField(max_length=100, unique=True)
    title = peewee.TextField()
    description = peewee.TextField()
    #: What it shows, as a feed's address says it after the question mark.
    query = peewee.TextField()
    #: How much later than elsewhere an article appears.
    delay_seconds = peewee.IntegerField()
    #: What whoever shows it may do and has to say (`rendering.terms`).
    terms = ListField()
    podcast = ListField(null=True)
    is_private = peewee.BooleanField()
    change = peewee.BigIntegerField()
    created_at = MomentField()
    changed_at = MomentField()


class FeedToken(NumberedTable):
    """What opens a private feed to one subscriber; kept when it is revoked, as a record."""

    feed = peewee.ForeignKeyField(SavedFeed, index=False)
    label = peewee.TextField()
    #: Hashed (`secrecy`).
    token = peewee.CharField(max_length=71)
    created_at = MomentField()
    #: The day, at its beginning, on which it was used last.
    used_at = MomentField(null=True)
    revoked_at = MomentField(null=True)


# One label names one token that is valid.
FeedToken.add_index(
    FeedToken.index(
        FeedToken.feed,
        FeedToken.label,
        unique=True,
        where=FeedToken.revoked_at.is_null(),
        name="feed_token_label",
    )
)
