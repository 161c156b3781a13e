"""Hearing of commits as they come, for a program that waits for them."""

import time
from typing import Any, Protocol

from feedsvc.db.engine import Sign

#: PostgreSQL's channel; what is told on it is only that something was committed.
CHANNEL = "feedsvc"
#: Where nothing was heard for so long, something may have been missed: a pooler that has no
#: notifications, or a connection that is silent because it is gone.
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

    def has_rung(self) -> bool:
        now = time.monotonic()
        rung = now >= self._doubt_at
        try:
            if self._connection is None:
                if not rung:  # so that a server that is away is not called all the time
                    return False
                self._connect()
            elif list(self._connection.notifies(timeout=0)):
                rung = True
        except self._driver.Error:
            self._drop()
        if rung:
            self._doubt_at = now + _DOUBT_SECONDS
        return rung

    def close(self) -> None:
        self._drop()

    def _connect(self) -> None:
        self._connection = self._driver.connect(
            self._url, autocommit=True, connect_timeout=self._timeout_seconds
        )
        self._connection.execute(f"LISTEN {CHANNEL}")

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
