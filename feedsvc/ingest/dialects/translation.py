"""What a dialect makes of an editorial system's message: native events, and where each field was.

A dialect is a module with two pure functions: `list_items(message)` finds the articles of a
message, and `translate(item, options)` says one of them as a native event. What the values hold is
then cleaned and judged as in every native event (`wire`, `drafting`); faults and warnings are told
at the pointers of the message that was sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from feedsvc.errors import EventError, Fault

#: What a template of addresses may name.
URL_FIELDS = frozenset({"id", "slug", "guid"})


@dataclass(frozen=True, slots=True)
class Options:
    """What a source's settings say for a dialect."""

    #: Where its articles are, for systems that do not say: `https://news.example/{slug}-{id}`.
    url_template: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One article of a message: its value, and its place there (a JSON pointer, RFC 6901)."""

    pointer: str
    value: Any


@dataclass(frozen=True, slots=True)
class Translation:
    """A native event, as `wire` reads it."""

    event: Mapping[str, Any]
    #: Where the event's fields were in the item: `{"/data/title": "/headline"}`.
    pointers: Mapping[str, str] = field(default_factory=dict)
    #: What the editor should know, at pointers of the item.
    warnings: tuple[Fault, ...] = ()

    def place(self, fault: Fault) -> Fault:
        """A fault of the native event, at where the item has what is at fault."""
        native = fault.pointer
        while native not in self.pointers:
            head, slash, _ = native.rpartition("/")
            if not slash:
                return Fault("", fault.message)
            native = head
        rest = fault.pointer.removeprefix(native)
        return Fault(self.pointers[native] + rest, fault.message)


def require_object(value: Any, what: str) -> dict[str, Any]:
    """The value, if it is an object.

    Raises:
        EventError
    """
    if not isinstance(value, dict):
        raise EventError([Fault("", f"must be an object: {what}")])
    return value


def require_text(value: Mapping[str, Any], name: str) -> str:
    """A member that must be a text that is not empty; a number counts as its digits.

    Raises:
        EventError: at the member's pointer.
    """
    said = find_text(value, name)
    if not said:
        raise EventError([Fault(f"/{name}", "is missing")])
    return said


def find_text(value: Mapping[str, Any], name: str) -> str | None:
    """A member that is a text or a whole number, as text; None where there is none, or null.

    Raises:
        EventError: it is something else.
    """
    said = value.get(name)
    if said is None:
        return None
    if isinstance(said, int) and not isinstance(said, bool):
        return str(said)
    if not isinstance(said, str):
        raise EventError([Fault(f"/{name}", "must be text")])
    return said
