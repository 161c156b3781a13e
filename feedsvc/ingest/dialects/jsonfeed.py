"""JSON Feed 1.0 and 1.1 (jsonfeed.org): a whole feed, or one item of it.

A native event's `data` is such an item already. What is done here is to make up for what JSON Feed
lets an item leave out: a title, a date, its own address.
"""

import html
from collections.abc import Mapping
from typing import Any

from feedsvc.articles import clean
from feedsvc.errors import EventError, Fault
from feedsvc.ingest.dialects.translation import (
    Item,
    Options,
    Translation,
    require_object,
    require_text,
)
from feedsvc.ingest.wire import WireAttachment

#: What is handed on as it is.
_SAME = (
    *("title", "summary", "content_html", "content_text", "language", "tags", "categories"),
    *("attachments", "date_modified"),
)
#: What our extension may say of an item, whose names are the native ones.
_EXTENDED = (
    *("minor", "correction", "embargo_until", "expires_at", "content_policy"),
    *("image_details", "related", "source", "location"),
)
#: What is said by another member where its own is missing. An `external_url` is what a link blog
#: writes about, and the one address that such an item has; an `id` is often the address itself.
_STAND_INS = {
    "url": ("external_url", "id"),
    "date_published": ("date_modified",),
    "image": ("banner_image",),
}
_TITLE_CHARS = 80
#: Of an item's HTML, as much as its first words may be looked for in.
_BEGINNING_CHARS = 4_000
_WEB = ("http://", "https://")


def list_items(message: Any) -> list[Item]:
    """The items of a feed, each with what the feed says for all; or the one that was sent.

    Raises:
        EventError: the feed has none.
    """
    if not isinstance(message, dict) or not isinstance(message.get("items"), list):
        return [Item("", message)]
    if not message["items"]:
        raise EventError([Fault("/items", "must be a list of at least one item")])
    defaults = _defaults(message)
    return [
        Item(f"/items/{index}", _with_defaults(item, defaults))
        for index, item in enumerate(message["items"])
    ]


def _defaults(feed: Mapping[str, Any]) -> dict[str, Any]:
    authors, _ = _authors(feed)
    said = {"language": _find(feed, "language"), "authors": authors}
    return {name: value for name, value in said.items() if value is not None}


def _with_defaults(item: Any, defaults: Mapping[str, Any]) -> Any:
    if not isinstance(item, dict):
        return item
    authors, _ = _authors(item)
    said = {"language": _find(item, "language"), "authors": authors}
    missing = {name: value for name, value in defaults.items() if said[name] is None}
    return item | missing


def translate(item: Any, options: Options) -> Translation:  # noqa: ARG001 - it says its addresses
    """The event that saves an item, or withdraws it: `"_feedsvc": {"withdrawn": true}`.

    Raises:
        EventError: it is no item, or has no `id`.
    """
    said = require_object(item, "an item of a JSON Feed")
    if "items" in said or "version" in said:
        raise EventError([Fault("/items", "must be a list of items")])
    item_id = require_text(said, "id")
    if _is_withdrawn(said):
        gone = {"id": item_id, "guid": _guid(item_id)}
        gone["date_modified"] = _find(said, "date_modified")
        places = {f"/data/{name}": f"/{name}" for name in gone} | {"/data/guid": "/id"}
        return Translation({"type": "article.withdrawn", "data": gone}, places)
    data: dict[str, Any] = {name: _find(said, name) for name in _SAME}
    data |= {"id": item_id, "guid": _guid(item_id)}
    pointers = {f"/data/{name}": f"/{name}" for name in data} | {"/data/guid": "/id"}
    for name in _EXTENDED:
        data[name] = _extension(said).get(name)
        pointers[f"/data/{name}"] = f"/_feedsvc/{name}"
    data["attachments"], attachment_pointers = _attachments(data["attachments"])
    data["authors"], author_pointers = _authors(said)
    warnings: list[Fault] = []
    for name, others in _STAND_INS.items():
        own = _first(said, name, others)
        data[name], pointers[f"/data/{name}"] = _find(said, own), f"/{own}"
        if name not in (own, "image"):
            warnings.append(Fault(f"/{name}", f"is missing; {own} was taken instead"))
    if data["title"] is None and (title := _title(said)):
        data["title"] = title
        warnings.append(Fault("/title", "is missing; it was made of the first words"))
    event = {
        "type": "article.published",
        "data": {name: value for name, value in data.items() if value is not None},
    }
    places = pointers | attachment_pointers | author_pointers
    return Translation(event, places, tuple(warnings))


def _guid(item_id: str) -> str | None:
    """The id, if it is one for all the world: another feed's first item may be “1” too."""
    return item_id if ":" in item_id else None


def _is_withdrawn(item: Mapping[str, Any]) -> bool:
    return _extension(item).get("withdrawn") is True


def _extension(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is said in an extension of ours (version 1.1, “Extensions”), for want of other words."""
    extension = item.get("_feedsvc")
    return extension if isinstance(extension, dict) else {}


def _first(item: Mapping[str, Any], name: str, others: tuple[str, ...]) -> str:
    """Which member says it: its own, or else one of the others that can stand for it."""
    for own in (name, *others):
        value = _find(item, own)
        is_address = own != "id" or (isinstance(value, str) and value.startswith(_WEB))
        if value is not None and is_address:
            return own
    return name


def _authors(value: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    """Its authors, and where they are: version 1.0 had one `author`."""
    authors, author = value.get("authors"), value.get("author")
    if authors not in (None, []):
        return authors, {"/data/authors": "/authors"}
    return None if author is None else [author], {
        "/data/authors": "/author",
        "/data/authors/0": "/author",
    }


def _attachments(values: Any) -> tuple[Any, dict[str, str]]:
    """The attachments, each with what our extension says of it, and where that is."""
    if not isinstance(values, list):
        return values, {}
    joined, pointers = [], {}
    for index, value in enumerate(values):
        extension = _extension(value) if isinstance(value, dict) else {}
        joined.append({**extension, **value} if extension else value)
        for name in extension:
            if name in WireAttachment.model_fields:
                place = f"attachments/{index}"
                pointers[f"/data/{place}/{name}"] = f"/{place}/_feedsvc/{name}"
    return joined, pointers


def _title(item: Mapping[str, Any]) -> str | None:
    """The first line of what it says, cut at a word, as it must be written to be taken as text."""
    for name in ("content_text", "summary"):
        text = _find(item, name)
        if isinstance(text, str):
            return _cut(text.strip().split("\n", 1)[0])
    markup = _find(item, "content_html")
    if not isinstance(markup, str):
        return None
    beginning = markup[:_BEGINNING_CHARS]
    if beginning.rfind("<") > beginning.rfind(">"):
        beginning = beginning[: beginning.rfind("<")]  # a tag that was cut in two
    try:
        return _cut(clean.clean_title(beginning).value)
    except clean.UncleanError:
        return None


def _cut(line: str) -> str:
    escaped = html.escape(line[:_BEGINNING_CHARS], quote=False)
    return html.escape(clean.summarise(escaped, _TITLE_CHARS), quote=False)


def _find(item: Mapping[str, Any], name: str) -> Any:
    """What a member says; blank text says nothing."""
    value = item.get(name)
    return None if isinstance(value, str) and not value.strip() else value
