"""How many callbacks are waited for at once, so that none that is slow holds others up."""

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from itertools import takewhile

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


@dataclass(slots=True, eq=False)
class Place:
    """What a call has while it goes on."""

    lane: Lane
    host: str
    began: float
    is_beside: bool = False


class Lanes:
    """Places for calls.

    Args:
        most: how many fresh ones there are.
        when_free: is called whenever a place becomes free.
    """

    def __init__(self, most: int, when_free: Callable[[], None]) -> None:
        share = max(1, most // _SHARE)
        self._sizes = {Lane.FRESH: most, Lane.FAILING: share, Lane.VERIFICATION: share}
        self._free = dict(self._sizes)
        self._most_beside = most * _BESIDE
        self._most_silent = share
        #: In the order in which they began.
        self._taken: dict[Place, None] = {}
        #: How many wait beside, of each host; and if some do, when it answered last, and was
        #: called last.
        self._beside: Counter[str] = Counter()
        self._answered_at: dict[str, float] = {}
        self._called_at: dict[str, float] = {}
        self._when_free = when_free

    def count_free(self, lane: Lane) -> int:
        return max(0, self._free[lane])

    def count_all(self, lane: Lane) -> int:
        return self._sizes[lane]

    def take(self, lane: Lane, host: str) -> Place:
        """Have a place for a call to a host, which begins."""
        place = Place(lane, host, time.monotonic())
        if host in self._beside:
            self._called_at[host] = place.began
        self._free[lane] -= 1
        self._taken[place] = None
        return place

    def leave(self, place: Place, *, has_answered: bool) -> None:
        """A call is over."""
        host = place.host
        if has_answered and host in self._beside:
            self._answered_at[host] = time.monotonic()
        if not place.is_beside:
            del self._taken[place]
            self._give_back(place.lane)
            return
        self._beside -= Counter({host: 1})  # which forgets who has none
        if host not in self._beside:
            self._answered_at.pop(host, None)
            self._called_at.pop(host, None)

    def step_aside(self) -> None:
        """Have those who were patient for long enough wait beside; to be called now and then."""
        began = time.monotonic() - PATIENCE_SECONDS
        for place in list(takewhile(lambda place: place.began < began, self._taken)):
            if self._beside.total() >= self._most_beside:
                return
            place.is_beside = True
            del self._taken[place]
            self._beside[place.host] += 1
            self._give_back(place.lane)

    def is_silent(self, host: str) -> bool:
        """Whether a host leaves many waiting and answers nobody: more calls would only wait.

        Now and then one is to be made all the same.
        """
        if self._beside[host] < self._most_silent:
            return False
        since = time.monotonic() - PATIENCE_SECONDS
        has_answered = self._answered_at.get(host, since) > since
        return not has_answered and self._called_at.get(host, -math.inf) > since

    def _give_back(self, lane: Lane) -> None:
        self._free[lane] += 1
        self._when_free()
