"""Which articles a feed shows, as a value and as a query. Equal selections mean equal addresses."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from feedsvc import models
from feedsvc.articles.article import Article, Author
from feedsvc.articles.rows import ARTICLE_COLUMNS, article_from_row
from feedsvc.db import fetch_rows
from feedsvc.errors import ParameterError
from feedsvc.feeds.catalog import Feed
from feedsvc.models import ArticleCategory, State
from feedsvc.settings import Settings

if TYPE_CHECKING:
    import peewee

_HEADLINE_COLUMNS = (
    models.Article.url,
    models.Article.title,
    models.Article.language,
    models.Article.authors,
    models.Article.published_at,
)
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Selection:
    """The newest `limit` articles of a feed."""

    limit: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """A name that means something in a feed's query string: a whole number, for now."""

    name: str
    meaning: str
    lowest: int
    highest: int
    default: int


def limit_parameter(settings: Settings) -> Parameter:
    return Parameter(
        "limit",
        "How many articles the feed has at the most, the newest first.",
        lowest=1,
        highest=settings.max_entries,
        default=settings.default_entries,
    )


def list_parameters(settings: Settings) -> list[Parameter]:
    """All that a feed's query string can say."""
    return [limit_parameter(settings)]


@dataclass(frozen=True, slots=True)
class Headline:
    """An article as a list of them shows it."""

    url: str
    title: str
    language: str | None
    authors: tuple[Author, ...]
    published_at: datetime


def parse_selection(parameters: Sequence[tuple[str, str]], settings: Settings) -> Selection:
    """The selection that a query string asks for; names that mean nothing here are passed over.

    Raises:
        ParameterError: a value that its name can't have.
    """
    limit = limit_parameter(settings)
    values = [value for name, value in parameters if name == limit.name]
    if not values:
        return Selection(limit.default)
    if len(set(values)) > 1:
        raise ParameterError(limit.name, "was given twice with different values.")
    if not _NUMBER.fullmatch(values[0]) or not limit.lowest <= int(values[0]) <= limit.highest:
        raise ParameterError(
            limit.name, f"must be a whole number from {limit.lowest} to {limit.highest}."
        )
    return Selection(int(values[0]))


def canonical_query(selection: Selection, settings: Settings) -> str:
    """The query string of a selection's one address, without what is the default."""
    return "" if selection.limit == settings.default_entries else f"?limit={selection.limit}"


def list_articles(feed: Feed, selection: Selection) -> Sequence[Article]:
    """The articles, newest first: one range of one index."""
    query = _newest(feed, selection.limit, ARTICLE_COLUMNS)
    return [article_from_row(row) for row in fetch_rows(query)]


def list_headlines(feed: Feed, limit: int) -> Sequence[Headline]:
    """What the newest articles are called, without reading what they say."""
    return [_headline_from_row(row) for row in fetch_rows(_newest(feed, limit, _HEADLINE_COLUMNS))]


def list_section_headlines(limit: int) -> dict[int, list[Headline]]:
    """The newest headlines of each category that is below no other, by the category's id.

    A look into one index range for each, all in one statement: as a join, PostgreSQL would walk
    every article of every category.
    """
    section, filing, article = models.Category, ArticleCategory, models.Article
    newest = [
        filing.select(filing.article)
        .where(filing.category == section.id, filing.state == State.LIVE)
        .order_by(filing.visible_at.desc(), filing.article.desc())
        .limit(1)
        .offset(place)
        for place in range(limit)
    ]
    rows = fetch_rows(section.select(section.id, *newest).where(section.parent.is_null()))
    wanted = {id_ for _, *ids in rows for id_ in ids if id_ is not None}
    columns = (article.id, *_HEADLINE_COLUMNS)
    headlines = {
        id_: _headline_from_row(row)
        for id_, *row in fetch_rows(article.select(*columns).where(article.id.in_(list(wanted))))
    }
    return {
        category_id: [headlines[id_] for id_ in ids if id_ is not None]
        for category_id, *ids in rows
    }


def _newest(feed: Feed, limit: int, columns: "Sequence[peewee.Field[Any]]") -> Any:
    article = models.Article
    if feed.category_id is None:
        query = (
            article.select(*columns)
            .where(article.state == State.LIVE)
            .order_by(article.visible_at.desc(), article.id.desc())
        )
    else:
        query = (
            article.select(*columns)
            .join(ArticleCategory, on=(ArticleCategory.article == article.id))
            .where(
                ArticleCategory.category == feed.category_id, ArticleCategory.state == State.LIVE
            )
            .order_by(ArticleCategory.visible_at.desc(), ArticleCategory.article.desc())
        )
    return query.limit(limit)


def _headline_from_row(row: Sequence[Any]) -> Headline:
    url, title, language, authors, published_at = row
    return Headline(url, title, language, tuple(Author(**one) for one in authors), published_at)
