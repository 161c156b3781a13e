"""What is sent: a topic's document with what changed since a subscriber's cursor.

No HTTP here. Cursors have the database's whole epoch, as subscriptions keep it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from werkzeug.urls import iri_to_uri

from feedsvc.db import Counter, Database
from feedsvc.errors import FeedNotFoundError, SelectionError
from feedsvc.feeds.catalog import Feed, list_feeds
from feedsvc.feeds.changes import Step, find_changed_categories
from feedsvc.feeds.channels import feed_url, list_links
from feedsvc.feeds.documents import Document, Reading, first, write
from feedsvc.feeds.fragments import Entry, Fragments, list_entries
from feedsvc.feeds.saved.showing import feed_settings
from feedsvc.feeds.selection import Cursor, parse_selection
from feedsvc.hub.topics import Topic, get_topic, parse_topic, readable
from feedsvc.rendering.document import FORMATS, RSS
from feedsvc.serving.representation import content_type
from feedsvc.settings import Settings


@dataclass(frozen=True, slots=True)
class News:
    """Whether a topic has changed, for those who are only told so (rssCloud)."""

    has_changed: bool
    #: Where a subscriber stands who was told.
    cursor: Cursor
    #: Whether there is no more; if there is, it follows at once.
    is_last: bool
    #: When there is more without a change: an article appears in a delayed feed.
    due_at: datetime | None
    #: When the topic changed last, or something appeared in it by itself.
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Parcel(News):
    """A document for all who stand at the same cursor of a topic."""

    #: Empty: nothing of the topic has changed, and only the cursor moves.
    body: bytes
    content_type: str
    #: Who stands anywhere before this change, and not before the cursor that it was asked for, gets
    #: the same parcel. None: nobody else does.
    first_change: int | None
    #: The value of the `Link` header: the hubs, and the topic's own address (WebSub, section 7).
    links: str


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
class _Opened:
    """A topic in one view of the database."""

    topic: Topic
    reading: Reading
    counter: Counter

    def is_other(self, cursor: Cursor) -> bool:
        return _is_other(cursor, self.topic.feed, self.counter)

    def read_on(self, cursor: Cursor) -> Step:
        return self.reading.list_changes(replace(cursor, epoch=None), self.counter)

    def tell(self, step: Step, *, has_changed: bool) -> News:
        return News(
            has_changed,
            replace(step.cursor, epoch=self.counter.epoch),
            step.is_last,
            self.reading.find_due(step),
            self.reading.changed_at,
        )


@dataclass(frozen=True, slots=True)
class Packing:
    """Writes what is sent. Its verbs open views of their own; it keeps nothing but fragments."""

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
        with self.database.read(), readable():
            opened = self._open(topic_url, token_id, now)
            document, step = self._choose(opened, cursor)
            format_ = opened.topic.format
            news = opened.tell(step, has_changed=document is not None)
            body, links = b"", ""
            if document is not None:
                body = write(document, format_, self.fragments, opened.counter.epoch)
                links = list_links(document.channel, format_)
        said = (news.has_changed, news.cursor, news.is_last, news.due_at, news.changed_at)
        return Parcel(*said, body, content_type(format_.media_type), step.first_change, links)

    def find_news(
        self, topic_url: str, token_id: int | None, cursor: Cursor, now: datetime
    ) -> News:
        """Whether there is anything for who stands at a cursor; TopicError as `write_parcel`."""
        with self.database.read(), readable():
            opened = self._open(topic_url, token_id, now)
            step, has_changed = None, True
            if not opened.is_other(cursor):
                step = opened.read_on(cursor)
                has_changed = bool(step.places or step.deleted)
            if step is None or has_changed:  # it is told of all at once
                step = opened.reading.find_end(opened.counter)
            return opened.tell(step, has_changed=has_changed)

    def find_beginning(self, topic_url: str, token_id: int | None, now: datetime) -> Cursor:
        """Where a new subscription begins: before what a delayed feed does not show yet.

        Raises TopicError, as `write_parcel`.
        """
        with self.database.read(), readable():
            opened = self._open(topic_url, token_id, now)
            step = opened.reading.find_end(opened.counter)
        return replace(step.cursor, epoch=opened.counter.epoch)

    def find_changed_topics(self, cursor: Cursor, seen_at: datetime, now: datetime) -> Changed:
        """Which public feeds have changed since a cursor, and a moment, in any format.

        Of saved feeds, also some may be named that have not: what was edited may have been in one.
        """
        with self.database.read():
            seen = _Seen(cursor, seen_at, self.database.read_counter())
            sections = find_changed_categories(cursor.change)
            names, moments = [], []
            for feed in list_feeds(self.database):
                if feed.category_id is None:
                    reading = self._read(feed, now)
                    moments.append(reading.next_at)
                    has_changed = _has_changed(feed, reading, seen)
                else:
                    has_changed = feed.category_id in sections or seen.is_other(feed)
                if has_changed:
                    names.append(feed.name)
        bases = [iri_to_uri(feed_url(name, self.settings)) for name in names]
        return Changed(
            tuple(f"{base}.{suffix}" for base in bases for suffix in FORMATS),
            Cursor(seen.counter.change, epoch=seen.counter.epoch),
            now,
            first(*moments),
            seen.counter.changed_at,
        )

    def _read(self, feed: Feed, now: datetime) -> Reading:
        asked = parse_selection((), feed_settings(feed, self.settings))
        return Reading(feed, asked, self.settings, now)

    def _open(self, topic_url: str, token_id: int | None, now: datetime) -> _Opened:
        address = parse_topic(topic_url, self.settings)
        topic = get_topic(self.database, address, self.settings, token_id)
        reading = Reading(topic.feed, topic.selection, self.settings, now)
        return _Opened(topic, reading, self.database.read_counter())

    def _choose(self, opened: _Opened, cursor: Cursor) -> tuple[Document | None, Step]:
        """What to send, if anything, and where whoever has it stands."""
        reading, counter = opened.reading, opened.counter
        if opened.is_other(cursor):
            return reading.read_newest(), reading.find_end(counter)
        step = opened.read_on(cursor)
        if not (step.places or step.deleted):
            return None, step
        if self.settings.hub_payload == "full":
            return reading.read_newest(), reading.find_end(counter)
        if step.deleted and opened.topic.format is RSS:
            # It has no way to say so but to leave them out: the whole feed, and what has changed
            # further down.
            return _with(reading.read_newest(), list_entries(step.places)), step
        return _with(reading.show_changes(step), ()), step


@dataclass(frozen=True, slots=True)
class _Seen:
    """What another hub was told of: up to a cursor, and what appeared by itself up to a moment."""

    cursor: Cursor
    at: datetime
    counter: Counter

    def is_other(self, feed: Feed) -> bool:
        return _is_other(self.cursor, feed, self.counter)


def _has_changed(feed: Feed, reading: Reading, seen: _Seen) -> bool:
    """Of a feed that is no section's."""
    if seen.is_other(feed):
        return True
    try:
        return reading.has_changed(replace(seen.cursor, epoch=None), seen.at, seen.counter)
    except SelectionError:
        return True  # or not: to ask for it costs others little
    except FeedNotFoundError:
        return False  # its filters name a section that there is not: nobody can read it


def _is_other(cursor: Cursor, feed: Feed, counter: Counter) -> bool:
    """Whether a cursor is of another stream: from before a restore, or an edit of the feed."""
    is_beyond = cursor.epoch != counter.epoch or cursor.change > counter.change
    return is_beyond or feed.change > cursor.change


def _with(document: Document, entries: Sequence[Entry]) -> Document:
    """A document with more entries, the newest first, as all are."""
    by_place = {entry.place: entry for entry in (*entries, *document.entries)}
    return replace(document, entries=tuple(by_place[place] for place in sorted(by_place)[::-1]))
