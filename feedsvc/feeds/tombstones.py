"""What a feed has to say of entries that were withdrawn: readers are to forget them (RFC 6721)."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from feedsvc import models
from feedsvc.db import from_microseconds
from feedsvc.errors import SelectionError
from feedsvc.feeds import ranges
from feedsvc.feeds.listing import Limits, Plan, iterate_places, read_rows
from feedsvc.feeds.matching import Matching
from feedsvc.feeds.ranges import Place, Window
from feedsvc.models import State
from feedsvc.rendering.history import Deleted

_NO_DELAY = timedelta()
_COLUMNS = (models.Article.guid, models.Article.modified_at, models.Article.change)


@dataclass(frozen=True, slots=True)
class Buried:
    """An entry that was withdrawn, and when it had become visible."""

    deleted: Deleted
    visible_at: datetime


@dataclass(frozen=True, slots=True)
class Tombstones:
    shown: tuple[Deleted, ...]
    #: When the last one left that is shown no more, and when the next one will.
    last_left_at: datetime | None
    next_leaves_at: datetime | None


def list_deleted(
    plan: Plan, window: Window, limits: Limits, delay: timedelta = _NO_DELAY
) -> list[Buried]:
    """What was withdrawn of what a plan showed in a window, the newest articles first."""
    return bury(find_withdrawn(plan, window, limits), delay)


def find_withdrawn(plan: Plan, window: Window, limits: Limits) -> list[Place]:
    """Where withdrawn articles stood, those too that nobody ever saw."""
    buried = replace(
        plan,
        # A tombstone has no language and no words; that of an entry nobody had does no harm.
        unions=tuple(one for one in plan.unions if not _is_of_content(one)) or _ANYTHING,
        window=replace(window, state=State.WITHDRAWN),
    )
    places: list[Place] = []
    with suppress(SelectionError):  # the entries were found: the feed stands with those so far
        places.extend(islice(iterate_places(buried, limits.entries, limits.scan), limits.entries))
    return places


def bury(places: Sequence[Place], delay: timedelta) -> list[Buried]:
    """What is told of withdrawn articles.

    A feed in which articles appear so much later has never shown what was withdrawn before that.
    """
    rows = read_rows(places, _COLUMNS)
    shown_at = [from_microseconds(visible_at) for visible_at, _ in places]
    return [
        Buried(Deleted(guid, at), visible_at)
        for visible_at, (guid, at, change) in zip(shown_at, rows, strict=True)
        # One that nobody ever saw has taken no change number.
        if change and at >= visible_at + delay
    ]


def recent(buried: Sequence[Buried], days: int, hours: int | None, now: datetime) -> Tombstones:
    """Those that were withdrawn within so many days, and had appeared within so many hours."""
    ends = [_end(one, days, hours) for one in buried]
    return Tombstones(
        tuple(one.deleted for one, end in zip(buried, ends, strict=True) if end > now),
        max((end for end in ends if end <= now), default=None),
        min((end for end in ends if end > now), default=None),
    )


def _end(one: Buried, days: int, hours: int | None) -> datetime:
    end = one.deleted.at + timedelta(days=days)
    return end if hours is None else min(end, one.visible_at + timedelta(hours=hours))


_ANYTHING = ((ranges.everything(),),)


def _is_of_content(union: Sequence[ranges.Range]) -> bool:
    return any(isinstance(one, ranges.Language | Matching) for one in union)
