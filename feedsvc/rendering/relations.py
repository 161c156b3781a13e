"""What an article has to do with the world: other pages, its source, its place. Pure.

Sources: RFC 4287, sections 4.2.7 and 4.2.11; RSS 2.0, `<source>`; https://www.georss.org/.
"""

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from lxml.etree import SubElement

from feedsvc.articles.article import Article
from feedsvc.articles.details import Agency, Location, Related

GEORSS = "http://www.georss.org/georss"
_ATOM = "{http://www.w3.org/2005/Atom}"
_DC_SOURCE = "{http://purl.org/dc/elements/1.1/}source"
_POINT, _FEATURE_NAME = f"{{{GEORSS}}}point", f"{{{GEORSS}}}featurename"


def write_atom_relations(entry: Any, article: Article) -> None:
    """Related links, the source, and the place of an Atom entry."""
    details = article.details
    _write_related(entry, "link", details.related)
    if details.agency is not None:
        _write_atom_source(entry, details.agency, article.modified_at)
    if details.location is not None:
        _write_location(entry, details.location)


def write_rss_relations(item: Any, article: Article) -> None:
    """The same of an RSS item, by Atom's elements where RSS has none."""
    details = article.details
    _write_related(item, f"{_ATOM}link", details.related)
    if details.agency is not None:
        _write_rss_source(item, details.agency)
    if details.location is not None:
        _write_location(item, details.location)


def format_degrees(degrees: float) -> str:
    """With a point, never with an exponent, without zeros at the end."""
    return f"{degrees:.6f}".rstrip("0").rstrip(".")


def _write_related(element: Any, tag: str, related: tuple[Related, ...]) -> None:
    for one in related:
        link = SubElement(element, tag, href=one.url, rel="related")
        if one.title:
            link.set("title", one.title)


def _write_atom_source(entry: Any, agency: Agency, updated_at: datetime) -> None:
    """The agency's feed, with the three that a feed must have (RFC 4287, section 4.2.11).

    Its id is what we know of it for sure. When it was last updated we don't: not before this
    article of it was.
    """
    source = SubElement(entry, "source")
    name = uuid5(NAMESPACE_OID, agency.name).urn
    SubElement(source, "id").text = agency.feed_url or agency.url or name
    SubElement(source, "title").text = agency.name
    SubElement(source, "updated").text = updated_at.replace(microsecond=0).isoformat()
    author = SubElement(source, "author")
    SubElement(author, "name").text = agency.name
    if agency.url:
        SubElement(author, "uri").text = agency.url
        SubElement(source, "link", href=agency.url, rel="alternate", type="text/html")
    if agency.feed_url:
        SubElement(source, "link", href=agency.feed_url, rel="self")


def _write_rss_source(item: Any, agency: Agency) -> None:
    """RSS's own element must have a feed's address; Dublin Core's has a name, or any address."""
    if agency.feed_url:
        SubElement(item, "source", url=agency.feed_url).text = agency.name
        return
    SubElement(item, _DC_SOURCE).text = agency.name
    if agency.url:
        SubElement(item, _DC_SOURCE).text = agency.url


def _write_location(element: Any, location: Location) -> None:
    point = f"{format_degrees(location.latitude)} {format_degrees(location.longitude)}"
    SubElement(element, _POINT).text = point
    if location.name:
        SubElement(element, _FEATURE_NAME).text = location.name
