"""An article's picture and files as Media RSS 1.5.1, in RSS and Atom alike. Pure.

Source: https://www.rssboard.org/media-rss. feedgen's own extension writes no captions and credits.
"""

from typing import Any
from urllib.parse import urlsplit

from lxml.etree import SubElement

from feedsvc.articles.article import Article, Attachment

NAMESPACE = "http://search.yahoo.com/mrss/"
_CONTENT = f"{{{NAMESPACE}}}content"
_CREDIT = f"{{{NAMESPACE}}}credit"
_DESCRIPTION = f"{{{NAMESPACE}}}description"
_THUMBNAIL = f"{{{NAMESPACE}}}thumbnail"
_TITLE = f"{{{NAMESPACE}}}title"

#: Fixed here, not asked of the machine, whose tables differ from one to the next.
_IMAGE_TYPES = {
    "avif": "image/avif",
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "svg": "image/svg+xml",
    "webp": "image/webp",
}
_MEDIUMS = {"image": "image", "audio": "audio", "video": "video", "text": "document"}
_DOCUMENTS = (
    "application/pdf",
    "application/msword",
    "application/vnd.openxmlformats-officedocument",
)


def find_enclosure(article: Article) -> Attachment | None:
    """The one attachment that RSS has room for: the first recording, or else the first."""
    if not article.attachments:
        return None
    return min(article.attachments, key=lambda one: not one.is_recording)


def write_media(entry: Any, article: Article) -> None:
    """The picture and every attachment, with what is said of each, inside it."""
    if article.image:
        _write_picture(entry, article)
    for attachment in article.attachments:
        _write_attachment(entry, attachment)
    if article.image:
        thumbnail = SubElement(entry, _THUMBNAIL, url=article.image)
        picture = article.details.picture
        if picture is not None:
            _write_size(thumbnail, picture.width, picture.height)


def find_image_type(url: str) -> str | None:
    """By the suffix of its path; none where it does not tell."""
    return _IMAGE_TYPES.get(urlsplit(url).path.rpartition(".")[2].lower())


def _write_picture(entry: Any, article: Article) -> None:
    url = article.image or ""
    content = SubElement(entry, _CONTENT, url=url)
    mime_type = find_image_type(url)
    if mime_type is not None:
        content.set("type", mime_type)
    content.set("medium", "image")
    picture = article.details.picture
    if picture is not None:
        _write_size(content, picture.width, picture.height)
        # Media RSS has no word for an alternative text: the short text that stands for an object
        # is its title.
        _write_texts(content, picture.alt, picture.caption, picture.credit)


def _write_attachment(entry: Any, attachment: Attachment) -> None:
    content = SubElement(entry, _CONTENT, url=attachment.url)
    if attachment.size_bytes is not None:
        content.set("fileSize", str(attachment.size_bytes))
    content.set("type", attachment.mime_type)
    medium = _medium(attachment.mime_type)
    if medium is not None:
        content.set("medium", medium)
    if attachment.duration_seconds is not None:
        content.set("duration", str(round(attachment.duration_seconds)))
    _write_size(content, attachment.width, attachment.height)
    _write_texts(content, attachment.title, attachment.caption, attachment.credit)
    if attachment.thumbnail:
        SubElement(content, _THUMBNAIL, url=attachment.thumbnail)


def _medium(mime_type: str) -> str | None:
    if mime_type.startswith(_DOCUMENTS):
        return "document"
    return _MEDIUMS.get(mime_type.partition("/")[0])


def _write_size(element: Any, width: int | None, height: int | None) -> None:
    if height is not None:
        element.set("height", str(height))
    if width is not None:
        element.set("width", str(width))


def _write_texts(
    content: Any, title: str | None, description: str | None, credit: str | None
) -> None:
    if title:
        SubElement(content, _TITLE, type="plain").text = title
    if description:
        SubElement(content, _DESCRIPTION, type="plain").text = description
    if credit:
        SubElement(content, _CREDIT).text = credit
