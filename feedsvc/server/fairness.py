"""New connections go to the worker that has the fewest.

All workers listen on the same socket, and the system wakes them all. The one that is running
already is there first, each time: of sixteen connections that a proxy opens at once and then keeps,
one worker got up to all, and the others, with their cores, nothing. So each can see how many the
others have, and who has more leaves what comes to them for a moment.
"""

import mmap
import time
from collections.abc import Sequence
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

#: Workers that there may be at once; any more take what comes.
_PLACES = 128
_NOBODY = 2**31 - 1
#: A part of its own, beyond which it does not matter who has more: many at once are taken sooner.
#: Of few, each one matters: of four archives sent at once, 1,455 articles came in a second; where
#: one worker might have three of them, 1,020 (medians of six).
_PART = 8
#: How long others have to take a connection, and how often it is looked whether they have.
_LEFT_SECONDS = 0.005
_LOOK_SECONDS = 0.001
#: Nobody did: they are busy, or stand still, and are not waited for.
_ALONE_SECONDS = 0.1


class Table:
    """How many connections each worker has, in memory that processes share once they are forked."""

    def __init__(self) -> None:
        self._counts = memoryview(mmap.mmap(-1, _PLACES * 4)).cast("i")
        for number in range(_PLACES):
            self._counts[number] = _NOBODY
        self._free = list(range(_PLACES))

    def take_place(self) -> "Place | None":
        """For a worker that is about to be forked; None: there are too many."""
        return Place(self._counts, self._free) if self._free else None


class Place:
    """One worker's. Who has not said anything yet, and who has left, is waited for by nobody."""

    def __init__(self, counts: memoryview, free: list[int]) -> None:
        self._counts = counts
        self._free = free
        self._number = free.pop()

    def say(self, count: int) -> None:
        """So many connections it has."""
        self._counts[self._number] = count

    def leave(self) -> None:
        """It takes no more."""
        self._counts[self._number] = _NOBODY

    def give_back(self) -> None:
        """The worker is gone, however it ended."""
        self.leave()
        self._free.append(self._number)

    def find_fewest(self) -> int:
        return min(self._counts)

    def list_counts(self) -> Sequence[int]:
        return self._counts.tolist()


def is_more(own: int, fewest: int) -> bool:
    """Whether a worker with so many connections leaves the next to the one that has the fewest."""
    return own - own // _PART > fewest


class FairWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Leaves connections to others that have fewer; builds on what gunicorn 27 does inside."""

    #: From gunicorn's configuration, before it was forked.
    place: Place | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_leaving = False
        self._left_until = self._alone_until = 0.0
        self._left_to: Sequence[int] = ()

    def count_connections(self, more: int) -> None:
        """It has one more, or one less."""
        self.nr_conns += more
        if self.place is not None:
            self.place.say(self.nr_conns)

    def leaves_it(self) -> bool:
        """Whether a connection that waits is for others to take."""
        now = time.monotonic()
        if self.place is None or not self._has_more() or now < self._alone_until:
            return False
        counts = self.place.list_counts()
        if counts == self._left_to and now < self._left_until + _LEFT_SECONDS:
            self._alone_until = now + _ALONE_SECONDS
            return False
        self._left_to, self._left_until = counts, now + _LEFT_SECONDS
        super().set_accept_enabled(False)
        self._is_leaving = True
        return True

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 (gunicorn's)
        """gunicorn's loop has it accept again, turn by turn."""
        if not self.alive and self.place is not None:
            self.place.leave()
            self.place = None
        if enabled and time.monotonic() < self._left_until and self._has_more():
            return
        self._is_leaving = False
        super().set_accept_enabled(enabled)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        is_left = self._is_leaving and self.nr_conns < self.worker_connections
        super().wait_for_and_dispatch_events(_LOOK_SECONDS if is_left else timeout)

    def _has_more(self) -> bool:
        """Than another, by so many that it matters."""
        return self.place is not None and is_more(self.nr_conns, self.place.find_fewest())

    def run(self) -> None:
        self.count_connections(0)
        super().run()
