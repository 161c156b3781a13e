"""The tree of categories: placing, renaming and moving them, and filing articles in them.

An article filed in a category has a row there and in every category above it, so that a parent's
feed is one index range like any other. Moving a category rewrites these rows in a few statements,
whatever it holds. Every verb here runs inside `Database.publish`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import peewee

from feedsvc import models
from feedsvc.articles.article import Category, Filing
from feedsvc.db import Changes, fetch_rows
from feedsvc.errors import CategoryError
from feedsvc.models import ArticleCategory, Removal, State


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an article is filed: the categories its entry names, and every feed that shows it."""

    categories: tuple[Category, ...]
    #: The rows' ids, ancestors included, and whether the article was filed there itself.
    direct_by_id: dict[int, bool]
    slugs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a filing repeats of its article."""

    state: State
    visible_at: datetime
    change: int


def place(filings: Iterable[Filing], changes: Changes, max_depth: int) -> Placement:
    """Make, rename and move categories until they are as `filings` say, and place them.

    Raises:
        CategoryError: a category would be its own ancestor, or deeper than `max_depth`.
    """
    rows = [_ensure(filing, changes, max_depth) for filing in filings]
    rows = [models.Category.get_by_id(row.id) for row in rows]  # a later filing may rename it
    direct = {row.id for row in rows}
    lines = {line.id: line for row in rows for line in _line(row)}
    return Placement(
        categories=tuple(Category(row.slug, row.name) for row in rows),
        direct_by_id={id_: id_ in direct for id_ in lines},
        slugs=tuple(line.slug for line in lines.values()),
    )


def file(article_id: int, placement: Placement, stamp: Stamp, *, was_live: bool) -> set[int]:
    """File an article where `placement` says and nowhere else; gives the ids of all concerned."""
    old = {
        id_
        for (id_,) in fetch_rows(
            ArticleCategory.select(ArticleCategory.category).where(
                ArticleCategory.article == article_id
            )
        )
    }
    new = placement.direct_by_id
    if left := old - new.keys():
        ArticleCategory.delete().where(
            ArticleCategory.article == article_id, ArticleCategory.category.in_(left)
        ).execute()
        if was_live:
            _record_removals([(id_, article_id, stamp.change) for id_ in left])
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
    return old | new.keys()


def list_slugs(article_id: int) -> tuple[str, ...]:
    """The slugs of every category whose feed may show the article."""
    rows = (
        models.Category.select(models.Category.slug)
        .join(ArticleCategory)
        .where(ArticleCategory.article == article_id)
        .order_by(models.Category.slug)
    )
    return tuple(slug for (slug,) in fetch_rows(rows))


def touch(ids: Iterable[int], at: datetime) -> None:
    """Note that these categories' feeds changed now."""
    models.Category.update(changed_at=at).where(models.Category.id.in_(list(ids))).execute()


def _ensure(filing: Filing, changes: Changes, max_depth: int) -> models.Category:
    parent = None if filing.parent is None else _ensure(filing.parent, changes, max_depth)
    row = models.Category.get_or_none(models.Category.slug == filing.slug)
    if row is None:
        if parent is not None and len(_line(parent)) >= max_depth:
            raise CategoryError(_too_deep(filing.slug, max_depth))
        return models.Category.create(
            slug=filing.slug,
            name=filing.name or filing.slug,
            parent=parent,
            change=changes.take(),
            created_at=changes.at,
            changed_at=changes.at,
        )
    # A name that is only the slug was made here, for want of a better one.
    if filing.name and filing.name != row.name and (filing.renames or row.name == row.slug):
        row.name = filing.name
        row.change, row.changed_at = changes.take(), changes.at
        row.save()
    if parent is not None and row.parent_id != parent.id:
        _move(row, parent, changes, max_depth)
    return row


def _move(row: models.Category, parent: models.Category, changes: Changes, max_depth: int) -> None:
    new_line = _line(parent)
    if any(line.id == row.id for line in new_line):
        raise CategoryError(f"“{row.slug}” can't be below itself: it is above “{parent.slug}”.")
    if len(new_line) + _height(row) > max_depth:
        raise CategoryError(_too_deep(row.slug, max_depth))
    old_ids = {line.id for line in _line(row)} - {row.id}
    new_ids = {line.id for line in new_line}
    row.parent = parent
    row.change, row.changed_at = changes.take(), changes.at
    row.save()
    for id_ in old_ids - new_ids:
        _leave(row, id_, row.change)
    for id_ in new_ids - old_ids:
        _join(row, id_, row.change)
    touch(old_ids ^ new_ids, changes.at)


def _leave(row: models.Category, ancestor_id: int, change: int) -> None:
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
    live = ArticleCategory.select(ArticleCategory.article).where(
        gone, ArticleCategory.state == State.LIVE
    )
    _record_removals([(ancestor_id, article, change) for (article,) in fetch_rows(live)])
    ArticleCategory.delete().where(gone).execute()


def _join(row: models.Category, ancestor_id: int, change: int) -> None:
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


def _record_removals(rows: Sequence[tuple[int, int, int]]) -> None:
    for batch in peewee.chunked(rows, 200):
        Removal.insert_many(
            batch, fields=[Removal.category, Removal.article, Removal.change]
        ).on_conflict(
            conflict_target=[Removal.category, Removal.article], preserve=[Removal.change]
        ).execute()


def _line(row: models.Category) -> list[models.Category]:
    """A category and those above it, up to the root."""
    line = [row]
    while line[-1].parent_id is not None:
        line.append(models.Category.get_by_id(line[-1].parent_id))
    return line


def _subtree(root_id: int) -> list[models.Category]:
    found = [models.Category.get_by_id(root_id)]
    level = [root_id]
    while level:
        rows = list(models.Category.select().where(models.Category.parent.in_(level)))
        found += rows
        level = [row.id for row in rows]
    return found


def _height(row: models.Category) -> int:
    height, level = 0, [row.id]
    while level:
        height += 1
        below = models.Category.select(models.Category.id).where(models.Category.parent.in_(level))
        level = [id_ for (id_,) in fetch_rows(below)]
    return height


def _too_deep(slug: str, max_depth: int) -> str:
    return f"“{slug}” would be below level {max_depth} (FEEDSVC_MAX_CATEGORY_DEPTH)."
