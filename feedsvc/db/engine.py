"""What a database engine is to the rest: sessions, snapshots, writes, and one kind of trouble."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import peewee
from playhouse.pool import MaxConnectionsExceeded

from feedsvc.errors import DatabaseUnavailableError

if TYPE_CHECKING:
    from feedsvc.db.bell import Bell

T = TypeVar("T")

#: What both drivers raise when the database, not the statement, is at fault.
_UNAVAILABLE = (
    peewee.OperationalError,
    peewee.InterfaceError,
    peewee.InternalError,
    MaxConnectionsExceeded,
)


class Sign(Protocol):
    """Of commits: what it gives twice to a thread tells that nothing was committed between."""

    #: Whether what it gives to one thread says the same to another one.
    is_shared: bool

    def look(self) -> object: ...


class Engine(Protocol):
    """SQLite or PostgreSQL, as `Database` uses it."""

    peewee: Any

    @property
    def sign(self) -> Sign: ...

    def create(self) -> None: ...

    def session(self) -> AbstractContextManager[None]: ...

    def snapshot(self) -> AbstractContextManager[None]: ...

    def write(self, transaction: Callable[[], T]) -> T: ...

    def ring(self) -> None: ...

    def open_bell(self) -> "Bell": ...

    def run_ddl(self, work: Callable[[], T]) -> T: ...

    def close(self) -> None: ...

    def drop_connection(self) -> None: ...


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Turn what the drivers raise for a database in trouble into one error of ours."""
    try:
        yield
    except (peewee.DatabaseError, *_UNAVAILABLE) as error:
        # SQLite says "malformed" and "not a database" with the base class itself.
        if not isinstance(error, _UNAVAILABLE) and type(error) is not peewee.DatabaseError:
            raise
        engine.drop_connection()
        raise DatabaseUnavailableError(f"{type(error).__name__}: {error}") from error


class ClosedWithItsThread:
    """Holds a connection in a thread's storage, which goes when the thread does."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    def __del__(self) -> None:
        self.raw.close()
