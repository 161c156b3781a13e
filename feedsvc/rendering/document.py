"""A feed as a document: a head, its entries' fragments, a tail. Pure: values in, bytes out."""

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

from feedgen.ext.base import BaseExtension
from lxml.etree import SubElement

from feedsvc.articles.article import Article
from feedsvc.errors import RenderingError
from feedsvc.rendering import entries, jsonfeed
from feedsvc.rendering.entries import new_feed, rfc822
from feedsvc.rendering.history import (
    NO_HISTORY,
    History,
    list_json_deleted,
    list_json_members,
    write_history,
)
from feedsvc.rendering.podcast import Podcast
from feedsvc.rendering.push import NO_PUSH, Push, list_json_hubs, write_push
from feedsvc.rendering.syndication import write_rhythm
from feedsvc.rendering.terms import NO_TERMS, Terms, add_rsl, list_members, write_terms

K = TypeVar("K")

GENERATOR = "feedsvc"
_DC = "http://purl.org/dc/elements/1.1/"


@dataclass(frozen=True, slots=True)
class Channel:
    """What a feed says of itself. `updated_at` is its newest entry's, or when it was made."""

    title: str
    description: str
    language: str
    #: The feed's canonical address without its suffix, such as https://news.example/feeds/all
    base_url: str
    #: Its parameters as they stand in its canonical address, `?limit=5`, or nothing.
    query: str
    home_url: str
    author: str
    updated_at: datetime
    ttl_minutes: int
    #: Of the CSS by which browsers show it to people.
    stylesheet_url: str
    history: History = NO_HISTORY
    #: Where whoever follows the changes stands after this document (JSON Feed alone).
    cursor: str | None = None
    #: What makes it a podcast, if it is one.
    podcast: Podcast | None = None
    terms: Terms = NO_TERMS
    push: Push = NO_PUSH


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a feed: the suffix of its address, its media type, and how."""

    name: str
    title: str
    media_type: str
    render_entries: Callable[[Sequence[Article]], list[bytes]]
    render_frame: Callable[[Channel], "Frame"]
    separator: bytes = b""

    @property
    def is_xml(self) -> bool:
        return self.media_type.endswith("+xml")

    def self_url(self, channel: Channel) -> str:
        return f"{channel.base_url}.{self.name}{channel.query}"


def render_document(format_: Format, channel: Channel, articles: Sequence[Article]) -> bytes:
    """A whole feed: newest first is the caller's to see to."""
    fragments = format_.render_entries(articles)
    return join_document(format_, channel, fragments, [article.url for article in articles])


def join_document(
    format_: Format, channel: Channel, fragments: Sequence[bytes], urls: Sequence[str]
) -> bytes:
    """A feed of entries that are rendered already, each with its article's address."""
    head, tail = format_.render_frame(channel)
    if format_ is RSS:
        fragments = add_rsl(fragments, urls, channel.terms)
    if format_.separator:
        fragments = [format_.separator.join(fragments)]
    return b"".join((head, *fragments, tail))


def find_unrenderable(articles: Mapping[K, Article]) -> dict[K, RenderingError]:
    """Which articles can't be written in every format, and why.

    All are written together first: it costs half of what it does one by one.
    """
    together = list(articles.values())
    if not together:
        return {}
    try:
        entries.render_on_trial(together)
        jsonfeed.render_items(together)
    except (ValueError, TypeError):
        return dict(_check_each(articles))
    return {}


def _check_each(articles: Mapping[K, Article]) -> Iterator[tuple[K, RenderingError]]:
    for key, article in articles.items():
        try:
            check_renders(article)
        except RenderingError as error:
            yield key, error


def check_renders(article: Article) -> None:
    """See that an article can be written in every format.

    Raises:
        RenderingError: it can't; an article that raises here would break every feed it is in.
    """
    for format_ in FORMATS.values():
        try:
            format_.render_entries([article])
        except (ValueError, TypeError) as error:
            raise RenderingError(
                _field_at_fault(format_, article), format_.title, str(error)
            ) from error


def _field_at_fault(format_: Format, article: Article) -> str | None:
    """The text that can't be written: the field without which the rest can."""
    for field in ("title", "summary", "content_html", "correction"):
        without: dict[str, Any] = {field: "x"}
        try:
            format_.render_entries([replace(article, **without)])
        except (ValueError, TypeError):
            continue
        return field
    return None


Frame = tuple[bytes, bytes]

#: As many as there are feeds at most newspapers; each is few thousand bytes.
_MOST_FRAMES = 200
_SOME_TIME = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def _kept(
    render: Callable[[Channel], Frame], write_date: Callable[[datetime], str]
) -> Callable[[Channel], Frame]:
    """A way to write frames that writes those once which differ in their time alone.

    As a rule, that is all that an article changes; feedgen takes a tenth of a whole answer for it.
    """

    @lru_cache(_MOST_FRAMES)
    def find_parts(channel: Channel) -> tuple[bytes, bytes, bytes] | None:
        head, tail = render(channel)
        before, *after = head.split(write_date(_SOME_TIME).encode())
        return (before, after[0], tail) if len(after) == 1 else None

    def render_frame(channel: Channel) -> Frame:
        parts = find_parts(replace(channel, updated_at=_SOME_TIME))
        if parts is None:  # a text has the date that is looked for
            return render(channel)
        before, after, tail = parts
        date = write_date(channel.updated_at.replace(microsecond=0))
        return before + date.encode() + after, tail

    return render_frame


def _atom_frame(channel: Channel) -> Frame:
    feed = _feed(channel, ATOM)
    feed.id(f"{channel.base_url}.{ATOM.name}")
    feed.subtitle(channel.description)
    feed.author(name=channel.author)
    feed.register_extension("identified", _Identified, rss=False)
    feed.identified.address = _address(channel, ATOM)
    return _split(_styled(feed.atom_str(), channel), b"</feed>")


def _rss_frame(channel: Channel) -> Frame:
    feed = _feed(channel, RSS)
    feed.description(channel.description)
    write_rhythm(feed, channel.ttl_minutes)
    feed.dc.dc_identifier(_address(channel, RSS))
    feed.podcast.podcast = channel.podcast
    # By the address that it has whatever is asked of it, and from whichever of its documents.
    feed.podcast.feed_url = f"{channel.history.current or channel.base_url}.{RSS.name}"
    return _split(_styled(feed.rss_str(), channel), b"</channel>")


def _feed(channel: Channel, format_: Format) -> Any:
    feed = new_feed()
    feed.title(channel.title)
    feed.language(channel.language)
    feed.generator(GENERATOR)
    feed.updated(channel.updated_at.replace(microsecond=0))
    # In this order: RSS takes the last link for the channel's own.
    write_terms(feed, channel.terms)
    feed.link(href=format_.self_url(channel), rel="self", type=format_.media_type)
    feed.link(href=channel.home_url, rel="alternate", type="text/html")
    write_history(feed, channel.history, format_.name)
    write_push(feed, channel.push)
    return feed


class _Identified(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """The address in Atom, which has no element for it but links, and ids that stay the same."""

    address = ""

    def extend_atom(self, feed: Any) -> Any:
        SubElement(feed, f"{{{_DC}}}identifier", nsmap={"dc": _DC}).text = self.address
        return feed


def _address(channel: Channel, format_: Format) -> str:
    """What people copy, as text: of a link, a browser shows no more than a picture.

    It is the feed's own, in a document of its archive too.
    """
    current = dict(channel.history.list_links(format_.name)).get("current")
    return current or format_.self_url(channel)


def _styled(document: bytes, channel: Channel) -> bytes:
    """With the processing instruction that names the stylesheet, by W3C's xml-stylesheet."""
    declaration, newline, root = document.partition(b"\n")
    address = html.escape(channel.stylesheet_url)
    instruction = f'<?xml-stylesheet type="text/css" href="{address}"?>'
    return declaration + newline + instruction.encode() + root


def _split(document: bytes, tail: bytes) -> tuple[bytes, bytes]:
    at = document.rindex(tail)
    return document[:at], document[at:]


def _json_frame(channel: Channel) -> Frame:
    head = jsonfeed.render_head(
        {
            "title": channel.title,
            "home_page_url": channel.home_url,
            "feed_url": JSON.self_url(channel),
            "description": channel.description,
            "icon": channel.podcast.image if channel.podcast else None,
            "authors": [{"name": channel.author}],
            "language": channel.language,
            **list_json_members(channel.history, JSON.name),
            "hubs": list_json_hubs(channel.push) or None,
            "_feedsvc": _extension(channel) or None,
        }
    )
    return head, jsonfeed.TAIL


def _extension(channel: Channel) -> dict[str, Any]:
    said = list_members(channel.terms) | {
        "after": channel.cursor,
        "deleted": list_json_deleted(channel.history.deleted) or None,
    }
    return {name: value for name, value in said.items() if value is not None}


RSS = Format(
    "rss", "RSS", "application/rss+xml", entries.render_rss_items, _kept(_rss_frame, rfc822)
)
ATOM = Format(
    "atom",
    "Atom",
    "application/atom+xml",
    entries.render_atom_entries,
    _kept(_atom_frame, datetime.isoformat),
)
JSON = Format(
    "json", "JSON Feed", "application/feed+json", jsonfeed.render_items, _json_frame, b","
)
#: Every format that there is, by the suffix of its address.
FORMATS = {format_.name: format_ for format_ in (RSS, ATOM, JSON)}
