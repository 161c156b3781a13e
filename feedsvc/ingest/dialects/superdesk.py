"""The superdesk dialect: ninjs, as Superdesk pushes it, and IPTC's ninjs 1.x, 2.x and 3.x.

Superdesk writes 1.x with `guid` for `uri`, `service` for sections and `evolvedfrom` for an update
that is a new item (superdesk-core, `NINJSFormatter`). IPTC's 2.x has lists for what 1.x says by
suffix (`bodies`, `body_html`), and 3.x writes camel case: https://iptc.org/standards/ninjs/.
"""

import re
from typing import Any
from urllib.parse import quote

from feedsvc.articles import clean
from feedsvc.errors import Fault
from feedsvc.feeds.catalog import FEED_NAME, RESERVED_NAMES
from feedsvc.ingest.dialects.parts import MOST_NAME_CHARS, Native, Part, Said, refusal
from feedsvc.ingest.dialects.translation import Item, Options, Translation, require_object

_WITHDRAWN = ("canceled", "cancelled", "withheld", "withhold")
#: Roles of who wrote the text; a newsroom may have others, and then the byline decides.
_WRITERS = ("author", "correspondent", "journalist", "reporter", "writer")
#: How bylines begin, by language: elsewhere, `Von` and the like begin a name.
_BY = {"de": "von", "es": "por", "fr": "par", "nl": "door", "pt": "por", "vi": "bởi"}
_PICTURES = ("picture", "graphic")
#: Widths in pixels that suit a page: Superdesk's `baseImage` has 1,400, an original any.
_NARROWEST, _WIDEST = 600, 2_000
_SIZES = ("size", "sizeinbytes", "sizeInBytes")
_LEFT_OUT = "was left out: it has no rendition with a media type and an http or https address"
_MOST_SLUG_SOURCE_CHARS = 1_000


def list_items(message: Any) -> list[Item]:
    """The ninjs items of a message: it is one, or a list of them.

    Raises:
        EventError: it is neither.
    """
    if isinstance(message, dict):
        return [Item("", message)]
    if isinstance(message, list) and message:
        return [Item(f"/{index}", item) for index, item in enumerate(message)]
    raise refusal("", "must be a ninjs item, or a list of them")


def translate(item: Any, options: Options) -> Translation:
    """A ninjs item as a native event.

    Beside `wire`'s fields, `data` has `guid`; `alias`, the item's own id where it takes over the
    identity of another; and, where the item says them, `embargo_until`, `expires_at`, `correction`.

    Raises:
        EventError: at the item's own fields.
    """
    said = Part(require_object(item, "a ninjs item"))
    kind = said.word("type")
    if kind not in ("", "text", "preformatted", "composite"):
        # Newsroom's wire, too, takes nothing but texts; media come with what they belong to.
        raise refusal("/type", f"“{kind[:50]}” is no article; send what it belongs to")
    native = Native()
    _identify(said, native)
    native.put("date_modified", said.text("versioncreated", "versionCreated"))
    if _is_withdrawn(said):
        return native.event("article.withdrawn")
    _describe(said, native)
    _locate(said, native, options)
    _date(said, native)
    _attribute(said, native)
    _classify(said, native)
    _illustrate(said, native)
    return native.event("article.published")


def _identify(item: Part, native: Native) -> None:
    """An update that is an item of its own takes over the identity of the one it names.

    Only that one step can be seen from here; a longer chain is put together by `alias`, where
    articles are kept.
    The guid is the identity's: the same, whichever of the two comes first.
    """
    own = item.text("guid", "uri")
    if own is None:
        raise refusal("/guid", "is missing")
    identity = item.text("evolvedfrom", "evolvedFrom") or own
    native.put("id", identity)
    native.put("guid", identity)
    if identity.text != own.text:
        native.put("alias", own)


def _is_withdrawn(item: Part) -> bool:
    said = item.text("pubstatus", "pubStatus")
    if said is None or said.text in ("usable", *_WITHDRAWN):
        return said is not None and said.text != "usable"
    raise refusal(said.pointer, "must be usable, withheld or canceled")


def _describe(item: Part, native: Native) -> None:
    headlines = item.parts("headlines")
    title = item.text("headline") or _value(headlines)
    if title is None:
        raise refusal("/headlines" if headlines else "/headline", "is missing")
    native.put("title", title)
    native.put(
        "summary", _prose(item, "description", "text") or _prose(item, "description", "html")
    )
    content, plain = _prose(item, "body", "html"), _prose(item, "body", "text")
    if not (content or plain) and item.word("type") == "composite":
        raise refusal("/type", "a package without a body is no article; send what is in it")
    native.put("content_html", content)
    native.put("content_text", None if content else plain)
    native.put("language", item.text("language"))


def _prose(item: Part, name: str, form: str) -> Said | None:
    """A body or description: `body_html` (1.x), or one of `bodies` (2.x, 3.x)."""
    listed = item.parts("bodies" if name == "body" else "descriptions")
    return item.text(f"{name}_{form}", f"{name}_x{form}") or _value(
        [entry for entry in listed if _form(entry) == form]
    )


def _form(entry: Part) -> str:
    media_type = entry.word("contentType", "contenttype")
    if "html" in (media_type or entry.word("role")):
        return "html"
    return "text" if media_type.partition(";")[0] in ("", "text/plain") else media_type


def _value(entries: list[Part]) -> Said | None:
    """The main one of a list's values, or else the first."""
    entries = sorted(entries, key=lambda entry: entry.word("role") != "main")
    return next(filter(None, (entry.text("value") for entry in entries)), None)


def _locate(item: Part, native: Native, options: Options) -> None:
    """Where the article is: as the item says, or else by the source's template."""
    custom = item.within("extra").members.items()  # a newsroom's own fields, of any type
    extra = Part({name: said for name, said in custom if isinstance(said, str)}, "/extra")
    native.put("correction", extra.text("correction"))
    named = [part.text(name) for part in (item, extra) for name in ("url", "link")]
    for said in (*named, item.text("uri")):
        if said and _is_address(said):
            return native.put("url", said)
    if not options.url_template:
        raise refusal(
            "",
            "does not say where the article is, and its source has no address template "
            "(`feedsvc source add NAME --url-template https://news.example/{slug}-{id}`)",
        )
    places = re.split(r"(\{[^{}]*\}|[{}])", options.url_template)
    made = "".join(_filled(place, item, native) for place in places)
    native.put("url", Said(made, native.pointers["/data/id"]))  # of which it is made
    native.data["has_made_url"] = True
    return None


def _is_address(said: Said) -> bool:
    return said.text.strip().lower().startswith(("http://", "https://"))


def _filled(place: str, item: Part, native: Native) -> str:
    if place in ("{id}", "{guid}"):
        return quote(native.data["id"], safe=":", errors="replace")
    if not place.startswith(("{", "}")):
        return place
    if place != "{slug}":
        known = "{id}, {guid} and {slug}"
        raise refusal("", f"its source's address template has “{place}”; it may have {known}")
    for said in (item.text("slugline"), Said(native.data["title"], "")):
        try:
            plain = clean.clean_title(said.text[:_MOST_SLUG_SOURCE_CHARS]).value if said else ""
        except clean.UncleanError:
            plain = ""
        if slug := clean.make_slug(plain):
            return slug
    raise refusal("/slugline", "has no letter or digit for the {slug} of the address template")


def _date(item: Part, native: Native) -> None:
    """Published when readers could first see it, which an embargo puts off.

    Without `firstpublished`, `versioncreated` stands in: `firstcreated` is when work on the draft
    began, weeks before in real items, and the news would appear far down in every reader's list.
    """
    names = ("versioncreated", "versionCreated", "firstcreated", "firstCreated")
    published = item.text("firstpublished", "firstPublished", *names)
    embargo = item.text("embargoed")
    if not (published or embargo):
        raise refusal("/versioncreated", "is missing")
    native.put("embargo_until", embargo)
    native.put("expires_at", item.text("expires", "expiry"))
    native.put("date_published", published or embargo)


def _attribute(item: Part, native: Native) -> None:
    """Who wrote the text, of a list that also has its editors; or else the byline, as it is.

    A byline is not split: `A and B` may be two people, or one ministry.
    """
    named = [(part, said) for part in item.parts("authors") if (said := part.text("name"))]
    writers = [(part, said) for part, said in named if part.word("role") in _WRITERS]
    authors = writers or [(part, said) for part, said in named if not part.word("role")]
    byline = item.text("byline", "by")
    if byline and not authors:
        words = "|".join(("by", _BY.get(item.word("language")[:2], "by")))
        # Possessive, so that the matcher keeps no way back for each of a million spaces.
        start = rf"(?i)^(?:\s|<[^<>]*+>)*+(?:{words})(?::|\s|$)\s*"
        if name := re.sub(start, "", byline.text):
            return native.add("authors", {"name": name}, byline.pointer, name=byline.pointer)
    for part, said in authors or named:
        native.add("authors", {"name": said.text}, part.pointer, name=said.pointer)
    return None


def _classify(item: Part, native: Native) -> None:
    for part in item.parts("service"):
        code, said = part.text("code"), part.text("name", "code")
        if said is None:
            continue
        slug = {"slug": code.text} if code and _is_telling(code.text) else {}
        places = {"name": said.pointer, "slug": f"{part.pointer}/code"}
        native.add("categories", {"name": said.text} | slug, part.pointer, **places)
    keywords = item.within("keywords")
    subjects = [part.text("name") for part in item.parts("subject", "subjects")]
    for tag in (*subjects, *map(keywords.text, keywords.members)):
        if tag:
            native.add("tags", tag.text, tag.pointer)


def _is_telling(code: str) -> bool:
    """A slug that people can read: not `f` (ANPA) or `01000000` (IPTC), whose names say more."""
    if len(code) > MOST_NAME_CHARS or code in RESERVED_NAMES:
        return False
    return bool(FEED_NAME.fullmatch(code) and re.search(r"[a-z]{3}", code))


def _illustrate(item: Part, native: Native) -> None:
    """The featured picture, or else the first; sound and film are attached."""
    associations = item.parts("associations")
    featured = [part for part in associations if "featuremedia" in (part.key, part.word("name"))]
    pictures = [part for part in associations if part.word("type") in _PICTURES]
    found = next(filter(None, (_renditions(part, "image/") for part in featured + pictures)), [])
    if found:
        native.put("image", max(found, key=_fitness).text("href"))
    elif featured:
        native.warnings.append(Fault(featured[0].pointer, _LEFT_OUT))
    for part in associations:
        if part.word("type") in ("audio", "video"):
            _attach(part, native)


def _attach(part: Part, native: Native) -> None:
    found = _renditions(part, "audio/", "video/")
    if not found:
        return native.warnings.append(Fault(part.pointer, _LEFT_OUT))
    best = min(found, key=lambda each: (each.word("name") or each.key) not in ("original", "main"))
    title = part.text("headline") or _value(part.parts("headlines"))
    said = {"url": best.text("href"), "mime_type": _media_type(best, part), "title": title}
    places = {name: value.pointer for name, value in said.items() if value}
    attachment: dict[str, Any] = {name: value.text for name, value in said.items() if value}
    for name in (*_SIZES, "duration"):
        if (number := _number(best, name)) is not None:
            native_name = "size_in_bytes" if name in _SIZES else "duration_in_seconds"
            attachment[native_name] = number
            places[native_name] = f"{best.pointer}/{name}"
    return native.add("attachments", attachment, best.pointer, **places)


def _renditions(part: Part, *kinds: str) -> list[Part]:
    """Those of these kinds with an address, which Superdesk leaves out where it sends the files."""
    return [
        each
        for each in part.parts("renditions")
        if (href := each.text("href")) and _is_address(href)
        if (media_type := _media_type(each, part))
        if media_type.text.strip().lower().startswith(kinds)
    ]


def _media_type(rendition: Part, part: Part) -> Said | None:
    names = ("mimetype", "contenttype", "contentType")
    said = rendition.text(*names) or part.text(*names)
    return said or (Said("image/", "") if part.word("type") in _PICTURES else None)


def _fitness(rendition: Part) -> tuple[int, float]:
    """The widest that suits a page; else what is larger, else what is smaller than that."""
    width = _number(rendition, "width") or 0
    if width > _WIDEST:
        return 1, -width
    return (2 if width >= _NARROWEST else 0), width


def _number(part: Part, name: str) -> float | None:
    value = part.members.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
