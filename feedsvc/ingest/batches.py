"""Messages of any length, with a line for each event: done part by part, answered line by line.

Each part is a message of its own in the inbox, and a transaction. When such a message is sent
again, since its answer did not come to its end, the parts that were done are answered from there.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

from feedsvc import kinds
from feedsvc.db import Database
from feedsvc.errors import BatchError, DatabaseUnavailableError, MessageError
from feedsvc.incoming.bodies import SpooledBody
from feedsvc.ingest.inbox import Answer
from feedsvc.ingest.reading import Delivery
from feedsvc.kinds import Kind
from feedsvc.problems import problem_body
from feedsvc.settings import Settings

log = logging.getLogger(__name__)

#: A part: enough for one rendering and one commit to serve many, and short for who waits to write.
_PART_LINES = 200
_PART_BYTES = 1_000_000


def require_lines(body: SpooledBody, settings: Settings) -> None:
    """See that a body's lines are within the limits.

    Raises:
        BatchError: a line is too long, or there are too many.
        MessageError: none of them holds anything.
    """
    is_empty = True
    for number, line in enumerate(body.lines(settings.max_body_bytes), 1):
        if len(line) > settings.max_body_bytes:
            raise BatchError(
                f"Line {number} is over {settings.max_body_bytes:,} bytes (FEEDSVC_MAX_BODY_BYTES)."
            )
        if number > settings.max_batch_lines:
            raise BatchError(
                f"The body has more than {settings.max_batch_lines:,} lines "
                "(FEEDSVC_MAX_BATCH_LINES)."
            )
        is_empty = is_empty and not line.strip()
    if is_empty:
        raise MessageError("The body has no line with an event.")


def receive_lines(
    database: Database,
    delivery: Delivery,
    body: SpooledBody,
    settings: Settings,
    do: Callable[[Database, Delivery, Settings], Answer],
) -> Iterator[str]:
    """The answer's lines, each as soon as it stands: a result for each event, and a summary.

    `delivery` is the whole message, without its body; `do` receives, or rehearses, each part. Where
    the database goes away, a problem document stands in the summary's place: sent again, the
    message goes on from there.

    Raises:
        DatabaseUnavailableError: before anything was done.
    """
    counts: Counter[str] = Counter()
    for part in _parts(delivery, body, settings):
        try:
            answer = do(database, part, settings)
        except DatabaseUnavailableError as error:
            if not counts:
                raise
            log.error("source=%s message=%s: %s", part.source.name, part.message_id, error)  # noqa: TRY400
            yield _line(_cut_short(kinds.DATABASE_AWAY, settings, "The database went away."))
            return
        except Exception:
            if not counts:
                raise
            log.exception("source=%s message=%s failed", part.source.name, part.message_id)
            yield _line(_cut_short(kinds.MISTAKE, settings, "feedsvc made a mistake."))
            return
        for result in answer.events:
            counts[result["status"]] += 1
            yield _line(result)
    yield _line(
        {"message_id": delivery.message_id, "events": counts.total(), "counts": dict(counts)}
    )


def _parts(delivery: Delivery, body: SpooledBody, settings: Settings) -> Iterator[Delivery]:
    """The message in parts of whole lines: the same parts, whenever it comes."""
    lines: list[bytes] = []
    size, lines_before = 0, 0
    for line in body.lines(settings.max_body_bytes):
        lines.append(line)
        size += len(line)
        if len(lines) == _PART_LINES or size >= _PART_BYTES:
            yield from _part(delivery, lines, lines_before)
            lines_before += len(lines)
            lines, size = [], 0
    yield from _part(delivery, lines, lines_before)


def _part(delivery: Delivery, lines: list[bytes], lines_before: int) -> Iterator[Delivery]:
    text = b"".join(lines)
    if text.strip():
        name = f"{delivery.message_id}#{lines_before + 1}-{sha256(text).hexdigest()[:16]}"
        yield replace(delivery, message_id=name, body=text, lines_before=lines_before)


def _cut_short(kind: Kind, settings: Settings, what: str) -> dict[str, Any]:
    return problem_body(
        kind,
        settings.public_url,
        f"{what} What the lines before tell is done; send the same message again to go on.",
    )


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"
