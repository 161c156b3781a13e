"""Events in files, put together to messages that have a line for each of them."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from feedsvc.push.sending import PushError

#: Files that have a line for each event already, and are read line by line.
_LINED = (".ndjson", ".jsonl")
_MOST_LINES = 1_000
_MOST_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One event, and where it was: a file and its number or line there, from 1."""

    path: Path
    number: int
    line: bytes
    #: How much of its file it was.
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Batch:
    entries: tuple[Entry, ...]

    @property
    def body(self) -> bytes:
        return b"".join(entry.line for entry in self.entries)

    @property
    def size_bytes(self) -> int:
        """How much of the files it was."""
        return sum(entry.size_bytes for entry in self.entries)

    @property
    def digest(self) -> str:
        return sha256(self.body).hexdigest()


def list_events(path: Path) -> Iterator[Entry]:
    """The events of a file: one, a batch or list of them, or one a line.

    A bare article is one that is published.

    Raises:
        PushError: the file can't be read; what came before it in a file of lines is given.
    """
    try:
        if path.suffix in _LINED:
            with path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    if line.strip():
                        yield Entry(path, number, _line(_parse_line(path, number, line)), len(line))
            return
        text = path.read_bytes()
        value = json.loads(text)
    except OSError as error:
        raise PushError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise PushError(f"{path} is not JSON: {error}") from error
    if isinstance(value, dict) and "events" in value:
        value = value["events"]
    events = value if isinstance(value, list) else [value]
    for number, event in enumerate(events, 1):
        yield Entry(path, number, _line(event), len(text) // len(events))


def put_together(entries: Iterable[Entry]) -> Iterator[Batch]:
    """Events in as few messages as they fit in: the same events always in the same messages."""
    waiting: list[Entry] = []
    size_bytes = 0
    for entry in entries:
        if len(waiting) >= _MOST_LINES or size_bytes + len(entry.line) > _MOST_BYTES:
            if waiting:
                yield Batch(tuple(waiting))
            waiting, size_bytes = [], 0
        waiting.append(entry)
        size_bytes += len(entry.line)
    if waiting:
        yield Batch(tuple(waiting))


def _parse_line(path: Path, number: int, line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise PushError(f"{path}, line {number}, is not JSON: {error}") from error


def _line(event: Any) -> bytes:
    if isinstance(event, dict) and "type" not in event:
        event = {"type": "article.published", "data": event}
    # Text that is none (a lone surrogate) stays as it was written, for the service to refuse.
    return json.dumps(event, separators=(",", ":")).encode() + b"\n"
