"""POST /ingest/<source>"""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from feedsvc.db import Database
from feedsvc.errors import (
    BodyTimeoutError,
    BodyTooLargeError,
    ParameterError,
    SignatureError,
)
from feedsvc.ingest.dialects import NATIVE
from feedsvc.ingest.receive import Delivery, receive, rehearse
from feedsvc.ingest.schemes import SCHEMES
from feedsvc.ingest.signatures import Verified
from feedsvc.ingest.sources import Source, find_source, unseal_keys
from feedsvc.ingest.vault import Vault
from feedsvc.settings import Settings

log = logging.getLogger(__name__)

#: Who a source's name that is none stands for; without a key, nothing of it verifies.
_NOBODY = Source(0, "", NATIVE, None, datetime.now(UTC), "standard-webhooks", None)


def create_blueprint(database: Database, settings: Settings, vault: Vault) -> Blueprint:
    blueprint = Blueprint("ingest", __name__)

    @blueprint.post("/ingest/<source_name>")
    def take_message(source_name: str) -> Response:
        body = _read_body(settings.max_body_bytes, settings.body_timeout_seconds)
        source, verified = _authenticate(source_name, body)
        delivery = Delivery(
            source,
            verified.message_id,
            verified.sent_at,
            request.headers.get("Content-Type", ""),
            body,
            has_own_id=SCHEMES[source.scheme].has_ids,
        )
        is_rehearsal = _parse_dry_run(request.args.getlist("dry-run"))
        answer = (rehearse if is_rehearsal else receive)(database, delivery, settings)
        return Response(
            answer.text + "\n",
            answer.status,
            content_type="application/problem+json" if answer.is_problem else "application/json",
            headers={"Cache-Control": "no-store"},
        )

    def _authenticate(source_name: str, body: bytes) -> tuple[Source, Verified]:
        with database.read():
            found = find_source(source_name)
        source, kept = found or (_NOBODY, [])
        keys = unseal_keys(vault, kept)
        tolerance = settings.signature_tolerance_seconds
        try:
            verified = SCHEMES[source.scheme].verify(
                request.headers, body, keys, datetime.now(UTC), tolerance
            )
        except SignatureError as error:
            log.warning("source=%r refused: %s", source_name[:100], error)
            raise
        return source, verified

    return blueprint


def _parse_dry_run(values: list[str]) -> bool:
    """Whether nothing is to be done; a word that might mean either is refused, not guessed at."""
    if not set(values) <= {"0", "1"} or len(set(values)) > 1:
        raise ParameterError("dry-run", "must be 1 or 0.")
    return "1" in values


def _read_body(limit_bytes: int, timeout_seconds: float) -> bytes:
    """The raw body; one that says or turns out to be longer than the limit is not read on.

    Raises:
        BodyTooLargeError
        BodyTimeoutError: it did not arrive in time; its sender would hold up a thread.
    """
    if (request.content_length or 0) > limit_bytes:
        raise BodyTooLargeError(limit_bytes)
    # One more than the limit: Werkzeug cuts a body of unknown length there without a word.
    request.max_content_length = limit_bytes + 1
    with _deadline(timeout_seconds) as passed:
        try:
            body = request.get_data(cache=False)
        except Exception as error:  # also the server's own errors, which WSGI has no names for
            if passed.is_set() or isinstance(error, BlockingIOError):
                raise BodyTimeoutError from error
            if isinstance(error, RequestEntityTooLarge):
                raise BodyTooLargeError(limit_bytes) from error
            raise BadRequest("The body could not be read.") from error
    if passed.is_set():
        raise BodyTimeoutError
    if len(body) > limit_bytes:
        raise BodyTooLargeError(limit_bytes)
    return body


@contextmanager
def _deadline(seconds: float) -> Iterator[threading.Event]:
    """Stop reading from the client after so long, however slowly it goes on sending."""
    passed = threading.Event()
    line: socket.socket | None = request.environ.get("gunicorn.socket")

    def hang_up() -> None:
        passed.set()
        if line is not None:
            with suppress(OSError):  # it may have gone by itself
                line.shutdown(socket.SHUT_RD)

    timer = threading.Timer(seconds, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield passed
    finally:
        timer.cancel()
