"""Where feeds are handed out: documents as representations, which can be made anew at any time.

Nothing here knows a request: what one asks for is an order, and the same order makes the document
again when something has changed.
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from itertools import chain
from urllib.parse import urlsplit

from werkzeug.urls import iri_to_uri

from feedsvc.articles.release import Releases, Standing
from feedsvc.db import Database
from feedsvc.errors import ParameterError
from feedsvc.feeds.catalog import Feed, get_feed
from feedsvc.feeds.channels import feed_url, is_private, list_links
from feedsvc.feeds.documents import Document, Reading, first, write
from feedsvc.feeds.fragments import ENTRY_BYTES, Fragments
from feedsvc.feeds.periods import Period
from feedsvc.feeds.saved.showing import feed_settings
from feedsvc.feeds.saved.subscribers import Uses
from feedsvc.feeds.selection import Selection, canonical_query, parse_selection
from feedsvc.rendering.document import JSON, Format
from feedsvc.serving.representation import Remake, Representation
from feedsvc.settings import Settings

#: What RSS and Atom are for a browser that opens them for a person (W3C Fetch Metadata; readers
#: don't say so). By their own types, Chromium shows their source and Firefox saves them in a file.
SHOWN_AS = "application/xml"

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: a feed's document, with the parameters as they were sent."""

    name: str
    format_: Format
    pairs: Pairs
    #: What opens a private feed, and what gives the feed of a name.
    token: str | None
    find: Callable[[Database, str, str | None], Feed]


@dataclass(frozen=True, slots=True)
class ArchiveOrder:
    """The same of a feed's archive."""

    name: str
    period: Period
    format_: Format
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class Kiosk:
    """Its verbs raise what feeds raise (`feeds.documents`), and ParameterError."""

    database: Database
    settings: Settings
    releases: Releases
    fragments: Fragments
    uses: Uses

    def serve(self, order: Order, previous: Representation | None) -> Representation:
        """A feed; its bytes are those of the last one, if it says the same."""
        # What is wrong is told before it is known whether there is such a feed.
        selection = parse_selection(order.pairs, self.settings)
        if selection.after is not None and order.format_ is not JSON:
            raise ParameterError("after", "goes with JSON Feed alone.")
        with self.releases.view() as standing:
            feed = order.find(self.database, order.name, order.token)
            if feed.saved is not None:
                selection = parse_selection(order.pairs, feed_settings(feed, self.settings))
            reading = self._open(feed, selection, standing)
            if selection.after is None:
                last = None if previous is None else previous.found
                read = reading.read_newest(standing.stamp, last)
            else:
                read = reading.read_changes(selection.after, standing.counter)
            written = self._write(read, order.format_, standing, previous)
        if order.token is not None and is_private(feed):
            self.uses.note(order.token, datetime.now(UTC))
        # What one reader's token opens is not for others, who are given what is made anew.
        remake = partial(self.serve, replace(order, token=None))
        return self._represent(feed, read, order.format_, written, remake)

    def serve_archive(
        self, order: ArchiveOrder, previous: Representation | None
    ) -> Representation | str:
        """A document of an archive; what is too much for one: the address of a part of it."""
        selection = parse_selection(order.pairs, self.settings)
        with self.releases.view() as standing:
            feed = get_feed(self.database, order.name)
            read = self._open(feed, selection, standing).read_archive(order.period)
            if isinstance(read, Period):
                query = canonical_query(selection, self.settings)
                base = feed_url(order.name, self.settings)
                return f"{base}/{read.name}.{order.format_.name}{query}"
            written = self._write(read, order.format_, standing, previous)
        remake = partial(self._serve_archive_again, order)
        return self._represent(feed, read, order.format_, written, remake)

    def _serve_archive_again(
        self, order: ArchiveOrder, previous: Representation | None
    ) -> Representation | None:
        made = self.serve_archive(order, previous)
        return None if isinstance(made, str) else made

    def _open(self, feed: Feed, selection: Selection, standing: Standing) -> Reading:
        lister = partial(self.fragments.list_entries, standing.counter.epoch)
        return Reading(feed, selection, self.settings, datetime.now(UTC), lister)

    def _write(
        self, read: Document, format_: Format, standing: Standing, previous: Representation | None
    ) -> "_Written":
        entries, epoch = read.entries, standing.counter.epoch
        # As bytes, since it is kept as long as the answer is.
        said = array("q", chain.from_iterable((*one.place, one.change) for one in entries))
        made_of = (format_.name, epoch, read.channel, read.look, said.tobytes())
        if previous is not None and previous.made_of == made_of:
            return _Written(previous.body, made_of, standing)
        return _Written(write(read, format_, self.fragments, epoch), made_of, standing)

    def _represent(
        self, feed: Feed, read: Document, format_: Format, written: "_Written", remake: Remake
    ) -> Representation:
        # What can't be moved on is of no use later.
        found = read.found if read.found is not None and read.found.stamp is not None else None
        fields = [("Content-Security-Policy", _policy(self.settings.public_url))]
        if read.channel.push.hubs:
            fields.append(("Link", list_links(read.channel, format_)))
        return Representation(
            written.body,
            format_.media_type,
            read.changed_at,
            age_seconds=read.age_seconds,
            stale_seconds=self.settings.stale_seconds,
            ends_at=first(written.standing.next_at, read.ends_at),
            is_private=is_private(feed),
            shown_as=SHOWN_AS if format_.is_xml else None,
            made_of=written.made_of,
            found=found,
            found_bytes=0 if found is None else ENTRY_BYTES * len(found.entries),
            stamp=written.standing.stamp,
            fields=tuple(fields),
            remake=remake,
        )


@dataclass(frozen=True, slots=True)
class _Written:
    """A document's bytes, what they say, and how the data stood then."""

    body: bytes
    made_of: object
    standing: Standing


@lru_cache(1)
def _policy(public_url: str) -> str:
    """What a browser that shows a feed may take: its looks from here, and nothing else."""
    home = urlsplit(iri_to_uri(public_url))  # a header has no room for báo.example
    return f"default-src 'none'; style-src {home.scheme}://{home.netloc}"
