"""An article as a fragment: an Atom entry or an RSS item, by feedgen. Pure: values in, bytes out.

A fragment depends on its article alone. It is rendered in a feed that declares every namespace
and cut out, byte for byte what it would be anywhere else, so a feed can be joined from fragments.

What feedgen 1.0.0 does not do, or does wrongly, is put right here: Atom links lose their `rel`,
`type` and `length`; RSS has no `dc:creator` of its own; dates go through the process-wide locale.
"""

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_OID, uuid5

import feedgen.entry
import feedgen.feed
from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseExtension
from feedgen.ext.dc import DcEntryExtension, DcExtension
from feedgen.ext.media import MediaEntryExtension, MediaExtension
from feedgen.feed import FeedGenerator
from feedgen.util import xml_elem

from feedsvc.articles.article import Article, Attachment
from feedsvc.rendering.depth import shown

#: Dates of RFC 822 with a four-digit year, as RSS 2.0 asks for. feedgen's own formatter switches
#: the whole process to another locale and back, under the feet of other threads.
rfc822 = partial(format_datetime, usegmt=True)
feedgen.feed.formatRFC2822 = feedgen.entry.formatRFC2822 = rfc822

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
#: How an absolute IRI begins (RFC 3987, section 2.2).
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S")
_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
#: Fixed here, not asked of the machine, whose tables differ from one to the next.
_IMAGE_TYPES = {
    "avif": "image/avif",
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "svg": "image/svg+xml",
    "webp": "image/webp",
}
_MEDIUMS = ("image", "audio", "video")


class _FeedMarkup(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """The feed's side of the extension: nothing to add."""


class _EntryMarkup(BaseExtension):  # type: ignore[misc]
    """Writes what feedgen's entries can't say."""

    def __init__(self) -> None:
        self.article: Article | None = None

    def extend_atom(self, entry: Any) -> Any:
        article = self.article
        if article is None:
            return entry
        if article.language:
            entry.set(_XML_LANG, article.language)
        entry.find("id").text = _iri(article.guid)  # feedgen has the guid here
        for link in entry.findall("link"):
            entry.remove(link)
        xml_elem("link", entry, href=article.url, rel="alternate", type="text/html")
        for attachment in article.attachments:
            link = xml_elem("link", entry, href=attachment.url, rel="enclosure")
            link.set("type", attachment.mime_type)
            if attachment.size_bytes is not None:
                link.set("length", str(attachment.size_bytes))
            if attachment.title:
                link.set("title", attachment.title)
        return entry

    def extend_rss(self, item: Any) -> Any:
        # Readers take a description for HTML (RSS 2.0, "entity-encoded HTML is allowed"), so a
        # plain summary is written as HTML that says the same.
        if self.article is not None and self.article.summary:
            item.find("description").text = html.escape(self.article.summary, quote=False)
        return item


def new_feed() -> Any:
    """An empty feed with the fixed set of extensions, and so the namespaces of every fragment."""
    feed = FeedGenerator()
    # By their classes: by their names, feedgen looks for modules that are not there each time.
    # Not in Atom, which has elements of its own for all that Dublin Core says.
    feed.register_extension("dc", DcExtension, DcEntryExtension, atom=False)
    feed.register_extension("media", MediaExtension, MediaEntryExtension)
    feed.register_extension("markup", _FeedMarkup, _EntryMarkup)
    return feed


def render_atom_entries(articles: Sequence[Article]) -> list[bytes]:
    """Atom entries (RFC 4287), one fragment for each article."""
    return _cut(_feed_of(articles).atom_str(), b"entry", len(articles))


def render_rss_items(articles: Sequence[Article]) -> list[bytes]:
    """RSS 2.0 items with content, Dublin Core and Media RSS, one fragment for each article."""
    return _cut(_feed_of(articles).rss_str(), b"item", len(articles))


def render_on_trial(articles: Sequence[Article]) -> None:
    """Write entries and items of the same feed, which is built once for both, to see that it works.

    Raises:
        ValueError, TypeError: one of the articles can't be written.
    """
    feed = _feed_of(articles)
    feed.atom_str()
    feed.rss_str()


def _feed_of(articles: Sequence[Article]) -> Any:
    feed = new_feed()
    # Required of any feed; none of it is in a fragment.
    feed.id("urn:x")
    feed.title("x")
    feed.description("x")
    feed.link(href="urn:x")
    feed.updated(_SOME_TIME)
    for article in map(shown, articles):
        _fill(feed.add_entry(order="append"), article)
    return feed


def _cut(document: bytes, tag: bytes, count: int) -> list[bytes]:
    """Cut fragments out of a document. Text in it is escaped, so a tag is only ever a tag."""
    if not count:
        return []
    end = b"</" + tag + b">"
    start = document.index(b"<" + tag)
    stop = document.rindex(end)
    parts = document[start:stop].split(end)
    return [part + end for part in parts]


def _iri(guid: str) -> str:
    """The guid, or a name made of it if it is no Atom id (RFC 4287, section 4.2.6)."""
    return guid if _SCHEME.match(guid) else uuid5(NAMESPACE_OID, guid).urn


def _fill(entry: FeedEntry, article: Article) -> None:
    entry.guid(article.guid, permalink=False)
    entry.title(article.title)
    entry.link(href=article.url)
    entry.published(article.published_at.replace(microsecond=0))
    entry.updated(article.modified_at.replace(microsecond=0))
    if article.summary:
        entry.summary(article.summary)
    if article.content_html:
        entry.content(article.content_html, type="html")
    for author in article.authors:
        entry.author(name=author.name, **({"uri": author.url} if author.url else {}))
    scheme = _origin(article.url)
    for section in article.categories:
        entry.category(term=section.slug, label=section.name, scheme=scheme)
    for tag in article.tags:
        entry.category(term=tag, label=tag)
    entry.dc.dc_creator([author.name for author in article.authors] or None)
    if article.language:
        entry.dc.dc_language(article.language)
    _fill_media(entry, article)
    entry.markup.article = article


def _fill_media(entry: FeedEntry, article: Article) -> None:
    """One attachment as enclosure, since RSS has room for one; pictures and all by Media RSS."""
    if article.image:
        content = {"url": article.image, "medium": "image", "group": None}
        suffix = urlsplit(article.image).path.rpartition(".")[2].lower()
        if suffix in _IMAGE_TYPES:
            content["type"] = _IMAGE_TYPES[suffix]
        entry.media.content(content)
        entry.media.thumbnail({"url": article.image, "group": None})
    for attachment in article.attachments:
        entry.media.content(_media_content(attachment))
    if article.attachments:
        first = min(article.attachments, key=_played_last)
        # Zero is what the RSS Advisory Board's profile gives for a length that is not known.
        entry.enclosure(first.url, str(first.size_bytes or 0), first.mime_type)


def _media_content(attachment: Attachment) -> dict[str, str | None]:
    content: dict[str, str | None] = {
        "url": attachment.url,
        "type": attachment.mime_type,
        "group": None,
    }
    medium = attachment.mime_type.partition("/")[0]
    if medium in _MEDIUMS:
        content["medium"] = medium
    if attachment.size_bytes is not None:
        content["fileSize"] = str(attachment.size_bytes)
    if attachment.duration_seconds is not None:
        content["duration"] = str(round(attachment.duration_seconds))
    return content


def _played_last(attachment: Attachment) -> bool:
    return attachment.mime_type.partition("/")[0] not in ("audio", "video")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"
