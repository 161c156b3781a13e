"""Whose turn it is to be called: so many at once, and of one host fewer. Knows no HTTP.

A call that takes long steps aside after a moment: its turn is another's, while it goes on. Of those
there may be as many again. (Seen with 10,000 calls of which one in a hundred hung: the others were
through in 6 s, and without it in 9 s.)
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

#: What one host leaves to the others, of all: a quarter.
_LEFT_TO_OTHERS = 4
#: Callbacks that are well answer within it.
_LONG_SECONDS = 1.0


class Turns:
    """Turns of at most `most` at once, and of one host at most three quarters of them."""

    def __init__(self, most: int) -> None:
        self._all = _Room(most)
        self._most_of_host = max(1, most - most // _LEFT_TO_OTHERS)
        #: Only of hosts that are called, or waited for.
        self._hosts: WeakValueDictionary[str, _Room] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, host: str) -> AsyncIterator[None]:
        own = self._hosts.get(host)
        if own is None:
            own = self._hosts[host] = _Room(self._most_of_host)
        # First the host's, so that who waits for a host keeps nobody else waiting.
        await own.acquire()
        try:
            await self._all.acquire()
        except BaseException:
            own.release()
            raise
        turn = _Turn(own, self._all)
        try:
            yield
        finally:
            turn.end()


class _Room(asyncio.Semaphore):
    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most
        #: Those that have stepped aside.
        self.long = 0


class _Turn:
    def __init__(self, *rooms: _Room) -> None:
        self._rooms = rooms
        self._is_long = False
        self._wait()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_LONG_SECONDS, self._step_aside)

    def _step_aside(self) -> None:
        if any(room.long >= room.most for room in self._rooms):
            self._wait()
            return
        self._is_long = True
        for room in self._rooms:
            room.long += 1
            room.release()

    def end(self) -> None:
        self._timer.cancel()
        for room in self._rooms:
            if self._is_long:
                room.long -= 1
            else:
                room.release()
