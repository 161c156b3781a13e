"""Which articles a feed shows, as a value and as a query. Equal selections mean equal addresses."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from feedsvc import models
from feedsvc.articles.article import Article
from feedsvc.articles.store import ARTICLE_COLUMNS, article_from_row
from feedsvc.db import fetch_rows
from feedsvc.errors import ParameterError
from feedsvc.feeds.catalog import Feed
from feedsvc.models import ArticleCategory, State
from feedsvc.settings import Settings

_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Selection:
    """The newest `limit` articles of a feed."""

    limit: int


def parse_selection(parameters: Sequence[tuple[str, str]], settings: Settings) -> Selection:
    """The selection that a query string asks for; names that mean nothing here are passed over.

    Raises:
        ParameterError: a value that its name can't have.
    """
    values = [value for name, value in parameters if name == "limit"]
    if not values:
        return Selection(settings.default_entries)
    highest = settings.max_entries
    if len(set(values)) > 1:
        raise ParameterError("limit", "was given twice with different values.")
    if not _NUMBER.fullmatch(values[0]) or not 1 <= int(values[0]) <= highest:
        raise ParameterError("limit", f"must be a whole number from 1 to {highest}.")
    return Selection(int(values[0]))


def canonical_query(selection: Selection, settings: Settings) -> str:
    """The query string of a selection's one address, without what is the default."""
    return "" if selection.limit == settings.default_entries else f"?limit={selection.limit}"


def list_articles(feed: Feed, selection: Selection) -> Sequence[Article]:
    """The articles, newest first: one range of one index."""
    article = models.Article
    if feed.category_id is None:
        query = (
            article.select(*ARTICLE_COLUMNS)
            .where(article.state == State.LIVE)
            .order_by(article.visible_at.desc(), article.id.desc())
        )
    else:
        query = (
            article.select(*ARTICLE_COLUMNS)
            .join(ArticleCategory, on=(ArticleCategory.article == article.id))
            .where(
                ArticleCategory.category == feed.category_id, ArticleCategory.state == State.LIVE
            )
            .order_by(ArticleCategory.visible_at.desc(), ArticleCategory.article.desc())
        )
    return [article_from_row(row) for row in fetch_rows(query.limit(selection.limit))]
