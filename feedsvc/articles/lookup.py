"""Looking up single articles by who sent them."""

from collections.abc import Sequence

from feedsvc import models
from feedsvc.articles.article import Article
from feedsvc.articles.rows import ARTICLE_COLUMNS, article_from_row
from feedsvc.db import fetch_rows
from feedsvc.errors import ArticleNotFoundError, ArticleWithdrawnError
from feedsvc.models import State


def get_article(source_name: str, external_id: str) -> Article:
    """The article that readers see, as of the view that the caller is in.

    Raises:
        ArticleWithdrawnError: they saw it once.
        ArticleNotFoundError: there is none, or not yet, or no longer.
    """
    if "\0" in external_id:  # PostgreSQL can't even be asked
        raise ArticleNotFoundError(external_id)
    rows = fetch_rows(
        models.Article.select(models.Article.state, *ARTICLE_COLUMNS)
        .join(models.Source)
        .where(models.Source.name == source_name, models.Article.external_id == external_id)
    )
    state, *values = rows[0] if rows else (State.SCHEDULED,)
    if state == State.WITHDRAWN:
        raise ArticleWithdrawnError(external_id)
    if state != State.LIVE:
        raise ArticleNotFoundError(external_id)
    return article_from_row(tuple(values))


def has_others(source_name: str, external_ids: Sequence[str]) -> bool:
    """Whether there is any article, withdrawn ones too, that is not one of these of the source."""
    theirs = (models.Source.name == source_name) & models.Article.external_id.in_(external_ids)
    others = models.Article.select(models.Article.id).join(models.Source).where(~theirs).limit(1)
    return bool(fetch_rows(others))
