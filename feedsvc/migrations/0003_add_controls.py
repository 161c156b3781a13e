"""What editors say of articles, their other ids, what a key may do, more of what came."""

from typing import Any

import peewee as pw


def up(migrator: Any, db: pw.Database) -> None:
    class Source(pw.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Alias(pw.Model):
        source = pw.ForeignKeyField(Source, index=False)
        name = pw.TextField()
        external_id = pw.TextField()

        class Meta:
            database = db
            legacy_table_names = False
            primary_key = pw.CompositeKey("source", "name")

    db.create_tables([Alias], safe=False)
    migrator.migrate(
        migrator.add_column("article", "correction", pw.TextField(default="")),
        migrator.add_column(
            "article", "content_policy", pw.CharField(max_length=10, default="full")
        ),
        migrator.add_column("article", "expires_at", pw.BigIntegerField(null=True)),
        migrator.add_column("signing_key", "categories", pw.TextField(null=True)),
        migrator.add_column("inbox", "key_id", pw.IntegerField(null=True)),
        migrator.add_column(
            "inbox", "media_type", pw.CharField(max_length=100, default="application/json")
        ),
        migrator.add_column("inbox", "is_refused", pw.BooleanField(default=False)),
    )
    refused = "UPDATE inbox SET is_refused = (1 = 1) WHERE status >= 400 OR answer LIKE "
    db.execute_sql(refused + db.param, ('%"status":"rejected"%',))
    db.execute_sql("CREATE INDEX inbox_source ON inbox (source_id, id)")
    db.execute_sql("CREATE INDEX inbox_refused ON inbox (id) WHERE is_refused")
    db.execute_sql("CREATE INDEX inbox_source_refused ON inbox (source_id, id) WHERE is_refused")
    db.execute_sql(
        "CREATE INDEX article_state_expires_at ON article (state, expires_at) "
        "WHERE expires_at IS NOT NULL"
    )
