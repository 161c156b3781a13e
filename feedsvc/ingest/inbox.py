"""The inbox: every authenticated message, and the answer it got, for as long as they are kept."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import peewee

from feedsvc import models
from feedsvc.articles.statements import execute, fetch
from feedsvc.db import Database, fetch_rows
from feedsvc.errors import InboxError
from feedsvc.ingest.sources import find_source
from feedsvc.models import Message

#: Each message that comes sweeps out so many old ones: more than one, so that they get fewer.
_SWEPT = 20
MOST_MEDIA_TYPE_CHARS = 100
#: What became of an event that was refused; what else can become of one is the store's to say.
REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a message was answered: an HTTP status, and JSON."""

    status: int
    text: str

    @property
    def is_problem(self) -> bool:
        """Whether it refuses the whole message, with a problem document."""
        return self.status >= HTTPStatus.BAD_REQUEST

    @property
    def has_refused(self) -> bool:
        """Whether it refuses the message, or one of its events."""
        return self.is_problem or any(event["status"] == REJECTED for event in self.events)

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.text)
        return body

    @property
    def events(self) -> Sequence[dict[str, Any]]:
        """What became of each of its events."""
        events: list[dict[str, Any]] = self.body.get("events", [])
        return events


@dataclass(frozen=True, slots=True)
class Kept:
    """A message in the inbox, without its body."""

    number: int
    source_name: str
    message_id: str
    received_at: datetime
    size_bytes: int
    #: SHA-256 of the body, in hexadecimal digits.
    digest: str
    answer: Answer
    duration_seconds: float
    #: What it was verified with.
    key_id: int | None
    media_type: str
    #: Whether it, or one of its events, was refused.
    is_refused: bool


def find_answer(source_id: int, message_id: str) -> Answer | None:
    """What this message was answered when it first came, if it came before."""
    rows = fetch(
        "SELECT status, answer FROM inbox WHERE source_id = ? AND message_id = ?",
        source_id,
        message_id,
    )
    return Answer(*rows[0]) if rows else None


def record(
    *,
    source_id: int,
    message_id: str,
    body: bytes,
    answer: Answer,
    received_at: datetime,
    duration_seconds: float,
    key_id: int | None,
    media_type: str,
) -> None:
    """Keep a message and its answer; part of the transaction that did what the answer says.

    One that is done anew, since it was refused before or someone asked for it, keeps its row, with
    its last answer.
    """
    execute(
        "INSERT INTO inbox (source_id, message_id, received_at, body, digest, status, answer,"
        " duration_seconds, key_id, media_type, is_refused)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (source_id, message_id) DO UPDATE SET received_at = excluded.received_at,"
        " status = excluded.status, answer = excluded.answer,"
        " duration_seconds = excluded.duration_seconds, is_refused = excluded.is_refused",
        source_id,
        message_id,
        received_at,
        body,
        hashlib.sha256(body).hexdigest(),
        answer.status,
        answer.text,
        duration_seconds,
        key_id,
        media_type,
        answer.has_refused,
    )


def sweep(now: datetime, days: int) -> int:
    """Take a few messages out that are older than `days`; gives how many.

    It is part of the transaction that keeps a new one, so that there is no other task to run, and
    the inbox can't grow without bound.
    """
    old = fetch(
        "SELECT id FROM inbox WHERE received_at < ? ORDER BY received_at LIMIT ?",
        now - timedelta(days=days),
        _SWEPT,
    )
    if not old:
        return 0
    execute("DELETE FROM inbox WHERE id IN (?)", [id_ for (id_,) in old])
    return len(old)


def list_kept(
    database: Database,
    limit: int,
    *,
    source_name: str | None = None,
    refused: bool = False,
    before: int | None = None,
) -> list[Kept]:
    """The newest messages first: of a source, those of which something was refused, earlier ones.

    `before` is the number of one of them.
    """
    query = _kept().order_by(Message.id.desc()).limit(limit)
    if refused:
        query = query.where(Message.is_refused)
    if before is not None:
        query = query.where(Message.id < before)
    with database.read():
        if source_name is not None:
            # By its number, not by its name in the join: PostgreSQL, which can't know how many
            # are this one's, would walk through everybody's.
            found = find_source(source_name)
            if found is None:
                return []
            query = query.where(Message.source == found[0].id)
        return [_from_row(row) for row in query.tuples().iterator()]


def get_kept(database: Database, number: int) -> tuple[Kept, bytes]:
    """One message by its number, with its body.

    Raises:
        InboxError: there is none, or no longer.
    """
    with database.read():
        rows = fetch_rows(_kept().where(Message.id == number))
        bodies = fetch_rows(Message.select(Message.body).where(Message.id == number))
    if not rows:
        raise InboxError(f"There is no message number {number}; `feedsvc inbox list` shows them.")
    return _from_row(rows[0]), bytes(bodies[0][0])


def _kept() -> Any:
    size = peewee.fn.LENGTH(Message.body)
    return Message.select(
        Message.id,
        models.Source.name,
        Message.message_id,
        Message.received_at,
        size,
        Message.digest,
        Message.status,
        Message.answer,
        Message.duration_seconds,
        Message.key_id,
        Message.media_type,
        Message.is_refused,
    ).join(models.Source)


def _from_row(row: Sequence[Any]) -> Kept:
    status, text, *rest = row[6:]
    number, source_name, message_id, received_at, size, digest = row[:6]
    answer = Answer(status, text)
    return Kept(number, source_name, message_id, received_at, size, digest, answer, *rest)
