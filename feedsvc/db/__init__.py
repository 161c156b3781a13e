"""The database: opening it, transactions, the one writer, and the change counter.

Everything above speaks three verbs. `read()` is one consistent view of the data. `publish(work)`
runs `work` in one write transaction that holds the change counter, so that change numbers become
visible in the order in which they were taken; a number that `work` takes is committed with what
it numbers, or not at all. `write(work)` is for what readers never see.

All writes of a process to SQLite run on one thread (`db.sqlite`), and nothing in them waits.
PostgreSQL takes writes on the calling thread, from a pool (`db.postgres`).
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import peewee

from feedsvc.db.bell import Bell
from feedsvc.db.engine import Engine, translated
from feedsvc.db.postgres import Postgres
from feedsvc.db.sqlite import Sqlite
from feedsvc.db.watch import Watch
from feedsvc.errors import ConfigurationError, DatabaseUnavailableError

T = TypeVar("T")

#: What the models are bound to; `Database` puts itself behind it.
bound = peewee.DatabaseProxy()

#: Below this, the beginning of a write is as good as its end.
_SLOW_MICROSECONDS = 500_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    """An aware time as whole microseconds since 1970: exact, and the same on both databases."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    return _EPOCH + timedelta(microseconds=value)


def fetch_rows(query: "peewee.ModelSelect[Any]") -> list[tuple[Any, ...]]:
    """A query's rows as plain tuples, their columns converted; no model is made of them."""
    return list(query.tuples())


@dataclass(frozen=True, slots=True)
class Counter:
    """Where the stream of changes stands: its epoch (renewed by a restore), number and time."""

    epoch: str
    change: int
    created_at: datetime
    changed_at: datetime


class Changes:
    """The change numbers of one transaction, made by `Database.publish`."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self.last = counter.change
        # Never earlier than the change before, even if this machine's clock was set back: a
        # reader's Last-Modified must not go backwards.
        self.at = self.now()

    def now(self) -> datetime:
        return max(datetime.now(UTC), self._counter.changed_at)

    def take(self) -> int:
        """The next change number, for one public document that is about to be written."""
        self.last += 1
        return self.last

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part of the transaction that may fail alone: its writes and its numbers go back."""
        before = self.last
        try:
            with bound.atomic():
                yield
        except BaseException:
            self.last = before
            raise

    @property
    def taken(self) -> bool:
        return self.last > self._counter.change


class _View(threading.local):
    """What a thread knows of the view that it is in."""

    is_open = False
    counter: Counter | None = None


class Database:
    """Opened by URL; see the module's text. Safe to share between threads and across a fork."""

    def __init__(
        self,
        url: str,
        *,
        busy_timeout_seconds: float = 5.0,
        pool_size: int = 10,
        revision_ttl_seconds: float = 0.25,
    ) -> None:
        scheme = urlsplit(url).scheme
        if scheme == "sqlite":
            self._engine: Engine = Sqlite(url, busy_timeout_seconds)
        elif scheme in ("postgresql", "postgres"):
            self._engine = Postgres(url, busy_timeout_seconds, pool_size, revision_ttl_seconds)
        else:
            raise ConfigurationError(
                "FEEDSVC_DATABASE_URL must begin with sqlite:/// or postgresql://"
            )
        self.peewee = self._engine.peewee
        bound.initialize(self.peewee)
        self._view = _View()

    @property
    def path(self) -> Path | None:
        """The file of an embedded database."""
        return self._engine.path if isinstance(self._engine, Sqlite) else None

    @contextmanager
    def read(self) -> Iterator[None]:
        """One consistent view: every query inside sees the same commit.

        Raises:
            DatabaseUnavailableError: the database can't be read now.
        """
        if self.peewee.in_transaction():  # part of the view, or the write, that is going on
            yield
            return
        with translated(self._engine), self._engine.session(), self._engine.snapshot():
            self._view.is_open = True
            try:
                yield
            finally:
                self._view.is_open, self._view.counter = False, None

    def publish(self, work: Callable[[Changes], T]) -> T:
        """Run `work` in one write transaction that holds the change counter.

        Raises:
            DatabaseUnavailableError: locked beyond the busy timeout, full, or gone; nothing of
                `work` was written.
        """

        def transaction() -> T:
            changes = Changes(self._counter(lock=True)[0])
            result = work(changes)
            if changes.taken:
                self._stamp(changes)
            self._engine.ring()
            return result

        return self._engine.write(transaction)

    def write(self, work: Callable[[], T]) -> T:
        """Run `work`, of which readers see nothing, in a write transaction that holds no counter.

        So nobody who publishes waits for it.

        Raises:
            DatabaseUnavailableError: as `publish`.
        """
        return self._engine.write(work)

    def read_counter(self) -> Counter:
        """The counter as of now, or of the view that the caller is in."""
        return self._view.counter or self.read_counter_and(())[0]

    def read_counter_and(
        self, columns: Sequence[str], *values: object
    ) -> tuple[Counter, tuple[Any, ...]]:
        """The counter, and other columns for which the caller would have a statement of its own,
        with `?` for values.
        """
        with self.read():
            counter, others = self._counter(columns, *values)
            if self._view.is_open:  # a view sees one counter; a write makes the next one
                self._view.counter = counter
            return counter, others

    def watch(self, read: Callable[[], T]) -> Watch[T]:
        """What `read` gives in a view of its own, read again only after a commit of anyone.

        On PostgreSQL, another process's commit is seen within `revision_ttl_seconds`.
        """

        def view() -> T:
            with self.read():
                return read()

        return Watch(self._engine.sign, view)

    def open_bell(self) -> Bell:
        """What rings at every commit, whoever's."""
        return self._engine.open_bell()

    def run_ddl(self, work: Callable[[], T]) -> T:
        """Run `work` (migrations) alone: no other process changes the tables meanwhile."""
        return self._engine.run_ddl(work)

    def create(self) -> None:
        """Make the database's file where there is none; PostgreSQL's are made by its operator."""
        self._engine.create()

    def close(self) -> None:
        self._engine.close()

    def _stamp(self, changes: Changes) -> None:
        """Move the counter on, and give all that changed the time of the end.

        A transaction that took long began before answers that show nothing of it yet: with the
        time of its beginning, their Last-Modified would be taken for its own.
        """
        began, ended = to_microseconds(changes.at), to_microseconds(changes.now())
        self._execute(
            "UPDATE change_counter SET value = ?, changed_at = ? WHERE id = 1",
            changes.last,
            ended,
        )
        if ended - began > _SLOW_MICROSECONDS:
            self._execute("UPDATE category SET changed_at = ? WHERE changed_at = ?", ended, began)

    def _counter(
        self, columns: Sequence[str] = (), *values: object, lock: bool = False
    ) -> tuple[Counter, tuple[Any, ...]]:
        names = ", ".join(("epoch", "value", "created_at", "changed_at", *columns))
        query = f"SELECT {names} FROM change_counter WHERE id = 1"  # noqa: S608 (names of ours)
        if lock and self.peewee.for_update:  # SQLite's transaction holds the whole database
            query += " FOR UPDATE"
        row = self._execute(query, *values).fetchone()
        if row is None:
            raise DatabaseUnavailableError("The change counter is missing; restore a backup.")
        epoch, change, created_at, changed_at, *others = row
        times = from_microseconds(created_at), from_microseconds(changed_at)
        return Counter(epoch, change, *times), tuple(others)

    def _execute(self, sql: str, *values: object) -> Any:
        return self.peewee.execute_sql(sql.replace("?", self.peewee.param), values)
