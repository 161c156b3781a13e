"""An article as a fragment: an Atom entry or an RSS item, by feedgen. Pure: values in, bytes out.

A fragment depends on its article alone. It is written in a root that declares every namespace and
cut out, byte for byte what it would be in any feed, so a feed can be joined from fragments.

What feedgen 1.0.0 does not do, or does wrongly, is put right here: Atom links lose their `rel`,
`type` and `length`; RSS has no `dc:creator` of its own; dates go through the process-wide locale.
What it can't say at all is written by `media`, `podcast` and `relations`.
"""

import html
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_OID, uuid5

import feedgen.entry
import feedgen.feed
from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseExtension
from feedgen.ext.dc import DcEntryExtension, DcExtension
from feedgen.feed import FeedGenerator
from feedgen.util import xml_elem
from lxml.etree import Element, SubElement, fromstring, tostring

from feedsvc.articles.article import Article, Author
from feedsvc.articles.details import NO_DETAILS
from feedsvc.rendering import media
from feedsvc.rendering.depth import shown
from feedsvc.rendering.media import find_enclosure, write_media
from feedsvc.rendering.podcast import PodcastChannel, PodcastItem
from feedsvc.rendering.relations import GEORSS, write_atom_relations, write_rss_relations


def rfc822(moment: datetime) -> str:
    """A date of RFC 822 with a four-digit year, as RSS 2.0 asks for."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


# feedgen's own formatter switches the whole process to another locale and back, under the feet of
# other threads.
feedgen.feed.formatRFC2822 = feedgen.entry.formatRFC2822 = rfc822

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
#: How an absolute IRI begins (RFC 3987, section 2.2).
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S")
_ATOM_UPDATED = "{http://www.w3.org/2005/Atom}updated"


class _FeedMarkup(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """The feed's side of the extension: the namespaces that its entries use."""

    def extend_ns(self) -> dict[str, str]:
        return {"media": media.NAMESPACE, "georss": GEORSS}


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
        entry.find("id").text = iri(article.guid)  # feedgen has the guid here
        # Of each, feedgen says no more than its address; the first is the article's.
        link, *enclosures = entry.findall("link")
        link.set("rel", "alternate")
        link.set("type", "text/html")
        for enclosure in enclosures:
            entry.remove(enclosure)
        write_media(entry, article)
        for attachment in article.attachments:
            link = xml_elem("link", entry, href=attachment.url, rel="enclosure")
            link.set("type", attachment.mime_type)
            if attachment.size_bytes is not None:
                link.set("length", str(attachment.size_bytes))
            if attachment.title:
                link.set("title", attachment.title)
        if article.details is not NO_DETAILS:
            write_atom_relations(entry, article)
        return entry

    def extend_rss(self, item: Any) -> Any:
        article = self.article
        if article is None:
            return item
        # Readers take a description for HTML (RSS 2.0, "entity-encoded HTML is allowed"), so a
        # plain summary is written as HTML that says the same.
        if article.summary:
            item.find("description").text = html.escape(article.summary, quote=False)
        # RSS can't say when an item was changed.
        updated_at = article.modified_at.replace(microsecond=0)
        if updated_at > article.published_at:
            SubElement(item, _ATOM_UPDATED).text = updated_at.isoformat()
        write_media(item, article)
        if article.details is not NO_DETAILS:
            write_rss_relations(item, article)
        return item


#: By their classes: by their names, feedgen looks for modules that are not there each time. The
#: last is whether it is for Atom, which has elements of its own for all that Dublin Core says.
_EXTENSIONS: Sequence[tuple[str, type, type, bool]] = (
    ("dc", DcExtension, DcEntryExtension, False),
    ("markup", _FeedMarkup, _EntryMarkup, True),
    ("podcast", PodcastChannel, PodcastItem, False),
)


def new_feed() -> Any:
    """An empty feed with the fixed set of extensions, and so the namespaces of every fragment."""
    feed = FeedGenerator()
    for name, of_feed, of_entry, is_for_atom in _EXTENSIONS:
        feed.register_extension(name, of_feed, of_entry, atom=is_for_atom)
    return feed


def _list_namespaces() -> tuple[dict[Any, str], dict[Any, str]]:
    """Those that the root of an Atom feed declares, and of an RSS feed."""
    feed = new_feed()
    feed.id("urn:x")
    feed.title("x")
    feed.description("x")
    feed.link(href="urn:x")
    return fromstring(feed.atom_str()).nsmap, fromstring(feed.rss_str()).nsmap


_IN_ATOM, _IN_RSS = _list_namespaces()


def render_atom_entries(articles: Sequence[Article]) -> list[bytes]:
    """Atom entries (RFC 4287), one fragment for each article."""
    return _write([entry.atom_entry() for entry in _fill_all(articles)], _IN_ATOM, b"entry")


def render_rss_items(articles: Sequence[Article]) -> list[bytes]:
    """RSS 2.0 items with content, Dublin Core and Media RSS, one fragment for each article."""
    return _write([entry.rss_entry() for entry in _fill_all(articles)], _IN_RSS, b"item")


def render_on_trial(articles: Sequence[Article]) -> None:
    """Write entries and items, each of which is filled once for both, to see that it works.

    Raises:
        ValueError, TypeError: one of the articles can't be written.
    """
    entries = _fill_all(articles)
    _write([entry.atom_entry() for entry in entries], _IN_ATOM, b"entry")
    _write([entry.rss_entry() for entry in entries], _IN_RSS, b"item")


def _fill_all(articles: Sequence[Article]) -> list[Any]:
    entries = [FeedEntry() for _ in articles]
    for entry, article in zip(entries, map(shown, articles), strict=True):
        for name, _, of_entry, is_for_atom in _EXTENSIONS:
            entry.register_extension(name, of_entry, atom=is_for_atom)
        _fill(entry, article)
    return entries


def _write(elements: Sequence[Any], namespaces: Mapping[Any, str], tag: bytes) -> list[bytes]:
    """A fragment for each element, as it is in a root with these namespaces."""
    root = Element("root", nsmap=namespaces)
    root.extend(elements)
    return _cut(tostring(root, encoding="UTF-8"), tag, len(elements))


def _cut(document: bytes, tag: bytes, count: int) -> list[bytes]:
    """Cut fragments out of a document. Text in it is escaped, so a tag is only ever a tag."""
    if not count:
        return []
    end = b"</" + tag + b">"
    start = document.index(b"<" + tag)
    stop = document.rindex(end)
    parts = document[start:stop].split(end)
    return [part + end for part in parts]


def iri(guid: str) -> str:
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
    # All at once: at each call, feedgen goes through those that came before again.
    entry.author([_person(author) for author in article.authors])
    entry.category(_labels(article))
    entry.dc.dc_creator([author.name for author in article.authors] or None)
    if article.language:
        entry.dc.dc_language(article.language)
    enclosure = find_enclosure(article)
    if enclosure is not None:
        # Zero is what the RSS Advisory Board's profile gives for a length that is not known.
        entry.enclosure(enclosure.url, str(enclosure.size_bytes or 0), enclosure.mime_type)
    entry.markup.article = entry.podcast.article = article


def _person(author: Author) -> dict[str, str]:
    return {"name": author.name, "uri": author.url} if author.url else {"name": author.name}


def _labels(article: Article) -> list[dict[str, str]]:
    scheme = _origin(article.url)
    sections = [
        {"term": section.slug, "label": section.name, "scheme": scheme}
        for section in article.categories
    ]
    return sections + [{"term": tag, "label": tag} for tag in article.tags]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"
