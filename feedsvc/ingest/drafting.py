"""From an event on the wire to a clean draft, with every fault and every repair at its field."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from feedsvc.articles import clean
from feedsvc.articles.article import Draft, Filing, Order, Policy
from feedsvc.articles.search_text import words_of
from feedsvc.errors import EventError, Fault
from feedsvc.feeds.catalog import FEED_NAME, RESERVED_NAMES
from feedsvc.ingest.cleaning import Cleaning, unique
from feedsvc.ingest.details import draft_attachments, draft_authors, draft_details
from feedsvc.ingest.events import Origin, Save, Withdraw
from feedsvc.ingest.wire import SaveEvent, WireCategory, WireItem, WithdrawEvent
from feedsvc.settings import Settings

_MAX_SLUG_CHARS = 100  # what the table's column holds
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


class Drafting:
    """Cleans one event's values, collecting faults and warnings by their field."""

    def __init__(self, origin: Origin, settings: Settings) -> None:
        self._origin = origin
        self._limits = settings
        self._clean = Cleaning(origin, settings)

    def save(self, event: SaveEvent) -> Save:
        item = event.data
        external_id = self._clean.identity("/data/id", item.id)
        url = self._clean.url("/data/url", item.url) or ""
        published_at = self._published_at(item)
        modified_at = self._clean.time("/data/date_modified", item.date_modified)
        occurred_at = self._clean.time("/timestamp", event.timestamp)
        content = self._content(item, url)
        image = self._clean.url("/data/image", item.image, url)
        draft = Draft(
            external_id=external_id,
            url=url,
            title=self._clean.required("/data/title", item.title),
            summary=self._summary(item.summary, content),
            content_html=content,
            language=self._clean.language("/data/language", item.language),
            image=image,
            authors=draft_authors(self._clean, item.authors or (), url),
            tags=self._tags(item.tags or ()),
            filings=self._filings(item.categories or ()),
            attachments=draft_attachments(self._clean, item.attachments or (), url),
            published_at=published_at,
            modified_at=modified_at,
            order=self._order(modified_at, occurred_at),
            guid=self._clean.find_identity("/data/guid", item.guid),
            alias=self._clean.find_identity("/data/alias", item.alias),
            has_made_url=bool(item.has_made_url),
            is_minor=bool(item.minor),
            correction=self._correction(item),
            content_policy=Policy(item.content_policy or Policy.FULL),
            expires_at=self._expires_at(item, published_at),
            details=draft_details(self._clean, item, image, url),
        )
        self._refuse_faults()
        return Save(replace(draft, words=words_of(draft)), told(self._clean.warnings))

    def withdraw(self, event: WithdrawEvent) -> Withdraw:
        external_id = self._clean.identity("/data/id", event.data.id)
        modified_at = self._clean.time("/data/date_modified", event.data.date_modified)
        order = self._order(modified_at, self._clean.time("/timestamp", event.timestamp))
        guid = self._clean.find_identity("/data/guid", event.data.guid)
        alias = self._clean.find_identity("/data/alias", event.data.alias)
        self._refuse_faults()
        return Withdraw(external_id, order, told(self._clean.warnings), guid, alias)

    def _published_at(self, item: WireItem) -> datetime:
        """When readers may first see it: an embargo puts it off."""
        published_at = self._clean.time("/data/date_published", item.date_published)
        embargo_until = self._clean.time("/data/embargo_until", item.embargo_until)
        said = [at for at in (published_at, embargo_until) if at is not None]
        return max(said, default=self._origin.sent_at)

    def _expires_at(self, item: WireItem, published_at: datetime) -> datetime | None:
        expires_at = self._clean.time("/data/expires_at", item.expires_at)
        if expires_at is not None and expires_at <= published_at:
            self._clean.fault("/data/expires_at", "is not after the article is published")
        return expires_at

    def _correction(self, item: WireItem) -> str:
        """What is said of a mistake, with the word for it in front, in the article's language."""
        said = self._clean.prose("/data/correction", item.correction)
        language = (item.language or self._limits.language).partition("-")[0].lower()
        word = _CORRECTION.get(language, _CORRECTION["en"])
        if not said or said.casefold().startswith(word.casefold()):
            return said
        return f"{word}: {said}"

    def _refuse_faults(self) -> None:
        if self._clean.faults:
            raise EventError(told(self._clean.faults))

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

    def _content(self, item: WireItem, url: str) -> str:
        pointer = "/data/content_html"
        markup = item.content_html
        if markup is None:
            pointer = "/data/content_text"
            markup = clean.html_from_text(item.content_text or "")
        limit = self._limits.max_content_chars
        if len(markup) > limit:
            self._clean.fault(pointer, f"is over {limit:,} characters (FEEDSVC_MAX_CONTENT_CHARS)")
            return ""
        try:
            cleaned = clean.clean_html(markup, url, self._origin.budget)
        except clean.UncleanError as error:
            self._clean.fault(pointer, str(error))
            return ""
        self._clean.warn(pointer, cleaned.repairs)
        return cleaned.value

    def _summary(self, value: str | None, content: str) -> str:
        said = self._clean.prose("/data/summary", value)
        return said or clean.summarise(content, self._limits.summary_chars)

    def _tags(self, values: Sequence[str]) -> tuple[str, ...]:
        within = self._clean.within("/data/tags", values)
        tags = [
            self._clean.line(f"/data/tags/{index}", value) for index, value in enumerate(within)
        ]
        return unique([tag for tag in tags if tag], str.casefold)

    def _filings(self, values: Sequence[WireCategory]) -> tuple[Filing, ...]:
        within = self._clean.within("/data/categories", values)
        filings = [
            self._filing(f"/data/categories/{index}", value) for index, value in enumerate(within)
        ]
        return unique(filings, lambda filing: filing.slug)

    def _filing(self, pointer: str, value: WireCategory) -> Filing:
        parent = None if value.parent is None else self._filing(f"{pointer}/parent", value.parent)
        if value.bare is not None:
            name = self._clean.required(pointer, value.bare)
            slug = self._slug(pointer, name)
            # "tin-tuc" names a category by its slug and says nothing of its name.
            return Filing(slug, None if name == slug else name, renames=False, parent=parent)
        name = self._clean.line(f"{pointer}/name", value.name or "")
        if value.slug is None:
            if not name:
                self._clean.fault(pointer, "needs a slug or a name")
                return Filing("")
            return Filing(self._slug(f"{pointer}/name", name), name, renames=True, parent=parent)
        if not FEED_NAME.fullmatch(value.slug) or len(value.slug) > _MAX_SLUG_CHARS:
            self._clean.fault(
                f"{pointer}/slug",
                "must be lower-case ASCII letters, digits and single hyphens, "
                f"{_MAX_SLUG_CHARS} at the most",
            )
        self._refuse_reserved(f"{pointer}/slug", value.slug)
        return Filing(value.slug, name or None, renames=True, parent=parent)

    def _slug(self, pointer: str, name: str) -> str:
        slug = clean.make_slug(name, _MAX_SLUG_CHARS)
        if name and not slug:
            self._clean.fault(
                pointer, "has no letter or digit that a slug could be made of; send a slug"
            )
        self._refuse_reserved(pointer, slug)
        return slug

    def _refuse_reserved(self, pointer: str, slug: str) -> None:
        if slug in RESERVED_NAMES:
            self._clean.fault(pointer, f"“{slug}” is reserved: it is the name of another feed")


def told(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Those that are told: an answer must not grow with what was wrong in the message."""
    if len(faults) <= _TOLD:
        return tuple(faults)
    return (*faults[:_TOLD], Fault("", f"and {len(faults) - _TOLD:,} more"))
