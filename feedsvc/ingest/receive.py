"""What is done with a verified message: read, render on trial, save in one transaction, answer.

All that takes time comes before the transaction. In it, the articles, the categories they are
filed in, the inbox row and the change numbers are committed together, or none of them.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from feedsvc.articles import store
from feedsvc.articles.article import make_guid, preview
from feedsvc.articles.categories import Limits, Tree
from feedsvc.articles.markup import Budget
from feedsvc.db import Changes, Database
from feedsvc.errors import (
    CategoryError,
    ContentTypeError,
    EventError,
    Fault,
    FeedsvcError,
    GuidError,
    InboxError,
    MessageError,
    RenderingError,
)
from feedsvc.ingest import inbox
from feedsvc.ingest.dialects import DIALECTS, native
from feedsvc.ingest.dialects.translation import Item, Options
from feedsvc.ingest.events import Event, Origin, Save
from feedsvc.ingest.inbox import REJECTED, Answer
from feedsvc.ingest.parsing import parse_body
from feedsvc.ingest.sources import Source, find_source
from feedsvc.problems import problem_body
from feedsvc.rendering.document import check_renders
from feedsvc.settings import Settings

log = logging.getLogger(__name__)

_JSON = "application/json"
_ACCEPTED = 200
_UNREADABLE = 400
_WRONG_TYPE = 415
_UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True)
class Delivery:
    """A verified message as it came."""

    source: Source
    message_id: str
    sent_at: datetime
    content_type: str
    body: bytes
    #: Whether the sender made the id, and makes a new one when it has mended the message.
    has_own_id: bool = True


def as_it_is(fault: Fault) -> Fault:
    """A native event's pointers are those of what was sent."""
    return fault


class _RehearsedError(Exception):
    """Takes the transaction back, with the answer that it would have come to."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Candidate:
    """An event that was read, or the faults for which it was not; pointers begin at the message."""

    pointer: str
    external_id: str | None
    event: Event | None
    faults: tuple[Fault, ...] = ()
    #: Where the item has what is at fault in the native event.
    place: Callable[[Fault], Fault] = as_it_is


@dataclass(frozen=True, slots=True)
class Writing:
    """What saving the events of one message needs."""

    source: Source
    shelf: store.Shelf
    settings: Settings


def receive(database: Database, delivery: Delivery, settings: Settings) -> Answer:
    """Do what a message says, once, however often it comes.

    Raises:
        DatabaseUnavailableError: nothing was done or kept; the sender should try again.
    """
    with database.read():
        earlier = _find_earlier(delivery)
    if earlier is not None:
        log.info("source=%s message=%s again", delivery.source.name, delivery.message_id)
        return earlier
    return _carry_out(database, delivery, settings, datetime.now(UTC), _find_earlier)


def rehearse(database: Database, delivery: Delivery, settings: Settings) -> Answer:
    """The answer that a message would get, of which nothing is done or kept.

    Raises:
        DatabaseUnavailableError
    """
    candidates, refusal = _read(delivery, settings)

    def take_back(changes: Changes) -> Answer:
        raise _RehearsedError(refusal or _apply(candidates, delivery, changes, settings))

    try:
        return database.publish(take_back)
    except _RehearsedError as rehearsed:
        return rehearsed.answer


def replay(database: Database, number: int, settings: Settings) -> Answer:
    """Do what a kept message says once more, as today's code and settings have it.

    It counts as sent when it came: what has been said since then is not undone.

    Raises:
        InboxError: there is no such message.
    """
    kept, body = inbox.get_kept(database, number)
    with database.read():
        found = find_source(kept.source_name)
    if found is None:
        raise InboxError(f"The source {kept.source_name} of the message is gone.")
    delivery = Delivery(found[0], kept.message_id, kept.received_at, _JSON, body)
    return _carry_out(database, delivery, settings, kept.received_at, lambda _: None)


def _carry_out(
    database: Database,
    delivery: Delivery,
    settings: Settings,
    received_at: datetime,
    find_earlier: Callable[[Delivery], Answer | None],
) -> Answer:
    started = time.perf_counter()
    source = delivery.source
    candidates, refusal = _read(delivery, settings)

    def commit(changes: Changes) -> Answer:
        # Once more, now that no other writer can come between.
        earlier = find_earlier(delivery)
        if earlier is not None:
            return earlier
        answer = refusal or _apply(candidates, delivery, changes, settings)
        inbox.record(
            source_id=source.id,
            message_id=delivery.message_id,
            body=delivery.body,
            answer=answer,
            received_at=received_at,
            duration_seconds=time.perf_counter() - started,
        )
        inbox.sweep(changes.at, settings.inbox_days)
        return answer

    answer = database.publish(commit)
    log.info(
        "source=%s message=%s status=%d events=%d bytes=%d seconds=%.3f",
        source.name,
        delivery.message_id,
        answer.status,
        len(candidates),
        len(delivery.body),
        time.perf_counter() - started,
    )
    return answer


def _find_earlier(delivery: Delivery) -> Answer | None:
    """What the message was answered when it came before, if that stands.

    A refusal does not, where the id is made of what was sent: the same message is tried anew, since
    what was wrong may have been the source's settings.
    """
    earlier = inbox.find_answer(delivery.source.id, delivery.message_id)
    if earlier is None or delivery.has_own_id or earlier.status == _ACCEPTED:
        return earlier
    return None


def _read(delivery: Delivery, settings: Settings) -> tuple[list[Candidate], Answer | None]:
    """The events of a message, or the answer that refuses it whole."""
    source = delivery.source
    try:
        _require_json(delivery.content_type)
        value = parse_body(delivery.body, settings.max_json_depth)
        items = _list_items(value, source, settings.max_events)
    except ContentTypeError as error:
        return [], _refusal(_WRONG_TYPE, delivery, error, [])
    except MessageError as error:
        return [], _refusal(_UNREADABLE, delivery, error, [Fault("", str(error))])
    except EventError as error:
        return [], _refusal(_UNPROCESSABLE, delivery, error, error.faults)
    budget = Budget(settings.max_html_tags)
    origin = Origin(source.name, source.timezone, delivery.sent_at, budget)
    return [_candidate(item, source, origin, settings) for item in items], None


def _require_json(content_type: str) -> None:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise ContentTypeError(content_type)


def _list_items(value: Any, source: Source, limit: int) -> Sequence[Item]:
    """The articles of a message, as its dialect finds them."""
    list_items = DIALECTS[source.dialect].list_items or native.list_items
    items = list_items(value)
    if len(items) > limit:
        pointer = items[0].pointer.rpartition("/")[0]
        raise EventError([Fault(pointer, f"has more than {limit} events (FEEDSVC_MAX_EVENTS)")])
    return items


def _candidate(item: Item, source: Source, origin: Origin, settings: Settings) -> Candidate:
    translate = DIALECTS[source.dialect].translate
    said_id = _said_id(item.value, settings.max_id_chars) if translate is None else None
    place: Callable[[Fault], Fault] = as_it_is
    warnings: tuple[Fault, ...] = ()
    try:
        event: Any = item.value
        if translate is not None:
            translation = translate(item.value, Options(source.url_template))
            place, warnings, event = translation.place, translation.warnings, translation.event
            said_id = _said_id(event, settings.max_id_chars)
    except EventError as error:  # told by the dialect, at the item's own fields
        return Candidate(item.pointer, said_id, None, error.faults)
    try:
        read = native.read_event(event, origin, settings)
        if isinstance(read, Save):
            check_renders(preview(read.draft, _guid(read, origin.source_name, settings)))
    except EventError as error:
        # Two native fields may have been one of the sender's.
        faults = tuple(dict.fromkeys(map(place, error.faults)))
        return Candidate(item.pointer, said_id, None, faults)
    except RenderingError as error:
        fault = place(Fault(error.pointer, str(error)))
        return Candidate(item.pointer, said_id, None, (fault,))
    told = warnings + tuple(map(place, read.warnings))
    return Candidate(item.pointer, said_id, replace(read, warnings=told), place=place)


def _guid(event: Event, source_name: str, settings: Settings) -> str:
    """What readers are to know the article by, if it is new."""
    return event.guid or make_guid(settings.public_url, source_name, event.external_id)


def _said_id(value: Any, limit_chars: int) -> str | None:
    """The id of an event that may be broken, for the sender to know it by."""
    data = value.get("data") if isinstance(value, Mapping) else None
    said = data.get("id") if isinstance(data, Mapping) else None
    return said[:limit_chars] if isinstance(said, str) else None


def _apply(
    candidates: Sequence[Candidate], delivery: Delivery, changes: Changes, settings: Settings
) -> Answer:
    """Save what can be saved; one event that can't does not stop the others."""
    limits = Limits(settings.max_categories, settings.max_category_depth)
    tree = Tree(changes, limits)
    shelf = store.Shelf(delivery.source.id, changes, tree)
    writing = Writing(delivery.source, shelf, settings)
    events = [one.event for one in candidates if one.event is not None]
    tree.look_up(filing for one in events if isinstance(one, Save) for filing in one.draft.filings)
    shelf.look_up(
        [one.external_id for one in events],
        [_guid(one, delivery.source.name, settings) for one in events],
    )
    results = [_apply_one(one, writing) for one in candidates]
    shelf.close()
    body: dict[str, Any] = {"message_id": delivery.message_id, "events": results}
    if any(result["status"] != REJECTED for result in results):
        return _answer(_ACCEPTED, body)
    faults = [fault for result in results for fault in result["errors"]]
    detail = "The event was refused." if len(results) == 1 else "Every event was refused."
    return _answer(_UNPROCESSABLE, problem_body(_UNPROCESSABLE, detail, errors=faults) | body)


def _apply_one(candidate: Candidate, writing: Writing) -> dict[str, Any]:
    if candidate.event is None:
        return _rejected(candidate, candidate.faults)
    event = candidate.event
    try:
        outcome = _do(event, writing)
    except (CategoryError, GuidError) as error:
        pointer = "/data/guid" if isinstance(error, GuidError) else "/data/categories"
        return _rejected(candidate, (candidate.place(Fault(pointer, str(error))),))
    notes = tuple(map(candidate.place, outcome.notes))
    result: dict[str, Any] = {
        "id": candidate.external_id,
        "status": outcome.status,
        "feeds": outcome.feeds,
        "warnings": _placed(event.warnings + notes, candidate.pointer),
        "errors": [],
    }
    if outcome.visible_at is not None:
        result["visible_at"] = outcome.visible_at.isoformat()
    return result


def _do(event: Event, writing: Writing) -> store.Outcome:
    guid = _guid(event, writing.source.name, writing.settings)
    if isinstance(event, Save):
        return writing.shelf.save(event.draft, guid)
    return writing.shelf.withdraw(event.external_id, event.order, guid)


def _rejected(candidate: Candidate, faults: Sequence[Fault]) -> dict[str, Any]:
    return {
        "id": candidate.external_id,
        "status": REJECTED,
        "feeds": [],
        "warnings": [],
        "errors": _placed(faults, candidate.pointer),
    }


def _placed(faults: Sequence[Fault], prefix: str) -> list[dict[str, str]]:
    """Faults with pointers that begin at the message."""
    return [asdict(fault) | {"pointer": prefix + fault.pointer} for fault in faults]


def _refusal(
    status: int, delivery: Delivery, error: FeedsvcError, faults: Sequence[Fault]
) -> Answer:
    body = problem_body(status, str(error), errors=_placed(faults, ""))
    return _answer(status, body | {"message_id": delivery.message_id, "events": []})


def _answer(status: int, body: dict[str, Any]) -> Answer:
    # ASCII, so that text which is no text (a lone surrogate in a refused id) can be kept and sent.
    return Answer(status, json.dumps(body, separators=(",", ":")))
