"""Hearing of commits as they come, for a program that waits for them."""

import time
from typing import Any, Protocol

from feedsvc.db.engine import Sign

#: PostgreSQL's channel; what is told on it is only that something was committed.
CHANNEL = "feedsvc"
#: So often it is looked, too, whether anything was written: a pooler may have no notifications, and
#: a connection be silent because it is gone.
_DOUBT_SECONDS = 1.0


class Bell(Protocol):
    """Rings when something was committed, by this process or another one. For one thread."""

    def has_rung(self) -> bool:
        """Whether anything may have been committed since it was asked before."""

    def close(self) -> None: ...


class SignBell:
    """SQLite's: its sign is looked at, which costs microseconds."""

    def __init__(self, sign: Sign) -> None:
        self._sign = sign
        self._last: object = None

    def has_rung(self) -> bool:
        last, self._last = self._last, self._sign.look()
        return self._last != last

    def close(self) -> None:
        """The sign is not its own."""


class NoticeBell:
    """PostgreSQL's: LISTEN, on a connection of its own that is made again when it is lost."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        # Only who has PostgreSQL has its driver.
        import psycopg  # noqa: PLC0415

        self._driver = psycopg
        self._url = url
        self._timeout_seconds = max(1, int(timeout_seconds))
        self._connection: Any = None
        self._doubt_at = 0.0
        self._snapshot: str | None = None

    def has_rung(self) -> bool:
        now = time.monotonic()
        is_doubtful = now >= self._doubt_at
        if is_doubtful:
            self._doubt_at = now + _DOUBT_SECONDS
        try:
            if self._connection is None:
                if is_doubtful:  # so that a server that is away is not called all the time
                    self._connect()
                return is_doubtful
            is_told = bool(list(self._connection.notifies(timeout=0)))
            return (is_doubtful and self._has_moved()) or is_told
        except self._driver.Error:
            self._drop()
            return is_doubtful

    def close(self) -> None:
        self._drop()

    def _connect(self) -> None:
        self._connection = self._driver.connect(
            self._url, autocommit=True, connect_timeout=self._timeout_seconds
        )
        self._connection.execute(f"LISTEN {CHANNEL}")

    def _has_moved(self) -> bool:
        """Whether any transaction has written since it was asked before, heard of or not."""
        last = self._snapshot
        row = self._connection.execute("SELECT pg_current_snapshot()::text").fetchone()
        self._snapshot = row[0]
        return last != self._snapshot

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
