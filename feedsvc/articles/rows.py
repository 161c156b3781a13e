"""An article as a row: its columns, what is read of it before it is saved anew, its digest."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from feedsvc import models
from feedsvc.articles.article import Article, Author, Category, Draft, Order, Policy
from feedsvc.articles.details import NO_DETAILS
from feedsvc.articles.filings import Stamp
from feedsvc.articles.records import attachment_from, details_from, digest_record, record_of
from feedsvc.db import from_microseconds, to_microseconds
from feedsvc.models import State

if TYPE_CHECKING:
    import peewee

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
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
    models.Article.correction,
    models.Article.content_policy,
    models.Article.details,
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is kept of an article, as far as what comes next depends on it."""

    id: int
    guid: str
    state: State
    version: int
    change: int
    digest: str
    published_at: datetime
    modified_at: datetime
    ordered_at: datetime
    occurred_at: datetime
    visible_at: datetime


#: The columns that a `Stored` is made of, in its fields' order.
STORED_COLUMNS = ", ".join(field.name for field in fields(Stored))


def stored_from_row(row: Sequence[Any]) -> Stored:
    """From the values of `STORED_COLUMNS`, as the database has them."""
    id_, guid, state, version, change, digest, *times = row
    return Stored(id_, guid, State(state), version, change, digest, *map(from_microseconds, times))


def article_from_row(row: tuple[Any, ...]) -> Article:
    """An article from the values of `ARTICLE_COLUMNS`."""
    values: dict[str, Any] = {
        column.name: value for column, value in zip(ARTICLE_COLUMNS, row, strict=True)
    }
    values |= {
        "authors": tuple(Author(**author) for author in values["authors"]),
        "tags": tuple(values["tags"]),
        "categories": tuple(Category(**section) for section in values["categories"]),
        "attachments": tuple(map(attachment_from, values["attachments"])),
        "content_policy": Policy(values["content_policy"]),
        "details": details_from(values["details"]),
    }
    return Article(**values)


def columns_of(article: Article, draft: Draft, stamp: Stamp, digest: str) -> dict[str, Any]:
    """The columns that hold an article, what was said of its times, and how it stands."""
    return {
        "guid": article.guid,
        "state": stamp.state,
        "change": stamp.change,
        "visible_at": stamp.visible_at,
        "digest": digest,
        "url": article.url,
        "title": article.title,
        "summary": article.summary,
        "content_html": article.content_html,
        "language": article.language,
        "image": article.image,
        "authors": list(map(record_of, article.authors)),
        "tags": list(article.tags),
        "categories": _categories(article),
        "attachments": list(map(record_of, article.attachments)),
        "published_at": article.published_at,
        "modified_at": article.modified_at,
        "correction": article.correction,
        "content_policy": article.content_policy,
        "expires_at": draft.expires_at,
        "details": record_of(article.details) or None,
        "ordered_at": draft.order.modified_at or min(article.modified_at, draft.order.occurred_at),
        "occurred_at": draft.order.occurred_at,
    }


def tombstone_columns(guid: str, order: Order, *, change: int) -> dict[str, Any]:
    """The columns of a withdrawn article, of which nothing else was ever known."""
    at = order.modified_at or order.occurred_at
    return {
        "guid": guid,
        "state": State.WITHDRAWN,
        "change": change,
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
        "correction": "",
        "content_policy": Policy.FULL,
        "expires_at": None,
        "details": None,
    }


def digest_of(article: Article, draft: Draft) -> str:
    """A hash of all that a source can say; equal means that nothing was changed.

    Of the times it takes those that were sent: one made up for want of a sent one would differ
    each time the same article comes. What came later to the format counts only where it is said,
    so that articles from before are not changed by an upgrade.
    """
    said: dict[str, Any] = {
        "guid": article.guid,
        "url": article.url,
        "title": article.title,
        "summary": article.summary,
        "content_html": article.content_html,
        "language": article.language,
        "image": article.image,
        "authors": list(map(digest_record, article.authors)),
        "tags": article.tags,
        "categories": _categories(article),
        "attachments": list(map(digest_record, article.attachments)),
        "published_at": to_microseconds(article.published_at),
        "modified_at": None if draft.modified_at is None else to_microseconds(draft.modified_at),
    }
    if article.correction:
        said["correction"] = article.correction
    if article.content_policy != Policy.FULL:
        said["content_policy"] = article.content_policy
    if draft.expires_at is not None:
        said["expires_at"] = to_microseconds(draft.expires_at)
    if article.details != NO_DETAILS:
        said["details"] = record_of(article.details)
    text = _encode(said)
    return hashlib.sha256(text.encode()).hexdigest()


def _categories(article: Article) -> list[dict[str, str]]:
    return [{"slug": section.slug, "name": section.name} for section in article.categories]
