"""Bounds how long work may take, all of it as long: one timer watches over as much as there is.

What `asyncio.timeout` does, which makes a timer for each and takes longer than a signature.
"""

import asyncio
from types import TracebackType
from typing import Self


class Deadlines:
    """Of one event loop. `with deadlines.watch(): …` raises TimeoutError when its time is up."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        #: What goes on, and so what ends first comes first.
        self._watched: dict[_Watched, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def watch(self) -> "_Watched":
        return _Watched(self)

    def add(self, one: "_Watched") -> None:
        end = self._loop.time() + self._seconds
        self._watched[one] = end
        if self._timer is None:
            self._timer = self._loop.call_at(end, self._end_some)

    def remove(self, one: "_Watched") -> None:
        self._watched.pop(one, None)

    def _end_some(self) -> None:
        self._timer = None
        now = self._loop.time()
        for one, end in list(self._watched.items()):
            if end > now:
                self._timer = self._loop.call_at(end, self._end_some)
                return
            del self._watched[one]
            one.end()


class _Watched:
    __slots__ = ("_all", "_cancelling", "_is_late", "_task")

    def __init__(self, every: Deadlines) -> None:
        self._all = every
        self._is_late = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can be ended in time")
        self._task = task
        self._cancelling = task.cancelling()
        self._all.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._all.remove(self)
        # Whoever else cancels it meanwhile means that, and not that it is late.
        is_only_late = self._is_late and self._task.uncancel() <= self._cancelling
        if is_only_late and isinstance(error, asyncio.CancelledError):
            raise TimeoutError from error

    def end(self) -> None:
        self._is_late = True
        self._task.cancel()
