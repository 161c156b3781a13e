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
_MOST_PIXELS = 1_000_000


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

    def find(self, *names: str) -> Said | None:
        """The same, for what an article can do without: what is no text is passed over."""
        for name in names:
            value = self.members.get(name)
            if isinstance(value, str) and value.strip():
                return Said(value, f"{self.pointer}/{name}")
        return None

    def find_parts(self, *names: str) -> list["Part"]:
        """The objects in these members, or that they are; anything else is passed over."""
        found = []
        for name in names:
            held, place = self.members.get(name), f"{self.pointer}/{name}"
            if isinstance(held, dict):
                found.append(Part(held, place, name))
            for index, entry in enumerate(held if isinstance(held, list) else ()):
                if isinstance(entry, dict):
                    found.append(Part(entry, f"{place}/{index}", str(index)))
        return found

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
class Members:
    """An object within the native event in the making, and where its members were."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, said: Said | None) -> None:
        if said is not None:
            self.put_value(name, said.text, said.pointer)

    def put_value(self, name: str, value: Any, pointer: str) -> None:
        self.values[name], self.places[name] = value, pointer

    def put_size(self, part: Part, *names: str) -> None:
        """Numbers of pixels, as far as they are any."""
        for name in names:
            value = part.members.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MOST_PIXELS:
                self.put_value(name, value, f"{part.pointer}/{name}")


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

    def put_object(self, field_name: str, made: Members, pointer: str) -> None:
        """An object; nothing where it has no members."""
        if made.values:
            self.data[field_name] = made.values
            self.pointers[f"/data/{field_name}"] = pointer
            places = made.places.items()
            self.pointers |= {f"/data/{field_name}/{name}": place for name, place in places}

    def event(self, kind: str) -> Translation:
        event = {"type": kind, "data": self.data}
        return Translation(event, self.pointers, tuple(self.warnings))


def _step(key: str | int) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")  # RFC 6901, section 3


def refusal(pointer: str, message: str) -> EventError:
    """What is wrong with the item, at its place."""
    return EventError([Fault(pointer, message)])
