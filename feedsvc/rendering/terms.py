"""What whoever shows a feed may do with it, and has to say. Pure.

Sources: RFC 4287, section 4.2.10 (`rights` of an Atom feed hold for its entries); RFC 4946
(`license` links in Atom); `copyright` of RSS 2.0, `rights` of Dublin Core, Creative Commons' module
for RSS (http://cyber.law.harvard.edu/rss/creativeCommonsRssModule.html), and RSL 1.0
(https://rslstandard.org/rsl), which has its place in the items of RSS feeds.

A feed without terms is written as if there were none in the world. With RSL, the root of that feed
declares one namespace more, and an item is its fragment with one element added at its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from feedgen.ext.base import BaseExtension
from lxml.etree import Element, SubElement, tostring

from feedsvc.articles.article import Article, Policy

#: Names of kinds of use (RSL 1.0, section 3.4.1.1) and of payment (section 3.5).
RSL_USES = ("all", "ai-all", "ai-train", "ai-input", "ai-index", "search")
RSL_PAYMENTS = (
    *("purchase", "subscription", "training", "crawl", "use", "contribution", "attribution"),
    "free",
)
_RSL = "https://rslstandard.org/rsl"
_CC = "http://cyber.law.harvard.edu/rss/creativeCommonsRssModule.html"
_DC = "http://purl.org/dc/elements/1.1/"
_ITEM_END = b"</item>"


@dataclass(frozen=True, slots=True)
class Rsl:
    """What machines may do with an article (RSL 1.0): names of uses, and how it is paid for."""

    permits: tuple[str, ...] = ()
    prohibits: tuple[str, ...] = ()
    payment: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """Empty where nothing is said."""

    #: Who has the rights: © 2026 Báo tỉnh.
    rights: str = ""
    license_url: str = ""
    #: A line that stands below each entry's text, and at the end of the feed's description.
    attribution: str = ""
    rsl: Rsl | None = None


NO_TERMS = Terms()


def present(article: Article, depth: Policy, terms: Terms) -> Article:
    """The article as a feed shows it that goes no deeper than `depth`: never more than before."""
    policy = article.content_policy.within(depth)
    shown = article
    if policy != article.content_policy:
        shown = replace(article, content_policy=policy)
    if not terms.attribution or policy == Policy.HEADLINE:
        return shown  # a headline has no text to stand below; the feed says it
    if policy == Policy.FULL and article.content_html:
        words = escape(terms.attribution, quote=False)
        line = f'<p><a href="{escape(article.url)}">{words}</a></p>'
        return replace(shown, content_html=article.content_html + line)
    return replace(shown, summary=f"{article.summary} {terms.attribution}".strip())


def write_terms(feed: Any, terms: Terms) -> None:
    """Have a feedgen feed say its terms, before its last link is set, which is the channel's."""
    if terms.rights:
        feed.rights(terms.rights)
    if terms.license_url:
        feed.link(href=terms.license_url, rel="license")
    if terms != NO_TERMS:
        feed.register_extension("terms", _ChannelTerms, atom=False)
        feed.terms.terms = terms


def list_members(terms: Terms) -> dict[str, str]:
    """What a JSON Feed's extension says of them."""
    said = {
        "rights": terms.rights,
        "license": terms.license_url,
        "attribution": terms.attribution,
    }
    return {name: value for name, value in said.items() if value}


def add_rsl(items: Sequence[bytes], urls: Sequence[str], terms: Terms) -> Sequence[bytes]:
    """RSS items, each with what machines may do with its article, which is at this address."""
    if terms.rsl is None:
        return items
    return [
        item.removesuffix(_ITEM_END) + _rsl_content(url, terms.rsl) + _ITEM_END
        for item, url in zip(items, urls, strict=True)
    ]


class _ChannelTerms(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    def __init__(self) -> None:
        self.terms = NO_TERMS

    def extend_ns(self) -> dict[str, str]:
        said = {"creativeCommons": _CC} if self.terms.license_url else {}
        return said | ({"rsl": _RSL} if self.terms.rsl else {})

    def extend_rss(self, feed: Any) -> Any:
        channel = feed.find("channel")
        if self.terms.rights:
            SubElement(channel, f"{{{_DC}}}rights").text = self.terms.rights
        if self.terms.license_url:
            SubElement(channel, f"{{{_CC}}}license").text = self.terms.license_url
        return feed


def _rsl_content(url: str, rsl: Rsl) -> bytes:
    root = Element("rss", nsmap={"rsl": _RSL})
    content = SubElement(root, f"{{{_RSL}}}content", url=url)
    license_ = SubElement(content, f"{{{_RSL}}}license")
    for name, uses in (("permits", rsl.permits), ("prohibits", rsl.prohibits)):
        if uses:
            SubElement(license_, f"{{{_RSL}}}{name}", type="usage").text = " ".join(uses)
    if rsl.payment:
        SubElement(license_, f"{{{_RSL}}}payment", type=rsl.payment)
    document: bytes = tostring(root, encoding="UTF-8", xml_declaration=False)
    return document[document.index(b">") + 1 : document.rindex(b"</rss>")]
