"""PostgreSQL: a pool of connections."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from playhouse.pool import PooledPostgresqlDatabase

from feedsvc.db.bell import CHANNEL, NoticeBell
from feedsvc.db.engine import translated
from feedsvc.db.watch import ClockSign

T = TypeVar("T")


class Postgres:
    """A pool of connections; each read and write borrows one."""

    def __init__(
        self, url: str, timeout_seconds: float, pool_size: int, revision_ttl_seconds: float
    ) -> None:
        limit_ms = int(timeout_seconds * 1000)
        self._timeout_seconds = timeout_seconds
        self._url = url.replace("postgres://", "postgresql://", 1)
        self.sign = ClockSign(revision_ttl_seconds)
        self._pid = os.getpid()
        self.peewee = PooledPostgresqlDatabase(
            self._url,
            prefer_psycopg3=True,
            max_connections=pool_size,
            timeout=timeout_seconds,
            connect_timeout=max(1, int(timeout_seconds)),
            # Nothing that is asked takes so long that to compile it would pay (seen: 20 ms of
            # compiling for a search of 3). One plan serves a statement whatever it is asked with;
            # left to itself PostgreSQL weighs a plan for the very values and makes most anew
            # each time, which takes longer than most statements themselves.
            options=f"-c lock_timeout={limit_ms} -c idle_in_transaction_session_timeout=60000"
            " -c jit=off -c plan_cache_mode=force_generic_plan",
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
        with translated(self), self.session(), self.peewee.atomic():
            result = transaction()
        self.sign.note_write()
        return result

    def ring(self) -> None:
        """Tell whoever listens; it is sent with the commit."""
        self.peewee.execute_sql(f"NOTIFY {CHANNEL}")

    def open_bell(self) -> NoticeBell:
        return NoticeBell(self._url, self._timeout_seconds)

    def run_ddl(self, work: Callable[[], T]) -> T:
        with translated(self), self.session(), self.peewee.atomic():
            # Any number serves, as long as every feedsvc uses the same one.
            self.peewee.execute_sql("SELECT pg_advisory_xact_lock(727365)")
            return work()

    def close(self) -> None:
        self.peewee.close_all()

    def drop_connection(self) -> None:
        """The pool tests a connection before it lends it again."""
