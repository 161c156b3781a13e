"""What makes an RSS feed a podcast: the elements of iTunes and of Podcasting 2.0. Pure.

Sources: Apple's "A Podcaster's Guide to RSS" (https://help.apple.com/itc/podcasts_connect/) and
https://podcastindex.org/namespace/1.0. feedgen's own extension writes `yes` where Apple asks for
`true`, and nothing of Podcasting 2.0.

A channel has its elements only where it is a podcast. An item has them in every feed, or it would
depend on its feed; readers of news pass over them.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from feedgen.ext.base import BaseExtension
from lxml.etree import SubElement

from feedsvc.articles.article import Article, Attachment
from feedsvc.articles.details import NO_EPISODE, Episode
from feedsvc.rendering.media import find_enclosure, find_image_type

ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
PODCAST = "https://podcastindex.org/namespace/1.0"
#: What `podcast:guid` is made in.
_GUIDS = UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")
#: JSON is the one format of chapters that the namespace names.
_CHAPTERS_TYPE = "application/json+chapters"
#: What Apple takes for a picture of an episode; an address need not tell.
_COVER_TYPES = ("image/jpeg", "image/png", None)
_ITUNES, _PODCAST = f"{{{ITUNES}}}", f"{{{PODCAST}}}"


@dataclass(frozen=True, slots=True)
class Podcast:
    """What a feed says of itself as a podcast."""

    author: str
    #: The address of its cover: square, 1,400 to 3,000 pixels wide, JPEG or PNG.
    image: str
    #: One of Apple's categories, such as `News`, and one below it.
    category: str
    subcategory: str | None = None
    is_explicit: bool = False
    #: `episodic`: the newest first; `serial`: from the first one on.
    kind: str = "episodic"
    owner_name: str | None = None
    owner_email: str | None = None
    #: Its name for ever, if it has one from another address already.
    guid: str | None = None
    funding_url: str | None = None
    funding_text: str = ""
    #: Whether other platforms may not import it.
    is_locked: bool = False
    medium: str = "podcast"


def make_podcast_guid(feed_url: str) -> str:
    """A podcast's name for ever: UUID version 5 of its address without scheme and last slashes."""
    return str(uuid5(_GUIDS, feed_url.partition("://")[2].rstrip("/")))


class PodcastChannel(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """The channel's side: what its `podcast` says; nothing where there is none."""

    def __init__(self) -> None:
        self.podcast: Podcast | None = None
        self.feed_url = ""

    def extend_ns(self) -> dict[str, str]:
        return {"itunes": ITUNES, "podcast": PODCAST}

    def extend_rss(self, feed: Any) -> Any:
        if self.podcast is not None:
            _write_channel(feed.find("channel"), self.podcast, self.feed_url)
        return feed


class PodcastItem(BaseExtension):  # type: ignore[misc]
    """An item's side: what its article says of the recording that is its enclosure."""

    def __init__(self) -> None:
        self.article: Article | None = None

    def extend_rss(self, item: Any) -> Any:
        if self.article is not None:
            _write_item(item, self.article)
        return item


def _write_channel(channel: Any, podcast: Podcast, feed_url: str) -> None:
    SubElement(channel, f"{_ITUNES}author").text = podcast.author
    if podcast.owner_email:
        owner = SubElement(channel, f"{_ITUNES}owner")
        SubElement(owner, f"{_ITUNES}name").text = podcast.owner_name or podcast.author
        SubElement(owner, f"{_ITUNES}email").text = podcast.owner_email
    SubElement(channel, f"{_ITUNES}image", href=podcast.image)
    category = SubElement(channel, f"{_ITUNES}category", text=podcast.category)
    if podcast.subcategory:
        SubElement(category, f"{_ITUNES}category", text=podcast.subcategory)
    SubElement(channel, f"{_ITUNES}explicit").text = _truth(is_so=podcast.is_explicit)
    SubElement(channel, f"{_ITUNES}type").text = podcast.kind
    SubElement(channel, f"{_PODCAST}guid").text = podcast.guid or make_podcast_guid(feed_url)
    locked = SubElement(channel, f"{_PODCAST}locked")
    locked.text = "yes" if podcast.is_locked else "no"
    if podcast.owner_email:
        locked.set("owner", podcast.owner_email)
    SubElement(channel, f"{_PODCAST}medium").text = podcast.medium
    if podcast.funding_url:
        funding = SubElement(channel, f"{_PODCAST}funding", url=podcast.funding_url)
        funding.text = podcast.funding_text or podcast.author


def _write_item(item: Any, article: Article) -> None:
    for author in article.authors:
        # With `atom:author` beside `dc:creator`, feedparser mixes one person up with the next;
        # a person of Podcasting 2.0 has an address too, and `author` for a role.
        if author.url or author.avatar:
            roles = {"group": "writing", "role": "author"}
            _write_person(item, author.name, author.url, author.avatar, roles)
    enclosure = find_enclosure(article)
    if enclosure is not None and enclosure.is_recording:
        _write_recording(item, article, enclosure)


def _write_recording(item: Any, article: Article, recording: Attachment) -> None:
    if recording.duration_seconds is not None:
        SubElement(item, f"{_ITUNES}duration").text = str(round(recording.duration_seconds))
    image = recording.thumbnail or article.image
    if image and find_image_type(image) in _COVER_TYPES:
        SubElement(item, f"{_ITUNES}image", href=image)
    if recording.episode != NO_EPISODE:
        _write_episode(item, recording.episode)


def _write_episode(item: Any, episode: Episode) -> None:
    if episode.is_explicit is not None:
        SubElement(item, f"{_ITUNES}explicit").text = _truth(is_so=episode.is_explicit)
    if episode.season is not None:
        SubElement(item, f"{_ITUNES}season").text = str(episode.season)
    if episode.number is not None:
        SubElement(item, f"{_ITUNES}episode").text = str(episode.number)
    if episode.kind:
        SubElement(item, f"{_ITUNES}episodeType").text = episode.kind
    for transcript in episode.transcripts:
        said = SubElement(
            item, f"{_PODCAST}transcript", url=transcript.url, type=transcript.mime_type
        )
        if transcript.language:
            said.set("language", transcript.language)
    if episode.chapters:
        SubElement(item, f"{_PODCAST}chapters", url=episode.chapters, type=_CHAPTERS_TYPE)
    for person in episode.persons:
        roles = {"role": person.role.lower()} if person.role else {}
        _write_person(item, person.name, person.url, person.image, roles)


def _write_person(
    item: Any, name: str, url: str | None, image: str | None, roles: dict[str, str]
) -> None:
    person = SubElement(item, f"{_PODCAST}person", roles)
    if url:
        person.set("href", url)
    if image:
        person.set("img", image)
    person.text = name


def _truth(*, is_so: bool) -> str:
    return "true" if is_so else "false"
