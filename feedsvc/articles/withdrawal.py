"""Withdrawing many articles at once, by an operator who has seen which."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from feedsvc import models
from feedsvc.articles.article import Order
from feedsvc.articles.categories import Limits, Tree
from feedsvc.articles.labels import label_slug
from feedsvc.articles.store import Shelf, Status
from feedsvc.db import Changes, Database, fetch_rows
from feedsvc.models import ArticleAuthor, ArticleCategory, ArticleTag, State

log = logging.getLogger(__name__)

_BATCH = 200  # articles in one transaction, so that other writers get their turn


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which articles: those of which all that is said here is true, and of a list any."""

    source_name: str | None = None
    external_ids: tuple[str, ...] = ()
    #: Slugs: in or below these.
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    published_since: datetime | None = None
    published_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An article, as a list of what is about to be withdrawn shows it."""

    source_id: int
    source_name: str
    external_id: str
    guid: str
    title: str
    published_at: datetime


def find_articles(database: Database, chosen: Chosen) -> list[Found]:
    """The articles, withdrawn ones apart, the newest first."""
    article, source = models.Article, models.Source
    query = (
        article.select(
            source.id,
            source.name,
            article.external_id,
            article.guid,
            article.title,
            article.published_at,
        )
        .join(source)
        .where(article.state != State.WITHDRAWN, *_conditions(chosen))
        .order_by(article.published_at.desc(), article.id.desc())
    )
    with database.read():
        return [Found(*row) for row in fetch_rows(query)]


def withdraw_articles(database: Database, found: Sequence[Found]) -> Iterator[int]:
    """Withdraw them, some in each transaction; gives how many were, as it goes.

    Only what was modified after this brings one of them back.

    Raises:
        DatabaseUnavailableError: those that were counted are withdrawn, the others are not.
    """
    by_source = sorted(found, key=lambda one: one.source_id)
    for source_id, group in groupby(by_source, key=lambda one: one.source_id):
        ones = list(group)
        for at in range(0, len(ones), _BATCH):
            part = ones[at : at + _BATCH]

            def work(changes: Changes, id_: int = source_id, part: list[Found] = part) -> int:
                return _withdraw(changes, id_, part)

            yield database.publish(work)


def _withdraw(changes: Changes, source_id: int, part: Sequence[Found]) -> int:
    shelf = Shelf(source_id, changes, Tree(changes, Limits(0, 0, 0)))
    shelf.look_up([one.external_id for one in part], [one.guid for one in part])
    order = Order(changes.at, changes.at)
    outcomes = [shelf.withdraw(one.external_id, order, one.guid) for one in part]
    shelf.close()
    for one, outcome in zip(part, outcomes, strict=True):
        log.info("source=%s id=%r %s by hand", one.source_name, one.external_id, outcome.status)
    return sum(outcome.status == Status.WITHDRAWN for outcome in outcomes)


def _conditions(chosen: Chosen) -> list[Any]:
    article = models.Article
    conditions: list[Any] = []
    if chosen.source_name is not None:
        conditions.append(models.Source.name == chosen.source_name)
    if chosen.external_ids:
        conditions.append(article.external_id.in_(chosen.external_ids))
    if chosen.published_since is not None:
        conditions.append(article.published_at >= chosen.published_since)
    if chosen.published_before is not None:
        conditions.append(article.published_at < chosen.published_before)
    tags, authors = map(label_slug, chosen.tags), map(label_slug, chosen.authors)
    filings: tuple[Any, ...] = (
        (ArticleCategory, models.Category, ArticleCategory.category, chosen.categories),
        (ArticleTag, models.Tag, ArticleTag.tag, tuple(tags)),
        (ArticleAuthor, models.Author, ArticleAuthor.author, tuple(authors)),
    )
    for table, label, field, slugs in filings:
        if slugs:
            named = label.select(label.id).where(label.slug.in_(slugs))
            conditions.append(article.id.in_(table.select(table.article).where(field.in_(named))))
    return conditions
