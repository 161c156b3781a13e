"""A feed as a document: a head, its entries' fragments, a tail. Pure: values in, bytes out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from feedsvc.articles.article import Article
from feedsvc.errors import RenderingError
from feedsvc.rendering import entries, jsonfeed
from feedsvc.rendering.entries import new_feed

K = TypeVar("K")

GENERATOR = "feedsvc"


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


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a feed: the suffix of its address, its media type, and how."""

    name: str
    title: str
    media_type: str
    render_entries: Callable[[Sequence[Article]], list[bytes]]
    render_frame: Callable[[Channel], tuple[bytes, bytes]]
    separator: bytes = b""

    def self_url(self, channel: Channel) -> str:
        return f"{channel.base_url}.{self.name}{channel.query}"


def render_document(format_: Format, channel: Channel, articles: Sequence[Article]) -> bytes:
    """A whole feed: newest first is the caller's to see to."""
    head, tail = format_.render_frame(channel)
    return head + format_.separator.join(format_.render_entries(articles)) + tail


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


def _atom_frame(channel: Channel) -> tuple[bytes, bytes]:
    feed = _feed(channel, ATOM)
    feed.id(f"{channel.base_url}.{ATOM.name}")
    feed.subtitle(channel.description)
    feed.author(name=channel.author)
    return _split(feed.atom_str(), b"</feed>")


def _rss_frame(channel: Channel) -> tuple[bytes, bytes]:
    feed = _feed(channel, RSS)
    feed.description(channel.description)
    feed.ttl(channel.ttl_minutes)
    return _split(feed.rss_str(), b"</channel>")


def _feed(channel: Channel, format_: Format) -> Any:
    feed = new_feed()
    feed.title(channel.title)
    feed.language(channel.language)
    feed.generator(GENERATOR)
    feed.updated(channel.updated_at.replace(microsecond=0))
    # In this order: RSS takes the last link for the channel's own.
    feed.link(href=format_.self_url(channel), rel="self", type=format_.media_type)
    feed.link(href=channel.home_url, rel="alternate", type="text/html")
    return feed


def _split(document: bytes, tail: bytes) -> tuple[bytes, bytes]:
    at = document.rindex(tail)
    return document[:at], document[at:]


def _json_frame(channel: Channel) -> tuple[bytes, bytes]:
    head = jsonfeed.render_head(
        {
            "title": channel.title,
            "home_page_url": channel.home_url,
            "feed_url": JSON.self_url(channel),
            "description": channel.description,
            "authors": [{"name": channel.author}],
            "language": channel.language,
        }
    )
    return head, jsonfeed.TAIL


RSS = Format("rss", "RSS", "application/rss+xml", entries.render_rss_items, _rss_frame)
ATOM = Format("atom", "Atom", "application/atom+xml", entries.render_atom_entries, _atom_frame)
JSON = Format(
    "json", "JSON Feed", "application/feed+json", jsonfeed.render_items, _json_frame, b","
)
#: Every format that there is, by the suffix of its address.
FORMATS = {format_.name: format_ for format_ in (RSS, ATOM, JSON)}
