"""JSON Feed 1.1: items as fragments, and the document around them. Pure.

Source: https://www.jsonfeed.org/version/1.1/.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from feedsvc.articles.article import Article, Attachment
from feedsvc.rendering.depth import shown

_VERSION = "https://jsonfeed.org/version/1.1"


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
            "authors": [_said({"name": a.name, "url": a.url}) for a in article.authors] or None,
            "tags": _tags(article) or None,
            "language": article.language,
            "attachments": [_attachment(a) for a in article.attachments] or None,
            # An extension: readers pass over names with an underscore.
            "_feedsvc": _said(
                {
                    "categories": [
                        {"slug": section.slug, "name": section.name}
                        for section in article.categories
                    ],
                    "correction": article.correction or None,
                }
            ),
        }
    )


def _tags(article: Article) -> list[str]:
    sections = (section.name for section in article.categories)
    return list(dict.fromkeys((*sections, *article.tags)))


def _attachment(attachment: Attachment) -> dict[str, Any]:
    return _said(
        {
            "url": attachment.url,
            "mime_type": attachment.mime_type,
            "title": attachment.title,
            "size_in_bytes": attachment.size_bytes,
            "duration_in_seconds": attachment.duration_seconds,
        }
    )


def _said(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
