"""The first tables. A frozen copy: later changes to `models` don't reach back here."""

import secrets
import time
from typing import Any

import peewee as pw


def up(migrator: Any, db: pw.Database) -> None:
    del migrator

    class Table(pw.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class ChangeCounter(Table):
        epoch = pw.CharField(max_length=32)
        value = pw.BigIntegerField()
        created_at = pw.BigIntegerField()
        changed_at = pw.BigIntegerField()

    class Source(Table):
        name = pw.CharField(max_length=100, unique=True)
        dialect = pw.CharField(max_length=30)
        timezone = pw.CharField(max_length=100, null=True)
        created_at = pw.BigIntegerField()

    class SigningKey(Table):
        source = pw.ForeignKeyField(Source)
        secret = pw.TextField()
        created_at = pw.BigIntegerField()
        expires_at = pw.BigIntegerField(null=True)

    class Category(Table):
        slug = pw.CharField(max_length=100, unique=True)
        name = pw.TextField()
        parent = pw.ForeignKeyField("self", null=True)
        change = pw.BigIntegerField()
        created_at = pw.BigIntegerField()
        changed_at = pw.BigIntegerField()

    class Tag(Table):
        slug = pw.TextField(unique=True)
        name = pw.TextField()

    class Author(Table):
        slug = pw.TextField(unique=True)
        name = pw.TextField()
        url = pw.TextField(null=True)

    class Article(Table):
        source = pw.ForeignKeyField(Source, index=False)
        external_id = pw.TextField()
        guid = pw.TextField(unique=True)
        state = pw.SmallIntegerField()
        version = pw.IntegerField()
        change = pw.BigIntegerField(index=True)
        digest = pw.CharField(max_length=64)
        url = pw.TextField()
        title = pw.TextField()
        summary = pw.TextField()
        content_html = pw.TextField()
        language = pw.TextField(null=True)
        image = pw.TextField(null=True)
        authors = pw.TextField()
        tags = pw.TextField()
        categories = pw.TextField()
        attachments = pw.TextField()
        published_at = pw.BigIntegerField()
        modified_at = pw.BigIntegerField()
        ordered_at = pw.BigIntegerField()
        occurred_at = pw.BigIntegerField()
        visible_at = pw.BigIntegerField()

        class Meta:
            indexes = ((("source", "external_id"), True),)

    newest = (Article.state, Article.visible_at.desc(), Article.id.desc())
    Article.add_index(Article.index(*newest))
    Article.add_index(Article.index(Article.language, *newest))

    class Filing(Table):
        article = pw.ForeignKeyField(Article, index=False)
        state = pw.SmallIntegerField()
        visible_at = pw.BigIntegerField()
        change = pw.BigIntegerField()

    class ArticleCategory(Filing):
        category = pw.ForeignKeyField(Category, index=False)
        direct = pw.BooleanField()

        class Meta:
            primary_key = pw.CompositeKey("article", "category")

    class ArticleTag(Filing):
        tag = pw.ForeignKeyField(Tag, index=False)

        class Meta:
            primary_key = pw.CompositeKey("article", "tag")

    class ArticleAuthor(Filing):
        author = pw.ForeignKeyField(Author, index=False)

        class Meta:
            primary_key = pw.CompositeKey("article", "author")

    for table, label in (
        (ArticleCategory, ArticleCategory.category),
        (ArticleTag, ArticleTag.tag),
        (ArticleAuthor, ArticleAuthor.author),
    ):
        name = table._meta.table_name  # noqa: SLF001
        feed = (table.state, table.visible_at.desc(), table.article.desc(), table.change)
        table.add_index(table.index(label, *feed, name=f"{name}_feed"))
        table.add_index(table.index(label, table.change, table.article, name=f"{name}_changes"))

    class Removal(Table):
        category = pw.ForeignKeyField(Category, index=False)
        article = pw.ForeignKeyField(Article, index=False)
        change = pw.BigIntegerField()

        class Meta:
            primary_key = pw.CompositeKey("category", "article")

    Removal.add_index(Removal.index(Removal.category, Removal.change, Removal.article))

    class Message(Table):
        source = pw.ForeignKeyField(Source, index=False)
        message_id = pw.TextField()
        received_at = pw.BigIntegerField(index=True)
        body = pw.BlobField()
        digest = pw.CharField(max_length=64)
        status = pw.SmallIntegerField()
        answer = pw.TextField()
        duration_seconds = pw.DoubleField()

        class Meta:
            table_name = "inbox"
            indexes = ((("source", "message_id"), True),)

    db.create_tables(
        [
            ChangeCounter,
            Source,
            SigningKey,
            Category,
            Tag,
            Author,
            Article,
            ArticleCategory,
            ArticleTag,
            ArticleAuthor,
            Removal,
            Message,
        ],
        safe=False,
    )
    now = time.time_ns() // 1000
    ChangeCounter.create(id=1, epoch=secrets.token_hex(16), value=0, created_at=now, changed_at=now)
