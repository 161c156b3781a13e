"""What is done with a verified message: read, render on trial, save in one transaction, answer.

All that takes time comes before the transaction. In it, the articles, the categories they are
filed in, the inbox row and the change numbers are committed together, or none of them.
"""

import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from feedsvc import kinds
from feedsvc.db import Changes, Database
from feedsvc.errors import ContentTypeError, InboxError, MessageError
from feedsvc.ingest import inbox
from feedsvc.ingest.applying import Applying, placed
from feedsvc.ingest.inbox import REJECTED, Answer
from feedsvc.ingest.reading import Candidate, Delivery, Refusal, read_candidates
from feedsvc.ingest.sources import find_scope, find_source
from feedsvc.problems import problem_body
from feedsvc.settings import Settings

log = logging.getLogger(__name__)

_ACCEPTED = 200


class _RehearsedError(Exception):
    """Takes the transaction back, with the answer that it would have come to."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def receive(database: Database, delivery: Delivery, settings: Settings) -> Answer:
    """Do what a message says, once, however often it comes.

    Raises:
        DatabaseUnavailableError: nothing was done or kept; the sender should try again.
    """
    return _carry_out(database, delivery, settings, datetime.now(UTC), _find_earlier)


def rehearse(database: Database, delivery: Delivery, settings: Settings) -> Answer:
    """The answer that a message would get, of which nothing is done or kept.

    Raises:
        DatabaseUnavailableError
    """
    read = read_candidates(delivery, settings)

    def take_back(changes: Changes) -> Answer:
        raise _RehearsedError(_apply(read, delivery, changes, settings))

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
        scope = find_scope(kept.key_id)
    if found is None:
        raise InboxError(f"The source {kept.source_name} of the message is gone.")
    delivery = Delivery(
        found[0],
        kept.message_id,
        kept.received_at,
        kept.media_type,
        body,
        key_id=kept.key_id,
        scope=scope,
    )
    return _carry_out(database, delivery, settings, kept.received_at, lambda _: None)


def _carry_out(
    database: Database,
    delivery: Delivery,
    settings: Settings,
    received_at: datetime,
    find_earlier: Callable[[Delivery], Answer | None],
) -> Answer:
    started = time.perf_counter()
    read = read_candidates(delivery, settings)

    def commit(changes: Changes) -> Answer:
        # Here, where no other writer can come between. That a message comes again is rare.
        earlier = find_earlier(delivery)
        if earlier is not None:
            log.info("source=%s message=%s again", delivery.source.name, delivery.message_id)
            return earlier
        answer = _apply(read, delivery, changes, settings)
        inbox.record(
            source_id=delivery.source.id,
            message_id=delivery.message_id,
            body=delivery.body,
            answer=answer,
            received_at=received_at,
            duration_seconds=time.perf_counter() - started,
            key_id=delivery.key_id,
            media_type=delivery.media_type[: inbox.MOST_MEDIA_TYPE_CHARS],
        )
        inbox.sweep(changes.at, settings.inbox_days)
        return answer

    answer = database.publish(commit)
    log.info(
        "source=%s message=%s status=%d events=%d bytes=%d seconds=%.3f",
        delivery.source.name,
        delivery.message_id,
        answer.status,
        0 if isinstance(read, Refusal) else len(read),
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


def _apply(
    read: list[Candidate] | Refusal, delivery: Delivery, changes: Changes, settings: Settings
) -> Answer:
    if isinstance(read, Refusal):
        return _refusal(read, delivery, settings)
    results = Applying(delivery, changes, settings).apply(read)
    body: dict[str, Any] = {"message_id": delivery.message_id, "events": results}
    if any(result["status"] != REJECTED for result in results):
        return _answer(_ACCEPTED, body)
    faults = [fault for result in results for fault in result["errors"]]
    detail = "The event was refused." if len(results) == 1 else "Every event was refused."
    problem = problem_body(kinds.REFUSED, settings.public_url, detail, errors=faults)
    return _answer(kinds.REFUSED.status, problem | body)


def _refusal(refusal: Refusal, delivery: Delivery, settings: Settings) -> Answer:
    error, faults = refusal.error, placed(refusal.faults, "")
    kind = kinds.REFUSED
    if isinstance(error, ContentTypeError):
        kind = kinds.WRONG_CONTENT_TYPE
    elif isinstance(error, MessageError):
        kind = kinds.UNREADABLE_MESSAGE
    body = problem_body(kind, settings.public_url, str(error), errors=faults)
    return _answer(kind.status, body | {"message_id": delivery.message_id, "events": []})


def _answer(status: int, body: dict[str, Any]) -> Answer:
    # ASCII, so that text which is no text (a lone surrogate in a refused id) can be kept and sent.
    return Answer(status, json.dumps(body, separators=(",", ":")))
