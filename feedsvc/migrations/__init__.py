"""The tables' history. Each `NNNN_verb_noun.py` is applied once, in order, and never edited."""

from dataclasses import dataclass
from pathlib import Path

from playhouse.migrations import Runner

from feedsvc.db import Database
from feedsvc.errors import SchemaError


@dataclass(frozen=True, slots=True)
class Schema:
    """Names of migrations: those applied, those to come, and those this code does not know."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not self.applied and not self.unknown

    def require_current(self) -> None:
        """Raises SchemaError unless the tables are those that this code was written for."""
        if self.unknown:
            raise SchemaError(
                f"The database was made by a newer feedsvc (it has {', '.join(self.unknown)}): "
                "install that version, or restore a backup made before the upgrade."
            )
        if self.pending:
            raise SchemaError(
                f"The database lacks {', '.join(self.pending)}: run `feedsvc migrate`."
            )


def read_schema(database: Database) -> Schema:
    with database.read():
        rows = _runner(database).status()
    return Schema(
        applied=tuple(row.name for row in rows if row.applied and row.path),
        pending=tuple(row.name for row in rows if not row.applied),
        unknown=tuple(row.name for row in rows if row.applied and not row.path),
    )


def migrate(database: Database) -> list[str]:
    """Bring the tables up to date, under a lock; gives the names of what was applied.

    Raises:
        SchemaError: the database is newer than this code; nothing was changed.
    """

    def apply() -> list[str]:
        schema = read_schema(database)
        if schema.unknown:
            schema.require_current()
        names: list[str] = _runner(database).up()
        return names

    database.create()
    return database.run_ddl(apply)


def prepare(database: Database, *, auto_migrate: bool) -> None:
    """Make the tables of an empty database, and refuse one that this code can't work with."""
    if auto_migrate:
        database.create()
        if read_schema(database).is_empty:
            migrate(database)
    read_schema(database).require_current()


def _runner(database: Database) -> Runner:
    return Runner(database.peewee, str(Path(__file__).parent))
