"""The list of feeds as OPML 2.0, which feed readers import. Pure.

Source: http://opml.org/spec2.opml, “Subscription lists”.
"""

from datetime import datetime

from lxml import etree

from feedsvc.feeds.directory.listing import FeedList, ListedFeed
from feedsvc.rendering.entries import rfc822

MEDIA_TYPE = "text/x-opml"


def render_opml(listed: FeedList, created_at: datetime) -> bytes:
    """The feed of everything, and the sections in their tree.

    A section with others below it is an outline that holds its own feed and theirs: readers take
    an outline for a feed or for a folder, and many look for nothing inside of a feed.
    """
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    for name, text in (
        ("title", listed.title),
        # Not when it was written, which would differ each time.
        ("dateCreated", rfc822(created_at.replace(microsecond=0))),
        ("ownerName", listed.title),
        ("ownerId", listed.home_page_url),
        ("docs", "http://opml.org/spec2.opml"),
    ):
        etree.SubElement(head, name).text = text
    body = etree.SubElement(root, "body")
    parents = {feed.parent for feed in listed.feeds}
    folders: dict[str | None, etree._Element] = {}
    for feed in listed.feeds:
        # Sections of the first level stand beside `all`, not below it.
        place = folders.get(feed.parent, body)
        if feed.section is not None and feed.name in parents:
            place = folders[feed.name] = etree.SubElement(
                place, "outline", text=feed.section, title=feed.section
            )
        _add(place, feed, listed.home_page_url)
    document: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document


def _add(place: "etree._Element", feed: ListedFeed, home_page_url: str) -> None:
    etree.SubElement(
        place,
        "outline",
        type="rss",
        text=feed.title,
        title=feed.title,
        description=feed.description,
        language=feed.language,
        xmlUrl=feed.urls["rss"],
        htmlUrl=home_page_url,
    )
