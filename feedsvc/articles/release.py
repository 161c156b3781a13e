"""Carrying out releases that are due: whoever first notices that an article's time has come."""

import logging
import time
from datetime import UTC, datetime

from feedsvc.articles.store import find_next_release, release_due
from feedsvc.db import Changes, Database
from feedsvc.errors import DatabaseUnavailableError

log = logging.getLogger(__name__)

_BATCH = 500  # articles in one transaction, so that other writers get their turn
_REST_SECONDS = 1.0


class Releases:
    """One process's share in releasing articles.

    A database that can be read and not written goes on being read: what is due stays hidden, and
    after a rest a request tries again, so that not every reader waits for the lock.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rest_until = 0.0

    def carry_out(self) -> datetime | None:
        """Release what is due, and say when the next article will be."""
        moment = self._find_next()
        if moment is None or moment > datetime.now(UTC) or time.monotonic() < self._rest_until:
            return moment
        try:
            while (released := self._database.publish(_release_batch)) > 0:
                log.info("released %d articles whose time had come", released)
                if released < _BATCH:
                    break
        except DatabaseUnavailableError as error:
            self._rest_until = time.monotonic() + _REST_SECONDS
            log.warning("articles are due and could not be released: %s", error)
            return moment
        return self._find_next()

    def _find_next(self) -> datetime | None:
        with self._database.read():
            return find_next_release()


def _release_batch(changes: Changes) -> int:
    return release_due(changes, _BATCH)
