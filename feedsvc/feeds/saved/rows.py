"""Reading saved feeds from the database. Every verb is as of the view that the caller is in."""

from dataclasses import dataclass
from datetime import datetime

from feedsvc.feeds.saved.feed import SavedFeed
from feedsvc.models import saved as tables
from feedsvc.rendering.podcast import Podcast
from feedsvc.rendering.terms import Rsl, Terms


@dataclass(frozen=True, slots=True)
class Kept:
    """A saved feed with what the database knows of it."""

    id: int
    feed: SavedFeed
    created_at: datetime
    #: When the newsroom changed it last; its articles have their own times.
    changed_at: datetime
    #: The number that this change took.
    change: int


def find_kept(name: str) -> Kept | None:
    row = tables.SavedFeed.get_or_none(tables.SavedFeed.name == name)
    return None if row is None else from_row(row)


def list_kept() -> list[Kept]:
    """All of them, by name."""
    return [from_row(row) for row in tables.SavedFeed.select().order_by(tables.SavedFeed.name)]


def from_row(row: tables.SavedFeed) -> Kept:
    terms = dict(row.terms)
    rsl = terms.pop("rsl", None)
    feed = SavedFeed(
        row.name,
        row.title,
        row.description,
        row.query,
        row.delay_seconds,
        Terms(**terms, rsl=None if rsl is None else _rsl(rsl)),
        None if row.podcast is None else Podcast(**row.podcast),
        row.is_private,
    )
    return Kept(row.id, feed, row.created_at, row.changed_at, row.change)


def _rsl(said: dict[str, list[str] | str]) -> Rsl:
    return Rsl(tuple(said["permits"]), tuple(said["prohibits"]), str(said["payment"]))
