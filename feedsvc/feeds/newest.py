"""What a feed shows: its newest articles, what was taken back, and where its archive begins.

It is found in ranges of indexes. Who has it as of an earlier change needs no more than what has
changed since: few articles as a rule, that are new or were corrected where they stand. After all
else it is found anew.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from feedsvc.articles.statements import fetch
from feedsvc.db import from_microseconds
from feedsvc.errors import SelectionError
from feedsvc.feeds.archive import Archive
from feedsvc.feeds.fragments import Entry
from feedsvc.feeds.listing import Limits, Plan, iterate_places, meeting
from feedsvc.feeds.matching import Matching
from feedsvc.feeds.periods import Period, list_periods
from feedsvc.feeds.ranges import NEWEST, Place, beginning, everything
from feedsvc.feeds.tombstones import Buried, bury, find_withdrawn
from feedsvc.models import State
from feedsvc.settings import Settings

Lister = Callable[[Sequence[Place]], Sequence[Entry]]
#: How the data stands: its epoch, and its last change.
Stamp = tuple[str, int]

#: After more it is as quick to find it anew.
_MOST_CHANGES = 20


@dataclass(frozen=True, slots=True)
class Newest:
    """What was found, and as of which change: None, if it can't be moved on."""

    plan: Plan
    limit: int
    stamp: Stamp | None
    entries: tuple[Entry, ...]
    #: Where the article stands that comes after them.
    following: Place | None
    #: What was withdrawn and stood no deeper.
    buried: tuple[Buried, ...]
    #: The document of the archive that has the article after them;
    before: Period | None
    #: when a longer one came to be over, and when the next one will be.
    moved_at: datetime | None
    moves_at: datetime | None


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds what a plan shows, in the view that the caller is in."""

    plan: Plan
    limit: int
    settings: Settings
    #: What appeared elsewhere later than this is not shown here yet.
    until: datetime
    #: How much later articles appear than elsewhere.
    delay: timedelta
    has_archive: bool
    list_entries: Lister

    def find(self, stamp: Stamp | None, last: Newest | None) -> Newest:
        """What there is, as of `stamp`. `last` is what there was before, of whatever plan.

        Raises:
            SelectionError: too many articles would have to be tried.
        """
        moved = None
        if stamp is not None and last is not None and self._is_of_this(last, stamp):
            moved = last if last.stamp == stamp else self._move_on(last, stamp)
        return moved or self._find_anew(stamp)

    def _find_anew(self, stamp: Stamp | None) -> Newest:
        found = iterate_places(self.plan, self.limit + 1, self.settings.scan_limit)
        places = list(islice(found, self.limit))
        window, following, before = self.plan.window, None, None
        if len(places) == self.limit:
            window = replace(window, since=places[-1][0])
            if self.has_archive:
                following, before = self._look_further(found)
        limits = Limits(self.settings.max_tombstones, self.settings.scan_limit)
        withdrawn = find_withdrawn(self.plan, window, limits)
        # If there are too many, it is not known which one comes when another one goes.
        is_sure = _is_one_range(self.plan) and len(withdrawn) < limits.entries
        return Newest(
            self.plan,
            self.limit,
            stamp if is_sure else None,
            tuple(self.list_entries(places)),
            following,
            tuple(bury(withdrawn, self.delay)),
            before,
            *self._moves(before),
        )

    def _look_further(self, found: Iterator[Place]) -> tuple[Place | None, Period | None]:
        with suppress(SelectionError):  # all that the feed shows was found: it stands without
            following = next(found, None)
            return following, self._archive.find_document(following)
        return None, None

    def _is_of_this(self, last: Newest, stamp: Stamp) -> bool:
        return (
            last.stamp is not None
            and last.stamp[0] == stamp[0]
            and last.stamp[1] <= stamp[1]
            and last.limit == self.limit
            and last.plan == self.plan
            and (last.moves_at is None or self.until < last.moves_at)
        )

    def _move_on(self, last: Newest, stamp: Stamp) -> Newest | None:
        """The same with what has changed since; None, where it does not follow from that."""
        shown = {entry.place: entry for entry in last.entries}
        known = shown.keys() | {last.following}
        changed = self._list_changed(last, known)
        if changed is None:
            return None
        came = changed.keys() - known
        if came and len(shown) == self.limit and min(came) < last.entries[-1].place:
            return None  # it goes into the archive
        # Of the one that follows nothing is shown.
        shown |= {place: entry for place, entry in changed.items() if place != last.following}
        if not came:
            return replace(last, stamp=stamp, entries=tuple(shown.values()))
        entries = [shown[place] for place in sorted(shown, reverse=True)]
        return self._with(last, stamp, entries, came)

    def _list_changed(self, last: Newest, known: set[Place | None]) -> dict[Place, Entry] | None:
        """By their places, the entries that are other ones now, and those that came.

        None, if one of them has gone, or may have, or stood elsewhere.
        """
        after = 0 if last.stamp is None else last.stamp[1]
        if self.plan.unions != _EVERYTHING and fetch(_CATEGORIES, after):
            return None  # a section that moves takes its articles along, without changes of theirs
        rows = fetch(_ARTICLES, after)
        if len(rows) > _MOST_CHANGES:
            return None
        changed: dict[Place, Entry] = {}
        for visible_us, number, state, version, *rest in rows:
            place = visible_us, number
            # In its first version, an article was in no feed before its last change.
            if state != State.LIVE or (version > 1 and place not in known):
                return None
            changed[place] = Entry(place, *rest)
        met = set(meeting(list(changed), self.plan))
        if known & (changed.keys() - met):
            return None
        return {place: entry for place, entry in changed.items() if place in met}

    def _with(
        self, last: Newest, stamp: Stamp, entries: Sequence[Entry], came: set[Place]
    ) -> Newest:
        """The same with what came; `entries` are all that there are now, the newest first."""
        shown, left = tuple(entries[: self.limit]), entries[self.limit :]
        following = left[0].place if left else last.following
        before, buried = self._find_before(last, following, came), last.buried
        if len(shown) == self.limit:
            since = from_microseconds(shown[-1].place[0])
            buried = tuple(one for one in buried if one.visible_at >= since)
        moves = self._moves(before)
        return Newest(self.plan, self.limit, stamp, shown, following, buried, before, *moves)

    def _find_before(
        self, last: Newest, following: Place | None, came: set[Place]
    ) -> Period | None:
        """The document that has the article that is the next now."""
        period = last.before
        if period is not None and following is not None:
            start, end = beginning(period.start), beginning(period.end)
            if start <= following < end:
                # What comes makes periods fuller: longer ones have no room, if they had none.
                is_fuller = any(start <= place < end for place in came)
                if not is_fuller or (period.block is None and self._archive.has_room_for(period)):
                    return period
        return self._archive.find_document(following)

    def _moves(self, before: Period | None) -> tuple[datetime | None, datetime | None]:
        """When the link to the archive last went to a longer period, since it was over, and when
        it may next."""
        if before is None:
            return None, None
        ends = [one.end for one in list_periods(before.start)]
        passed = [end for end in ends if end <= self.until]
        last, following = max(passed, default=None), min(set(ends) - set(passed), default=None)
        return (
            None if last is None else last + self.delay,
            None if following is None else following + self.delay,
        )

    @property
    def _archive(self) -> Archive:
        limits = Limits(self.settings.archive_entries, self.settings.scan_limit)
        return Archive(self.plan, limits, self.until)


def _is_one_range(plan: Plan) -> bool:
    """Whether it only changes with its articles, however much of it is looked at."""
    union, *others = plan.unions
    return (
        not others
        and not plan.without
        and plan.window == NEWEST
        and not any(isinstance(one, Matching) for one in union)
    )


_EVERYTHING = ((everything(),),)
_CATEGORIES = "SELECT 1 FROM category WHERE change > ? LIMIT 1"
_ARTICLES = (
    "SELECT visible_at, id, state, version, change, url, published_at, modified_at"  # noqa: S608
    f" FROM article WHERE change > ? ORDER BY change LIMIT {_MOST_CHANGES + 1}"
)
