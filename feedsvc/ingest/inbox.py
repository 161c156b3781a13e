"""The inbox: every authenticated message, and the answer it got. Append-only."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from feedsvc.db import fetch_rows
from feedsvc.models import Message


@dataclass(frozen=True, slots=True)
class Answer:
    """What a message was answered: an HTTP status, and JSON."""

    status: int
    text: str


def find_answer(source_id: int, message_id: str) -> Answer | None:
    """What this message was answered when it first came, if it came before."""
    rows = fetch_rows(
        Message.select(Message.status, Message.answer).where(
            Message.source == source_id, Message.message_id == message_id
        )
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
) -> None:
    """Keep a message and its answer; part of the transaction that did what the answer says.

    One that was refused before and is tried anew keeps its row, with its last answer.
    """
    Message.insert(
        source=source_id,
        message_id=message_id,
        received_at=received_at,
        body=body,
        digest=hashlib.sha256(body).hexdigest(),
        status=answer.status,
        answer=answer.text,
        duration_seconds=duration_seconds,
    ).on_conflict(
        conflict_target=[Message.source, Message.message_id],
        preserve=[
            Message.received_at,
            Message.status,
            Message.answer,
            Message.duration_seconds,
        ],
    ).execute()
