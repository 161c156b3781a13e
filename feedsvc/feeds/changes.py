"""What changed in a feed since a change number: nothing missed, nothing twice.

Change numbers become visible in their order, and an article stands in the stream once, at its last
change. So whoever has a feed's changes up to a number asks for what comes after it.
"""

import hashlib
import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby, islice

from feedsvc.articles.statements import fetch
from feedsvc.db import Counter, from_microseconds, to_microseconds
from feedsvc.errors import ParameterError
from feedsvc.feeds.catalog import Feed
from feedsvc.feeds.listing import Plan, find_categories, make_plan, meeting
from feedsvc.feeds.ranges import Place
from feedsvc.feeds.selection import Cursor, Selection
from feedsvc.models import State
from feedsvc.rendering.history import Deleted

#: Ages are for feeds of the newest: whoever follows the changes has all of them.
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_CHARS = 8
_PAGE = 500
_PAST_ALL = 2**62


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the stream."""

    #: Of articles, in the order of their changes.
    places: Sequence[Place]
    #: What the feed shows no more, also of articles that it may never have shown.
    deleted: tuple[Deleted, ...]
    #: Where to go on, and whether there is more already.
    cursor: Cursor
    is_last: bool
    #: If it ended before an article that is not due: when that became visible elsewhere.
    held_at: datetime | None = None
    #: The first of the changes that are told here.
    first_change: int | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """Which part of the stream is meant."""

    after: Cursor
    #: It ends before an article that became visible later than this: whoever follows it comes to
    #: that, and to what changed after it, when its time is there.
    until: datetime | None
    counter: Counter


def list_changes(
    feed: Feed, selections: Sequence[Selection], reach: Reach, scan_limit: int
) -> Step:
    """The next articles that changed, as many as the first selection says at the most.

    Raises:
        ParameterError: the cursor is not one of this database.
    """
    after, counter = reach.after, reach.counter
    epoch = _epoch(feed, counter)
    if after.epoch not in (None, epoch):
        raise ParameterError(
            "after", "is from before a restore, or a change of the feed; begin anew with after=0."
        )
    if after.change > counter.change:
        raise ParameterError("after", f"is beyond the last change, {counter.change}.")
    plan = make_plan(feed, selections, scan_limit, _EVER)
    streams = Streams(*find_categories(feed, selections))
    walking = _Walking(plan, streams, selections[0].limit, reach)
    changes = streams.walk(after)
    left = scan_limit
    while not (walking.is_full or walking.is_early) and left > 0:
        chunk = list(islice(changes, min(_PAGE, left)))
        if not chunk:
            break
        left -= len(chunk)
        walking.take(chunk)
    is_last = walking.is_early or (not walking.is_full and left > 0)
    cursor = Cursor(counter.change) if is_last and not walking.is_early else walking.cursor
    return Step(
        walking.places,
        tuple(walking.deleted),
        replace(cursor, epoch=epoch),
        is_last,
        walking.held_at,
        walking.first_change,
    )


def find_changed_categories(after: int) -> set[int]:
    """The categories whose feeds have changed after a change number, or are called otherwise.

    One look into an index for each of them: what is in a section is in those above it, too.
    """
    streams = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} WHERE category_id = category.id AND change > ?)"  # noqa: S608
        for table in _TABLES
    )
    rows = fetch(
        f"SELECT id FROM category WHERE change > ? OR {streams}",  # noqa: S608 (names of ours)
        *([after] * 3),
    )
    return {id_ for (id_,) in rows}


def find_first_held(until: datetime) -> int | None:
    """The first change number of the articles that became visible later than this."""
    ((change,),) = fetch(
        "SELECT min(change) FROM article WHERE state = ? AND visible_at > ?",
        int(State.LIVE),
        until,
    )
    return None if change is None else int(change)


def _epoch(feed: Feed, counter: Counter) -> str:
    """What tells this stream from that of a database before a restore, and of a saved feed before
    it was edited: what it shows now need not have changed since."""
    if not feed.change:
        return counter.epoch[:_EPOCH_CHARS]
    said = f"{counter.epoch} {feed.change}"
    return hashlib.sha256(said.encode()).hexdigest()[:_EPOCH_CHARS]


class _Walking:
    """Takes changes until there are enough of them."""

    def __init__(
        self,
        plan: Plan | None,
        streams: "Streams",
        limit: int,
        reach: Reach,
    ) -> None:
        self._plan = plan
        self._until = None if reach.until is None else to_microseconds(reach.until)
        self.held_at: datetime | None = None
        self.first_change: int | None = None
        self._streams = streams
        self._limit = limit
        self.places: list[Place] = []
        self.deleted: list[Deleted] = []
        self.cursor = reach.after

    @property
    def is_early(self) -> bool:
        return self.held_at is not None

    @property
    def is_full(self) -> bool:
        return len(self.places) + len(self.deleted) >= self._limit

    def take(self, changes: "Sequence[Change]") -> None:
        ids = list({change.article_id for change in changes})
        rows = {row[0]: _Row(*row[1:]) for row in fetch(_ROWS, ids)}
        live = [(row.visible_at, id_) for id_, row in rows.items() if row.state == State.LIVE]
        shown = set() if self._plan is None else set(meeting(live, self._plan))
        last_changes = self._streams.find_last(ids)
        for change in changes:
            row = rows[change.article_id]
            if self._is_held((row.visible_at, change.article_id), shown):
                self.held_at = from_microseconds(row.visible_at)
            if self.is_full or self.is_early:
                return
            self.cursor = Cursor(change.number, change.article_id)
            if change.number == last_changes[change.article_id]:
                self._take(change, row, shown)
                if self.first_change is None and (self.places or self.deleted):
                    self.first_change = change.number

    def _is_held(self, place: Place, shown: set[Place]) -> bool:
        return self._until is not None and place[0] > self._until and place in shown

    def _take(self, change: "Change", row: "_Row", shown: set[Place]) -> None:
        place = row.visible_at, change.article_id
        if place in shown:
            self.places.append(place)
        elif row.change and (
            row.state != State.LIVE or row.version > 1 or row.change != change.number
        ):
            # Without a number, nobody ever saw it: its time is to come. Neither edited nor moved
            # with its section, it is as it first was: never shown here.
            self.deleted.append(Deleted(row.guid, from_microseconds(row.modified_at)))


@dataclass(frozen=True, slots=True)
class _Row:
    state: int
    visible_at: int
    version: int
    change: int
    guid: str
    modified_at: int


_ROWS = (
    "SELECT id, state, visible_at, version, change, guid, modified_at FROM article WHERE id IN (?)"
)


@dataclass(frozen=True, slots=True, order=True)
class Change:
    number: int
    article_id: int


class Streams:
    """The changes of what is in some categories, or of everything; and of what must not be in some.

    Moving a section changes where its articles are, and not the articles: what is watched for that
    is the section's own stream.
    """

    def __init__(self, categories: Sequence[int], unwanted: Sequence[int]) -> None:
        self._of_everything = not categories
        self._categories = [*categories, *unwanted]

    def walk(self, after: Cursor) -> Iterator[Change]:
        """Every change after a cursor, in their order."""
        streams = [_read(table, id_, after) for id_ in self._categories for table in _TABLES]
        if self._of_everything:
            streams.append(_read("article", None, after))
        # One that is in several of them stands in each with the same number.
        return (change for change, _ in groupby(heapq.merge(*streams)))

    def find_last(self, ids: Sequence[int]) -> dict[int, int]:
        """The last change of each of these articles in any stream: where it is told of."""
        last: dict[int, int] = {}
        rows = []
        if self._of_everything:
            rows += fetch("SELECT id, change FROM article WHERE id IN (?)", list(ids))
        if self._categories:
            for table in _TABLES:
                rows += fetch(
                    f"SELECT article_id, change FROM {table}"  # noqa: S608 (names of ours)
                    " WHERE category_id IN (?) AND article_id IN (?)",
                    self._categories,
                    list(ids),
                )
        for id_, change in rows:
            last[id_] = max(change, last.get(id_, 0))
        return last


#: Who is in a category, and who left it.
_TABLES = ("article_category", "removal")


def _read(table: str, category_id: int | None, after: Cursor) -> Iterator[Change]:
    number = "id" if category_id is None else "article_id"
    where = "" if category_id is None else "category_id = ? AND "
    values = [] if category_id is None else [category_id]
    # Moving a section gives all of its articles one number.
    last = (after.change, _PAST_ALL if after.article_id is None else after.article_id)
    while True:
        rows = fetch(
            f"SELECT change, {number} FROM {table} WHERE {where}(change, {number}) > (?, ?)"  # noqa: S608
            f" ORDER BY change, {number} LIMIT ?",
            *values,
            *last,
            _PAGE,
        )
        yield from (Change(*row) for row in rows)
        if len(rows) < _PAGE:
            return
        last = rows[-1]
