"""From a verified message to candidates: events that were read and render, or why they do not.

All of it comes before the transaction, and asks no database.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from feedsvc.articles.article import make_guid, preview
from feedsvc.articles.markup import Budget
from feedsvc.errors import (
    ContentTypeError,
    EventError,
    Fault,
    FeedsvcError,
    MessageError,
)
from feedsvc.ingest.dialects import DIALECTS, native
from feedsvc.ingest.dialects.translation import Item, Options
from feedsvc.ingest.drafting import told
from feedsvc.ingest.events import Event, Origin, Save
from feedsvc.ingest.parsing import parse_body
from feedsvc.ingest.sources import Source
from feedsvc.rendering.document import find_unrenderable
from feedsvc.settings import Settings

#: No text, and strict readers of the answer would refuse it in their turn.
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
JSON = "application/json"
#: One event, or one item of the source's dialect, in each line.
NDJSON = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A verified message as it came, or a part of one that has a line for each event."""

    source: Source
    message_id: str
    sent_at: datetime
    content_type: str
    body: bytes
    #: Whether the sender made the id, and makes a new one when it has mended the message.
    has_own_id: bool = True
    #: What it was verified with, and in or below which categories that may file articles.
    key_id: int | None = None
    scope: frozenset[str] | None = None
    #: How many lines of the message come before this part.
    lines_before: int = 0

    @property
    def media_type(self) -> str:
        return parse_media_type(self.content_type)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An event that was read, or the faults for which it was not; pointers begin at the message."""

    pointer: str
    external_id: str | None
    event: Event | None
    faults: tuple[Fault, ...]
    #: Where the item has what is at fault in the native event.
    place: Callable[[Fault], Fault]
    #: Its line, in a message that has a line for each event.
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message can't be read at all."""

    error: FeedsvcError
    faults: Sequence[Fault]


def parse_media_type(content_type: str) -> str:
    """`application/json`, of a Content-Type header."""
    return content_type.partition(";")[0].strip().lower()


def read_candidates(delivery: Delivery, settings: Settings) -> list[Candidate] | Refusal:
    """The events of a message, in their order."""
    try:
        numbered = list(_list_items(delivery, settings))
    except EventError as error:
        return Refusal(error, error.faults)
    except MessageError as error:
        return Refusal(error, [Fault("", str(error))])
    except ContentTypeError as error:
        return Refusal(error, [])
    budget = Budget(settings.max_html_tags)
    source = delivery.source
    origin = Origin(source.name, source.timezone, delivery.sent_at, budget)
    read = [_read(line, item, source, origin, settings) for line, item in numbered]
    return _rendered_on_trial(read, source, settings)


def guid_of(event: Event, source_name: str, settings: Settings) -> str:
    """What readers are to know the article by, if it is new."""
    return event.guid or make_guid(settings.public_url, source_name, event.external_id)


def _list_items(
    delivery: Delivery, settings: Settings
) -> Iterator[tuple[int | None, Item | Candidate]]:
    """The articles of a message, as its dialect finds them, each with its line if it has one."""
    list_items = DIALECTS[delivery.source.dialect].list_items or native.list_items
    media_type = delivery.media_type
    if media_type == NDJSON:
        for line, text in enumerate(delivery.body.split(b"\n"), delivery.lines_before + 1):
            if text.strip():
                yield from _list_line(line, text, list_items, settings)
        return
    if media_type != JSON and not media_type.endswith("+json"):
        raise ContentTypeError(delivery.content_type)
    items = list_items(parse_body(delivery.body, settings.max_json_depth, settings.max_json_values))
    if len(items) > settings.max_events:
        pointer = items[0].pointer.rpartition("/")[0]
        limit = f"has more than {settings.max_events} events (FEEDSVC_MAX_EVENTS)"
        raise EventError([Fault(pointer, limit)])
    yield from ((None, item) for item in items)


def _list_line(
    line: int, text: bytes, list_items: Callable[[Any], Sequence[Item]], settings: Settings
) -> Iterator[tuple[int | None, Item | Candidate]]:
    """What a line holds; one that can't be read does not stop the others."""
    try:
        items = list_items(
            parse_body(text, settings.max_json_depth, settings.max_json_values, "line")
        )
    except (EventError, MessageError) as error:
        faults = error.faults if isinstance(error, EventError) else (Fault("", str(error)),)
        yield line, _faulty("", None, faults, line)
        return
    yield from ((line, item) for item in items)


def _faulty(
    pointer: str, external_id: str | None, faults: Sequence[Fault], line: int | None
) -> Candidate:
    return Candidate(pointer, external_id, None, tuple(faults), _as_it_is, line)


def _read(
    line: int | None,
    item: Item | Candidate,
    source: Source,
    origin: Origin,
    settings: Settings,
) -> Candidate:
    if isinstance(item, Candidate):
        return item
    translate = DIALECTS[source.dialect].translate
    said_id = _said_id(item.value, settings.max_id_chars) if translate is None else None
    place: Callable[[Fault], Fault] = _as_it_is
    warnings: tuple[Fault, ...] = ()
    try:
        event: Any = item.value
        if translate is not None:
            translation = translate(item.value, Options(source.url_template))
            place, warnings, event = translation.place, translation.warnings, translation.event
            said_id = _said_id(event, settings.max_id_chars)
    except EventError as error:  # told by the dialect, at the item's own fields
        return _faulty(item.pointer, said_id, error.faults, line)
    try:
        read = native.read_event(event, origin, settings)
    except EventError as error:
        # Two native fields may have been one of the sender's.
        faults = tuple(dict.fromkeys(map(place, error.faults)))
        return _faulty(item.pointer, said_id, faults, line)
    all_told = told((*warnings, *map(place, read.warnings)))
    return Candidate(item.pointer, said_id, replace(read, warnings=all_told), (), place, line)


def _rendered_on_trial(
    candidates: list[Candidate], source: Source, settings: Settings
) -> list[Candidate]:
    """The candidates, without the events that can't be written in every format.

    Together, since that costs half of what it does one by one.
    """
    articles = {
        index: preview(one.event.draft, guid_of(one.event, source.name, settings))
        for index, one in enumerate(candidates)
        if isinstance(one.event, Save)
    }
    for index, error in find_unrenderable(articles).items():
        one = candidates[index]
        fault = one.place(Fault(error.pointer, str(error)))
        candidates[index] = _faulty(one.pointer, one.external_id, (fault,), one.line)
    return candidates


def _said_id(value: Any, limit_chars: int) -> str | None:
    """The id of an event that may be broken, for the sender to know it by: text, if it was none."""
    data = value.get("data") if isinstance(value, Mapping) else None
    said = data.get("id") if isinstance(data, Mapping) else None
    if not isinstance(said, str):
        return None
    return _LONE_SURROGATE.sub("\ufffd", said[:limit_chars])


def _as_it_is(fault: Fault) -> Fault:
    """A native event's pointers are those of what was sent."""
    return fault
