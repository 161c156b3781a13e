"""The values of one event made clean, with every fault and every repair at its field."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from feedsvc.articles import clean
from feedsvc.errors import Fault
from feedsvc.ingest.events import Origin
from feedsvc.settings import Settings

V = TypeVar("V")

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}")
_MAX_LANGUAGE_CHARS = 35  # the longest that RFC 5646, section 4.4.1, finds in use
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][\w!#$&^.+-]{0,60}/[A-Za-z0-9][\w!#$&^.+-]{0,60}", re.ASCII)


class Cleaning:
    """Cleans values, each at its pointer; what is wrong is collected, and read as nothing."""

    def __init__(self, origin: Origin, settings: Settings) -> None:
        self._origin = origin
        self._limits = settings
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []

    def fault(self, pointer: str, message: str) -> None:
        self.faults.append(Fault(pointer, message))

    def warn(self, pointer: str, repairs: Sequence[str]) -> None:
        self.warnings.extend(Fault(pointer, repair) for repair in repairs)

    def identity(self, pointer: str, value: str) -> str:
        """An id or guid, which is kept as it is: it is compared to the letter."""
        limit = self._limits.max_id_chars
        if len(value) > limit:
            self.fault(pointer, f"is over {limit} characters (FEEDSVC_MAX_ID_CHARS)")
        elif not value or clean.clean_text(value).value != value:
            self.fault(
                pointer,
                "must be text in NFC, without control characters, outer or repeated spaces",
            )
        return value

    def find_identity(self, pointer: str, value: str | None) -> str | None:
        return None if value is None else self.identity(pointer, value)

    def line(self, pointer: str, value: str) -> str:
        """A title, name or tag: one line of plain text, within the limit."""
        limit = self._limits.max_title_chars
        if len(value) > limit:
            self.fault(pointer, f"is over {limit} characters (FEEDSVC_MAX_TITLE_CHARS)")
            return ""
        return self._plain(pointer, value)

    def _plain(self, pointer: str, value: str) -> str:
        try:
            cleaned = clean.clean_title(value)
        except clean.UncleanError as error:
            self.fault(pointer, str(error))
            return ""
        self.warn(pointer, cleaned.repairs)
        return cleaned.value

    def required(self, pointer: str, value: str) -> str:
        """A line that must not be empty."""
        faults = len(self.faults)
        line = self.line(pointer, value)
        if not line and len(self.faults) == faults:
            self.fault(pointer, "is empty")
        return line

    def url(self, pointer: str, value: str | None, base_url: str | None = None) -> str | None:
        if value is None or (base_url is not None and not value.strip()):
            return None  # nothing is not an address relative to the article's
        try:
            cleaned = clean.clean_url(value, self._limits.max_url_chars, base_url)
        except clean.UncleanError as error:
            self.fault(pointer, str(error))
            return None
        self.warn(pointer, cleaned.repairs)
        return cleaned.value

    def media_type(self, pointer: str, value: str) -> str:
        if not _MEDIA_TYPE.fullmatch(value):
            self.fault(pointer, "is not a media type such as audio/mpeg")
        return value.lower()

    def time(self, pointer: str, value: str | None) -> datetime | None:
        if value is None:
            return None
        try:
            cleaned = clean.clean_time(value, self._origin.timezone)
        except clean.UncleanError as error:
            self.fault(pointer, str(error))
            return None
        self.warn(pointer, cleaned.repairs)
        return cleaned.value

    def prose(self, pointer: str, value: str | None) -> str:
        """A few sentences of plain text."""
        limit = self._limits.max_summary_chars
        if value is not None and len(value) > limit:
            self.fault(pointer, f"is over {limit} characters (FEEDSVC_MAX_SUMMARY_CHARS)")
            return ""
        return self._plain(pointer, value or "")

    def language(self, pointer: str, value: str | None) -> str | None:
        if value is not None and not (
            len(value) <= _MAX_LANGUAGE_CHARS and _LANGUAGE.fullmatch(value)
        ):
            self.fault(pointer, "is not a language tag (BCP 47) such as vi or en-GB")
        return value

    def within(self, pointer: str, values: Sequence[V]) -> Sequence[V]:
        """The values, if they are no more than a list may have."""
        return values if self.is_within(pointer, len(values)) else ()

    def is_within(self, pointer: str, count: int) -> bool:
        limit = self._limits.max_list_items
        if count > limit:
            self.fault(pointer, f"has more than {limit} items (FEEDSVC_MAX_LIST_ITEMS)")
        return count <= limit


def unique(values: Sequence[V], key: Callable[[V], str]) -> tuple[V, ...]:
    """The values in order, the first of each key."""
    first: dict[str, V] = {}
    for value in values:
        first.setdefault(key(value), value)
    return tuple(first.values())
