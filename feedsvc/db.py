"""The database: opening it, transactions, the one writer, and the change counter.

Everything above speaks two verbs. `read()` is one consistent view of the data. `publish(work)`
runs `work` in one write transaction that holds the change counter, so that change numbers become
visible in the order in which they were taken; a number that `work` takes is committed with what
it numbers, or not at all.

All writes of a process to SQLite run one after the other on one thread, and nothing in them
waits: a second connection of the same process would only queue at the file's lock. PostgreSQL
takes writes on the calling thread, from a pool.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urlsplit

import peewee
from playhouse.pool import MaxConnectionsExceeded, PooledPostgresqlDatabase

from feedsvc.errors import ConfigurationError, DatabaseUnavailableError

T = TypeVar("T")

#: What the models are bound to; `Database` puts itself behind it.
bound = peewee.DatabaseProxy()

#: What both drivers raise when the database, not the statement, is at fault.
_UNAVAILABLE = (
    peewee.OperationalError,
    peewee.InterfaceError,
    peewee.InternalError,
    MaxConnectionsExceeded,
)
#: Below this, the beginning of a write is as good as its end.
_SLOW_MICROSECONDS = 500_000
_RETRY_SECONDS = 0.02
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


class Database:
    """Opened by URL; see the module's text. Safe to share between threads and across a fork."""

    def __init__(self, url: str, *, busy_timeout_seconds: float = 5.0, pool_size: int = 10) -> None:
        scheme = urlsplit(url).scheme
        if scheme == "sqlite":
            self._engine: _Sqlite | _Postgres = _Sqlite(url, busy_timeout_seconds)
        elif scheme in ("postgresql", "postgres"):
            self._engine = _Postgres(url, busy_timeout_seconds, pool_size)
        else:
            raise ConfigurationError(
                "FEEDSVC_DATABASE_URL must begin with sqlite:/// or postgresql://"
            )
        self.peewee = self._engine.peewee
        bound.initialize(self.peewee)

    @property
    def path(self) -> Path | None:
        """The file of an embedded database."""
        return self._engine.path if isinstance(self._engine, _Sqlite) else None

    @contextmanager
    def read(self) -> Iterator[None]:
        """One consistent view: every query inside sees the same commit.

        Raises:
            DatabaseUnavailableError: the database can't be read now.
        """
        if self.peewee.in_transaction():  # part of the view, or the write, that is going on
            yield
            return
        with _translated(self._engine), self._engine.session(), self._engine.snapshot():
            yield

    def publish(self, work: Callable[[Changes], T]) -> T:
        """Run `work` in one write transaction that holds the change counter.

        Raises:
            DatabaseUnavailableError: locked beyond the busy timeout, full, or gone; nothing of
                `work` was written.
        """

        def transaction() -> T:
            changes = Changes(self._counter(lock=True))
            result = work(changes)
            if changes.taken:
                self._stamp(changes)
            return result

        return self._engine.write(transaction)

    def read_counter(self) -> Counter:
        """The counter as of now, in a view of its own."""
        with self.read():
            return self._counter()

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

    def _counter(self, *, lock: bool = False) -> Counter:
        query = "SELECT epoch, value, created_at, changed_at FROM change_counter WHERE id = 1"
        if lock and self.peewee.for_update:  # SQLite's transaction holds the whole database
            query += " FOR UPDATE"
        row = self._execute(query).fetchone()
        if row is None:
            raise DatabaseUnavailableError("The change counter is missing; restore a backup.")
        return Counter(row[0], row[1], from_microseconds(row[2]), from_microseconds(row[3]))

    def _execute(self, sql: str, *values: object) -> Any:
        return self.peewee.execute_sql(sql.replace("?", self.peewee.param), values)


class _Sqlite:
    """One file; a connection for each reading thread, one more for the writer."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        name = unquote(urlsplit(url).path[1:])
        if not name or ":memory:" in name:
            raise ConfigurationError("FEEDSVC_DATABASE_URL must name a file: sqlite:///feedsvc.db")
        self.path = Path(name).absolute()
        self._timeout = timeout_seconds
        self._local = threading.local()
        self._writer: ThreadPoolExecutor | None = None
        self._writer_pid = 0
        self._lock = threading.Lock()
        self.peewee = peewee.SqliteDatabase(
            # mode=rw: a file that went missing is an error, never a new empty newspaper.
            f"file:{quote(str(self.path))}?mode=rw",
            uri=True,
            check_same_thread=False,  # a thread that has ended can't close its own
            timeout=timeout_seconds,
            pragmas=(("journal_mode", "wal"), ("synchronous", "full"), ("foreign_keys", 1)),
        )

    def create(self) -> None:
        try:
            self.path.touch(mode=0o640)
        except OSError as error:
            raise DatabaseUnavailableError(
                f"{self.path} can't be made: {error.strerror}"
            ) from error

    @contextmanager
    def session(self) -> Iterator[None]:
        self._follow_file()
        yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self.peewee.atomic():
            yield

    def write(self, transaction: Callable[[], T]) -> T:
        """Run on the writer thread; give up when its turn has not come within the timeout."""
        future: Future[T] = self._executor().submit(self._locked, transaction)
        # Not future.result(timeout): `transaction` may raise a TimeoutError of its own.
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        if not done.wait(self._timeout) and future.cancel():
            raise DatabaseUnavailableError("Other writes took too long.")
        return future.result()

    def run_ddl(self, work: Callable[[], T]) -> T:
        with _translated(self), self.session():
            # A table that is rebuilt is dropped once; its references must not go with it. SQLite
            # heeds this pragma outside of transactions only.
            self.peewee.pragma("foreign_keys", 0)
            try:
                with self.peewee.atomic("EXCLUSIVE"):
                    return work()
            finally:
                self.drop_connection()

    def close(self) -> None:
        with self._lock:
            writer, self._writer = self._writer, None
        if writer is not None and self._writer_pid == os.getpid():
            writer.submit(self.peewee.close)
            writer.shutdown()
        self.peewee.close()

    def drop_connection(self) -> None:
        self.peewee.close()
        self._local.file = None

    def _locked(self, transaction: Callable[[], T]) -> T:
        with _translated(self), self.session(), self.peewee.atomic("IMMEDIATE"):
            return transaction()

    def _executor(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._writer is None or self._writer_pid != os.getpid():  # threads die in a fork
                self._writer = ThreadPoolExecutor(1, "feedsvc-writer")
                self._writer_pid = os.getpid()
            return self._writer

    def _follow_file(self) -> None:
        """Have this thread's connection be one to the file that now has the name.

        SQLite goes on writing to a file that was deleted or replaced under it: acknowledged
        articles would be lost when the process ends.
        """
        try:
            status = self.path.stat()
        except OSError as error:
            self.drop_connection()
            raise DatabaseUnavailableError(f"{self.path}: {error.strerror}") from error
        file = (os.getpid(), status.st_dev, status.st_ino)
        if getattr(self._local, "file", None) != file:
            self.drop_connection()
            self._connect()
            self._local.file = file

    def _connect(self) -> None:
        """Open this thread's connection, and have it closed with the thread.

        While another process turns a new file to WAL, SQLite says "locked" without waiting.
        """
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                self.peewee.connect()
            except peewee.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(_RETRY_SECONDS)
            else:
                raw: Any = self.peewee.connection()  # type: ignore[no-untyped-call]
                self._local.connection = _ClosedWithItsThread(raw)
                return


class _ClosedWithItsThread:
    """Holds a connection in a thread's storage, which goes when the thread does."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __del__(self) -> None:
        self._connection.close()


class _Postgres:
    """A pool of connections; each read and write borrows one."""

    def __init__(self, url: str, timeout_seconds: float, pool_size: int) -> None:
        limit_ms = int(timeout_seconds * 1000)
        self._pid = os.getpid()
        self.peewee = PooledPostgresqlDatabase(
            url.replace("postgres://", "postgresql://", 1),
            prefer_psycopg3=True,
            max_connections=pool_size,
            timeout=timeout_seconds,
            connect_timeout=max(1, int(timeout_seconds)),
            options=f"-c lock_timeout={limit_ms} -c idle_in_transaction_session_timeout=60000",
        )

    def create(self) -> None:
        """A PostgreSQL database is made by whoever runs the server."""

    @contextmanager
    def session(self) -> Iterator[None]:
        if self._pid != os.getpid():  # a connection must not be shared with the parent
            self.peewee.dispose()
            self._pid = os.getpid()
        with self.peewee.connection_context():
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self.peewee.atomic("REPEATABLE READ"):
            yield

    def write(self, transaction: Callable[[], T]) -> T:
        with _translated(self), self.session(), self.peewee.atomic():
            return transaction()

    def run_ddl(self, work: Callable[[], T]) -> T:
        with _translated(self), self.session(), self.peewee.atomic():
            # Any number serves, as long as every feedsvc uses the same one.
            self.peewee.execute_sql("SELECT pg_advisory_xact_lock(727365)")
            return work()

    def close(self) -> None:
        self.peewee.close_all()

    def drop_connection(self) -> None:
        """The pool tests a connection before it lends it again."""


@contextmanager
def _translated(engine: _Sqlite | _Postgres) -> Iterator[None]:
    """Turn what the drivers raise for a database in trouble into one error of ours."""
    try:
        yield
    except (peewee.DatabaseError, *_UNAVAILABLE) as error:
        # SQLite says "malformed" and "not a database" with the base class itself.
        if not isinstance(error, _UNAVAILABLE) and type(error) is not peewee.DatabaseError:
            raise
        engine.drop_connection()
        raise DatabaseUnavailableError(f"{type(error).__name__}: {error}") from error
