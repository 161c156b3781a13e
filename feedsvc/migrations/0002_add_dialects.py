"""How a source signs, and where its articles are, for systems with dialects of their own."""

from typing import Any

import peewee as pw


def up(migrator: Any, db: pw.Database) -> None:
    del db
    migrator.migrate(
        migrator.add_column(
            "source", "scheme", pw.CharField(max_length=30, default="standard-webhooks")
        ),
        migrator.add_column("source", "url_template", pw.TextField(null=True)),
    )
