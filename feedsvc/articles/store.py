"""Where articles are kept: save and withdraw, a message's worth in one transaction.

What is written takes a change number for exactly what becomes visible, changes, or disappears for
readers. When an article's time comes is `release`'s to see to.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from feedsvc import models
from feedsvc.articles import filings, search_index
from feedsvc.articles.article import Article, Draft, Order, Words, preview
from feedsvc.articles.categories import Tree
from feedsvc.articles.filings import Placement, Stamp
from feedsvc.articles.labels import label, unlabel
from feedsvc.articles.rows import (
    STORED_COLUMNS,
    Stored,
    columns_of,
    digest_of,
    stored_from_row,
    tombstone_columns,
)
from feedsvc.articles.search_index import Entry
from feedsvc.articles.statements import fetch, insert_row
from feedsvc.db import Changes
from feedsvc.errors import Fault, GuidError
from feedsvc.models import State

#: The feed that shows every article.
EVERYTHING = "all"

_ASKED_AT_ONCE = 1_000


class Status(StrEnum):
    """What became of an event."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    STALE = "stale"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Outcome:
    status: Status
    #: The names of the feeds that show the article now.
    feeds: tuple[str, ...]
    #: When it will appear, if it is not visible yet.
    visible_at: datetime | None = None
    #: What the editor should know of it.
    notes: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class _Filed:
    """An article that feeds show, or will: where, when, and what it is found by."""

    article: Article
    placement: Placement
    stamp: Stamp
    words: Words

    def index_entries(self, article_id: int) -> list[Entry]:
        """Itself, if it is to be found."""
        if self.stamp.state != State.LIVE:
            return []
        return [Entry(article_id, self.stamp.visible_at, self.words)]


class Shelf:
    """A source's articles within one transaction: asked for at once, and filed at once at its end.

    What is new waits to be filed until `close`, which the transaction must come to.
    """

    def __init__(self, source_id: int, changes: Changes, tree: Tree) -> None:
        self._source_id = source_id
        self._changes = changes
        self._tree = tree
        self._stored: dict[str, Stored | None] = {}
        self._taken_guids: dict[str, bool] = {}
        self._waiting: dict[int, _Filed] = {}
        self._touched: set[int] = set()

    def look_up(self, external_ids: Iterable[str], guids: Iterable[str]) -> None:
        """Ask for the articles that are to be saved or withdrawn, all at once."""
        for part in _parted(external_ids):
            rows = fetch(
                f"SELECT external_id, {STORED_COLUMNS} FROM article"  # noqa: S608 (names of ours)
                " WHERE source_id = ? AND external_id IN (?)",
                self._source_id,
                part,
            )
            self._stored |= dict.fromkeys(part)
            self._stored |= {row[0]: stored_from_row(row[1:]) for row in rows}
        for part in _parted(guids):
            rows = fetch("SELECT guid FROM article WHERE guid IN (?)", part)
            self._taken_guids |= dict.fromkeys(part, False) | {guid: True for (guid,) in rows}

    def find_stored(self, external_id: str) -> Stored | None:
        """What is kept of an article, a withdrawn one too."""
        if external_id not in self._stored:
            self.look_up([external_id], ())
        return self._stored[external_id]

    def require_within(self, external_id: str) -> None:
        """Raises CategoryError where the key is limited, and the article is filed elsewhere."""
        self._require_within(self.find_stored(external_id))

    def supersede(self, older: str, newer: str) -> None:
        """Withdraw an article that turns out to be another one under an older name."""
        one, other = self.find_stored(older), self.find_stored(newer)
        if one is not None and other is not None:
            order = Order(max(one.ordered_at, other.ordered_at), self._changes.at)
            self.withdraw(older, order, one.guid)

    def save(self, draft: Draft, guid: str) -> Outcome:
        """Keep an article as its source now says it is; an event from before what is kept is stale.

        Raises:
            CategoryError: one of its categories can't be placed, or is not for this key.
            GuidError: it is new, and its guid is another article's.
        """
        stored = self._find(draft.external_id, guid)
        if stored is not None and _is_stale(draft.order, stored):
            return self._outcome(Status.STALE, stored)
        placement = self._tree.place(draft.filings)
        if stored is not None:
            self._require_within(stored)
        article = replace(
            preview(draft, stored.guid if stored else guid), categories=placement.categories
        )
        digest = digest_of(article, draft)
        if stored is not None and stored.state != State.WITHDRAWN and stored.digest == digest:
            self._advance_order(draft.external_id, stored, draft.order)
            return self._outcome(Status.UNCHANGED, stored)
        article = replace(article, modified_at=_modified_at(article, draft, stored))
        was_live = stored is not None and stored.state == State.LIVE
        state = _state(draft, self._changes.at)
        # Also where it ends a tombstone that readers have been shown.
        was_told = stored is not None and stored.state == State.WITHDRAWN and stored.change > 0
        shows = was_live or was_told or state == State.LIVE
        change = self._changes.take() if shows else _last_change(stored)
        stamp = Stamp(state, draft.published_at, change)
        columns = columns_of(article, draft, stamp, digest)
        filed = _Filed(article, placement, stamp, draft.words)
        self._write(draft.external_id, stored, columns, filed)
        if shows:
            self._touched |= placement.direct_by_id.keys()
        return Outcome(
            Status.CREATED if stored is None or stored.version == 0 else Status.UPDATED,
            (EVERYTHING, *placement.slugs) if state == State.LIVE else (),
            draft.published_at if state == State.SCHEDULED else None,
            _notes(draft, article, placement, state),
        )

    def withdraw(self, external_id: str, order: Order, guid: str) -> Outcome:
        """Take an article out of every feed and forget its content; what is left is a tombstone.

        One that was never seen leaves a tombstone too, so that an older event that arrives late
        does not publish it.

        Raises:
            CategoryError: it is not for this key.
            GuidError: it was never seen, and its guid is another article's.
        """
        stored = self._find(external_id, guid)
        self._require_within(stored)
        if stored is None:
            self._write(external_id, None, tombstone_columns(guid, order, change=0))
            return Outcome(Status.WITHDRAWN, ())
        if _is_stale(order, stored):
            return self._outcome(Status.STALE, stored)
        if stored.state == State.WITHDRAWN:
            self._advance_order(external_id, stored, order)
            return Outcome(Status.UNCHANGED, ())
        self._file()
        was_live = stored.state == State.LIVE
        change = self._changes.take() if was_live else stored.change
        # When it was published, and where it was filed, are what a tombstone in a feed goes by. An
        # article that is published again with the date it had is ordered by when that happens.
        columns = tombstone_columns(stored.guid, order, change=change) | {
            "published_at": stored.published_at,
            "visible_at": stored.visible_at,
            "ordered_at": order.modified_at or stored.ordered_at,
            # What a tombstone says; the same said again later does not move it.
            "modified_at": order.occurred_at,
        }
        self._write(external_id, stored, columns)
        filings.restamp(stored.id, Stamp(State.WITHDRAWN, stored.visible_at, change))
        if was_live:
            self._touched |= filings.list_filed(stored.id)
        return Outcome(Status.WITHDRAWN, ())

    def close(self) -> None:
        """File what waits, and note which feeds changed."""
        self._file()
        if self._touched:
            filings.touch(self._touched, self._changes.at)
        self._touched = set()

    def _find(self, external_id: str, guid: str) -> Stored | None:
        """What is kept of an article; one that is new must have a guid of its own."""
        if external_id not in self._stored or guid not in self._taken_guids:
            self.look_up([external_id], [guid])
        stored = self._stored[external_id]
        if stored is None and self._taken_guids[guid]:
            raise GuidError("is that of another article")
        return stored

    def _require_within(self, stored: Stored | None) -> None:
        """Raises CategoryError where the key is limited, and the article is filed elsewhere."""
        if self._tree.is_limited:
            if stored is not None and stored.id in self._waiting:
                self._file()
            self._tree.require_within(filings.list_filed(stored.id) if stored else set())

    def _write(
        self,
        external_id: str,
        stored: Stored | None,
        columns: dict[str, Any],
        filed: _Filed | None = None,
    ) -> None:
        """Write an article's row, and, unless it is withdrawn, see that it is filed."""
        if stored is None:
            version = 1 if filed else 0
            identity = {"source": self._source_id, "external_id": external_id}
            row_id = insert_row(models.Article, columns | identity | {"version": version})
            if filed:
                self._waiting[row_id] = filed
        else:
            version, row_id = stored.version + 1, stored.id
            self._file()
            models.Article.update(columns | {"version": version}).where(
                models.Article.id == row_id
            ).execute()
            _index(stored, filed)
            if filed:
                left = filings.file(row_id, filed.placement, filed.stamp)
                if State.LIVE in (stored.state, filed.stamp.state):
                    self._touched |= left
                unlabel(row_id)
                label([(row_id, filed.article, filed.stamp)])
        self._taken_guids[columns["guid"]] = True
        known = {name: columns[name] for name in _KNOWN}
        self._stored[external_id] = Stored(id=row_id, version=version, **known)

    def _file(self) -> None:
        """File the new articles that wait."""
        waiting, self._waiting = self._waiting, {}
        if waiting:
            filings.file_new([(id_, one.placement, one.stamp) for id_, one in waiting.items()])
            label([(id_, one.article, one.stamp) for id_, one in waiting.items()])
            search_index.add(
                [entry for id_, one in waiting.items() for entry in one.index_entries(id_)]
            )

    def _outcome(self, status: Status, stored: Stored) -> Outcome:
        """What is kept stays as it was."""
        slugs: tuple[str, ...] = ()
        if stored.state == State.LIVE:
            waiting = self._waiting.get(stored.id)
            slugs = waiting.placement.slugs if waiting else filings.list_slugs(stored.id)
            slugs = (EVERYTHING, *slugs)
        scheduled = stored.state == State.SCHEDULED
        return Outcome(status, slugs, stored.visible_at if scheduled else None)

    def _advance_order(self, external_id: str, stored: Stored, order: Order) -> None:
        """The same said again, later: what is older than that is stale from now on."""
        ordered_at = max(stored.ordered_at, order.modified_at or stored.ordered_at)
        occurred_at = max(stored.occurred_at, order.occurred_at)
        if (ordered_at, occurred_at) != (stored.ordered_at, stored.occurred_at):
            models.Article.update(ordered_at=ordered_at, occurred_at=occurred_at).where(
                models.Article.id == stored.id
            ).execute()
            self._stored[external_id] = replace(
                stored, ordered_at=ordered_at, occurred_at=occurred_at
            )


#: What a `Stored` has of an article's columns.
_KNOWN = tuple(one.name for one in fields(Stored) if one.name not in ("id", "version"))


def _index(stored: Stored, filed: _Filed | None) -> None:
    """Have the index of words follow an article that was there before."""
    entries = filed.index_entries(stored.id) if filed else []
    if stored.state != State.LIVE:
        search_index.add(entries)
    elif entries:
        search_index.replace(entries[0], stored.visible_at)
    else:
        search_index.remove(stored.id, stored.visible_at)


def _parted(values: Iterable[str]) -> Iterable[list[str]]:
    """The values without repetitions, in as many statements as they need."""
    unique = list(dict.fromkeys(values))
    return (unique[at : at + _ASKED_AT_ONCE] for at in range(0, len(unique), _ASKED_AT_ONCE))


def _state(draft: Draft, now: datetime) -> State:
    if draft.expires_at is not None and draft.expires_at <= now:
        return State.EXPIRED
    return State.LIVE if draft.published_at <= now else State.SCHEDULED


def _modified_at(article: Article, draft: Draft, stored: Stored | None) -> datetime:
    """When readers are told that it was last updated."""
    if stored is None or not stored.version:
        return article.modified_at
    if draft.is_minor and stored.state != State.WITHDRAWN:
        return stored.modified_at
    if draft.modified_at is None:  # it was edited, and only the event says when
        return max(stored.modified_at, draft.order.occurred_at, draft.published_at)
    return article.modified_at


def _notes(draft: Draft, article: Article, placement: Placement, state: State) -> tuple[Fault, ...]:
    notes = [Fault("/data/categories", note) for note in placement.notes]
    if draft.guid not in (None, article.guid):
        kept = "is not taken: readers know the article by the guid that it has had"
        notes.append(Fault("/data/guid", kept))
    if state == State.EXPIRED:
        notes.append(Fault("/data/expires_at", "has passed: no feed shows the article"))
    return tuple(notes)


def _is_stale(order: Order, stored: Stored) -> bool:
    return order.is_before(stored.ordered_at, stored.occurred_at)


def _last_change(stored: Stored | None) -> int:
    """The number it keeps while nothing visible changes: a cursor may still stand below it."""
    return stored.change if stored else 0
