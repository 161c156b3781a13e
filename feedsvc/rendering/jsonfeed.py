"""JSON Feed 1.1: items as fragments, and the document around them. Pure.

Source: https://www.jsonfeed.org/version/1.1/.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from feedsvc.articles.article import Article, Attachment, Author
from feedsvc.articles.details import NO_DETAILS, NO_EPISODE, Episode
from feedsvc.articles.records import record_of
from feedsvc.rendering.depth import shown

_VERSION = "https://jsonfeed.org/version/1.1"
#: The names of details where they are others than those of the fields that they come by.
_SENT_AS = {"picture": "image_details", "agency": "source"}
#: Of an attachment, in our extension.
_BESIDE = ("width", "height", "caption", "credit", "thumbnail")


def render_items(articles: Sequence[Article]) -> list[bytes]:
    return [_dump(_item(article)) for article in map(shown, articles)]


def render_head(members: dict[str, Any]) -> bytes:
    """The document as far as its items: `members` that are None are left out."""
    head = _dump({"version": _VERSION, **_said(members)})
    return head[:-1] + b',"items":['


TAIL = b"]}"


def rfc3339(moment: datetime) -> str:
    """A UTC time in whole seconds (RFC 3339)."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _item(article: Article) -> dict[str, Any]:
    return _said(
        {
            "id": article.guid,
            "url": article.url,
            "title": article.title,
            "summary": article.summary or None,
            # An item must have one of the two contents; an empty one is allowed.
            "content_html": article.content_html,
            "image": article.image,
            "date_published": rfc3339(article.published_at),
            "date_modified": rfc3339(article.modified_at),
            "authors": [_author(a) for a in article.authors] or None,
            "tags": _tags(article) or None,
            "language": article.language,
            "attachments": [_attachment(a) for a in article.attachments] or None,
            # An extension: readers pass over names with an underscore.
            "_feedsvc": _extension(article),
        }
    )


def _extension(article: Article) -> dict[str, Any]:
    """What JSON Feed has no names for, by the names that it is sent by."""
    said: dict[str, Any] = {
        "categories": [{"slug": one.slug, "name": one.name} for one in article.categories]
    }
    if article.correction:
        said["correction"] = article.correction
    if article.details != NO_DETAILS:
        record = record_of(article.details)
        said |= {_SENT_AS.get(name, name): value for name, value in record.items()}
    return said


def _tags(article: Article) -> list[str]:
    sections = (section.name for section in article.categories)
    return list(dict.fromkeys((*sections, *article.tags)))


def _author(author: Author) -> dict[str, Any]:
    return _said({"name": author.name, "url": author.url, "avatar": author.avatar})


def _attachment(attachment: Attachment) -> dict[str, Any]:
    return _said(
        {
            "url": attachment.url,
            "mime_type": attachment.mime_type,
            "title": attachment.title,
            "size_in_bytes": attachment.size_bytes,
            "duration_in_seconds": attachment.duration_seconds,
            "_feedsvc": _attachment_extension(attachment) or None,
        }
    )


def _attachment_extension(attachment: Attachment) -> dict[str, Any]:
    said = {name: value for name in _BESIDE if (value := getattr(attachment, name)) is not None}
    if attachment.episode != NO_EPISODE:
        said |= _said(_episode(attachment.episode))
    return said


def _episode(episode: Episode) -> dict[str, Any]:
    return {
        "season": episode.season,
        "episode": episode.number,
        "episode_type": episode.kind,
        "explicit": episode.is_explicit,
        "chapters": episode.chapters,
        "transcripts": list(map(record_of, episode.transcripts)) or None,
        "persons": list(map(record_of, episode.persons)) or None,
    }


def _said(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
