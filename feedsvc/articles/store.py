"""Where articles are kept: save, withdraw, release, find.

The verbs that write run inside `Database.publish`, and take a change number for exactly what
becomes visible, changes, or disappears for readers.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from feedsvc import models
from feedsvc.articles import categories
from feedsvc.articles.article import Article, Attachment, Author, Category, Draft, Order, preview
from feedsvc.articles.categories import Stamp
from feedsvc.articles.clean import make_slug
from feedsvc.db import Changes, fetch_rows, to_microseconds
from feedsvc.errors import Fault, GuidError
from feedsvc.models import ArticleAuthor, ArticleTag, State

if TYPE_CHECKING:
    import peewee

#: The feed that shows every article.
EVERYTHING = "all"

_MAX_LABEL_SLUG_CHARS = 200


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


def save(
    draft: Draft, *, source_id: int, guid: str, changes: Changes, tree: categories.Tree
) -> Outcome:
    """Keep an article as its source now says it is; an event from before what is kept is stale.

    Raises:
        CategoryError: one of its categories can't be placed.
        GuidError: it is new, and its guid is another article's.
    """
    stored = _find_row(source_id, draft.external_id)
    if stored is None:
        _require_free(guid)
    if stored is not None and _is_stale(draft.order, stored):
        return _outcome(Status.STALE, stored)
    placement = tree.place(draft.filings)
    article = replace(
        preview(draft, stored.guid if stored else guid), categories=placement.categories
    )
    digest = _digest(article, draft.modified_at)
    if stored is not None and stored.state != State.WITHDRAWN and stored.digest == digest:
        _advance_order(stored, draft.order)
        return _outcome(Status.UNCHANGED, stored)
    if stored is not None and stored.version and draft.modified_at is None:
        # It was edited, and only the event says when.
        moment = max(stored.modified_at, draft.order.occurred_at, draft.published_at)
        article = replace(article, modified_at=moment)
    was_live = stored is not None and stored.state == State.LIVE
    state = State.LIVE if draft.published_at <= changes.at else State.SCHEDULED
    stamp = Stamp(
        state,
        draft.published_at,
        changes.take() if was_live or state == State.LIVE else _last_change(stored),
    )
    article_id = _write_row(
        stored,
        _columns(article, stamp) | _order_columns(draft.order, article) | {"digest": digest},
        source_id=source_id,
        external_id=draft.external_id,
    )
    touched = categories.file(article_id, placement, stamp)
    _label(article_id, article, stamp)
    if was_live or state == State.LIVE:
        categories.touch(touched, changes.at)
    fresh = stored is None or stored.version == 0
    return Outcome(
        Status.CREATED if fresh else Status.UPDATED,
        (EVERYTHING, *placement.slugs) if state == State.LIVE else (),
        None if state == State.LIVE else draft.published_at,
        _notes(draft, article, placement),
    )


def withdraw(
    external_id: str, order: Order, *, source_id: int, guid: str, changes: Changes
) -> Outcome:
    """Take an article out of every feed and forget its content; what is left is a tombstone.

    One that was never seen leaves a tombstone too, so that an older event that arrives late does
    not publish it.
    """
    stored = _find_row(source_id, external_id)
    if stored is None:
        _require_free(guid)
        _write_row(
            None,
            _tombstone(guid, order, change=0, version=0),
            source_id=source_id,
            external_id=external_id,
        )
        return Outcome(Status.WITHDRAWN, ())
    if _is_stale(order, stored):
        return _outcome(Status.STALE, stored)
    if stored.state == State.WITHDRAWN:
        _advance_order(stored, order)
        return Outcome(Status.UNCHANGED, ())
    was_live = stored.state == State.LIVE
    change = changes.take() if was_live else _last_change(stored)
    blank = _tombstone(stored.guid, order, change=change, version=stored.version + 1)
    # When it was published, and where it was filed, are what a tombstone in a feed goes by. An
    # article that is published again with the date it had is ordered by when that happens.
    kept = {
        "published_at": stored.published_at,
        "visible_at": stored.visible_at,
        "ordered_at": order.modified_at or stored.ordered_at,
    }
    models.Article.update(**(blank | kept)).where(models.Article.id == stored.id).execute()
    _restamp(stored.id, Stamp(State.WITHDRAWN, stored.visible_at, change))
    if was_live:
        _touch_filed(stored.id, changes)
    return Outcome(Status.WITHDRAWN, ())


def release_due(changes: Changes, limit: int = 500) -> int:
    """Make visible the articles whose time has come, earliest first; gives how many.

    Whoever first notices does it: the second finds nothing left to do.
    """
    due = (
        models.Article.select(models.Article.id, models.Article.visible_at)
        .where(models.Article.state == State.SCHEDULED, models.Article.visible_at <= changes.at)
        .order_by(models.Article.visible_at, models.Article.id)
        .limit(limit)
    )
    rows = fetch_rows(due)
    for article_id, visible_at in rows:
        stamp = Stamp(State.LIVE, visible_at, changes.take())
        models.Article.update(state=stamp.state, change=stamp.change).where(
            models.Article.id == article_id
        ).execute()
        _restamp(article_id, stamp)
        _touch_filed(article_id, changes)
    return len(rows)


def find_next_release() -> datetime | None:
    """When the next scheduled article is due."""
    rows = fetch_rows(
        models.Article.select(models.Article.visible_at)
        .where(models.Article.state == State.SCHEDULED)
        .order_by(models.Article.visible_at)
        .limit(1)
    )
    return rows[0][0] if rows else None


#: What an `Article` is made of, in its fields' order.
ARTICLE_COLUMNS: "tuple[peewee.Field[Any], ...]" = (
    models.Article.guid,
    models.Article.url,
    models.Article.title,
    models.Article.summary,
    models.Article.content_html,
    models.Article.language,
    models.Article.image,
    models.Article.authors,
    models.Article.tags,
    models.Article.categories,
    models.Article.attachments,
    models.Article.published_at,
    models.Article.modified_at,
)


def article_from_row(row: tuple[Any, ...]) -> Article:
    """An article from the values of `ARTICLE_COLUMNS`."""
    values: dict[str, Any] = {
        column.name: value for column, value in zip(ARTICLE_COLUMNS, row, strict=True)
    }
    values |= {
        "authors": tuple(Author(**author) for author in values["authors"]),
        "tags": tuple(values["tags"]),
        "categories": tuple(Category(**section) for section in values["categories"]),
        "attachments": tuple(Attachment(**one) for one in values["attachments"]),
    }
    return Article(**values)


def _find_row(source_id: int, external_id: str) -> models.Article | None:
    return models.Article.get_or_none(
        models.Article.source == source_id, models.Article.external_id == external_id
    )


def _require_free(guid: str) -> None:
    if models.Article.get_or_none(models.Article.guid == guid) is not None:
        raise GuidError("is that of another article")


def _notes(draft: Draft, article: Article, placement: categories.Placement) -> tuple[Fault, ...]:
    notes = tuple(Fault("/data/categories", note) for note in placement.notes)
    if draft.guid in (None, article.guid):
        return notes
    kept = "is not taken: readers know the article by the guid that it has had"
    return (*notes, Fault("/data/guid", kept))


def _outcome(status: Status, stored: models.Article) -> Outcome:
    """What is kept stays as it was."""
    live = stored.state == State.LIVE
    scheduled = stored.state == State.SCHEDULED
    return Outcome(
        status,
        (EVERYTHING, *categories.list_slugs(stored.id)) if live else (),
        stored.visible_at if scheduled else None,
    )


def _is_stale(order: Order, stored: models.Article) -> bool:
    return order.is_before(stored.ordered_at, stored.occurred_at)


def _advance_order(stored: models.Article, order: Order) -> None:
    """The same said again, later: what is older than that is stale from now on."""
    ordered_at = max(stored.ordered_at, order.modified_at or stored.ordered_at)
    occurred_at = max(stored.occurred_at, order.occurred_at)
    if (ordered_at, occurred_at) != (stored.ordered_at, stored.occurred_at):
        models.Article.update(ordered_at=ordered_at, occurred_at=occurred_at).where(
            models.Article.id == stored.id
        ).execute()


def _write_row(
    stored: models.Article | None, columns: dict[str, Any], *, source_id: int, external_id: str
) -> int:
    if stored is None:
        identity = {"source": source_id, "external_id": external_id}
        new_id: int = models.Article.insert({"version": 1} | columns | identity).execute()
        return new_id
    columns |= {"version": stored.version + 1}
    models.Article.update(columns).where(models.Article.id == stored.id).execute()
    return int(stored.id)


def _columns(article: Article, stamp: Stamp) -> dict[str, Any]:
    return {
        "guid": article.guid,
        "state": stamp.state,
        "change": stamp.change,
        "visible_at": stamp.visible_at,
        "url": article.url,
        "title": article.title,
        "summary": article.summary,
        "content_html": article.content_html,
        "language": article.language,
        "image": article.image,
        "authors": [_said(asdict(author)) for author in article.authors],
        "tags": list(article.tags),
        "categories": [asdict(section) for section in article.categories],
        "attachments": [_said(asdict(attachment)) for attachment in article.attachments],
        "published_at": article.published_at,
        "modified_at": article.modified_at,
    }


def _order_columns(order: Order, article: Article) -> dict[str, Any]:
    return {
        "ordered_at": order.modified_at or min(article.modified_at, order.occurred_at),
        "occurred_at": order.occurred_at,
    }


def _tombstone(guid: str, order: Order, *, change: int, version: int) -> dict[str, Any]:
    at = order.modified_at or order.occurred_at
    return {
        "guid": guid,
        "state": State.WITHDRAWN,
        "change": change,
        "version": version,
        "digest": "",
        "url": "",
        "title": "",
        "summary": "",
        "content_html": "",
        "language": None,
        "image": None,
        "authors": [],
        "tags": [],
        "categories": [],
        "attachments": [],
        "published_at": at,
        "modified_at": at,
        "ordered_at": at,
        "occurred_at": order.occurred_at,
        "visible_at": at,
    }


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _digest(article: Article, modified_at: datetime | None) -> str:
    """A hash of all that a source can say; equal means that nothing was changed.

    Of the times it takes those that were sent: one made up for want of a sent one would differ
    each time the same article comes.
    """
    said = asdict(article) | {
        "published_at": to_microseconds(article.published_at),
        "modified_at": None if modified_at is None else to_microseconds(modified_at),
    }
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _last_change(stored: models.Article | None) -> int:
    """The number it keeps while nothing visible changes: a cursor may still stand below it."""
    return stored.change if stored else 0


def _restamp(article_id: int, stamp: Stamp) -> None:
    """Have every row that files the article repeat its new state."""
    for table in (models.ArticleCategory, ArticleTag, ArticleAuthor):
        table.update(asdict(stamp)).where(table.article == article_id).execute()


def _touch_filed(article_id: int, changes: Changes) -> None:
    """Note that the feeds of all categories where the article is filed changed now."""
    filed = models.ArticleCategory.select(models.ArticleCategory.category).where(
        models.ArticleCategory.article == article_id
    )
    categories.touch([id_ for (id_,) in fetch_rows(filed)], changes.at)


def _label(article_id: int, article: Article, stamp: Stamp) -> None:
    """File the article under its tags and authors."""
    tags = {_label_slug(tag): {"name": tag} for tag in article.tags}
    authors = {
        _label_slug(author.name): {"name": author.name, "url": author.url}
        for author in article.authors
    }
    for table, field, label, wanted in (
        (ArticleTag, ArticleTag.tag, models.Tag, tags),
        (ArticleAuthor, ArticleAuthor.author, models.Author, authors),
    ):
        table.delete().where(table.article == article_id).execute()
        if not wanted:
            continue
        label.insert_many(
            [{"slug": slug, **columns} for slug, columns in wanted.items()]
        ).on_conflict_ignore().execute()
        ids = fetch_rows(label.select(label.id).where(label.slug.in_(list(wanted))))
        table.insert_many(
            [{"article": article_id, field.name: id_, **asdict(stamp)} for (id_,) in ids]
        ).execute()


def _label_slug(name: str) -> str:
    slug = make_slug(name, _MAX_LABEL_SLUG_CHARS)
    # What no slug can be made of (emoji, rare scripts) may be longer than an index can hold.
    return slug or hashlib.sha256(name.casefold().encode()).hexdigest()[:32]
