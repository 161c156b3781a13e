"""What is sent: a topic's document with what changed since a subscriber's cursor.

No HTTP here. Cursors have the database's whole epoch, as subscriptions keep it.
"""

from dataclasses import dataclass
from datetime import datetime

from feedsvc.db import Database
from feedsvc.feeds.fragments import Fragments
from feedsvc.feeds.selection import Cursor
from feedsvc.settings import Settings


@dataclass(frozen=True, slots=True)
class Parcel:
    """A document for all who stand at the same cursor of a topic."""

    #: None: nothing of the topic has changed, and only the cursor moves.
    body: bytes | None
    content_type: str
    #: The value of the `Link` header: the hubs, and the topic's own address (WebSub, section 7).
    links: str
    #: Where a subscriber stands who has it.
    cursor: Cursor
    #: Whether there is no more; if there is, it follows at once.
    is_last: bool
    #: When there is more without a change: an article appears in a delayed feed.
    due_at: datetime | None
    #: When the topic changed last, or something appeared in it by itself.
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class News:
    """Whether a topic has changed, for those who are only told so (rssCloud)."""

    has_changed: bool
    cursor: Cursor
    is_last: bool
    due_at: datetime | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Changed:
    """The public feeds that have changed, for other hubs."""

    #: Of each feed in each format.
    urls: tuple[str, ...]
    cursor: Cursor
    #: Until when it was looked at what appears by itself, and when something next may.
    seen_at: datetime
    due_at: datetime | None
    #: When anything changed last.
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Packing:
    """Writes what is sent; keeps nothing but fragments. Its verbs open views of their own."""

    database: Database
    settings: Settings
    fragments: Fragments

    def write_parcel(
        self, topic_url: str, token_id: int | None, cursor: Cursor, now: datetime
    ) -> Parcel:
        """What a WebSub subscriber is sent who stands at a cursor.

        Raises:
            TopicError: there is no such feed any more, or the token does not open it.
        """
        raise NotImplementedError

    def find_news(
        self, topic_url: str, token_id: int | None, cursor: Cursor, now: datetime
    ) -> News:
        """Whether there is anything for who stands at a cursor; TopicError as `write_parcel`."""
        raise NotImplementedError

    def find_beginning(self, topic_url: str, token_id: int | None, now: datetime) -> Cursor:
        """Where a new subscription begins: before what a delayed feed does not show yet.

        Raises TopicError, as `write_parcel`.
        """
        raise NotImplementedError

    def find_changed_topics(self, cursor: Cursor, seen_at: datetime, now: datetime) -> Changed:
        """Which public feeds have changed since a cursor, and a moment, in any format."""
        raise NotImplementedError
