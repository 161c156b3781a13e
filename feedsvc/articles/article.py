"""Articles as values: what a source says (`Draft`) and what the store keeps (`Article`)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from uuid import NAMESPACE_URL, uuid5

from feedsvc.articles.details import NO_DETAILS, NO_EPISODE, Details, Episode


class Policy(StrEnum):
    """How much of an article feeds may show."""

    FULL = "full"
    SUMMARY = "summary"
    HEADLINE = "headline"

    def within(self, other: "Policy") -> "Policy":
        """What both allow: the less of the two."""
        order = list(Policy)
        return max(self, other, key=order.index)


@dataclass(frozen=True, slots=True)
class Author:
    name: str
    url: str | None = None
    #: The address of a picture.
    avatar: str | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """A section of the paper, as an entry shows it."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that belongs to an article (JSON Feed 1.1, `attachments`). Sizes are pixels."""

    url: str
    mime_type: str
    title: str | None = None
    size_bytes: int | None = None
    duration_seconds: float | None = None
    width: int | None = None
    height: int | None = None
    caption: str | None = None
    credit: str | None = None
    #: The address of a picture that stands for it.
    thumbnail: str | None = None
    episode: Episode = NO_EPISODE

    @property
    def is_recording(self) -> bool:
        return self.mime_type.startswith(("audio/", "video/"))


@dataclass(frozen=True, slots=True)
class Filing:
    """A category as a source names it; what it leaves unsaid stays as it is."""

    slug: str
    name: str | None = None
    #: Whether `name` renames a category that has another one, or only names a new one.
    renames: bool = False
    parent: "Filing | None" = None


@dataclass(frozen=True, slots=True)
class Order:
    """When an event happened, for telling an older one that comes late from a newer one."""

    #: When the article was modified, as far as the source says so, and never after it was sent.
    modified_at: datetime | None
    #: When the event itself happened: its envelope's time, or else when it was sent.
    occurred_at: datetime

    def is_before(self, ordered_at: datetime, occurred_at: datetime) -> bool:
        """Whether it is older than the event that left these two times in the store."""
        if self.modified_at is None:
            return self.occurred_at < occurred_at
        return (self.modified_at, self.occurred_at) < (ordered_at, occurred_at)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text in their order, with a space between (`search_text.split_words`)."""

    #: As they are compared: without case and accents.
    folded: str = ""
    #: As they were typed, but for the case.
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """An article as a source sent it, cleaned. All times are aware UTC."""

    external_id: str
    url: str
    title: str
    summary: str
    content_html: str
    language: str | None
    image: str | None
    authors: tuple[Author, ...]
    tags: tuple[str, ...]
    filings: tuple[Filing, ...]
    attachments: tuple[Attachment, ...]
    published_at: datetime
    #: When the source says that it was last modified, if it does.
    modified_at: datetime | None
    order: Order
    #: What readers know it by, if its source says so: a paper that moves keeps its articles read.
    guid: str | None = None
    #: Another id of the same article, by which its source may name it later.
    alias: str | None = None
    #: Whether its address was made of its id, and stays what it was where that turns out an alias.
    has_made_url: bool = False
    #: Whether it is no more than the mending of a slip: readers are not told that it was updated.
    is_minor: bool = False
    #: What the newsroom has to say of a mistake, with the word for it in front; empty if nothing.
    correction: str = ""
    content_policy: Policy = Policy.FULL
    #: When it leaves the feeds by itself, later than it is published.
    expires_at: datetime | None = None
    details: Details = NO_DETAILS
    #: What it will be found by, made before the transaction that saves it.
    words: Words = Words()


@dataclass(frozen=True, slots=True)
class Article:
    """An article as its entry shows it; everything a format needs, and nothing of the feed."""

    guid: str
    url: str
    title: str
    summary: str
    content_html: str
    language: str | None
    image: str | None
    authors: tuple[Author, ...]
    tags: tuple[str, ...]
    categories: tuple[Category, ...]
    attachments: tuple[Attachment, ...]
    published_at: datetime
    modified_at: datetime
    correction: str = ""
    content_policy: Policy = Policy.FULL
    details: Details = NO_DETAILS


@lru_cache(maxsize=10_000)
def make_guid(public_url: str, source_name: str, external_id: str) -> str:
    """A name for an article for ever: `urn:uuid:` with version 5 of RFC 9562.

    Made from the publisher's address and the article's identity alone, so that a database that is
    filled anew from the same sources gives readers the same articles, not new ones.
    """
    return uuid5(uuid5(NAMESPACE_URL, public_url), f"{source_name}/{external_id}").urn


def preview(draft: Draft, guid: str) -> Article:
    """The article that a draft would become, as far as its formats can tell before it is stored."""
    return Article(
        guid=guid,
        url=draft.url,
        title=draft.title,
        summary=draft.summary,
        content_html=draft.content_html,
        language=draft.language,
        image=draft.image,
        authors=draft.authors,
        tags=draft.tags,
        categories=tuple(
            Category(filing.slug, filing.name or filing.slug) for filing in draft.filings
        ),
        attachments=draft.attachments,
        published_at=draft.published_at,
        # As the source says, but not in the future (an order never is) nor before publication.
        modified_at=max(draft.order.modified_at or draft.published_at, draft.published_at),
        correction=draft.correction,
        content_policy=draft.content_policy,
        details=draft.details,
    )
