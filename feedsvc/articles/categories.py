"""The tree of categories: placing articles in it, and making, renaming and moving what is missing.

Moving a category rewrites the rows of what is filed in it (`filings`) in a few statements, whatever
it holds. Every verb here runs inside `Database.publish`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import peewee

from feedsvc import models
from feedsvc.articles.article import Category, Filing
from feedsvc.articles.filings import Placement, join, leave, touch
from feedsvc.articles.statements import fetch
from feedsvc.db import Changes, fetch_rows, from_microseconds
from feedsvc.errors import CategoryError
from feedsvc.models.saved import SavedFeed


@dataclass(frozen=True, slots=True)
class Limits:
    """How many categories there may be, how many levels, and how many changes at once."""

    count: int
    depth: int
    #: Made, renamed or moved in one transaction: moving one takes milliseconds, in which all wait.
    changes: int


class Tree:
    """The categories as one transaction finds and leaves them, each read from the database once.

    `scope`: the slugs of those in or below which a key may file; None: wherever.
    """

    def __init__(
        self, changes: Changes, limits: Limits, scope: frozenset[str] | None = None
    ) -> None:
        self._changes = changes
        self._limits = limits
        self._scope = scope
        self._by_slug: dict[str, models.Category] = {}
        self._by_id: dict[int, models.Category] = {}
        self._absent: set[str] = set()
        #: Also those that were taken back: they took their time.
        self._changes_made = 0

    @property
    def is_limited(self) -> bool:
        return self._scope is not None

    def look_up(self, filings: Iterable[Filing]) -> None:
        """Read the categories that are about to be needed, all at once."""
        slugs = {one.slug for filing in filings for one in _upwards(filing)} - self._by_slug.keys()
        if not slugs:
            return
        # With those above them: UNION, not UNION ALL, so that each comes once.
        rows = fetch(
            "WITH RECURSIVE line (id, slug, name, parent_id, change, created_at, changed_at) AS ("
            " SELECT id, slug, name, parent_id, change, created_at, changed_at"
            " FROM category WHERE slug IN (?)"
            " UNION SELECT above.id, above.slug, above.name, above.parent_id, above.change,"
            " above.created_at, above.changed_at"
            " FROM category above JOIN line ON above.id = line.parent_id)"
            " SELECT * FROM line",
            list(slugs),
        )
        for id_, slug, name, parent_id, change, created_at, changed_at in rows:
            row = models.Category(
                id=id_,
                slug=slug,
                name=name,
                parent=parent_id,
                change=change,
                created_at=from_microseconds(created_at),
                changed_at=from_microseconds(changed_at),
            )
            self._remember(row)
        self._absent |= slugs - self._by_slug.keys()

    def place(self, filings: Sequence[Filing]) -> Placement:
        """Make, rename and move categories until they are as `filings` say, and place them.

        Raises:
            CategoryError: one would be its own ancestor, or too deep, or one too many, or is not
                for this key. Nothing was changed.
        """
        if all(map(self._stands, filings)):
            return self._placed(filings)
        self._require_room_for_changes()
        try:
            with self._changes.attempt():
                return self._placed(filings)
        except CategoryError:
            # What was made or changed was taken back.
            self._by_slug.clear()
            self._by_id.clear()
            self._absent.clear()
            raise

    def _require_room_for_changes(self) -> None:
        if self._changes_made >= self._limits.changes:
            raise CategoryError(
                f"the message makes, renames or moves more than {self._limits.changes:,} "
                "categories (FEEDSVC_MAX_CATEGORY_CHANGES); send the rest in another one"
            )

    def _count_change(self) -> None:
        self._require_room_for_changes()
        self._changes_made += 1

    def require_within(self, category_ids: Iterable[int]) -> None:
        """See that an article that is filed in these categories is for this key.

        Raises:
            CategoryError
        """
        ids = list(category_ids)
        for row in models.Category.select().where(models.Category.id.in_(ids)):
            self._remember(row)
        self._require_scope([self._by_id[id_] for id_ in ids if id_ in self._by_id])

    def _placed(self, filings: Sequence[Filing]) -> Placement:
        notes: list[str] = []
        rows = [self._ensure(filing, notes) for filing in filings]
        if self.is_limited:
            self._require_scope(rows)
        direct = {row.id for row in rows}
        lines = {line.id: line for row in rows for line in self._line(row)}
        return Placement(
            categories=tuple(Category(row.slug, row.name) for row in rows),
            direct_by_id={id_: id_ in direct for id_ in lines},
            slugs=tuple(line.slug for line in lines.values()),
            notes=tuple(notes),
        )

    def _stands(self, filing: Filing) -> bool:
        """Whether a category is as `filing` says already."""
        row = self._find(filing.slug)
        if row is None or self._is_renamed(row, filing):
            return False
        if filing.parent is None:
            return True
        parent = self._find(filing.parent.slug)
        return parent is not None and row.parent_id == parent.id and self._stands(filing.parent)

    def _is_renamed(self, row: models.Category, filing: Filing) -> bool:
        if not filing.name or filing.name == row.name:
            return False
        # A name that is only the slug was made here, for want of a better one.
        return filing.renames or row.name == row.slug

    def _require_scope(self, rows: Sequence[models.Category]) -> None:
        """See that each of these is in or below one of those that the key is for."""
        if self._scope is None:
            return
        for row in rows:
            if not self._scope & {line.slug for line in self._line(row)}:
                raise CategoryError(f"“{row.slug}” is not for this key, {self._only()}")
        if not rows:
            raise CategoryError(
                f"an article that is in no category is not for this key, {self._only()}"
            )

    def _only(self) -> str:
        return f"which may file in or below {', '.join(sorted(self._scope or ()))}"

    def _ensure(self, filing: Filing, notes: list[str]) -> models.Category:
        parent = None if filing.parent is None else self._ensure(filing.parent, notes)
        row = self._find(filing.slug)
        if row is None:
            return self._create(filing, parent)
        if self._is_renamed(row, filing):
            self._require_scope([row])
            row.name = filing.name or row.slug
            self._save(row)
        elif filing.name and filing.name.casefold() != row.name.casefold():
            notes.append(
                f"“{filing.name}” was filed under “{row.name}”: both have the slug {row.slug}"
            )
        if parent is not None and row.parent_id != parent.id:
            self._require_scope([row, parent])
            self._move(row, parent)
        return row

    def _find(self, slug: str) -> models.Category | None:
        if slug in self._absent:
            return None
        if slug not in self._by_slug:
            row = models.Category.get_or_none(models.Category.slug == slug)
            if row is None:
                return None
            self._remember(row)
        return self._by_slug[slug]

    def _remember(self, row: models.Category) -> None:
        self._absent.discard(row.slug)
        self._by_slug[row.slug] = row
        self._by_id[row.id] = row

    def _create(self, filing: Filing, parent: models.Category | None) -> models.Category:
        if self._scope is not None and filing.slug not in self._scope:
            if parent is None:
                raise CategoryError(f"“{filing.slug}” is not for this key, {self._only()}")
            self._require_scope([parent])
        if parent is not None and len(self._line(parent)) >= self._limits.depth:
            raise CategoryError(self._too_deep(filing.slug))
        # A section's slug is its feed's name, and a name is that of one feed.
        if SavedFeed.get_or_none(SavedFeed.name == filing.slug) is not None:
            raise CategoryError(
                f"“{filing.slug}” is the name of a saved feed; the section needs another slug"
            )
        ((count,),) = fetch_rows(models.Category.select(peewee.fn.COUNT(models.Category.id)))
        if count >= self._limits.count:
            raise CategoryError(
                f"“{filing.slug}” would be one more than {count:,} (FEEDSVC_MAX_CATEGORIES)"
            )
        self._count_change()
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
        self._count_change()
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
            leave(row, id_, row.change)
        for id_ in new_ids - old_ids:
            join(row, id_, row.change)
        touch(old_ids ^ new_ids, self._changes.at)

    def _too_deep(self, slug: str) -> str:
        return f"“{slug}” would be below level {self._limits.depth} (FEEDSVC_MAX_CATEGORY_DEPTH)"


def _upwards(filing: Filing) -> Iterable[Filing]:
    """What is said of a category, and of each above it."""
    one: Filing | None = filing
    while one is not None:
        yield one
        one = one.parent


def _height(row: models.Category) -> int:
    height, level = 0, [row.id]
    while level:
        height += 1
        below = models.Category.select(models.Category.id).where(models.Category.parent.in_(level))
        level = [id_ for (id_,) in fetch_rows(below)]
    return height
