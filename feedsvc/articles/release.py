"""When an article's time comes: it appears, or it expires. Whoever first notices carries it out."""

import logging
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedsvc import models
from feedsvc.articles import filings, search_index
from feedsvc.articles.filings import Stamp
from feedsvc.articles.rows import ARTICLE_COLUMNS, article_from_row
from feedsvc.articles.search_index import Entry
from feedsvc.articles.search_text import words_of
from feedsvc.db import Changes, Counter, Database, fetch_rows, from_microseconds
from feedsvc.errors import DatabaseUnavailableError
from feedsvc.models import State

log = logging.getLogger(__name__)

_BATCH = 100  # articles in one transaction, so that other writers get their turn
_REST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How the data stands."""

    counter: Counter
    #: When the next article appears or expires by itself.
    next_at: datetime | None
    #: The same in seconds since 1970; infinite, if none does.
    due_at: float

    @property
    def stamp(self) -> tuple[str, int]:
        """Equal ones mean that nothing public was changed between."""
        return self.counter.epoch, self.counter.change


class Releases:
    """One process's share in releasing articles, and in letting them expire.

    A database that can be read and not written goes on being read: what is due stays as it is, and
    after a rest a request tries again, so that not every reader waits for the lock.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.standing = database.watch(lambda: read_standing(database))
        self._rest_until = 0.0

    def carry_out(self) -> datetime | None:
        """Do what is due, and say when something will be."""
        standing = self.standing.look()
        if self._is_due(standing) and self._try_to_carry_out():
            standing = self.standing.look()
        return standing.next_at

    @contextmanager
    def view(self) -> Iterator[Standing]:
        """One consistent view of the data, in which nothing is due, and how the data stands in it.

        Raises:
            DatabaseUnavailableError: as `Database.read`.
        """
        with self._database.read():
            standing = read_standing(self._database)
            if not self._is_due(standing):
                yield standing
                return
        self._try_to_carry_out()
        with self._database.read():
            yield read_standing(self._database)

    def _is_due(self, standing: Standing) -> bool:
        return standing.due_at <= time.time() and time.monotonic() >= self._rest_until

    def _try_to_carry_out(self) -> bool:
        try:
            self._carry_out()
        except DatabaseUnavailableError as error:
            self._rest_until = time.monotonic() + _REST_SECONDS
            log.warning("articles are due and could not be released or taken out: %s", error)
            return False
        return True

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


_NEXT_MOMENTS = (
    "(SELECT min(visible_at) FROM article WHERE state = ?)",
    "(SELECT min(expires_at) FROM article WHERE state = ? AND expires_at IS NOT NULL)",
)


def read_standing(database: Database) -> Standing:
    """In the view that the caller is in."""
    states = int(State.SCHEDULED), int(State.LIVE)
    counter, found = database.read_counter_and(_NEXT_MOMENTS, *states)
    moments = [moment for moment in found if moment is not None]
    if not moments:
        return Standing(counter, None, math.inf)
    next_at = from_microseconds(min(moments))
    return Standing(counter, next_at, next_at.timestamp())


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
    if after == State.LIVE:
        _index(rows)
    touched: set[int] = set()
    for article_id, visible_at, _ in rows:
        stamp = Stamp(after, visible_at, changes.take())
        models.Article.update(state=stamp.state, change=stamp.change).where(
            models.Article.id == article_id
        ).execute()
        filings.restamp(article_id, stamp)
        if after != State.LIVE:
            search_index.remove(article_id, visible_at)
        touched |= filings.list_filed(article_id)
    if touched:
        filings.touch(touched, changes.at)
    return len(rows)


def _index(rows: Sequence[tuple[int, datetime, datetime]]) -> None:
    """Let the articles be found; their words are few milliseconds' work for each batch."""
    visible_at = {article_id: at for article_id, at, _ in rows}
    columns = (models.Article.id, *ARTICLE_COLUMNS)
    found = models.Article.select(*columns).where(models.Article.id.in_(list(visible_at)))
    search_index.add(
        [
            Entry(article_id, visible_at[article_id], words_of(article_from_row(tuple(article))))
            for article_id, *article in fetch_rows(found)
        ]
    )


def _in_order(state: State, moment: Any, limit: int) -> Any:
    article = models.Article
    return (
        article.select(article.id, article.visible_at, moment)
        .where(article.state == state, moment.is_null(is_null=False))
        .order_by(moment, article.id)
        .limit(limit)
    )
