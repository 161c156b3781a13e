"""Carrying out releases that are due: whoever first notices that an article's time has come."""

import logging
from datetime import UTC, datetime

from feedsvc.articles.store import find_next_release, release_due
from feedsvc.db import Database
from feedsvc.errors import DatabaseUnavailableError

log = logging.getLogger(__name__)

_BATCH = 500  # articles in one transaction, so that other writers get their turn


def release_when_due(database: Database) -> datetime | None:
    """Release what is due, and say when the next article will be.

    A database that can be read and not written goes on being read: what is due stays hidden, and
    the next request tries again.
    """
    with database.read():
        moment = find_next_release()
    if moment is None or moment > datetime.now(UTC):
        return moment
    try:
        while (released := database.publish(lambda changes: release_due(changes, _BATCH))) > 0:
            log.info("released %d articles whose time had come", released)
            if released < _BATCH:
                break
    except DatabaseUnavailableError as error:
        log.warning("articles are due and could not be released: %s", error)
        return moment
    with database.read():
        return find_next_release()
