"""Where articles are filed: their rows in categories' feeds. Runs inside `Database.publish`.

An article filed in a category has a row there and in every category above it, so that a parent's
feed is one index range like any other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import peewee

from feedsvc import models
from feedsvc.articles.article import Category
from feedsvc.articles.statements import execute, fetch, insert_rows
from feedsvc.db import fetch_rows
from feedsvc.models import ArticleAuthor, ArticleCategory, ArticleTag, Removal, State


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an article is filed: the categories its entry names, and every feed that shows it."""

    categories: tuple[Category, ...]
    #: The rows' ids, ancestors included, and whether the article was filed there itself.
    direct_by_id: dict[int, bool]
    slugs: tuple[str, ...]
    #: What the editor should know of it.
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a filing repeats of its article."""

    state: State
    visible_at: datetime
    change: int


def file(article_id: int, placement: Placement, stamp: Stamp) -> set[int]:
    """File an article where `placement` says and nowhere else; gives the ids of all concerned.

    A category that it leaves keeps a removal, if a reader of its changes can have seen it there,
    live or withdrawn.
    """
    filed = ArticleCategory.select(ArticleCategory.category, ArticleCategory.change).where(
        ArticleCategory.article == article_id
    )
    old = dict(fetch_rows(filed))
    new = placement.direct_by_id
    if left := old.keys() - new.keys():
        left_rows = (ArticleCategory.article == article_id) & ArticleCategory.category.in_(left)
        _record_removals(left_rows, max(stamp.change, *(old[id_] for id_ in left)))
        ArticleCategory.delete().where(left_rows).execute()
    if new:
        ArticleCategory.insert_many(
            [
                (article_id, id_, direct, stamp.state, stamp.visible_at, stamp.change)
                for id_, direct in new.items()
            ],
            fields=[
                ArticleCategory.article,
                ArticleCategory.category,
                ArticleCategory.direct,
                ArticleCategory.state,
                ArticleCategory.visible_at,
                ArticleCategory.change,
            ],
        ).on_conflict(
            conflict_target=[ArticleCategory.article, ArticleCategory.category],
            preserve=[
                ArticleCategory.direct,
                ArticleCategory.state,
                ArticleCategory.visible_at,
                ArticleCategory.change,
            ],
        ).execute()
        Removal.delete().where(
            Removal.article == article_id, Removal.category.in_(list(new))
        ).execute()
    return old.keys() | new.keys()


def file_new(placed: Sequence[tuple[int, Placement, Stamp]]) -> None:
    """File articles, by their ids, that were filed nowhere yet."""
    insert_rows(
        ArticleCategory,
        ("article", "category", "direct", "state", "visible_at", "change"),
        [
            (article_id, id_, direct, stamp.state, stamp.visible_at, stamp.change)
            for article_id, placement, stamp in placed
            for id_, direct in placement.direct_by_id.items()
        ],
    )


def restamp(article_id: int, stamp: Stamp) -> None:
    """Have every row that files the article repeat its new state."""
    for table in (ArticleCategory, ArticleTag, ArticleAuthor):
        table.update(asdict(stamp)).where(table.article == article_id).execute()


def list_filed(article_id: int) -> set[int]:
    """The ids of every category whose feed may show the article."""
    filed = fetch("SELECT category_id FROM article_category WHERE article_id = ?", article_id)
    return {id_ for (id_,) in filed}


def list_slugs(article_id: int) -> tuple[str, ...]:
    """The slugs of every category whose feed may show the article."""
    rows = fetch(
        "SELECT slug FROM category JOIN article_category ON category_id = category.id"
        " WHERE article_id = ? ORDER BY slug",
        article_id,
    )
    return tuple(slug for (slug,) in rows)


def touch(ids: Iterable[int], at: datetime) -> None:
    """Note that these categories' feeds changed now."""
    if wanted := list(ids):
        execute("UPDATE category SET changed_at = ? WHERE id IN (?)", at, wanted)


def leave(row: models.Category, ancestor_id: int, change: int) -> None:
    """Take what is below `row` out of a category that is no longer above it.

    What is also filed in another category below that one stays.
    """
    inside = ArticleCategory.alias()
    direct = ArticleCategory.alias()
    below = [line.id for line in _subtree(ancestor_id)]
    gone = (
        (ArticleCategory.category == ancestor_id)
        & ArticleCategory.article.in_(
            inside.select(inside.article).where(inside.category == row.id)
        )
        & ArticleCategory.article.not_in(
            direct.select(direct.article).where(
                direct.direct == True,  # noqa: E712 (SQL, not Python)
                direct.category.in_(below),
            )
        )
    )
    _record_removals(gone, change)
    ArticleCategory.delete().where(gone).execute()


def join(row: models.Category, ancestor_id: int, change: int) -> None:
    """Show what is below `row` in a category that is now above it."""
    inside = ArticleCategory.alias()
    arriving = inside.select(
        inside.article,
        peewee.Value(ancestor_id),
        peewee.Value(False),  # noqa: FBT003 (a column's value)
        inside.state,
        inside.visible_at,
        peewee.Value(change),
    ).where(
        inside.category == row.id,
        inside.article.not_in(
            ArticleCategory.select(ArticleCategory.article).where(
                ArticleCategory.category == ancestor_id
            )
        ),
    )
    ArticleCategory.insert_from(
        arriving,
        [
            ArticleCategory.article,
            ArticleCategory.category,
            ArticleCategory.direct,
            ArticleCategory.state,
            ArticleCategory.visible_at,
            ArticleCategory.change,
        ],
    ).execute()
    present = ArticleCategory.select(ArticleCategory.article).where(
        ArticleCategory.category == ancestor_id
    )
    Removal.delete().where(Removal.category == ancestor_id, Removal.article.in_(present)).execute()


def _record_removals(leaving: peewee.Expression, change: int) -> None:
    """Note that the filings `leaving` are about to go, for those who may have seen them."""
    rows = ArticleCategory.select(
        ArticleCategory.category, ArticleCategory.article, peewee.Value(change)
    ).where(leaving, ArticleCategory.change > 0)
    Removal.insert_from(rows, [Removal.category, Removal.article, Removal.change]).on_conflict(
        conflict_target=[Removal.category, Removal.article], preserve=[Removal.change]
    ).execute()


def _subtree(root_id: int) -> list[models.Category]:
    found = [models.Category.get_by_id(root_id)]
    level = [root_id]
    while level:
        rows = list(models.Category.select().where(models.Category.parent.in_(level)))
        found += rows
        level = [row.id for row in rows]
    return found
