"""Who may read a private feed: whoever has one of its tokens."""

import logging
from datetime import datetime

from feedsvc.db import Database, fetch_rows
from feedsvc.errors import DatabaseUnavailableError, FeedNotFoundError
from feedsvc.feeds.catalog import FEED_NAME, Feed, get_feed, of_saved
from feedsvc.feeds.saved.rows import find_kept
from feedsvc.models.saved import FeedToken, SavedFeed
from feedsvc.secrecy import hash_token, is_any_of

log = logging.getLogger(__name__)


def open_feed(database: Database, name: str, token: str | None) -> Feed:
    """The saved feed that a token opens, as of the view that the caller is in.

    A token of a feed that has become public still opens it: its subscribers keep their address.

    Raises:
        FeedNotFoundError: it opens none of that name; whether there is one is not told.
    """
    if token is not None and FEED_NAME.fullmatch(name):
        hashes = _valid_tokens(name)
        if is_any_of(token, hashes.values()) and (kept := find_kept(name)):
            return of_saved(database, kept)
    raise FeedNotFoundError(name)


def open_by_number(database: Database, name: str, token_id: int) -> Feed:
    """As `open_feed`, for a token whose number is kept (`get_number`) and not itself."""
    if token_id in _valid_tokens(name) and (kept := find_kept(name)):
        return of_saved(database, kept)
    raise FeedNotFoundError(name)


def get_number(name: str, token: str) -> int:
    """The number of a token that opens a feed of that name; FeedNotFoundError if it opens none."""
    for id_, hashed in _valid_tokens(name).items():
        if is_any_of(token, (hashed,)):
            return id_
    raise FeedNotFoundError(name)


def _valid_tokens(name: str) -> dict[int, str]:
    """The hashes of a feed's tokens by their numbers."""
    valid = FeedToken.select(FeedToken.id, FeedToken.token).join(SavedFeed)
    query = valid.where(SavedFeed.name == name, FeedToken.revoked_at.is_null())
    return dict(fetch_rows(query))


def open_any(database: Database, name: str, token: str | None) -> Feed:
    """A public feed, or the private one that a token opens; readers send it wherever they like.

    Raises:
        FeedNotFoundError: there is no public feed of that name, nor one that the token opens.
    """
    try:
        return get_feed(database, name)
    except FeedNotFoundError:
        return open_feed(database, name, token)


class Uses:
    """Keeps the day on which each token was used last: it is seen which ones nobody has any more.

    Each process writes it once a day for a token, and not again if that fails: a database that
    can't be written is read all the same.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: dict[str, datetime] = {}

    def note(self, token: str, now: datetime) -> None:
        """Note the use of a token that has opened a feed."""
        hashed, today = hash_token(token), now.replace(hour=0, minute=0, second=0, microsecond=0)
        if self._noted.get(hashed) == today:
            return
        self._noted[hashed] = today
        stale = FeedToken.used_at.is_null() | (FeedToken.used_at < today)
        work = FeedToken.update(used_at=today).where(FeedToken.token == hashed, stale)
        try:
            self._database.publish(lambda _: work.execute())
        except DatabaseUnavailableError as error:
            log.warning("that a token was used could not be kept: %s", error)
