"""How often a feed is worth asking for: half the usual time between its articles. Pure.

A quiet section is polled less, and a busy one is fresh, within the limits that are set.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

#: The newest articles that say how often there are new ones; fewer than three say nothing.
LOOKED_AT = 10
_FEWEST = 3
_MICROSECONDS = 1_000_000


def poll_seconds(
    moments: Sequence[int], shortest: int, longest: int, now: int | None = None
) -> int:
    """How long to wait between two looks, of when articles appeared, the newest first.

    Moments are in microseconds since 1970. With `now`, also of how long there has been none. In a
    document that has no place: its bytes would change with the clock.
    """
    newest = moments[:LOOKED_AT]
    if len(newest) < _FEWEST:
        return shortest
    usual = median(later - earlier for later, earlier in pairwise(newest))
    if now is not None:
        usual = max(usual, now - newest[0])
    return max(shortest, min(longest, int(usual / (2 * _MICROSECONDS))))
