"""GET /feeds/<name>.<format>, and its archive below it; how any feed is answered."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from urllib.parse import urlsplit

from flask import Blueprint, Response, request
from werkzeug.urls import iri_to_uri

from feedsvc.articles.release import Releases
from feedsvc.db import Counter, Database
from feedsvc.errors import FeedNotFoundError, ParameterError
from feedsvc.feeds.catalog import Feed, get_feed
from feedsvc.feeds.channels import feed_url, is_private, list_links
from feedsvc.feeds.documents import Document, Reading, first, write
from feedsvc.feeds.fragments import Fragments
from feedsvc.feeds.periods import Period, parse_period
from feedsvc.feeds.saved.showing import feed_settings
from feedsvc.feeds.saved.subscribers import Uses, open_any
from feedsvc.feeds.selection import Selection, canonical_query, parse_selection
from feedsvc.rendering.document import FORMATS, JSON, Format
from feedsvc.serving.representation import Representation, answer, find_previous
from feedsvc.settings import Settings

#: What RSS and Atom are for a browser that opens them for a person (W3C Fetch Metadata; readers
#: don't say so). By their own types, Chromium shows their source and Firefox saves them in a file.
SHOWN_AS = "application/xml"


def create_blueprint(kiosk: "Kiosk") -> Blueprint:
    blueprint = Blueprint("feeds", __name__)

    @blueprint.get("/feeds/<document>")
    def show_feed(document: str) -> Response:
        return kiosk.serve(document, sent_token(), open_any)

    @blueprint.get("/feeds/<name>/<document>")
    def show_archive(name: str, document: str) -> Response:
        return kiosk.serve_archive(name, document)

    return blueprint


def sent_token() -> str | None:
    """The token in a request's Basic credentials (RFC 7617): the password, for any user name."""
    sent = request.authorization
    return sent.password if sent is not None and sent.type == "basic" else None


@dataclass(frozen=True, slots=True)
class Kiosk:
    """Where feeds are handed out, whatever the way by which they are asked for."""

    database: Database
    settings: Settings
    releases: Releases
    fragments: Fragments
    uses: Uses

    def serve(
        self,
        document: str,
        token: str | None,
        find: Callable[[Database, str, str | None], Feed],
    ) -> Response:
        """The answer to a request for a document, such as `all.rss`; `find` gives its feed."""
        name, format_ = _parse_document(document, document)
        selection = self._parse()
        if selection.after is not None and format_ is not JSON:
            raise ParameterError("after", "goes with JSON Feed alone.")
        next_release_at = self.releases.carry_out()
        now = datetime.now(UTC)
        with self.database.read():
            counter = self.database.read_counter()
            feed = find(self.database, name, token)
            asked = selection if feed.saved is None else self._parse(feed)
            reading = Reading(feed, asked, self.settings, now)
            if selection.after is None:
                read = reading.read_newest()
            else:
                read = reading.read_changes(selection.after, counter)
            written = self._write(read, format_, counter)
        if token is not None and is_private(feed):
            self.uses.note(token, now)
        ends_at = first(next_release_at, read.ends_at)
        response = self._answer(feed, replace(read, ends_at=ends_at), format_, written, now)
        if read.channel.push.hubs:
            response.headers["Link"] = list_links(read.channel, format_)
        return response

    def serve_archive(self, name: str, document: str) -> Response:
        period_name, format_ = _parse_document(document, f"{name}/{document}")
        period = parse_period(period_name)
        if period is None:
            raise FeedNotFoundError(f"{name}/{document}")
        selection = self._parse()
        next_release_at = self.releases.carry_out()
        now = datetime.now(UTC)
        with self.database.read():
            counter = self.database.read_counter()
            feed = get_feed(self.database, name)
            read = Reading(feed, selection, self.settings, now).read_archive(period)
            if isinstance(read, Period):
                query = canonical_query(selection, self.settings)
                base = feed_url(name, self.settings)
                return _elsewhere(f"{base}/{read.name}.{format_.name}{query}")
            written = self._write(read, format_, counter)
        ends_at = first(next_release_at, read.ends_at)
        return self._answer(feed, replace(read, ends_at=ends_at), format_, written, now)

    def _parse(self, feed: Feed | None = None) -> Selection:
        """What is asked; what is wrong is told before it is known whether there is such a feed."""
        settings = self.settings if feed is None else feed_settings(feed, self.settings)
        return parse_selection(list(request.args.items(multi=True)), settings)

    def _write(self, read: Document, format_: Format, counter: Counter) -> "_Written":
        """The document's bytes; those that its address last had, if it says the same."""
        entries, epoch = read.entries, counter.epoch
        # As bytes, since it is kept as long as the answer is.
        said = array("q", chain.from_iterable((*one.place, one.change) for one in entries))
        made_of = (format_.name, epoch, read.channel, read.look, said.tobytes())
        stamp = (epoch, counter.change)
        previous = find_previous(request)
        if previous is not None and previous.made_of == made_of:
            return _Written(previous.body, made_of, stamp)
        return _Written(write(read, format_, self.fragments, epoch), made_of, stamp)

    def _answer(
        self, feed: Feed, read: Document, format_: Format, written: "_Written", now: datetime
    ) -> Response:
        representation = Representation(
            written.body,
            format_.media_type,
            read.changed_at,
            age_seconds=read.age_seconds,
            stale_seconds=self.settings.stale_seconds,
            ends_at=read.ends_at,
            is_private=is_private(feed),
            shown_as=SHOWN_AS if format_.is_xml else None,
            made_of=written.made_of,
            stamp=written.stamp,
        )
        response = answer(representation, request, now)
        response.headers["Content-Security-Policy"] = _policy(self.settings.public_url)
        return response


@dataclass(frozen=True, slots=True)
class _Written:
    """A document's bytes, what they say, and which state of the data they are of."""

    body: bytes
    made_of: object
    stamp: object


@lru_cache(1)
def _policy(public_url: str) -> str:
    """What a browser that shows a feed may take: its looks from here, and nothing else."""
    home = urlsplit(iri_to_uri(public_url))  # a header has no room for báo.example
    return f"default-src 'none'; style-src {home.scheme}://{home.netloc}"


def _parse_document(document: str, whole: str) -> tuple[str, Format]:
    """What comes before the suffix, and the format that it names."""
    name, _, suffix = document.rpartition(".")
    if suffix not in FORMATS:
        raise FeedNotFoundError(whole)
    return name, FORMATS[suffix]


def _elsewhere(address: str) -> Response:
    """To a smaller part of what was asked for, for as long as it is too much for one document."""
    return Response(status=302, headers={"Location": address, "Cache-Control": "no-cache"})
