"""A full-text search as a range beside those of labels: walked itself, or tried along another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby, islice

from feedsvc.db import from_microseconds, to_microseconds
from feedsvc.errors import SelectionError
from feedsvc.feeds.query import Query
from feedsvc.feeds.ranges import Place, Window
from feedsvc.feeds.search import (
    FIRST_STEP,
    RELEVANT,
    Match,
    find_matching,
    iterate_matches,
    put_relevant_first,
)

_SECOND = timedelta(seconds=1)
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Matching:
    """The visible articles that match; so many may be looked at that do not."""

    query: Query
    scan_limit: int

    def walk(self, window: Window) -> Iterator[Place]:
        return self._walk_sorted(window, FIRST_STEP)

    def _walk_sorted(self, window: Window, at_first: int) -> Iterator[Place]:
        """Newest first: the index may know dates to the second alone, so each second is sorted."""
        walked = self._walk(window, at_first)
        for _, places in groupby(walked, lambda place: place[0] // _MICROSECONDS):
            yield from sorted(places, reverse=True)

    def _walk(self, window: Window, at_first: int) -> Iterator[Place]:
        after = None
        if window.below is not None:
            second = from_microseconds(window.below[0]).replace(microsecond=0)
            after = Match(0, second + _SECOND)
        fruitless = 0
        for step in iterate_matches(self.query, after, at_first):
            fruitless += step.scanned - len(step.matches)
            if fruitless > self.scan_limit:
                raise SelectionError(self.scan_limit)
            for match in step.matches:
                place = to_microseconds(match.visible_at), match.article_id
                if window.below is not None and place >= window.below:
                    continue
                if window.since is not None and place[0] < window.since:
                    if place[0] // _MICROSECONDS < window.since // _MICROSECONDS:
                        return
                    continue  # a later one of the same second may come after it
                if window.numbers is not None and not (
                    window.numbers[0] <= place[1] < window.numbers[1]
                ):
                    continue
                yield place

    def count(self, window: Window, most: int) -> int:
        return sum(1 for _ in islice(self._walk(window, _in_two_steps(most)), most))

    def has(self, window: Window, number: int) -> bool:
        return self.count(window, number) == number

    def blocks(self, window: Window, size: int) -> set[int]:
        return {number // size for _, number in self._walk(window, size)}

    def holding(self, places: Sequence[Place]) -> set[int]:
        return find_matching(self.query, [number for _, number in places])


def _in_two_steps(number: int) -> int:
    """As many as the first step is to give, so that there are so many with the next, the double.

    That reads no more than is wanted, and looks through PostgreSQL's blocks but twice.
    """
    return number // 3 + 1


def most_relevant(query: Query, places: Sequence[Place]) -> list[Place]:
    """The newest places that match, those with the accents that were typed before the others."""
    matches = [Match(number, from_microseconds(at)) for at, number in places[:RELEVANT]]
    return [
        (to_microseconds(match.visible_at), match.article_id)
        for match in put_relevant_first(query, matches)
    ]
