"""How many callbacks are waited for at once, so that none that is slow holds others up."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum

#: Who has not answered for so long gives its place to another, and is waited for beside.
PATIENCE_SECONDS = 2.0
#: So many times as many as there are places may be waited for beside.
_BESIDE = 4
#: Those that have failed before, and wishes to be verified, have so much of the places' number.
_SHARE = 4


class Lane(Enum):
    """Each has places of its own, so that none waits for another."""

    FRESH = "fresh"
    FAILING = "failing"
    VERIFICATION = "verification"


class Lanes:
    """Places for calls.

    Args:
        most: how many fresh ones there are.
        when_free: is called whenever a place becomes free.
    """

    def __init__(self, most: int, when_free: Callable[[], None]) -> None:
        share = max(1, most // _SHARE)
        self._sizes = {Lane.FRESH: most, Lane.FAILING: share, Lane.VERIFICATION: share}
        self._places = dict(self._sizes)
        self._most_beside = most * _BESIDE
        self._most_silent = share
        self._beside: Counter[str] = Counter()
        self._answered_at: dict[str, float] = {}
        self._when_free = when_free

    def count_free(self, lane: Lane) -> int:
        return max(0, self._places[lane])

    def count_all(self, lane: Lane) -> int:
        return self._sizes[lane]

    @contextmanager
    def place(self, lane: Lane, host: str) -> Iterator[None]:
        """Have a place while a host is called; an event loop must run."""
        loop = asyncio.get_running_loop()
        self._places[lane] -= 1
        is_beside = False

        def step_aside() -> None:
            nonlocal is_beside
            if self._beside.total() < self._most_beside:
                is_beside = True
                self._beside[host] += 1
                self._free(lane)

        timer = loop.call_later(PATIENCE_SECONDS, step_aside)
        try:
            yield
        finally:
            timer.cancel()
            if is_beside:
                self._beside -= Counter({host: 1})  # which forgets who has none
                if host not in self._beside:
                    self._answered_at.pop(host, None)
            else:
                self._free(lane)

    def note_answer(self, host: str) -> None:
        """A host has answered."""
        if host in self._beside:
            self._answered_at[host] = asyncio.get_running_loop().time()

    def is_silent(self, host: str) -> bool:
        """Whether a host leaves many waiting and answers nobody: more calls would only wait."""
        if self._beside[host] < self._most_silent:
            return False
        last = self._answered_at.get(host, -PATIENCE_SECONDS)
        return asyncio.get_running_loop().time() - last >= PATIENCE_SECONDS

    def _free(self, lane: Lane) -> None:
        self._places[lane] += 1
        self._when_free()
