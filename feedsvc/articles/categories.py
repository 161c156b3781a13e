"""The tree of categories: placing, renaming and moving them, and filing articles in them.

An article filed in a category has a row there and in every category above it, so that a parent's
feed is one index range like any other. Moving a category rewrites these rows in a few statements,
whatever it holds. Every verb here runs inside `Database.publish`.
"""

from collections.abc import Iterable
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
    #: What the editor should know of it.
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """How many categories there may be, and how many levels of them."""

    count: int
    depth: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a filing repeats of its article."""

    state: State
    visible_at: datetime
    change: int


class Tree:
    """The categories as one transaction finds and leaves them, each read from the database once."""

    def __init__(self, changes: Changes, limits: Limits) -> None:
        self._changes = changes
        self._limits = limits
        self._by_slug: dict[str, models.Category] = {}
        self._by_id: dict[int, models.Category] = {}

    def forget(self) -> None:
        """What was made or changed was taken back."""
        self._by_slug.clear()
        self._by_id.clear()

    def place(self, filings: Iterable[Filing]) -> Placement:
        """Make, rename and move categories until they are as `filings` say, and place them.

        Raises:
            CategoryError: one would be its own ancestor, or too deep, or one too many.
        """
        notes: list[str] = []
        rows = [self._ensure(filing, notes) for filing in filings]
        direct = {row.id for row in rows}
        lines = {line.id: line for row in rows for line in self._line(row)}
        return Placement(
            categories=tuple(Category(row.slug, row.name) for row in rows),
            direct_by_id={id_: id_ in direct for id_ in lines},
            slugs=tuple(line.slug for line in lines.values()),
            notes=tuple(notes),
        )

    def _ensure(self, filing: Filing, notes: list[str]) -> models.Category:
        parent = None if filing.parent is None else self._ensure(filing.parent, notes)
        row = self._find(filing.slug)
        if row is None:
            return self._create(filing, parent)
        if filing.name and filing.name != row.name:
            # A name that is only the slug was made here, for want of a better one.
            if filing.renames or row.name == row.slug:
                row.name = filing.name
                self._save(row)
            elif filing.name.casefold() != row.name.casefold():
                notes.append(
                    f"“{filing.name}” was filed under “{row.name}”: both have the slug {row.slug}"
                )
        if parent is not None and row.parent_id != parent.id:
            self._move(row, parent)
        return row

    def _find(self, slug: str) -> models.Category | None:
        if slug not in self._by_slug:
            row = models.Category.get_or_none(models.Category.slug == slug)
            if row is None:
                return None
            self._remember(row)
        return self._by_slug[slug]

    def _remember(self, row: models.Category) -> None:
        self._by_slug[row.slug] = row
        self._by_id[row.id] = row

    def _create(self, filing: Filing, parent: models.Category | None) -> models.Category:
        if parent is not None and len(self._line(parent)) >= self._limits.depth:
            raise CategoryError(self._too_deep(filing.slug))
        ((count,),) = fetch_rows(models.Category.select(peewee.fn.COUNT(models.Category.id)))
        if count >= self._limits.count:
            raise CategoryError(
                f"“{filing.slug}” would be one more than {count:,} (FEEDSVC_MAX_CATEGORIES)"
            )
        row = models.Category.create(
            slug=filing.slug,
            name=filing.name or filing.slug,
            parent=parent,
            change=self._changes.take(),
            created_at=self._changes.at,
            changed_at=self._changes.at,
        )
        self._remember(row)
        return row

    def _save(self, row: models.Category) -> None:
        row.change, row.changed_at = self._changes.take(), self._changes.at
        row.save()

    def _line(self, row: models.Category) -> list[models.Category]:
        """A category and those above it, up to the root."""
        line = [row]
        while (parent_id := line[-1].parent_id) is not None:
            if parent_id not in self._by_id:
                self._remember(models.Category.get_by_id(parent_id))
            line.append(self._by_id[parent_id])
        return line

    def _move(self, row: models.Category, parent: models.Category) -> None:
        new_line = self._line(parent)
        if any(line.id == row.id for line in new_line):
            raise CategoryError(f"“{row.slug}” can't be below itself: it is above “{parent.slug}”")
        if len(new_line) + _height(row) > self._limits.depth:
            raise CategoryError(self._too_deep(row.slug))
        old_ids = {line.id for line in self._line(row)} - {row.id}
        new_ids = {line.id for line in new_line}
        row.parent = parent
        self._save(row)
        for id_ in old_ids - new_ids:
            _leave(row, id_, row.change)
        for id_ in new_ids - old_ids:
            _join(row, id_, row.change)
        touch(old_ids ^ new_ids, self._changes.at)

    def _too_deep(self, slug: str) -> str:
        return f"“{slug}” would be below level {self._limits.depth} (FEEDSVC_MAX_CATEGORY_DEPTH)"


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
    _record_removals(gone, change)
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


def _height(row: models.Category) -> int:
    height, level = 0, [row.id]
    while level:
        height += 1
        below = models.Category.select(models.Category.id).where(models.Category.parent.in_(level))
        level = [id_ for (id_,) in fetch_rows(below)]
    return height
