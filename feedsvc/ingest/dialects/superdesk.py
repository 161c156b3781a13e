"""The superdesk dialect: ninjs, as Superdesk pushes it, and IPTC's ninjs 1.x, 2.x and 3.x.

Superdesk writes 1.x with `guid` for `uri`, `service` for sections and `evolvedfrom` for an update
that is a new item (superdesk-core, `NINJSFormatter`). IPTC's 2.x has lists for what 1.x says by
suffix (`bodies`, `body_html`), and 3.x writes camel case: https://iptc.org/standards/ninjs/.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from feedsvc.articles import clean
from feedsvc.feeds.catalog import FEED_NAME, RESERVED_NAMES
from feedsvc.ingest.dialects.associations import illustrate, is_address, value_of
from feedsvc.ingest.dialects.parts import MOST_NAME_CHARS, Members, Native, Part, Said, refusal
from feedsvc.ingest.dialects.translation import Item, Options, Translation, require_object

_WITHDRAWN = ("canceled", "cancelled", "withheld", "withhold")
#: Roles of who wrote the text; a newsroom may have others, and then the byline decides.
_WRITERS = ("author", "correspondent", "journalist", "reporter", "writer")
#: How bylines begin, by language: elsewhere, `Von` and the like begin a name.
_BY = {"de": "von", "es": "por", "fr": "par", "nl": "door", "pt": "por", "vi": "bởi"}
#: Where places have a GeoJSON point, in 2.x and 3.x.
_GEOMETRIES = ("geometry_geojson", "geoJSON")
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
    _name_source(said, native)
    _place(said, native)
    illustrate(said, native)
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
    title = item.text("headline") or value_of(headlines)
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
    return item.text(f"{name}_{form}", f"{name}_x{form}") or value_of(
        [entry for entry in listed if _form(entry) == form]
    )


def _form(entry: Part) -> str:
    media_type = entry.word("contentType", "contenttype")
    if "html" in (media_type or entry.word("role")):
        return "html"
    return "text" if media_type.partition(";")[0] in ("", "text/plain") else media_type


def _locate(item: Part, native: Native, options: Options) -> None:
    """Where the article is: as the item says, or else by the source's template."""
    custom = item.within("extra").members.items()  # a newsroom's own fields, of any type
    extra = Part({name: said for name, said in custom if isinstance(said, str)}, "/extra")
    native.put("correction", extra.text("correction"))
    named = [part.text(name) for part in (item, extra) for name in ("url", "link")]
    for said in (*named, item.text("uri")):
        if said and is_address(said):
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
        author = Members()
        author.put("name", said)
        avatar = part.find("avatar_url", "avatarUrl")
        author.put("avatar", avatar if avatar and is_address(avatar) else None)
        native.add("authors", author.values, part.pointer, **author.places)
    return None


def _name_source(item: Part, native: Native) -> None:
    """The agency: Superdesk's `source`, a `provider`, or the first of IPTC's `infosources`."""
    source, name = Members(), item.find("source", "provider")
    place = name.pointer if name else ""
    if name is None:
        for info in item.find_parts("provider", "infosource", "infosources", "infoSources"):
            if name := info.find("name"):
                address, place = info.find("uri", "url"), info.pointer
                source.put("url", address if address and is_address(address) else None)
                break
    source.put("name", name)
    native.put_object("source", source, place)


def _place(item: Part, native: Native) -> None:
    """The first place with a point.

    Superdesk's own `geometry_point` is not read: its numbers are not in GeoJSON's order for sure,
    and a wrong place is worse than none.
    """
    for part in item.find_parts("place", "places"):
        for geometry in part.find_parts(*_GEOMETRIES):
            point = _point(geometry.members)
            if point is not None:
                place = f"{geometry.pointer}/coordinates"
                location = Members()
                location.put_value("longitude", point[0], f"{place}/0")
                location.put_value("latitude", point[1], f"{place}/1")
                location.put("name", part.find("name"))
                return native.put_object("location", location, part.pointer)
    return None


def _point(geometry: Mapping[str, Any]) -> tuple[float, float] | None:
    """Longitude and latitude (RFC 7946, section 3.1.2), if they are on Earth."""
    numbers = geometry.get("coordinates")
    if geometry.get("type") != "Point" or not isinstance(numbers, list) or len(numbers) < 2:
        return None
    longitude, latitude = numbers[:2]
    for number, most in ((longitude, 180), (latitude, 90)):
        if not isinstance(number, int | float) or isinstance(number, bool):
            return None
        if not -most <= number <= most:
            return None
    return longitude, latitude


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
