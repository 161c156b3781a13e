"""Who is pushed to: topics, subscriptions, and requests whose intent is to be verified."""

from typing import Any

import peewee as pw


def up(_migrator: Any, db: pw.Database) -> None:
    class Base(pw.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class FeedToken(Base):
        pass

    class Topic(Base):
        url = pw.TextField(unique=True)

    class Subscription(Base):
        kind = pw.SmallIntegerField()
        topic = pw.ForeignKeyField(Topic, null=True, index=False)
        spelling = pw.TextField(null=True)
        callback = pw.TextField()
        host = pw.TextField()
        secret = pw.TextField(null=True)
        token = pw.ForeignKeyField(FeedToken, null=True, index=False, on_delete="CASCADE")
        state = pw.SmallIntegerField()
        epoch = pw.CharField(max_length=32)
        change = pw.BigIntegerField()
        article_id = pw.IntegerField(null=True)
        created_at = pw.BigIntegerField()
        renewed_at = pw.BigIntegerField()
        expires_at = pw.BigIntegerField(null=True)
        next_at = pw.BigIntegerField()
        claimed_until = pw.BigIntegerField()
        attempt = pw.IntegerField()
        failing_since = pw.BigIntegerField(null=True)
        last_error = pw.TextField()
        delivered = pw.BigIntegerField()
        failed = pw.BigIntegerField()
        delivered_at = pw.BigIntegerField(null=True)
        lag_seconds = pw.DoubleField(null=True)

    class Verification(Base):
        kind = pw.SmallIntegerField()
        mode = pw.CharField(max_length=20)
        topic = pw.ForeignKeyField(Topic, index=False)
        spelling = pw.TextField(null=True)
        callback = pw.TextField()
        host = pw.TextField()
        secret = pw.TextField(null=True)
        token = pw.ForeignKeyField(FeedToken, null=True, index=False, on_delete="CASCADE")
        lease_seconds = pw.IntegerField()
        requested_at = pw.BigIntegerField()
        claimed_until = pw.BigIntegerField()

    db.create_tables([Topic, Subscription, Verification], safe=False)
    for statement in (
        "CREATE UNIQUE INDEX subscription_callback ON subscription (callback, topic_id, kind)",
        "CREATE INDEX subscription_standing ON subscription (topic_id, state, change)",
        "CREATE INDEX subscription_failing ON subscription (next_at) WHERE attempt > 0",
        "CREATE INDEX subscription_expires ON subscription (expires_at)",
        "CREATE INDEX subscription_host ON subscription (host)",
        "CREATE INDEX subscription_token ON subscription (token_id)",
        "CREATE UNIQUE INDEX verification_callback ON verification (callback, topic_id, kind)",
        "CREATE INDEX verification_host ON verification (host)",
    ):
        db.execute_sql(statement)
