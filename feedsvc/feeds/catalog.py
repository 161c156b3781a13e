"""Which feeds exist: `all`, and one for each category."""

import re
from dataclasses import dataclass
from datetime import datetime

import peewee

from feedsvc import models
from feedsvc.articles.clean import make_slug
from feedsvc.articles.store import EVERYTHING
from feedsvc.db import Database, fetch_rows
from feedsvc.errors import FeedNotFoundError
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
    #: The category's name; empty for `all`.
    title: str
    category_id: int | None
    parent_name: str | None
    created_at: datetime
    #: When anything in it last changed, a withdrawal or a new title too.
    changed_at: datetime


def get_feed(database: Database, name: str) -> Feed:
    """The feed of a name, as of the view that the caller is in.

    Raises:
        FeedNotFoundError: there is none.
    """
    if name == EVERYTHING:
        return _everything(database)
    # The pattern first: PostgreSQL can't even be asked for a name with a NUL in it.
    row = (
        models.Category.get_or_none(models.Category.slug == name)
        if FEED_NAME.fullmatch(name)
        else None
    )
    if row is None:
        raise FeedNotFoundError(name)
    return _of_category(row, None)


def list_feeds(database: Database) -> list[Feed]:
    """`all` first, then each category before those below it, by name.

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
    return feeds


def count_articles() -> dict[int | None, int]:
    """How many articles each feed shows, by its `category_id` (None: `all`); 0 is left out.

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
