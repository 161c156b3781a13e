"""What was read of a database, read again only where something may have been committed since.

What every request asks, such as where the change counter stands, must cost next to nothing. So it
is answered from memory, and what is looked at is a sign of any commit.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from feedsvc.db.engine import ClosedWithItsThread, Sign

T = TypeVar("T")

#: How often it is looked whether the file that has the name is still the same.
_FILE_SECONDS = 0.2
_SERIALS = count()


class Watch(Generic[T]):
    """What `read` gives. Safe to share between threads and across a fork."""

    def __init__(self, sign: Sign, read: Callable[[], T]) -> None:
        self._sign = sign
        self._read = read
        self._seen = _Shared() if sign.is_shared else _OfThread()

    def look(self) -> T:
        """What there is to read now.

        Raises:
            DatabaseUnavailableError: it had to be read, and can't be.
        """
        # In this order: what is committed while it is read is seen at the next look.
        sign, seen = self._sign.look(), self._seen
        last = seen.last
        if last is None or last[0] != sign:
            last = seen.last = sign, self._read()
        value: T = last[1]
        return value

    def peek(self) -> T | None:
        """The same where no server has to be waited for; else None."""
        if not self._sign.is_shared:
            return self.look()
        last = self._seen.last
        return last[1] if last is not None and last[0] == self._sign.look() else None


class _Shared:
    """The last sign and what was read at it."""

    last: tuple[object, Any] | None = None


class _OfThread(_Shared, threading.local):
    """The same, for each thread its own."""


class SqliteSign:
    """`PRAGMA data_version`, of a connection for each thread that is kept for this alone.

    It belongs to one connection, and misses what that one writes itself: these never write. Each
    connection begins with the same number, so that it says nothing beside another one's.
    """

    is_shared = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()

    def look(self) -> object:
        local = self._local.__dict__
        if time.monotonic() >= local.get("until", 0.0) or local["pid"] != os.getpid():
            self._follow_file(local)
        try:
            version = local["connection"].raw.execute("PRAGMA data_version").fetchone()
        except (AttributeError, sqlite3.Error):
            local["until"] = 0.0
            return object()  # equal to nothing: whoever reads is told what is wrong
        return local["serial"], version

    def _follow_file(self, local: dict[str, Any]) -> None:
        """Have this thread's connection be one to the file that now has the name."""
        local["until"], local["pid"] = time.monotonic() + _FILE_SECONDS, os.getpid()
        try:
            status = self._path.stat()
            file = (os.getpid(), status.st_dev, status.st_ino)
            if local.get("file") != file:
                local["connection"], local["file"] = self._connect(), file
                local["serial"] = next(_SERIALS)
        except (OSError, sqlite3.Error):
            local["connection"] = local["file"] = None

    def _connect(self) -> ClosedWithItsThread:
        return ClosedWithItsThread(
            sqlite3.connect(
                f"file:{quote(str(self._path))}?mode=ro",
                uri=True,
                isolation_level=None,
                check_same_thread=False,  # a thread that has ended can't close its own
            )
        )


class ClockSign:
    """For a server: for so long, it is as it was. What this process writes is seen at once."""

    is_shared = True

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._sign = object()
        self._until = 0.0

    def look(self) -> object:
        now = time.monotonic()
        if now >= self._until:
            self._until = now + self._seconds
            self._sign = object()
        return self._sign

    def note_write(self) -> None:
        self._sign = object()
