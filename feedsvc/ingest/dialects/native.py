"""The native dialect: the events of `wire`, in a Standard Webhooks message."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from feedsvc.errors import EventError, Fault
from feedsvc.ingest.dialects.translation import Item
from feedsvc.ingest.drafting import Drafting
from feedsvc.ingest.events import Event, Origin
from feedsvc.ingest.wire import Envelope, SaveEvent, WithdrawEvent
from feedsvc.settings import Settings

M = TypeVar("M", bound=BaseModel)

#: Said instead of pydantic's own words, which name our classes.
_WORDS = {"model_type": "must be an object", "missing": "is missing"}

SAVES = ("article.published", "article.updated")
WITHDRAWS = ("article.withdrawn",)


def list_items(message: Any) -> list[Item]:
    """The events of a message: it is one, or a list of them, or `{"events": […]}`.

    Raises:
        EventError: it is neither.
    """
    events: Any
    if isinstance(message, list):
        events, place = message, ""
    elif not isinstance(message, dict):
        raise EventError([Fault("", "must be an object: an event, or a batch of events")])
    elif "events" not in message:
        return [Item("", message)]
    else:
        events, place = message["events"], "/events"
    if not isinstance(events, list) or not events:
        raise EventError([Fault(place, "must be a list of at least one event")])
    return [Item(f"{place}/{index}", event) for index, event in enumerate(events)]


def read_event(value: Any, origin: Origin, settings: Settings) -> Event:
    """One event from parsed JSON.

    Raises:
        EventError: with every fault, by a pointer that begins at the event.
    """
    kind = value.get("type") if isinstance(value, dict) else None
    drafting = Drafting(origin, settings)
    if kind in SAVES:
        return drafting.save(_validate(SaveEvent, value))
    if kind in WITHDRAWS:
        return drafting.withdraw(_validate(WithdrawEvent, value))
    _validate(Envelope, value)
    known = ", ".join((*SAVES, *WITHDRAWS))
    raise EventError([Fault("/type", f"unknown event type; the types are {known}")])


def _validate(model: type[M], value: Any) -> M:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise EventError(
            [
                Fault(
                    "".join(f"/{_escaped(step)}" for step in fault["loc"]),
                    _WORDS.get(fault["type"], fault["msg"]),
                )
                for fault in error.errors(include_url=False, include_input=False)
            ]
        ) from None


def _escaped(step: int | str) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")  # RFC 6901, section 3
