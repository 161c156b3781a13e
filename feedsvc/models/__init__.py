"""Tables and indexes; no queries.

The rows that file an article under a category, tag or author repeat the article's state and time
(`visible_at`), so that each feed is one index range: newest first, nothing sorted, nothing
skipped. `change` ends the index, so that it covers a cursor's question too.
"""

from enum import IntEnum

import peewee

from feedsvc.models.base import ListField, MomentField, NumberedTable, Table
from feedsvc.models.push import Subscription, Topic, Verification
from feedsvc.models.saved import FeedToken, SavedFeed


class State(IntEnum):
    """Where an article stands. Only LIVE ones are in feeds."""

    SCHEDULED = 0
    LIVE = 1
    WITHDRAWN = 2
    EXPIRED = 3


class ChangeCounter(NumberedTable):
    """One row: how far the stream of changes has come. Written by `db` alone."""

    epoch = peewee.CharField(max_length=32)
    value = peewee.BigIntegerField()
    created_at = MomentField()
    changed_at = MomentField()


class Source(NumberedTable):
    name = peewee.CharField(max_length=100, unique=True)
    dialect = peewee.CharField(max_length=30)
    timezone = peewee.CharField(max_length=100, null=True)
    created_at = MomentField()
    #: How its messages are verified (`ingest.schemes`).
    scheme = peewee.CharField(max_length=30)
    #: Where its articles are, for systems that do not say.
    url_template = peewee.TextField(null=True)


class SigningKey(NumberedTable):
    source = peewee.ForeignKeyField(Source, backref="keys")
    source_id: int
    #: Sealed or hashed (`vault`).
    secret = peewee.TextField()
    created_at = MomentField()
    expires_at = MomentField(null=True)
    #: The slugs of those that it may file articles in or below; null: wherever.
    categories = ListField(null=True)


class Category(NumberedTable):
    slug = peewee.CharField(max_length=100, unique=True)
    name = peewee.TextField()
    parent = peewee.ForeignKeyField("self", null=True, backref="children")
    parent_id: int | None
    change = peewee.BigIntegerField()
    created_at = MomentField()
    #: When its feed last changed: what Last-Modified says.
    changed_at = MomentField()


class Tag(NumberedTable):
    slug = peewee.TextField(unique=True)
    name = peewee.TextField()


class Author(NumberedTable):
    slug = peewee.TextField(unique=True)
    name = peewee.TextField()
    url = peewee.TextField(null=True)


class Article(NumberedTable):
    """All that its entry shows stands in its own row; a withdrawn one is a tombstone."""

    source = peewee.ForeignKeyField(Source, index=False)
    external_id = peewee.TextField()
    guid = peewee.TextField(unique=True)
    state = peewee.SmallIntegerField()
    version = peewee.IntegerField()
    change = peewee.BigIntegerField()
    digest = peewee.CharField(max_length=64)
    url = peewee.TextField()
    title = peewee.TextField()
    summary = peewee.TextField()
    content_html = peewee.TextField()
    language = peewee.TextField(null=True)
    image = peewee.TextField(null=True)
    authors = ListField()
    tags = ListField()
    categories = ListField()
    attachments = ListField()
    published_at = MomentField()
    modified_at = MomentField()
    #: What the newest event said of its time; an earlier event is stale (`article.Order`).
    ordered_at = MomentField()
    occurred_at = MomentField()
    visible_at = MomentField()
    correction = peewee.TextField()
    content_policy = peewee.CharField(max_length=10)
    expires_at = MomentField(null=True)
    #: What few articles say (`articles.details`); null: nothing of it.
    details = ListField(null=True)

    class Meta:
        indexes = ((("source", "external_id"), True),)


Article.add_index(Article.index(Article.state, Article.visible_at.desc(), Article.id.desc()))
Article.add_index(
    Article.index(Article.language, Article.state, Article.visible_at.desc(), Article.id.desc())
)
Article.add_index(Article.index(Article.change))
Article.add_index(
    Article.index(
        Article.state, Article.expires_at, where=Article.expires_at.is_null(is_null=False)
    )
)


class Filing(Table):
    """An article under a label, with what it repeats of the article."""

    article = peewee.ForeignKeyField(Article, index=False)
    state = peewee.SmallIntegerField()
    visible_at = MomentField()
    change = peewee.BigIntegerField()


class Alias(Table):
    """Another id that a source has for an article: an update that is an item of its own."""

    source = peewee.ForeignKeyField(Source, index=False)
    name = peewee.TextField()
    external_id = peewee.TextField()

    class Meta:
        primary_key = peewee.CompositeKey("source", "name")


class ArticleCategory(Filing):
    """An article in a category's feed: filed there (`direct`), or in one below it."""

    category = peewee.ForeignKeyField(Category, index=False)
    direct = peewee.BooleanField()

    class Meta:
        primary_key = peewee.CompositeKey("article", "category")


class ArticleTag(Filing):
    tag = peewee.ForeignKeyField(Tag, index=False)

    class Meta:
        primary_key = peewee.CompositeKey("article", "tag")


class ArticleAuthor(Filing):
    author = peewee.ForeignKeyField(Author, index=False)

    class Meta:
        primary_key = peewee.CompositeKey("article", "author")


for _filing, _label in (
    (ArticleCategory, ArticleCategory.category),
    (ArticleTag, ArticleTag.tag),
    (ArticleAuthor, ArticleAuthor.author),
):
    _filing.add_index(
        _filing.index(
            _label,
            _filing.state,
            _filing.visible_at.desc(),
            _filing.article.desc(),
            _filing.change,
            name=f"{_filing._meta.table_name}_feed",  # noqa: SLF001 (Peewee's public way to it)
        )
    )
    _filing.add_index(
        _filing.index(
            _label,
            _filing.change,
            _filing.article,
            name=f"{_filing._meta.table_name}_changes",  # noqa: SLF001
        )
    )


class Removal(Table):
    """An article left a category's feed without being withdrawn, at this change."""

    category = peewee.ForeignKeyField(Category, index=False)
    article = peewee.ForeignKeyField(Article, index=False)
    change = peewee.BigIntegerField()

    class Meta:
        primary_key = peewee.CompositeKey("category", "article")


Removal.add_index(Removal.index(Removal.category, Removal.change, Removal.article))


class Message(NumberedTable):
    """The inbox: an authenticated webhook message, and the answer it got."""

    source = peewee.ForeignKeyField(Source, index=False)
    message_id = peewee.TextField()
    received_at = MomentField(index=True)
    body = peewee.BlobField()
    digest = peewee.CharField(max_length=64)
    status = peewee.SmallIntegerField()
    answer = peewee.TextField()
    duration_seconds = peewee.DoubleField()
    #: The key that it was verified with.
    key_id = peewee.IntegerField(null=True)
    media_type = peewee.CharField(max_length=100)
    #: Whether it, or one of its events, was refused.
    is_refused = peewee.BooleanField()

    class Meta:
        table_name = "inbox"
        indexes = ((("source", "message_id"), True),)


Message.add_index(Message.index(Message.source, Message.id, name="inbox_source"))
# Few are refused, so that these cost next to nothing.
Message.add_index(Message.index(Message.id, where=Message.is_refused, name="inbox_refused"))
Message.add_index(
    Message.index(Message.source, Message.id, where=Message.is_refused, name="inbox_source_refused")
)


TABLES = (
    ChangeCounter,
    Source,
    SigningKey,
    Category,
    Tag,
    Author,
    Article,
    Alias,
    ArticleCategory,
    ArticleTag,
    ArticleAuthor,
    Removal,
    Message,
    SavedFeed,
    FeedToken,
    Topic,
    Subscription,
    Verification,
)
