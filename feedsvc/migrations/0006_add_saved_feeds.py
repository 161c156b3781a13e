"""Feeds that the newsroom puts together itself, and the tokens that open private ones."""

from typing import Any

import peewee as pw


def up(_migrator: Any, db: pw.Database) -> None:
    class Base(pw.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class SavedFeed(Base):
        name = pw.CharField(max_length=100, unique=True)
        title = pw.TextField()
        description = pw.TextField()
        query = pw.TextField()
        delay_seconds = pw.IntegerField()
        terms = pw.TextField()
        podcast = pw.TextField(null=True)
        is_private = pw.BooleanField()
        change = pw.BigIntegerField()
        created_at = pw.BigIntegerField()
        changed_at = pw.BigIntegerField()

    class FeedToken(Base):
        feed = pw.ForeignKeyField(SavedFeed, index=False)
        label = pw.TextField()
        token = pw.CharField(max_length=71)
        created_at = pw.BigIntegerField()
        used_at = pw.BigIntegerField(null=True)
        revoked_at = pw.BigIntegerField(null=True)

    db.create_tables([SavedFeed, FeedToken], safe=False)
    db.execute_sql(
        "CREATE UNIQUE INDEX feed_token_label ON feed_token (feed_id, label)"
        " WHERE revoked_at IS NULL"
    )
