"""A feed's archive (RFC 5005, section 4): which documents it has, and which follow which.

What is in a document is decided by when articles appeared, and by nothing that comes later: a late
edit changes the one document that the article is in. Its link to the one before depends on what is
older alone.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice

from feedsvc.db import from_microseconds, to_microseconds
from feedsvc.feeds.listing import Limits, Plan, iterate_places
from feedsvc.feeds.periods import Period, list_periods
from feedsvc.feeds.ranges import Place, Range, Window, beginning, count_among

#: Where something is left out: so many times as much as a document has room for. The first is
#: enough where it is no more than half, and the second, no more than seven eighths.
_LOOKED_AT = (2, 8)


class Archive:
    """The past of what a plan shows, as of `now`, in the view that the caller is in."""

    def __init__(self, plan: Plan, limits: Limits, now: datetime) -> None:
        self._plan = plan
        self._limits = limits
        self._now = now

    def list_places(self, period: Period) -> list[Place]:
        """What a document has, newest first: no more than one may have.

        Raises:
            SelectionError
        """
        return list(islice(self._iterate(period), self._limits.entries))

    def has_room_for(self, period: Period) -> bool:
        """Whether one document can hold all of a period."""
        window, most = self.window_of(period), self._limits.entries
        # Where something is left out, it is asked first what a month is as a rule: too much.
        is_asked_first = period.is_largest and self._leaves_out
        if is_asked_first and self._is_surely_too_much(window):
            return False
        if self._is_surely_little(window):
            return True
        if not is_asked_first and self._is_surely_too_much(window):
            return False
        return sum(1 for _ in islice(self._iterate(period), most + 1)) <= most

    def _is_surely_little(self, window: Window) -> bool:
        """Whether there is room even if nothing of it is left out. False: this can't be told."""
        most, walked = self._limits.entries, self._plan.unions[0]
        # The database passes places over much quicker than it hands them over, or counts them.
        if len(walked) == 1:
            return not walked[0].has(window, most + 1)
        return sum(one.count(window, most + 1) for one in walked) <= most

    def _is_surely_too_much(self, window: Window) -> bool:
        """Whether a window's newest part is, without all that may be left out of that.

        False: this can't be told. If nothing is left out, it is asked of what is not surely little.
        """
        alone, plan, most = self._find_alone(), self._plan, self._limits.entries
        if alone is None:
            return False
        if not self._leaves_out:
            return True
        for times in _LOOKED_AT:
            number = times * (most + 1)
            enough = max(0, number - most - len(plan.not_articles))
            left_out = count_among(alone, number, window, plan.without, enough)
            if left_out is None:
                return False
            if left_out < enough:
                return True
        return False

    @property
    def _leaves_out(self) -> bool:
        return bool(self._plan.without or self._plan.not_articles)

    def is_there(self, period: Period) -> bool:
        """Whether it is a whole period, or a block of a minute that holds anything."""
        return period.block is None or next(self._iterate(period), None) is not None

    def is_within(self, period: Period) -> bool:
        """Whether it is no later than now, and no earlier than the first article."""
        return period.start <= self._now and self._first_below(beginning(period.end)) is not None

    def is_over(self, period: Period) -> bool:
        return period.end <= self._now

    def find_newest(self, period: Period) -> Period | None:
        """The last document of a period that is too much for one."""
        return self._holding(self._first_below(beginning(period.end)), period.end)

    def find_previous(self, period: Period) -> Period | None:
        """The document with what comes before a period."""
        if period.block is not None:
            lower = [block for block in self._list_blocks(period) if block < period.block]
            if lower:
                return period.in_block(lower[0])
        return self._holding(self._first_below(beginning(period.start)), period.start)

    def find_following(self, period: Period) -> Period | None:
        """The document that comes after one whose period is over."""
        if period.block is not None:
            higher = [block for block in self._list_blocks(period) if block > period.block]
            if higher:
                return period.in_block(higher[-1])
        following = next(one for one in list_periods(period.end) if one.start == period.end)
        while not self.has_room_for(following):
            if following.is_smallest:
                following = following.in_block(self._list_blocks(following)[-1])
                break
            following = following.first_part()
        # Until it is over, it may become too much for one document.
        return following if self.is_over(following) else None

    def find_document(self, place: Place | None) -> Period | None:
        """The document that a feed leads to after which this place comes."""
        return self._holding(place, self._now)

    def _holding(self, place: Place | None, by: datetime) -> Period | None:
        """The longest period with this place that is over by then and not too much.

        One that is still going on is the last resort: the minute.
        """
        if place is None:
            return None
        *longer, minute = list_periods(from_microseconds(place[0]))
        over = [period for period in longer if period.end <= by]
        # Where there is room for a period, there is for each of its parts; and that there is none
        # takes long to see, so it is seen of one at the most.
        first = bisect_left(over, 1, key=self.has_room_for)
        if first < len(over):
            return over[first]
        if self.has_room_for(minute):
            return minute
        return minute.in_block(self._list_blocks(minute)[0])

    def _list_blocks(self, minute: Period) -> list[int]:
        """The blocks of a minute that hold anything, the highest numbers first."""
        minute, size = replace(minute, block=None), self._limits.entries
        alone = self._find_alone()
        if alone is None or self._leaves_out:
            blocks = {number // size for _, number in self._iterate(minute)}
        else:  # the database itself says it: many articles may have the same moment
            blocks = alone.blocks(self.window_of(minute), size)
        return sorted(blocks, reverse=True)

    def _find_alone(self) -> Range | None:
        """The one range in which all is that the feed has, if there is one."""
        walked, *others = self._plan.unions
        return None if others or len(walked) > 1 else walked[0]

    def window_of(self, period: Period) -> Window:
        size, numbers = self._limits.entries, None
        if period.block is not None:
            numbers = (period.block * size, (period.block + 1) * size)
        below = self._no_later(beginning(period.end))
        return Window(below, to_microseconds(period.start), numbers=numbers)

    def _no_later(self, place: Place) -> Place:
        """A place, or the one before which the feed ends."""
        below = self._plan.window.below
        return place if below is None else min(place, below)

    def _first_below(self, place: Place) -> Place | None:
        window = replace(self._plan.window, below=self._no_later(place))
        plan = replace(self._plan, window=window)
        return next(iterate_places(plan, 1, self._limits.scan), None)

    def _iterate(self, period: Period) -> Iterator[Place]:
        plan = replace(self._plan, window=self.window_of(period))
        return iterate_places(plan, self._limits.entries, self._limits.scan)
