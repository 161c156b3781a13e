"""Find a source's messages, and the refused ones, without walking through those of others."""

from typing import Any

import peewee as pw


def up(migrator: Any, db: pw.Database) -> None:
    migrator.migrate(migrator.drop_index("inbox", "inbox_is_refused_id"))
    db.execute_sql("CREATE INDEX inbox_source ON inbox (source_id, id)")
    db.execute_sql("CREATE INDEX inbox_refused ON inbox (id) WHERE is_refused")
    db.execute_sql("CREATE INDEX inbox_source_refused ON inbox (source_id, id) WHERE is_refused")
