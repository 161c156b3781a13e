"""Ghost's webhooks: a post as its Admin API gives it, and what of it was otherwise before.

The body does not name its event (Ghost's `services/webhooks/serialize.js`), so what happened is
read from the post: `published` saves it, every other status withdraws it, and a deleted one is in
`previous` alone. A scheduled post is withdrawn too: its address is a preview's until Ghost
publishes it, and says so. The Admin API holds nothing back: what is for members alone is left out
here.
"""

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from feedsvc.articles import clean
from feedsvc.errors import EventError, Fault
from feedsvc.feeds.catalog import FEED_NAME
from feedsvc.ingest.dialects.translation import (
    URL_FIELDS,
    Item,
    Options,
    Translation,
    require_object,
)

_CHOOSE = (
    "choose the webhooks “Post published”, “Published post updated”, “Post unpublished” "
    "and “Post deleted” in Ghost's integration"
)
_CURRENT = "/post/current"
#: Native fields, and the post's own. `canonical_url` is not its address: a syndicated post's is on
#: another site. `excerpt` is no summary: Ghost cuts it from the text, members' parts included.
_FIELDS = {
    "id": "id",
    "guid": "id",  # what Ghost's own RSS has
    "url": "url",
    "title": "title",
    "summary": "custom_excerpt",
    "image": "feature_image",
    "image_details/alt": "feature_image_alt",
    "image_details/caption": "feature_image_caption",
    "authors": "authors",
    "tags": "tags",
    "categories": "tags",
    "date_published": "published_at",
    "date_modified": "updated_at",
}
_LONGEST = 20_000  # characters; a title or name that is longer is refused in any case
_GATE_BEGIN = "<!--kg-gated-block:begin"
_GATE_END = "<!--kg-gated-block:end-->"
_FOR_EVERYONE = re.compile(r"""\bnonMember:["']?true\b""")


def list_items(message: Any) -> list[Item]:
    """The one post of a message."""
    return [Item("", message)]


def translate(item: Any, options: Options) -> Translation:
    """The event that a webhook's body tells.

    Raises:
        EventError: it is about something else than a post, or not as Ghost sends it.
    """
    message = require_object(item, "a webhook's body, as Ghost sends it")
    if "post" not in message:
        raise EventError([Fault("", f"is not about a post; {_CHOOSE}")])
    change = _object(message["post"], "/post")
    current = _object(change.get("current"), _CURRENT)
    if not current:
        return _withdrawal(_object(change.get("previous"), "/post/previous"), "/post/previous")
    if _text(current, "status", _CURRENT) == "published" and current.get("email_only") is not True:
        return _saving(current, options)
    return _withdrawal(current, _CURRENT)


def _withdrawal(post: Mapping[str, Any], place: str) -> Translation:
    post_id = _text(post, "id", place)
    data = {"id": post_id, "guid": post_id, "date_modified": post.get("updated_at")}
    pointers = {f"/data/{name}": f"{place}/{_FIELDS[name]}" for name in data}
    return Translation({"type": "article.withdrawn", "data": _said(data)}, pointers)


def _saving(post: Mapping[str, Any], options: Options) -> Translation:
    post_id = _text(post, "id", _CURRENT)
    tags = list(_public_tags(post))
    filed, tagged = tags[:1], tags[1:]
    content, content_pointers, warnings = _content(post)
    data = {
        "id": post_id,
        "guid": post_id,
        "url": _address(post, post_id, options),
        "title": _literal(post.get("title")),
        "summary": _literal(post.get("custom_excerpt")),
        "image": post.get("feature_image"),
        "image_details": _image_details(post),
        "authors": [_author(author) for _, author in _listed(post, "authors")],
        "tags": [_literal(tag.get("name")) for _, tag in tagged],
        "categories": [_category(tag) for _, tag in filed],
        "date_published": post.get("published_at"),
        "date_modified": post.get("updated_at"),
        **content,
    }
    pointers = {f"/data/{native}": f"{_CURRENT}/{own}" for native, own in _FIELDS.items()}
    pointers |= {f"/data/tags/{index}": f"{place}/name" for index, (place, _) in enumerate(tagged)}
    pointers |= {f"/data/categories/{index}": place for index, (place, _) in enumerate(filed)}
    event = {"type": "article.published", "data": _said(data)}
    return Translation(event, pointers | content_pointers, warnings)


def _content(
    post: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, str], tuple[Fault, ...]]:
    """The native fields of the content, their pointers, and warnings."""
    place = f"{_CURRENT}/html"
    pointers = {"/data/content_html": place, "/data/content_text": f"{_CURRENT}/plaintext"}
    if post.get("visibility") != "public":
        reason = "the post is not for everyone, so only its headline and excerpt are shown"
        return {"content_html": ""}, pointers, (Fault(f"{_CURRENT}/visibility", reason),)
    markup = post.get("html")
    if isinstance(markup, str) and _GATE_BEGIN in markup:
        warning = Fault(place, "parts that Ghost shows to members alone were left out")
        return {"content_html": _ungated(markup)}, pointers, (warning,)
    if markup is not None:
        return {"content_html": markup}, pointers, ()
    if post.get("plaintext") is not None:
        return {"content_text": post["plaintext"]}, pointers, ()
    return {"content_html": ""}, pointers, (Fault(place, "is missing: there is no content"),)


def _ungated(markup: str) -> str:
    """Without the blocks that someone who is not logged in does not see; an open one has no end."""
    head, *gated = markup.split(_GATE_BEGIN)
    shown = [head]
    for block in gated:
        terms, _, rest = block.partition("-->")
        inside, _, after = rest.partition(_GATE_END)
        shown.append(inside + after if _FOR_EVERYONE.search(terms) else after)
    return "".join(shown)


def _address(post: Mapping[str, Any], post_id: str, options: Options) -> Any:
    url = post.get("url")
    if not (isinstance(url, str) and url.endswith("/404/")):
        return url
    slug = post.get("slug")
    if options.url_template is None or not isinstance(slug, str):
        reason = "is the one that Ghost gives where its routes have none for a post"
        raise EventError([Fault(f"{_CURRENT}/url", reason)])
    values = {"id": post_id, "guid": post_id, "slug": slug}
    address = options.url_template
    for name in URL_FIELDS:
        address = address.replace(f"{{{name}}}", quote(values[name], safe="", errors="replace"))
    return address


def _public_tags(post: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tags that Ghost shows, each with its place; the first of them is the section."""
    for place, tag in _listed(post, "tags"):
        name = tag.get("name")
        internal = tag.get("visibility") == "internal"
        if not internal and not (isinstance(name, str) and name.startswith("#")):
            yield place, tag


def _category(tag: Mapping[str, Any]) -> dict[str, Any]:
    """The section that a tag is; a slug that no feed can have is made anew, from the name."""
    named = {"name": _literal(tag.get("name"))}
    slug = tag.get("slug")
    return {"slug": slug} | named if isinstance(slug, str) and FEED_NAME.fullmatch(slug) else named


def _author(author: Mapping[str, Any]) -> dict[str, Any]:
    said = {"name": _literal(author.get("name")), "url": author.get("url")}
    picture = author.get("profile_image")
    is_address = isinstance(picture, str) and picture.startswith(("http://", "https://"))
    return said | ({"avatar": picture} if is_address else {})


def _image_details(post: Mapping[str, Any]) -> dict[str, Any] | None:
    """The picture's alternative text, and its caption, which Ghost has as HTML."""
    if not post.get("feature_image"):
        return None
    alt, caption = post.get("feature_image_alt"), post.get("feature_image_caption")
    if isinstance(caption, str):
        caption = _plain(caption)
    texts = {"alt": _literal(alt), "caption": caption}
    return {name: text for name, text in texts.items() if isinstance(text, str) and text} or None


def _plain(markup: str) -> str:
    """The text of a little HTML; too much of it is left as it is, to be judged like any other."""
    if len(markup) > _LONGEST:
        return markup
    try:
        return str(_literal(clean.clean_title(markup).value))
    except clean.UncleanError:
        return markup


def _literal(value: Any) -> Any:
    """Plain text, so that it is not taken as markup: Ghost's titles and names have none."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return value
    return (
        html.escape(value, quote=False) if "<" in value or html.unescape(value) != value else value
    )


def _listed(post: Mapping[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a list, each with its place."""
    values = post.get(name)
    if values is not None and not isinstance(values, list):
        raise EventError([Fault(f"{_CURRENT}/{name}", "must be a list")])
    for index, value in enumerate(values or ()):
        if not isinstance(value, dict):
            raise EventError([Fault(f"{_CURRENT}/{name}/{index}", "must be an object")])
        yield f"{_CURRENT}/{name}/{index}", value


def _object(value: Any, place: str) -> dict[str, Any]:
    """The object at a place, empty where there is none."""
    if value is not None and not isinstance(value, dict):
        raise EventError([Fault(place, "must be an object")])
    return value or {}


def _text(post: Mapping[str, Any], name: str, place: str) -> str:
    if not isinstance(post.get(name), str) or not post[name]:
        raise EventError([Fault(f"{place}/{name}", "must be text that is not empty")])
    return str(post[name])


def _said(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not None}
