"""Whose turn it is to be called: so many at once, and of one host fewer. Knows no HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

#: What one host leaves to the others, of all: a quarter.
_LEFT_TO_OTHERS = 4


class Turns:
    """Turns of at most `most` at once, and of one host at most three quarters of them."""

    def __init__(self, most: int) -> None:
        self._all = asyncio.Semaphore(most)
        self._most_of_host = max(1, most - most // _LEFT_TO_OTHERS)
        #: Only of hosts that are called, or waited for.
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, host: str) -> AsyncIterator[None]:
        own = self._hosts.get(host)
        if own is None:
            own = self._hosts[host] = asyncio.Semaphore(self._most_of_host)
        # First the host's, so that who waits for a host keeps nobody else waiting.
        async with own, self._all:
            yield
