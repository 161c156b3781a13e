"""What the newest articles are called, for the page that lists the feeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from feedsvc import models
from feedsvc.articles.article import Author
from feedsvc.db import fetch_rows
from feedsvc.feeds import ranges
from feedsvc.feeds.listing import read_rows
from feedsvc.feeds.ranges import NEWEST
from feedsvc.models import ArticleCategory, State

_COLUMNS = (
    models.Article.url,
    models.Article.title,
    models.Article.language,
    models.Article.authors,
    models.Article.published_at,
)


@dataclass(frozen=True, slots=True)
class Headline:
    """An article as a list of them shows it."""

    url: str
    title: str
    language: str | None
    authors: tuple[Author, ...]
    published_at: datetime


def list_headlines(limit: int) -> Sequence[Headline]:
    """Those of the whole paper, newest first."""
    places = list(islice(ranges.everything().walk(NEWEST), limit))
    return [_headline_from_row(row) for row in read_rows(places, _COLUMNS)]


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
    columns = (article.id, *_COLUMNS)
    headlines = {
        id_: _headline_from_row(row)
        for id_, *row in fetch_rows(article.select(*columns).where(article.id.in_(list(wanted))))
    }
    return {
        category_id: [headlines[id_] for id_ in ids if id_ is not None]
        for category_id, *ids in rows
    }


def _headline_from_row(row: Sequence[Any]) -> Headline:
    url, title, language, authors, published_at = row
    return Headline(url, title, language, tuple(Author(**one) for one in authors), published_at)
