"""An item of objects within objects, and the native event that is made of it, field by field.

Both know the place of each text, so that faults are told where the sender has them.
"""

from dataclasses import dataclass, field
from typing import Any

from feedsvc.errors import EventError, Fault
from feedsvc.ingest.dialects.translation import Translation, find_text

MOST_NAME_CHARS = 100
#: Of a list, or an object that is one: more than any item has, and soon looked through.
_MOST_MEMBERS = 10_000


@dataclass(frozen=True, slots=True)
class Said:
    """A text of the item, and its place there."""

    text: str
    pointer: str


@dataclass(frozen=True, slots=True)
class Part:
    """An object of the item, its place, and its name among its like."""

    members: dict[str, Any]
    pointer: str = ""
    key: str = ""

    def text(self, *names: str) -> Said | None:
        """The first of these members that is a text and not blank."""
        for name in names:
            try:
                text = find_text(self.members, name)
            except EventError as error:
                raise refusal(f"{self.pointer}/{name}", error.faults[0].message) from None
            if text and not text.isspace():
                return Said(text, f"{self.pointer}/{name}")
        return None

    def word(self, *names: str) -> str:
        """The same in small letters, to compare; empty where there is none."""
        said = self.text(*names)
        return said.text.strip().lower() if said else ""

    def within(self, name: str) -> "Part":
        """What a member holds, by name or in a list; null is nothing."""
        held, place = self.members.get(name), f"{self.pointer}/{name}"
        if held is not None and not isinstance(held, dict | list):
            raise refusal(place, "must be a list or an object")
        if len(held or ()) > _MOST_MEMBERS:
            raise refusal(place, f"has more than {_MOST_MEMBERS:,} members")
        named = held.items() if isinstance(held, dict) else enumerate(held or ())
        entries = {_step(key): entry for key, entry in named if entry is not None}
        if any(len(step) > MOST_NAME_CHARS for step in entries):  # an answer would repeat it
            raise refusal(place, f"has a name of over {MOST_NAME_CHARS} characters")
        return Part(entries, place)

    def parts(self, *names: str) -> list["Part"]:
        """The objects that these members hold."""
        found = []
        for holder in map(self.within, names):
            for key, entry in holder.members.items():
                if not isinstance(entry, dict):
                    raise refusal(f"{holder.pointer}/{key}", "must be an object")
                found.append(Part(entry, f"{holder.pointer}/{key}", key))
        return found


@dataclass(slots=True)
class Native:
    """The native event in the making."""

    data: dict[str, Any] = field(default_factory=dict)
    pointers: dict[str, str] = field(default_factory=dict)
    warnings: list[Fault] = field(default_factory=list)

    def put(self, field_name: str, said: Said | None) -> None:
        if said is not None:
            self.data[field_name] = said.text
            self.pointers[f"/data/{field_name}"] = said.pointer

    def add(self, list_name: str, value: Any, pointer: str, **members: str) -> None:
        """One more in a list; `members` are the places of its own members."""
        values = self.data.setdefault(list_name, [])
        place = f"/data/{list_name}/{len(values)}"
        values.append(value)
        self.pointers.setdefault(f"/data/{list_name}", pointer.rpartition("/")[0] or pointer)
        self.pointers[place] = pointer
        self.pointers |= {f"{place}/{name}": member for name, member in members.items()}

    def event(self, kind: str) -> Translation:
        event = {"type": kind, "data": self.data}
        return Translation(event, self.pointers, tuple(self.warnings))


def _step(key: str | int) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")  # RFC 6901, section 3


def refusal(pointer: str, message: str) -> EventError:
    """What is wrong with the item, at its place."""
    return EventError([Fault(pointer, message)])
