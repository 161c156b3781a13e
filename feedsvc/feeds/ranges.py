"""Ranges of indexes: what is found under a label, newest first, without reading any article.

Every question here walks one index from a place on, or looks single places up in one, whatever the
archive holds. A place is where an article stands in every range: when it became visible, in
microseconds, and its number.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Protocol

from feedsvc.articles.statements import fetch
from feedsvc.db import to_microseconds
from feedsvc.models import State

Place = tuple[int, int]

#: Places of a range that are read at once: few at first, since few may be all that is wanted.
_FIRST_PAGE = 50
_LARGEST_PAGE = 500


def beginning(moment: datetime, *, inclusive: bool = False) -> Place:
    """The place before which everything older than a moment is; inclusive: or as old."""
    # Articles are numbered from 1.
    return to_microseconds(moment) + inclusive, 0


@dataclass(frozen=True, slots=True)
class Window:
    """A part of every range: places before `below`, and none older than `since`."""

    below: Place | None = None
    since: int | None = None
    #: Which articles: those that are visible, or those that were withdrawn.
    state: State = State.LIVE
    #: Of articles with numbers from the first of these on, and before the second.
    numbers: tuple[int, int] | None = None


#: From the newest on, with no end.
NEWEST = Window()


class Range(Protocol):
    """What is under one label."""

    def walk(self, window: Window) -> Iterator[Place]:
        """The places of a window, newest first; read as far as they are asked for."""
        ...

    def count(self, window: Window, most: int) -> int:
        """How many places are in a window; counted as far as `most`."""
        ...

    def has(self, window: Window, number: int) -> bool:
        """Whether so many places are in a window."""
        ...

    def blocks(self, window: Window, size: int) -> set[int]:
        """Which blocks of so many numbers a window has any articles of."""
        ...

    def holding(self, places: Sequence[Place]) -> set[int]:
        """The numbers of those articles that are in it, of some that are visible."""
        ...


@dataclass(frozen=True, slots=True)
class _Indexed:
    """A range of an index that ends with state, time and number."""

    #: Table, column of the label, column of the article's number: names of ours.
    table: str
    column: str
    number: str
    label: int | str | None

    # The limits are written into the statements: PostgreSQL makes one plan for whatever they are
    # asked with, and takes a limit that it does not know for a tenth of all there is.

    def walk(self, window: Window) -> Iterator[Place]:
        size = _FIRST_PAGE
        while page := self._page(window, size):
            yield from page
            if len(page) < size:
                return
            window = replace(window, below=page[-1])
            size = min(size * 2, _LARGEST_PAGE)

    def _page(self, window: Window, size: int) -> list[Place]:
        where, values = self.where_in(window)
        rows = fetch(
            f"SELECT visible_at, {self.number} FROM {self.table} WHERE {where}"  # noqa: S608
            f" ORDER BY visible_at DESC, {self.number} DESC LIMIT {size}",
            *values,
        )
        return [(visible_at, number) for visible_at, number in rows]

    def count(self, window: Window, most: int) -> int:
        where, values = self.where_in(window)
        # In the index's order, or PostgreSQL would rather walk the table until it has seen enough.
        ((count,),) = fetch(
            f"SELECT count(*) FROM (SELECT 1 FROM {self.table} WHERE {where}"  # noqa: S608
            f" ORDER BY visible_at DESC, {self.number} DESC LIMIT {most}) AS counted",
            *values,
        )
        return int(count)

    def has(self, window: Window, number: int) -> bool:
        where, values = self.where_in(window)
        # To pass places over takes a third of the time that it takes to count them.
        rows = fetch(
            f"SELECT visible_at FROM {self.table} WHERE {where}"  # noqa: S608 (names of ours)
            f" ORDER BY visible_at DESC, {self.number} DESC LIMIT 1 OFFSET {number - 1}",
            *values,
        )
        return bool(rows)

    def holding(self, places: Sequence[Place]) -> set[int]:
        return {number for _, number in places}

    def blocks(self, window: Window, size: int) -> set[int]:
        where, values = self.where_in(window)
        rows = fetch(
            f"SELECT DISTINCT {self.number} / ? FROM {self.table} WHERE {where}",  # noqa: S608
            size,
            *values,
        )
        return {block for (block,) in rows}

    def where_in(self, window: Window) -> tuple[str, list[int | str]]:
        """The condition that a place is in a window, and its values."""
        conditions: list[str] = []
        values: list[int | str] = []
        if self.label is not None:
            conditions.append(f"{self.column} = ?")
            values.append(self.label)
        conditions.append("state = ?")
        values.append(int(window.state))
        if window.since is not None:
            conditions.append("visible_at >= ?")
            values.append(window.since)
        if window.below is not None:
            conditions.append(f"(visible_at, {self.number}) < (?, ?)")
            values += window.below
        if window.numbers is not None:
            conditions.append(f"{self.number} >= ? AND {self.number} < ?")
            values += window.numbers
        return " AND ".join(conditions), values


def count_among(
    walked: Range, number: int, window: Window, unwanted: Sequence[Range], most: int
) -> int | None:
    """How many places of other ranges are as new as the place of this number in a window, from 1
    for the newest; each range is counted as far as `most`. By one statement.

    None, where there are not so many, or where they are not in indexes.
    """
    if not isinstance(walked, _Indexed):
        return None
    where, values = walked.where_in(window)
    nth = (
        f"SELECT visible_at AS at FROM {walked.table} WHERE {where}"  # noqa: S608 (names of ours)
        f" ORDER BY visible_at DESC, {walked.number} DESC LIMIT 1 OFFSET {number - 1}"
    )
    counts = ["0"]
    outer: list[int | str] = []
    for one in unwanted:
        if not isinstance(one, _Indexed):
            return None
        # Not by `since` too: SQLite would compare every place with one of the two (seen: twice as
        # long for all of it).
        where_other, values_other = one.where_in(replace(window, since=None))
        counts.append(
            f"(SELECT count(*) FROM (SELECT 1 FROM {one.table}"  # noqa: S608
            f" WHERE {where_other} AND visible_at >= nth.at"
            f" ORDER BY visible_at DESC, {one.number} DESC LIMIT {most}) AS counted)"
        )
        outer += values_other
    rows = fetch(f"SELECT {' + '.join(counts)} FROM ({nth}) AS nth", *outer, *values)  # noqa: S608
    return int(rows[0][0]) if rows else None


class Language(_Indexed):
    def holding(self, places: Sequence[Place]) -> set[int]:
        # By whole places, since that is how the index has them: the article's own row has its
        # language behind all of its text.
        # `+id`, or SQLite would go to that row.
        pairs = ", ".join(["(?, ?)"] * len(places))
        rows = fetch(
            f"WITH wanted (at, number) AS (VALUES {pairs})"  # noqa: S608 (places for values)
            " SELECT number FROM wanted WHERE EXISTS (SELECT 1 FROM article"
            " WHERE language = ? AND state = ? AND visible_at = at AND +id = number)",
            *(value for place in places for value in place),
            self.label,
            int(State.LIVE),
        )
        return {number for (number,) in rows}


class _Label(_Indexed):
    def holding(self, places: Sequence[Place]) -> set[int]:
        rows = fetch(
            f"SELECT article_id FROM {self.table}"  # noqa: S608 (names of ours)
            f" WHERE article_id IN (?) AND {self.column} = ?",
            [number for _, number in places],
            self.label,
        )
        return {number for (number,) in rows}


def everything() -> Range:
    return _Indexed("article", "", "id", None)


def of_language(language: str) -> Range:
    """What is in exactly this language."""
    return Language("article", "language", "id", language)


def of_category(id_: int) -> Range:
    return _Label("article_category", "category_id", "article_id", id_)


def of_tag(id_: int) -> Range:
    return _Label("article_tag", "tag_id", "article_id", id_)


def of_author(id_: int) -> Range:
    return _Label("article_author", "author_id", "article_id", id_)


def walk(ranges: Sequence[Range], window: Window) -> Iterator[Place]:
    """The places of a union of ranges, newest first, each once; read as far as they are asked for.

    What several ranges give is merged, not sorted.
    """
    if len(ranges) == 1:
        return ranges[0].walk(window)
    merged = heapq.merge(*(one.walk(window) for one in ranges), reverse=True)
    return (place for place, _ in groupby(merged))
