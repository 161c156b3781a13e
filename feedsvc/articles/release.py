"""When an article's time comes: it appears, or it expires. Whoever first notices carries it out."""

import logging
import time
from datetime import UTC, datetime
from typing import Any

from feedsvc import models
from feedsvc.articles import filings
from feedsvc.articles.filings import Stamp
from feedsvc.db import Changes, Database, fetch_rows
from feedsvc.errors import DatabaseUnavailableError
from feedsvc.models import State

log = logging.getLogger(__name__)

_BATCH = 500  # articles in one transaction, so that other writers get their turn
_REST_SECONDS = 1.0


class Releases:
    """One process's share in releasing articles, and in letting them expire.

    A database that can be read and not written goes on being read: what is due stays as it is, and
    after a rest a request tries again, so that not every reader waits for the lock.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rest_until = 0.0

    def carry_out(self) -> datetime | None:
        """Do what is due, and say when something will be."""
        moment = self._find_next()
        if moment is None or moment > datetime.now(UTC) or time.monotonic() < self._rest_until:
            return moment
        try:
            self._carry_out()
        except DatabaseUnavailableError as error:
            self._rest_until = time.monotonic() + _REST_SECONDS
            log.warning("articles are due and could not be released or taken out: %s", error)
            return moment
        return self._find_next()

    def _carry_out(self) -> None:
        # In this order: one whose time came and went while nobody looked appears, and expires.
        for work, words in (
            (release_due, "released %d articles whose time had come"),
            (expire_due, "took out %d articles that have expired"),
        ):
            while (done := self._database.publish(work)) > 0:
                log.info(words, done)
                if done < _BATCH:
                    break

    def _find_next(self) -> datetime | None:
        with self._database.read():
            return find_next_moment()


def find_next_moment() -> datetime | None:
    """When the next article appears or expires by itself."""
    return min(
        _find_first(State.SCHEDULED, _VISIBLE) + _find_first(State.LIVE, _EXPIRES), default=None
    )


def release_due(changes: Changes, limit: int = _BATCH) -> int:
    """Make visible the articles whose time has come, earliest first; gives how many.

    Whoever first notices does it: the second finds nothing left to do.
    """
    return _turn(State.SCHEDULED, _VISIBLE, State.LIVE, changes, limit)


def expire_due(changes: Changes, limit: int = _BATCH) -> int:
    """Take the articles out of every feed that have expired, earliest first; gives how many."""
    return _turn(State.LIVE, _EXPIRES, State.EXPIRED, changes, limit)


_VISIBLE: Any = models.Article.visible_at
_EXPIRES: Any = models.Article.expires_at


def _turn(before: State, moment: Any, after: State, changes: Changes, limit: int) -> int:
    due = _in_order(before, moment, limit).where(moment <= changes.at)
    rows = fetch_rows(due)
    touched: set[int] = set()
    for article_id, visible_at, _ in rows:
        stamp = Stamp(after, visible_at, changes.take())
        models.Article.update(state=stamp.state, change=stamp.change).where(
            models.Article.id == article_id
        ).execute()
        filings.restamp(article_id, stamp)
        touched |= filings.list_filed(article_id)
    if touched:
        filings.touch(touched, changes.at)
    return len(rows)


def _find_first(state: State, moment: Any) -> list[datetime]:
    """The first of these moments, or none."""
    return [at for _, _, at in fetch_rows(_in_order(state, moment, 1))]


def _in_order(state: State, moment: Any, limit: int) -> Any:
    article = models.Article
    return (
        article.select(article.id, article.visible_at, moment)
        .where(article.state == state, moment.is_null(is_null=False))
        .order_by(moment, article.id)
        .limit(limit)
    )
