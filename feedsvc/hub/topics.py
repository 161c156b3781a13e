"""What can be subscribed to: this service's feeds, by their addresses."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import SplitResult, unquote, urlsplit

from werkzeug import Request
from werkzeug.urls import iri_to_uri

from feedsvc.db import Database
from feedsvc.errors import (
    FeedNotFoundError,
    ParameterError,
    SelectionError,
    TopicError,
    TopicGoneError,
)
from feedsvc.feeds.catalog import FEED_NAME, Feed, get_feed
from feedsvc.feeds.channels import describe
from feedsvc.feeds.documents import Reading
from feedsvc.feeds.saved.showing import feed_settings, narrow
from feedsvc.feeds.saved.subscribers import get_number, open_by_number, open_feed
from feedsvc.feeds.selection import Selection, parse_selection
from feedsvc.rendering.document import FORMATS, Format
from feedsvc.settings import Settings

_PATH = re.compile(
    rf"/(?:feeds|(?P<private>private)(?:/(?P<token>[^/]+))?)"
    rf"/(?P<name>{FEED_NAME.pattern})\.(?P<suffix>{'|'.join(FORMATS)})"
)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """A feed's address, taken apart."""

    name: str
    format: Format
    #: What stands behind its question mark.
    filters: tuple[tuple[str, str], ...]
    is_private: bool
    #: What opens a private one, if that is in it.
    token: str | None


@dataclass(frozen=True, slots=True)
class Topic:
    """A feed's document that there is."""

    #: Its canonical address in URI characters, without a token.
    url: str
    feed: Feed
    format: Format
    selection: Selection
    #: Of the token that has opened it, where it is private.
    token_id: int | None


def parse_topic(url: str, settings: Settings) -> Address:
    """Take apart what may be a topic's address, however it is spelled. Pure.

    Raises:
        TopicError: it is not one of this service, or can't be subscribed to.
    """
    if len(url) > settings.max_url_chars:
        raise TopicError(
            f"is longer than {settings.max_url_chars:,} characters (FEEDSVC_MAX_URL_CHARS)."
        )
    parts, home = _split(url), _split(settings.public_url)
    if _origin(parts) != _origin(home) or not parts.path.startswith(f"{home.path}/"):
        raise TopicError(f"is not an address of this service, {settings.public_url}.")
    match = _PATH.fullmatch(unquote(parts.path.removeprefix(home.path)))
    if match is None:
        raise TopicError(
            f"is no feed's address, such as {settings.public_url}/feeds/all.rss; the formats are "
            f"{', '.join(FORMATS)}."
        )
    address = Address(
        match["name"],
        FORMATS[match["suffix"]],
        tuple(Request({"QUERY_STRING": parts.query}).args.items(multi=True)),
        match["private"] is not None,
        match["token"],
    )
    if not _parse(address, settings).is_lasting:
        raise TopicError("can't be subscribed to with after, hours, order or since; leave them.")
    return address


def get_topic(
    database: Database, address: Address, settings: Settings, token_id: int | None = None
) -> Topic:
    """The topic of an address, in the view that the caller is in.

    A private feed is opened by the token in its address, or by the one of `token_id`.

    Raises:
        TopicError: there is none, or the token does not open it.
    """
    feed = _open(database, address, token_id)
    if address.token is not None and feed.saved is not None and feed.saved.is_private:
        token_id = get_number(address.name, address.token)
    own = feed_settings(feed, settings)
    selection = narrow(feed, _parse(address, own), own)
    url = iri_to_uri(address.format.self_url(describe(feed, selection, own)))
    return Topic(url, feed, address.format, selection, token_id)


def require_readable(topic: Topic, settings: Settings, now: datetime) -> None:
    """See that a topic's document can be made, in the view that the caller is in.

    Raises:
        TopicError: it names a section that there is not, or takes too long.
    """
    with readable():
        Reading(topic.feed, topic.selection, settings, now).read_newest()


@contextmanager
def readable() -> Iterator[None]:
    """Have what keeps a topic's document from being made be an error of the topic."""
    try:
        yield
    except (FeedNotFoundError, SelectionError) as error:
        raise TopicError(f"{error}") from error


def _open(database: Database, address: Address, token_id: int | None) -> Feed:
    try:
        if not address.is_private:
            return get_feed(database, address.name)
        if address.token is not None:
            return open_feed(database, address.name, address.token)
        if token_id is not None:
            return open_by_number(database, address.name, token_id)
    except FeedNotFoundError as error:
        raise TopicGoneError(
            "is the address of no feed, or of none that its token opens."
        ) from error
    raise TopicError(
        "is a private feed's without its token: subscribe to the address that has it, "
        "/private/TOKEN/NAME."
    )


def _parse(address: Address, settings: Settings) -> Selection:
    try:
        return parse_selection(address.filters, settings)
    except ParameterError as error:
        raise TopicError(f"has a parameter that can't be so: {error}") from error


def _split(url: str) -> SplitResult:
    """An address as a URI; without white space, which `urlsplit` would take out."""
    if not url.isprintable() or " " in url:
        raise TopicError("has characters that no address has.")
    try:
        parts = urlsplit(iri_to_uri(url))
        _ = parts.port
    except ValueError as error:
        raise TopicError(f"is no address: {error}.") from error
    if parts.fragment or "@" in parts.netloc:
        raise TopicError("can't have a fragment, or a user's name.")
    return parts


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
