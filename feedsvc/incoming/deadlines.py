"""Deadlines for whatever a thread waits for: one thread watches over all of a process's.

A `threading.Timer` is a thread of its own for each request, which costs more than reading a body.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from itertools import count


class _Watch:
    """Calls what is overdue; made anew in each process, since threads die in a fork."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._changed = threading.Condition()
        self._numbers = count()
        self._waiting: list[tuple[float, int]] = []
        self._overdue: dict[int, Callable[[], None]] = {}
        threading.Thread(target=self._run, name="feedsvc-deadlines", daemon=True).start()

    def add(self, seconds: float, then: Callable[[], None]) -> int:
        number = next(self._numbers)
        with self._changed:
            self._overdue[number] = then
            heappush(self._waiting, (time.monotonic() + seconds, number))
            if self._waiting[0][1] == number:  # earlier than all others
                self._changed.notify()
        return number

    def remove(self, number: int) -> None:
        with self._changed:
            self._overdue.pop(number, None)

    def _run(self) -> None:
        while True:
            with self._changed:
                then = self._wait()
            if then is not None:
                then()

    def _wait(self) -> Callable[[], None] | None:
        """What is overdue, or None when it was done in time, or something else came first."""
        if not self._waiting:
            self._changed.wait()
            return None
        at, number = self._waiting[0]
        if number in self._overdue and at > time.monotonic():
            self._changed.wait(at - time.monotonic())
            return None
        heappop(self._waiting)
        return self._overdue.pop(number, None)


_lock = threading.Lock()
_watch: _Watch | None = None


@contextmanager
def watch(seconds: float, then: Callable[[], None]) -> Iterator[None]:
    """Have `then` called, on another thread, if the block is not left within so many seconds."""
    watch = _get()
    number = watch.add(seconds, then)
    try:
        yield
    finally:
        watch.remove(number)


def _get() -> _Watch:
    global _watch  # noqa: PLW0603 (one for the process)
    with _lock:
        if _watch is None or _watch.pid != os.getpid():
            _watch = _Watch()
        return _watch
