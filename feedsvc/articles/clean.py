"""Text, HTML and addresses made fit for every feed. Pure: values in, values and repairs out.

Each function gives what it made and what it had to repair, in words for the editor who sent it.
"""

import html
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

import nh3
from slugify import slugify
from werkzeug.urls import iri_to_uri

from feedsvc.articles.markup import ATTRIBUTES, Budget, TooMuchMarkupError, bound


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A value and the repairs that made it: sentences, empty when nothing was changed."""

    value: str
    repairs: tuple[str, ...] = ()


class UncleanError(ValueError):
    """A value that no repair makes fit; the message says what is wrong with it."""


# What XML 1.0 has no room for (section 2.2, Char) and what it discourages there; lone surrogates
# are not text at all.
_ILLEGAL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
# Composing sorts each run of marks, in the square of its length; no writing needs thirty
# (UAX #15, section 13, "Stream-Safe Text Format"). Every such run is one of these, which are found
# in a fiftieth of the time.
_PERHAPS_LONG_RUN = re.compile(r"[^\w\x00-\x7f][^\w\x00-\x7f]{30}")
_SPACES = re.compile(r"\s+")
_TAG = re.compile(r"<([a-zA-Z][^\s/>]*)([^>]*)")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_ATTRIBUTE = re.compile(r"""[\s"'/]([a-zA-Z_:][-\w:.]*)\s*(?==)""")
_BLOCK_END = re.compile(r"(?i)</?(?:p|div|li|h[1-6]|br|hr|tr|td|th|dt|dd|blockquote|pre)\b")

_TAGS = {
    *("a", "abbr", "audio", "b", "bdi", "bdo", "blockquote", "br", "caption", "cite", "code"),
    *("col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption"),
    *("figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark"),
    *("ol", "p", "picture", "pre", "q", "rp", "rt", "ruby", "s", "samp", "small", "source"),
    *("span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead"),
    *("time", "tr", "u", "ul", "var", "video", "wbr"),
}
#: How much longer cleaned HTML may be; addresses made absolute and entities account for some.
_MOST_GROWTH = 8
_DROPPED_WITH_CONTENT = {"script", "style", "noscript", "template", "object", "svg", "math"}
#: What a reader's page would show, but a sentence cut from the text should not begin with.
_NOT_PROSE = {"figure", "table", "audio", "video", "details"}
#: Always by the same tables, whatever else is installed: a slug is an address.
_slugify = partial(slugify, backend="text-unidecode")
#: Of a text, as much is looked at for a summary as it will surely be made of.
_MUCH_LONGER = 4
_MAX_TITLE_TAGS = 1_000
_PLAIN = nh3.Cleaner(tags=set(), attributes={})
_PROSE = nh3.Cleaner(tags=set(), attributes={}, clean_content_tags=_NOT_PROSE)


def clean_text(text: str) -> Cleaned:
    """Text in NFC, without what XML can't hold, spaces folded; `<` and `&` are only themselves."""
    repairs = []
    kept = _ILLEGAL.sub("", text)
    if kept != text:
        repairs.append("characters that XML can't hold were removed")
    normal = _composed(kept)
    if normal != kept:
        repairs.append("letters were composed (Unicode NFC)")
    return Cleaned(" ".join(normal.split()), tuple(repairs))


def clean_title(text: str) -> Cleaned:
    """Plain text from what may hold markup: tags go, entities are decoded once.

    Raises:
        UncleanError: it has more tags than any title or summary.
    """
    plain = text
    repairs: list[str] = []
    if "<" in text or "&" in text:
        # Parsing decodes each entity once; the sanitiser writes its own, which are taken back.
        spaced = _BLOCK_END.sub(_with_space, _ILLEGAL.sub("", text))
        plain = html.unescape(_PLAIN.clean(_bounded(spaced, Budget(_MAX_TITLE_TAGS))))
        if plain != text:
            repairs.append("markup was taken as markup, and removed")
    cleaned = clean_text(plain)
    return Cleaned(cleaned.value, (*repairs, *cleaned.repairs))


def clean_html(markup: str, base_url: str, budget: Budget) -> Cleaned:
    """HTML that feed readers show: figures, tables, lists, links, pictures; nothing that acts.

    Relative addresses are made absolute against `base_url`.

    Raises:
        UncleanError: it has more tags, or characters to escape, than `budget` has room for.
    """
    relative = 0

    def absolute(url: str) -> str | None:
        nonlocal relative
        relative += 1
        try:
            return urljoin(base_url, url)
        except ValueError:
            return None

    held = _ILLEGAL.sub("", markup)
    safe = nh3.clean(
        _bounded(held, budget),
        tags=_TAGS,
        attributes=ATTRIBUTES,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        link_rel=None,
        url_schemes={"http", "https", "mailto", "tel"},
        url_relative=absolute,
    )
    if len(safe) > _MOST_GROWTH * (len(held) + 1_000):
        raise UncleanError("leaves so many formatting tags open that they multiply")
    # Once more after the sanitiser: it turns `&#8;` into the character itself.
    kept = _ILLEGAL.sub("", safe)
    # The one mark that composes with the `>` before it, and would eat a tag's end.
    guarded = kept.replace("\u0338", "&#824;")
    normal = _composed(guarded)
    repairs = []
    if removed := _lost(held, safe):
        repairs.append(f"removed: {', '.join(removed)}")
    if relative:
        repairs.append("relative addresses were made absolute")
    if kept != safe or held != markup:
        repairs.append("characters that XML can't hold were removed")
    if normal != guarded:
        repairs.append("letters were composed (Unicode NFC)")
    return Cleaned(normal.strip(), tuple(repairs))


def html_from_text(text: str) -> str:
    """Paragraphs from plain text: a blank line parts them, a line's end breaks a line."""
    paragraphs = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    return "".join(
        f"<p>{html.escape(part.strip(), quote=False).replace(chr(10), '<br>')}</p>"
        for part in paragraphs
        if part.strip()
    )


def summarise(markup: str, limit_chars: int) -> str:
    """The beginning of an article's prose as plain text, cut at a word, from cleaned HTML."""
    spaced = _BLOCK_END.sub(_with_space, markup)
    text = html.unescape(_PROSE.clean(spaced))
    beginning = text[: _MUCH_LONGER * limit_chars]
    plain = clean_text(beginning).value
    if len(plain) <= limit_chars < len(text):  # all but white space
        plain = clean_text(text).value
    if len(plain) <= limit_chars:
        return plain
    head = plain[: limit_chars - 1]
    whole = head.rpartition(" ")[0] if plain[limit_chars - 1] != " " else head
    return (whole or head).rstrip(" ,;:–—-") + "…"


def clean_url(text: str, limit_chars: int, base_url: str | None = None) -> Cleaned:
    """An absolute http or https address as a URI (RFC 3986), made absolute against `base_url`.

    Raises:
        UncleanError: it is no such address, or longer than `limit_chars`.
    """
    if len(text) > limit_chars:  # before what takes time
        raise UncleanError(f"is over {limit_chars} characters (FEEDSVC_MAX_URL_CHARS)")
    repairs = []
    url = text.strip()
    try:
        if base_url is not None and not urlsplit(url).scheme:
            url = urljoin(base_url, url)
            repairs.append("the relative address was made absolute")
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        uri = iri_to_uri(url)
    except (ValueError, UnicodeError) as error:
        raise UncleanError(f"is not an address: {error}") from error
    if parts.scheme not in ("http", "https") or not host:
        raise UncleanError("must be an http or https address")
    if parts.username is not None or parts.password is not None:
        raise UncleanError("must not carry a user name or password")
    if len(uri) > limit_chars:
        raise UncleanError(f"is over {limit_chars} characters (FEEDSVC_MAX_URL_CHARS)")
    if not _HOST.fullmatch(urlsplit(uri).hostname or ""):
        raise UncleanError("names a host that can't be")
    if not uri.isascii() or _SPACES.search(uri) or _ILLEGAL.search(uri):
        raise UncleanError("holds characters that an address can't have")
    if uri != url:
        repairs.append("the address was written as a URI")
    return Cleaned(uri, tuple(repairs))


@dataclass(frozen=True, slots=True)
class CleanedTime:
    value: datetime
    repairs: tuple[str, ...] = ()


def clean_time(text: str, timezone: str | None) -> CleanedTime:
    """An aware UTC time from ISO 8601; one that names no offset is read in `timezone`.

    Raises:
        UncleanError: no date, out of the calendar, or without an offset where no zone is known.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        repairs: tuple[str, ...] = ()
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=_assumed_zone(timezone))
            repairs = (f"no offset was given; it was read in {timezone}",)
        utc = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if isinstance(error, UncleanError):
            raise
        raise UncleanError("is not a date and time such as 2023-01-09T16:30:00+07:00") from error
    if not 1000 <= utc.year < 9999:  # RFC 3339 and RFC 822 have four digits for a year
        raise UncleanError("is outside the years 1000 to 9998")
    return CleanedTime(utc, repairs)


def _assumed_zone(name: str | None) -> ZoneInfo:
    if name is None:
        raise UncleanError(
            "has no offset such as +07:00, and the source has no time zone of its own"
        )
    return ZoneInfo(name)


@lru_cache(maxsize=10_000)
def make_slug(name: str, limit_chars: int = 100) -> str:
    """The ASCII slug of a name, `Đảng ủy Khối` -> `dang-uy-khoi`; empty if nothing is left."""
    return _slugify(name, max_length=limit_chars, word_boundary=True) or _slugify(
        name, max_length=limit_chars
    )


def _composed(text: str) -> str:
    if _PERHAPS_LONG_RUN.search(text):
        text = _long_run().sub(r"\1", text)
    return unicodedata.normalize("NFC", text)


@cache
def _long_run() -> re.Pattern[str]:
    """Too many marks in a row. To find all that there are takes longer than to load all this."""
    codes = range(sys.maxunicode + 1)
    marks = "".join(char for char in map(chr, codes) if unicodedata.combining(char))
    return re.compile(f"([{marks}]{{30}})[{marks}]++")


def _bounded(markup: str, budget: Budget) -> str:
    try:
        return bound(markup, budget)
    except TooMuchMarkupError as error:
        raise UncleanError(str(error)) from error


def _with_space(tag: re.Match[str]) -> str:
    """What a block parts, its text without tags must part too."""
    return f" {tag.group()}"


def _lost(before: str, after: str) -> list[str]:
    """Names of the tags and attributes that were in `before` and are fewer in `after`."""
    tags_before, tags_after = _TAG.findall(before), _TAG.findall(after)
    if len(tags_before) == len(tags_after):  # nearly all of them are the same, one by one
        pairs = zip(tags_before, tags_after, strict=True)
        differing = [pair for pair in pairs if pair[0] != pair[1]]
        tags_before, tags_after = [one for one, _ in differing], [one for _, one in differing]
    had, kept = _names(tags_before), _names(tags_after)
    return sorted(name for name in had if kept[name] < had[name])[:20]


def _names(tags: Iterable[tuple[str, str]]) -> Counter[str]:
    names: Counter[str] = Counter()
    for tag, rest in tags:
        names[f"<{_printable(tag)}>"] += 1
        names.update(_attributes(rest))
    return names


def _attributes(rest: str) -> Iterable[str]:
    return (_printable(name) for name in _ATTRIBUTE.findall(rest))


def _printable(name: str) -> str:
    return _ILLEGAL.sub("", name.lower())[:30]
