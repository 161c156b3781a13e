"""The news sitemap: the articles of two days, for search engines. Pure.

Sources: https://www.sitemaps.org/protocol.html, and Google's page on news sitemaps.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from lxml import etree

from feedsvc.feeds.headlines import Headline
from feedsvc.rendering.jsonfeed import rfc3339

MEDIA_TYPE = "application/xml"
#: How long an article is news, and how many may be listed, by Google's rules.
NEWS_AGE = timedelta(days=2)
MOST = 1_000
#: By the protocol: “less than 2,048 characters”.
_URL_CHARS = 2_048

_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
#: How Chinese is written, which is all that is told apart within a language.
_TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})


def take_news(headlines: Sequence[Headline], now: datetime) -> list[Headline]:
    """Those of the last two days, of headlines that begin with the newest."""
    return list(takewhile(lambda one: now - one.published_at < NEWS_AGE, headlines))


def find_last_change(headlines: Sequence[Headline], news: Sequence[Headline]) -> datetime | None:
    """When the newest of the other headlines became too old: the list changed by itself then."""
    older = headlines[len(news) :]
    return older[0].published_at + NEWS_AGE if older else None


def find_next_change(news: Sequence[Headline]) -> datetime | None:
    """When the oldest will be too old."""
    return news[-1].published_at + NEWS_AGE if news else None


def render_sitemap(news: Sequence[Headline], publication: str, language: str) -> bytes:
    """Each address once. `language` is that of articles that name none."""
    root = etree.Element(f"{{{_SITEMAP}}}urlset", nsmap={None: _SITEMAP, "news": _NEWS})
    by_url = {one.url: one for one in reversed(news) if len(one.url) < _URL_CHARS}
    for one in reversed(by_url.values()):
        url = etree.SubElement(root, f"{{{_SITEMAP}}}url")
        etree.SubElement(url, f"{{{_SITEMAP}}}loc").text = one.url
        described = _news(url, "news")
        paper = _news(described, "publication")
        _news(paper, "name", publication)
        _news(paper, "language", news_language(one.language or language))
        _news(described, "publication_date", rfc3339(one.published_at))
        _news(described, "title", one.title)
    document: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document


def news_language(tag: str) -> str:
    """An ISO 639 code of two or three letters for a BCP 47 tag; Chinese is told apart."""
    primary, *others = tag.lower().split("-")
    if primary != "zh":
        return primary
    return "zh-tw" if _TRADITIONAL & set(others) else "zh-cn"


def _news(parent: "etree._Element", name: str, text: str | None = None) -> "etree._Element":
    element = etree.SubElement(parent, f"{{{_NEWS}}}{name}")
    element.text = text
    return element
