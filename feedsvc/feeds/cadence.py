"""How often a feed is worth asking for: half the usual time between its articles. Pure.

A quiet section is polled less, and a busy one is fresh, within the limits that are set.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median

#: The newest articles that say how often there are new ones; fewer than three say nothing.
LOOKED_AT = 10
_FEWEST = 3


def poll_seconds(
    moments: Sequence[datetime], shortest: int, longest: int, now: datetime | None = None
) -> int:
    """How long to wait between two looks, of when articles appeared, the newest first.

    With `now`, also of how long there has been none. In a document that has no place: its bytes
    would change with the clock.
    """
    newest = moments[:LOOKED_AT]
    if len(newest) < _FEWEST:
        return shortest
    usual = median((later - earlier).total_seconds() for later, earlier in pairwise(newest))
    if now is not None:
        usual = max(usual, (now - newest[0]).total_seconds())
    return max(shortest, min(longest, int(usual / 2)))
