"""Which feeds exist: `all`, one for each category, and those that the newsroom has saved."""

import re
from dataclasses import dataclass
from datetime import datetime

import peewee

from feedsvc import models
from feedsvc.articles.clean import make_slug
from feedsvc.articles.statements import fetch
from feedsvc.articles.store import EVERYTHING
from feedsvc.db import Database, fetch_rows, from_microseconds
from feedsvc.errors import FeedNotFoundError
from feedsvc.feeds.saved.feed import SavedFeed
from feedsvc.feeds.saved.rows import Kept, find_kept, list_kept
from feedsvc.models import ArticleCategory, State

#: What a feed may be called; a category's slug is its feed's name.
FEED_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
#: Names that no category can have.
RESERVED_NAMES = frozenset({EVERYTHING})
_SORTED_CHARS = 100


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed: its name in addresses, and what it shows."""

    name: str
    #: The category's name, or a saved feed's own title; empty for `all`.
    title: str
    category_id: int | None
    parent_name: str | None
    created_at: datetime
    #: When anything in it last changed, a withdrawal or a new title too.
    changed_at: datetime
    #: What the newsroom says of it, if it is one that it has saved.
    saved: SavedFeed | None = None
    #: When it was put together as it is, in the stream of changes.
    change: int = 0


def get_feed(database: Database, name: str) -> Feed:
    """The public feed of a name, as of the view that the caller is in.

    Raises:
        FeedNotFoundError: there is none, or it is private.
    """
    if name == EVERYTHING:
        return _everything(database)
    # The pattern first: PostgreSQL can't even be asked for a name with a NUL in it.
    if not FEED_NAME.fullmatch(name):
        raise FeedNotFoundError(name)
    rows = fetch("SELECT id, name, created_at, changed_at FROM category WHERE slug = ?", name)
    for id_, title, created_at, changed_at in rows:
        times = from_microseconds(created_at), from_microseconds(changed_at)
        return Feed(name, title, id_, None, *times)
    kept = find_kept(name)
    if kept is None or kept.feed.is_private:
        raise FeedNotFoundError(name)
    return of_saved(database, kept)


def of_saved(database: Database, kept: Kept) -> Feed:
    """A saved feed as a feed, in the view that the caller is in."""
    # Which articles are in it, only its filters know: a change of any of them may be one of it.
    changed_at = max(kept.changed_at, database.read_counter().changed_at)
    return Feed(
        kept.feed.name,
        kept.feed.title,
        None,
        None,
        kept.created_at,
        changed_at,
        kept.feed,
        kept.change,
    )


def list_feeds(database: Database) -> list[Feed]:
    """`all` first, then each category before those below it, by name; last, public saved feeds.

    The order is that of the names without their accents, the same on both databases: by code
    points, “Đời sống” would come after “Xã hội”.
    """
    rows = list(models.Category.select())
    rows.sort(key=lambda row: (make_slug(row.name, _SORTED_CHARS), row.name, row.id))
    below: dict[int | None, list[models.Category]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row)
    feeds = [_everything(database)]
    waiting = [(row, EVERYTHING) for row in reversed(below.get(None, []))]
    while waiting:
        row, parent_name = waiting.pop()
        feeds.append(_of_category(row, parent_name))
        waiting += [(child, row.slug) for child in reversed(below.get(row.id, []))]
    return feeds + _list_saved(database)


def _list_saved(database: Database) -> list[Feed]:
    public = [of_saved(database, kept) for kept in list_kept() if not kept.feed.is_private]
    return sorted(public, key=lambda feed: (make_slug(feed.title, _SORTED_CHARS), feed.name))


def count_articles() -> dict[int | None, int]:
    """How many articles a feed shows, by its `category_id` (None: `all`); 0 is left out.

    Not of saved feeds: their articles would have to be gone through one by one.

    Two walks along covering indexes: what they cost grows with the archive.
    """
    number = peewee.fn.COUNT(peewee.SQL("*"))
    ((everything,),) = fetch_rows(
        models.Article.select(number).where(models.Article.state == State.LIVE)
    )
    by_category = (
        ArticleCategory.select(ArticleCategory.category, number)
        .where(ArticleCategory.state == State.LIVE)
        .group_by(ArticleCategory.category)
    )
    return {None: everything, **dict(fetch_rows(by_category))}


def _everything(database: Database) -> Feed:
    counter = database.read_counter()
    return Feed(EVERYTHING, "", None, None, counter.created_at, counter.changed_at)


def _of_category(row: models.Category, parent_name: str | None) -> Feed:
    return Feed(row.slug, row.name, row.id, parent_name, row.created_at, row.changed_at)
