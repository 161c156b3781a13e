"""WordPress: posts as its REST interface gives them, `/wp-json/wp/v2/posts/<id>?_embed`.

One post, a list of them, or the answer to a deletion. What WordPress calls `rendered` is HTML with
entities, in titles too, and is sometimes encoded twice.
"""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from feedsvc.errors import EventError, Fault
from feedsvc.feeds.catalog import FEED_NAME
from feedsvc.ingest.dialects.translation import Item, Options, Translation, require_object

_SHAPE = "a post as WordPress's REST interface gives it (/wp-json/wp/v2/posts/<id>?_embed)"
_PUBLIC = ("publish", "future")
#: What the REST interface gives in the same shape, and is no article; so are the types `wp_…`.
_NO_ARTICLES = ("page", "attachment", "revision", "nav_menu_item")
_POINTERS = {
    "/data/url": "/link",
    "/data/title": "/title/rendered",
    "/data/summary": "/excerpt/rendered",
    "/data/content_html": "/content/rendered",
    "/data/categories": "/_embedded/wp:term",
    "/data/tags": "/_embedded/wp:term",
    "/data/authors": "/_embedded/author",
}
#: Of a picture: native fields, and its own.
_IMAGE_DETAILS = {
    "": "",
    "/caption": "/caption/rendered",
    "/alt": "/alt_text",
    "/width": "/media_details/width",
    "/height": "/media_details/height",
}
_MOST_ANCESTORS, _MOST_SECTIONS = 32, 1_000
_LONGEST = 20_000  # characters; what is longer is refused afterwards, decoded or not
#: An entity whose ampersand was encoded again, once or more: `&amp;#8217;`.
_AGAIN = re.compile(r"(?i)&(?:amp;|#0*38;|#x0*26;)+(?=(?:#\d+|#x[0-9a-f]+|[a-z][a-z0-9]*);)")
_NO_OFFSET = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?")
_PARAGRAPH = re.compile(r"(?i)<(?:/?p|br)\b[^<>]*>")
_CUT_OFF = re.compile(r"(?<!\s)\s*\[\s*(?:…|&hellip;|&#8230;|\.\.\.)\s*\]\s*$")


def list_items(message: Any) -> list[Item]:
    """The posts of a message: one, or a list of them.

    Raises:
        EventError: the list has none.
    """
    if message == []:
        raise EventError([Fault("", "must be a post, or a list of at least one")])
    if isinstance(message, list):
        return [Item(f"/{index}", post) for index, post in enumerate(message)]
    return [Item("", message)]


def translate(item: Any, options: Options) -> Translation:  # noqa: ARG001 - it says its addresses
    """The event that a post's status tells.

    Raises:
        EventError: it is no post, or not as the REST interface gives it.
    """
    post = require_object(item, _SHAPE)
    if post.get("deleted") is True:
        previous = _object(post.get("previous"), "/previous")
        return _told("article.withdrawn", *_known(previous, "/previous"))
    if "id" not in post:
        raise EventError([Fault("", f"is not {_SHAPE}; bodies of webhook plugins are not read")])
    status = post.get("status")
    if not isinstance(status, str) or not status:
        raise EventError([Fault("/status", "is missing; the contexts view and edit have it")])
    return _saving(post) if status in _PUBLIC else _told("article.withdrawn", *_known(post, ""))


def _saving(post: Mapping[str, Any]) -> Translation:
    known, pointers = _known(post, "")
    embedded, embedded_pointers = _embedded(_object(post.get("_embedded"), "/_embedded"))
    published, pointers["/data/date_published"] = _time(post, "date", "")
    title = _decoded(_rendered(post, "title"))
    data = known | embedded | {"url": post.get("link"), "title": title, "date_published": published}
    warnings: list[Fault] = []
    if _is_protected(post):
        data |= {"image": None, "image_details": None, "content_html": ""}
        warnings.append(Fault("/content", "a password protects it, so only the headline is shown"))
    else:
        data["content_html"] = _rendered(post, "content")
        data["summary"] = _summary(_rendered(post, "excerpt"))
    if post.get("_embedded") is None and (post.get("categories") or post.get("tags")):
        reason = "is missing, so categories, tags and authors have no names; ask for ?_embed"
        warnings.append(Fault("/_embedded", reason))
    return _told("article.published", data, _POINTERS | pointers | embedded_pointers, warnings)


def _known(post: Mapping[str, Any], place: str) -> tuple[dict[str, Any], dict[str, str]]:
    """What identifies a post and its state, with pointers."""
    kind, post_id = post.get("type"), post.get("id")
    if kind in _NO_ARTICLES or (isinstance(kind, str) and kind.startswith("wp_")):
        raise EventError([Fault(f"{place}/type", f"is “{kind[:50]}”, no article; send posts")])
    if not isinstance(post_id, int) or isinstance(post_id, bool):
        raise EventError([Fault(f"{place}/id", "must be the number of the post")])
    modified, modified_place = _time(post, "modified", place)
    # Feeds of WordPress have its guid, an address, as XML: the same text, without entities.
    guid = html.unescape((_rendered(post, "guid", place) or "")[:_LONGEST]) or None
    return {"id": str(post_id), "guid": guid, "date_modified": modified}, {
        "/data/id": f"{place}/id",
        "/data/guid": f"{place}/guid/rendered",
        "/data/date_modified": modified_place,
    }


def _time(post: Mapping[str, Any], name: str, place: str) -> tuple[Any, str]:
    """A time and its place: the one in GMT, whose offset goes unsaid, or else the site's own."""
    for own, offset in ((f"{name}_gmt", "Z"), (name, "")):
        said = post.get(own)
        if isinstance(said, str):
            if not said or said.startswith("0000"):
                continue  # there is none, in a draft
            said += offset if _NO_OFFSET.fullmatch(said) else ""
        if said is not None:
            return said, f"{place}/{own}"
    return None, f"{place}/{name}_gmt"


def _is_protected(post: Mapping[str, Any]) -> bool:
    """Whether it needs a password. To an editor the interface gives the content nevertheless."""
    texts = [_object(post.get(name), f"/{name}") for name in ("content", "excerpt")]
    return bool(post.get("password") or any(text.get("protected") for text in texts))


def _embedded(embedded: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """What other resources say of the post, and where."""
    terms = _objects(embedded.get("wp:term"), "/_embedded/wp:term", levels=2)
    filed = [(place, term) for place, term in terms if term.get("taxonomy") == "category"]
    filed = [(place, term) for place, term in filed if term.get("slug") != "uncategorized"]
    tagged = [(place, term) for place, term in terms if term.get("taxonomy") == "post_tag"]
    if len(filed) > _MOST_SECTIONS:  # each of them is said with all that are above it
        raise EventError([Fault("/_embedded/wp:term", f"has over {_MOST_SECTIONS:,} categories")])
    authors = _objects(embedded.get("author"), "/_embedded/author")
    by_id = {term["id"]: term for _, term in filed if isinstance(term.get("id"), int)}
    data: dict[str, Any] = {
        "categories": [_category(term, by_id, ()) for _, term in filed],
        "tags": [_decoded(term.get("name")) for _, term in tagged],
        "authors": [_author(author) for _, author in authors],
    }
    pointers = {f"/data/categories/{index}": place for index, (place, _) in enumerate(filed)}
    pointers |= {f"/data/tags/{index}": f"{place}/name" for index, (place, _) in enumerate(tagged)}
    for index, (place, _) in enumerate(authors):
        own = {"": "", "/url": "/link", "/avatar": "/avatar_urls"}
        pointers |= {f"/data/authors/{index}{name}": f"{place}{at}" for name, at in own.items()}
    for place, picture in _objects(embedded.get("wp:featuredmedia"), "/_embedded/wp:featuredmedia"):
        data["image"], pointers["/data/image"] = picture.get("source_url"), f"{place}/source_url"
        data["image_details"] = _image_details(picture) if data["image"] else None
        pointers |= {
            f"/data/image_details{name}": f"{place}{at}" for name, at in _IMAGE_DETAILS.items()
        }
    return data, pointers


def _author(author: Mapping[str, Any]) -> dict[str, Any]:
    """With the largest of the pictures, which WordPress has by their widths in pixels."""
    avatars: Any = author.get("avatar_urls")
    sizes = [size for size in avatars if size.isdecimal()] if isinstance(avatars, dict) else []
    largest = avatars[max(sizes, key=_by_number)] if sizes else None
    is_address = isinstance(largest, str) and largest.startswith(("http://", "https://"))
    said = {"name": _decoded(author.get("name")), "url": author.get("link")}
    return said | ({"avatar": largest} if is_address else {})


def _by_number(digits: str) -> tuple[int, str]:
    return len(digits), digits


def _image_details(picture: Mapping[str, Any]) -> dict[str, Any] | None:
    """What WordPress says of a picture; what is not as it writes it is passed over."""
    caption, sizes = picture.get("caption"), picture.get("media_details")
    rendered = caption.get("rendered") if isinstance(caption, dict) else None
    said = {
        "caption": _summary(rendered) if isinstance(rendered, str) else None,
        "alt": _decoded(picture.get("alt_text")),
    }
    texts = {name: text for name, text in said.items() if isinstance(text, str) and text.strip()}
    sizes = sizes if isinstance(sizes, dict) else {}
    pixels = {name: sizes.get(name) for name in ("width", "height")}
    whole = {name: size for name, size in pixels.items() if type(size) is int and size > 0}
    return texts | whole or None


def _category(term: Mapping[str, Any], by_id: Mapping[int, Any], below: tuple[Any, ...]) -> Any:
    """The section that a term is, below its parents as far as the post is filed there too."""
    category = {"name": _decoded(term.get("name"))}
    slug, parent, here = term.get("slug"), term.get("parent"), (*below, term.get("id"))
    if isinstance(slug, str) and FEED_NAME.fullmatch(slug):
        category["slug"] = slug  # of others, such as `%c4%91`, the name makes a new one
    above = by_id.get(parent) if isinstance(parent, int) and parent not in here else None
    if above is not None and len(here) < _MOST_ANCESTORS:
        category["parent"] = _category(above, by_id, here)
    return category


def _decoded(markup: Any) -> Any:
    """A text as it is meant, from HTML; left as it is where it would be taken as markup then."""
    if not isinstance(markup, str) or len(markup) > _LONGEST:
        return markup
    once = _AGAIN.sub("&", markup)
    plain = html.unescape(once)
    return once if "<" in plain or html.unescape(plain) != plain else plain


def _summary(excerpt: str | None) -> Any:
    """The excerpt without its paragraphs' tags, and without the link that ends a shortened one."""
    text, link, _ = (excerpt or "").partition('class="more-link"')
    text = text.rpartition("<")[0] if link else text
    return _decoded(_CUT_OFF.sub("…", _PARAGRAPH.sub(" ", text).strip())) or None


def _rendered(post: Mapping[str, Any], name: str, place: str = "") -> str | None:
    said = _object(post.get(name), f"{place}/{name}").get("rendered")
    if said is not None and not isinstance(said, str):
        raise EventError([Fault(f"{place}/{name}/rendered", "must be text")])
    return said


def _object(value: Any, place: str) -> dict[str, Any]:
    """The object at a place, empty where there is none."""
    if value is not None and not isinstance(value, dict):
        raise EventError([Fault(place, "must be an object")])
    return value or {}


def _objects(value: Any, place: str, levels: int = 1) -> list[tuple[str, dict[str, Any]]]:
    """The objects of a list, or of the lists in it, each with its place; errors are passed over."""
    if levels == 0:
        one = _object(value, place)
        return [(place, one)] if one and "code" not in one else []
    if value is not None and not isinstance(value, list):
        raise EventError([Fault(place, "must be a list")])
    inner = [(f"{place}/{index}", one) for index, one in enumerate(value or ())]
    return [placed for at, one in inner for placed in _objects(one, at, levels - 1)]


def _told(
    kind: str, data: Mapping[str, Any], pointers: dict[str, str], warnings: Sequence[Fault] = ()
) -> Translation:
    said = {name: value for name, value in data.items() if value is not None}
    return Translation({"type": kind, "data": said}, pointers, tuple(warnings))
