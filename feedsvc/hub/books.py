"""What became of deliveries, written down some at a time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from feedsvc.errors import DatabaseUnavailableError
from feedsvc.hub.outcomes import Result

log = logging.getLogger(__name__)

#: Results wait for others for so long, or until so many are there: one transaction is made of them.
_TOGETHER_SECONDS = 0.05
_MOST_TOGETHER = 500
#: What is not yet written when a worker is killed, is delivered once more: no more than so many,
#: and what is on its way.
_MOST_UNWRITTEN = 1_000
_REST_SECONDS = 1.0
_CLOSING_SECONDS = 5.0


class Books:
    """Of one event loop. Nothing that was added is forgotten, as long as the process lives."""

    def __init__(
        self, write: Callable[[Sequence[Result]], Awaitable[None]], written: Callable[[], None]
    ) -> None:
        """`written` is called when there is room again."""
        self._write = write
        self._written = written
        self._results: list[Result] = []
        self._task: asyncio.Task[None] | None = None
        self._enough = asyncio.Event()
        self._is_closed = False

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be delivered until some of it is written down."""
        return len(self._results) >= _MOST_UNWRITTEN

    def add(self, result: Result) -> None:
        self._results.append(result)
        if len(self._results) >= _MOST_TOGETHER:
            self._enough.set()
        if self._task is None:
            self._task = asyncio.create_task(self._write_all())

    async def close(self) -> None:
        """Write what is left, if the database is there: what is not written is delivered again."""
        self._is_closed = True
        self._enough.set()
        if self._task is not None:
            _, late = await asyncio.wait([self._task], timeout=_CLOSING_SECONDS)
            for task in late:
                task.cancel()

    async def _write_all(self) -> None:
        try:
            while self._results:
                await self._wait_for_others()
                some = self._results[:_MOST_TOGETHER]
                try:
                    await self._write(some)
                except DatabaseUnavailableError as error:
                    log.warning("deliveries can't be written down yet: %s", error)
                    await asyncio.sleep(_REST_SECONDS)
                    continue
                except Exception:
                    log.exception("deliveries can't be written down together")
                    await self._write_each(some)
                del self._results[: len(some)]
                self._written()
        finally:
            self._task = None

    async def _wait_for_others(self) -> None:
        if self._is_closed or len(self._results) >= _MOST_TOGETHER:
            return
        self._enough.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_TOGETHER_SECONDS):
                await self._enough.wait()

    async def _write_each(self, results: Sequence[Result]) -> None:
        """Let the one alone be lost that can't be written: it is delivered again."""
        for result in results:
            try:
                await self._write([result])
            except Exception:
                log.exception("a delivery can't be written down: %r", result)
