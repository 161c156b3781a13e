"""What few articles say: their picture's caption, related pages, where they come from."""

from typing import Any

import peewee as pw


def up(migrator: Any, db: pw.Database) -> None:
    del db
    migrator.migrate(migrator.add_column("article", "details", pw.TextField(null=True)))
