"""From an event on the wire to a clean draft, with every fault and every repair at its field."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from feedsvc.articles import clean
from feedsvc.articles.article import Attachment, Author, Draft, Filing, Order, Policy
from feedsvc.errors import EventError, Fault
from feedsvc.feeds.catalog import FEED_NAME, RESERVED_NAMES
from feedsvc.ingest.events import Origin, Save, Withdraw
from feedsvc.ingest.wire import (
    SaveEvent,
    WireAttachment,
    WireAuthor,
    WireCategory,
    WireItem,
    WithdrawEvent,
)
from feedsvc.settings import Settings

V = TypeVar("V")

_MAX_SLUG_CHARS = 100  # what the table's column holds
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}")
_MAX_LANGUAGE_CHARS = 35  # the longest that RFC 5646, section 4.4.1, finds in use
#: Faults or warnings of one event that are told; the rest is counted.
_TOLD = 50
#: The word for a correction, by language; English for those that are not here.
_CORRECTION = {
    "de": "Korrektur",
    "en": "Correction",
    "es": "Corrección",
    "fr": "Rectificatif",
    "id": "Ralat",
    "pt": "Correção",
    "vi": "Đính chính",
}
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][\w!#$&^.+-]{0,60}/[A-Za-z0-9][\w!#$&^.+-]{0,60}", re.ASCII)


class Drafting:
    """Cleans one event's values, collecting faults and warnings by their field."""

    def __init__(self, origin: Origin, settings: Settings) -> None:
        self._origin = origin
        self._limits = settings
        self._faults: list[Fault] = []
        self._warnings: list[Fault] = []

    def save(self, event: SaveEvent) -> Save:
        item = event.data
        external_id = self._id(item.id)
        url = self._url("/data/url", item.url) or ""
        published_at = self._published_at(item)
        modified_at = self._time("/data/date_modified", item.date_modified)
        occurred_at = self._time("/timestamp", event.timestamp)
        content = self._content(item, url)
        draft = Draft(
            external_id=external_id,
            url=url,
            title=self._required("/data/title", item.title),
            summary=self._summary(item.summary, content),
            content_html=content,
            language=self._language(item.language),
            image=self._url("/data/image", item.image, url),
            authors=self._authors(item.authors or (), url),
            tags=self._tags(item.tags or ()),
            filings=self._filings(item.categories or ()),
            attachments=self._attachments(item.attachments or (), url),
            published_at=published_at,
            modified_at=modified_at,
            order=self._order(modified_at, occurred_at),
            guid=self._guid("/data/guid", item.guid),
            alias=self._guid("/data/alias", item.alias),
            has_made_url=bool(item.has_made_url),
            is_minor=bool(item.minor),
            correction=self._correction(item),
            content_policy=Policy(item.content_policy or Policy.FULL),
            expires_at=self._expires_at(item, published_at),
        )
        self._refuse_faults()
        return Save(draft, told(self._warnings))

    def withdraw(self, event: WithdrawEvent) -> Withdraw:
        external_id = self._id(event.data.id)
        modified_at = self._time("/data/date_modified", event.data.date_modified)
        order = self._order(modified_at, self._time("/timestamp", event.timestamp))
        guid = self._guid("/data/guid", event.data.guid)
        alias = self._guid("/data/alias", event.data.alias)
        self._refuse_faults()
        return Withdraw(external_id, order, told(self._warnings), guid, alias)

    def _published_at(self, item: WireItem) -> datetime:
        """When readers may first see it: an embargo puts it off."""
        published_at = self._time("/data/date_published", item.date_published)
        embargo_until = self._time("/data/embargo_until", item.embargo_until)
        said = [at for at in (published_at, embargo_until) if at is not None]
        return max(said, default=self._origin.sent_at)

    def _expires_at(self, item: WireItem, published_at: datetime) -> datetime | None:
        expires_at = self._time("/data/expires_at", item.expires_at)
        if expires_at is not None and expires_at <= published_at:
            self._fault("/data/expires_at", "is not after the article is published")
        return expires_at

    def _correction(self, item: WireItem) -> str:
        """What is said of a mistake, with the word for it in front, in the article's language."""
        said = self._prose("/data/correction", item.correction)
        language = (item.language or self._limits.language).partition("-")[0].lower()
        word = _CORRECTION.get(language, _CORRECTION["en"])
        if not said or said.casefold().startswith(word.casefold()):
            return said
        return f"{word}: {said}"

    def _refuse_faults(self) -> None:
        if self._faults:
            raise EventError(told(self._faults))

    def _fault(self, pointer: str, message: str) -> None:
        self._faults.append(Fault(pointer, message))

    def _warn(self, pointer: str, repairs: Sequence[str]) -> None:
        self._warnings.extend(Fault(pointer, repair) for repair in repairs)

    def _order(self, modified_at: datetime | None, occurred_at: datetime | None) -> Order:
        """When the event happened, never after its message was sent.

        A later time is a wrong clock, or a date set for a later publication; taken at its word it
        would make every correction until then stale.
        """
        sent_at = self._origin.sent_at
        return Order(
            None if modified_at is None else min(modified_at, sent_at),
            min(occurred_at or sent_at, sent_at),
        )

    def _id(self, value: str, pointer: str = "/data/id") -> str:
        limit = self._limits.max_id_chars
        if len(value) > limit:
            self._fault(pointer, f"is over {limit} characters (FEEDSVC_MAX_ID_CHARS)")
        elif not value or clean.clean_text(value).value != value:
            self._fault(
                pointer,
                "must be text in NFC, without control characters, outer or repeated spaces",
            )
        return value

    def _guid(self, pointer: str, value: str | None) -> str | None:
        """Kept as it is: it is compared to the letter."""
        return None if value is None else self._id(value, pointer)

    def _line(self, pointer: str, value: str) -> str:
        """A title, name or tag: one line of plain text, within the limit."""
        limit = self._limits.max_title_chars
        if len(value) > limit:
            self._fault(pointer, f"is over {limit} characters (FEEDSVC_MAX_TITLE_CHARS)")
            return ""
        return self._plain(pointer, value)

    def _plain(self, pointer: str, value: str) -> str:
        try:
            cleaned = clean.clean_title(value)
        except clean.UncleanError as error:
            self._fault(pointer, str(error))
            return ""
        self._warn(pointer, cleaned.repairs)
        return cleaned.value

    def _required(self, pointer: str, value: str) -> str:
        faults = len(self._faults)
        line = self._line(pointer, value)
        if not line and len(self._faults) == faults:
            self._fault(pointer, "is empty")
        return line

    def _url(self, pointer: str, value: str | None, base_url: str | None = None) -> str | None:
        if value is None or (base_url is not None and not value.strip()):
            return None  # nothing is not an address relative to the article's
        try:
            cleaned = clean.clean_url(value, self._limits.max_url_chars, base_url)
        except clean.UncleanError as error:
            self._fault(pointer, str(error))
            return None
        self._warn(pointer, cleaned.repairs)
        return cleaned.value

    def _time(self, pointer: str, value: str | None) -> datetime | None:
        if value is None:
            return None
        try:
            cleaned = clean.clean_time(value, self._origin.timezone)
        except clean.UncleanError as error:
            self._fault(pointer, str(error))
            return None
        self._warn(pointer, cleaned.repairs)
        return cleaned.value

    def _content(self, item: WireItem, url: str) -> str:
        pointer = "/data/content_html"
        markup = item.content_html
        if markup is None:
            pointer = "/data/content_text"
            markup = clean.html_from_text(item.content_text or "")
        limit = self._limits.max_content_chars
        if len(markup) > limit:
            self._fault(pointer, f"is over {limit:,} characters (FEEDSVC_MAX_CONTENT_CHARS)")
            return ""
        try:
            cleaned = clean.clean_html(markup, url, self._origin.budget)
        except clean.UncleanError as error:
            self._fault(pointer, str(error))
            return ""
        self._warn(pointer, cleaned.repairs)
        return cleaned.value

    def _summary(self, value: str | None, content: str) -> str:
        said = self._prose("/data/summary", value)
        return said or clean.summarise(content, self._limits.summary_chars)

    def _prose(self, pointer: str, value: str | None) -> str:
        """A few sentences of plain text."""
        limit = self._limits.max_summary_chars
        if value is not None and len(value) > limit:
            self._fault(pointer, f"is over {limit} characters (FEEDSVC_MAX_SUMMARY_CHARS)")
            return ""
        return self._plain(pointer, value or "")

    def _language(self, value: str | None) -> str | None:
        if value is not None and not (
            len(value) <= _MAX_LANGUAGE_CHARS and _LANGUAGE.fullmatch(value)
        ):
            self._fault("/data/language", "is not a language tag (BCP 47) such as vi or en-GB")
        return value

    def _within(self, pointer: str, values: Sequence[V]) -> Sequence[V]:
        limit = self._limits.max_list_items
        if len(values) > limit:
            self._fault(pointer, f"has more than {limit} items (FEEDSVC_MAX_LIST_ITEMS)")
            return ()
        return values

    def _authors(self, values: Sequence[WireAuthor], base_url: str) -> tuple[Author, ...]:
        authors = []
        for index, value in enumerate(self._within("/data/authors", values)):
            pointer = f"/data/authors/{index}"
            name = self._line(f"{pointer}/name", value.name or "")
            if name:
                authors.append(Author(name, self._url(f"{pointer}/url", value.url, base_url)))
            else:
                self._warn(pointer, ["an author without a name was left out"])
        return _unique(authors, lambda author: author.name)

    def _tags(self, values: Sequence[str]) -> tuple[str, ...]:
        within = self._within("/data/tags", values)
        tags = [self._line(f"/data/tags/{index}", value) for index, value in enumerate(within)]
        return _unique([tag for tag in tags if tag], str.casefold)

    def _attachments(
        self, values: Sequence[WireAttachment], base_url: str
    ) -> tuple[Attachment, ...]:
        attachments = []
        for index, value in enumerate(self._within("/data/attachments", values)):
            pointer = f"/data/attachments/{index}"
            url = self._url(f"{pointer}/url", value.url, base_url)
            if not _MEDIA_TYPE.fullmatch(value.mime_type):
                self._fault(f"{pointer}/mime_type", "is not a media type such as audio/mpeg")
            title = self._line(f"{pointer}/title", value.title or "") or None
            if url is not None:
                attachments.append(
                    Attachment(
                        url,
                        value.mime_type.lower(),
                        title,
                        value.size_in_bytes,
                        value.duration_in_seconds,
                    )
                )
        return _unique(attachments, lambda attachment: attachment.url)

    def _filings(self, values: Sequence[WireCategory]) -> tuple[Filing, ...]:
        within = self._within("/data/categories", values)
        filings = [
            self._filing(f"/data/categories/{index}", value) for index, value in enumerate(within)
        ]
        return _unique(filings, lambda filing: filing.slug)

    def _filing(self, pointer: str, value: WireCategory) -> Filing:
        parent = None if value.parent is None else self._filing(f"{pointer}/parent", value.parent)
        if value.bare is not None:
            name = self._required(pointer, value.bare)
            slug = self._slug(pointer, name)
            # "tin-tuc" names a category by its slug and says nothing of its name.
            return Filing(slug, None if name == slug else name, renames=False, parent=parent)
        name = self._line(f"{pointer}/name", value.name or "")
        if value.slug is None:
            if not name:
                self._fault(pointer, "needs a slug or a name")
                return Filing("")
            return Filing(self._slug(f"{pointer}/name", name), name, renames=True, parent=parent)
        if not FEED_NAME.fullmatch(value.slug) or len(value.slug) > _MAX_SLUG_CHARS:
            self._fault(
                f"{pointer}/slug",
                "must be lower-case ASCII letters, digits and single hyphens, "
                f"{_MAX_SLUG_CHARS} at the most",
            )
        self._refuse_reserved(f"{pointer}/slug", value.slug)
        return Filing(value.slug, name or None, renames=True, parent=parent)

    def _slug(self, pointer: str, name: str) -> str:
        slug = clean.make_slug(name, _MAX_SLUG_CHARS)
        if name and not slug:
            self._fault(pointer, "has no letter or digit that a slug could be made of; send a slug")
        self._refuse_reserved(pointer, slug)
        return slug

    def _refuse_reserved(self, pointer: str, slug: str) -> None:
        if slug in RESERVED_NAMES:
            self._fault(pointer, f"“{slug}” is reserved: it is the name of another feed")


def told(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Those that are told: an answer must not grow with what was wrong in the message."""
    if len(faults) <= _TOLD:
        return tuple(faults)
    return (*faults[:_TOLD], Fault("", f"and {len(faults) - _TOLD:,} more"))


def _unique(values: Sequence[V], key: Callable[[V], str]) -> tuple[V, ...]:
    """The values in order, the first of each key."""
    first: dict[str, V] = {}
    for value in values:
        first.setdefault(key(value), value)
    return tuple(first.values())
