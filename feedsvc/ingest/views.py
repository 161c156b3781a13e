"""POST /ingest/<source>"""

import logging
from datetime import UTC, datetime

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from feedsvc.db import Database
from feedsvc.errors import BodyTooLargeError, SignatureError
from feedsvc.ingest.receive import Delivery, receive
from feedsvc.ingest.signatures import SignedHeaders, Verified, verify
from feedsvc.ingest.sources import Source, find_source
from feedsvc.settings import Settings

log = logging.getLogger(__name__)

_FIRST_ERROR_STATUS = 400


def create_blueprint(database: Database, settings: Settings) -> Blueprint:
    blueprint = Blueprint("ingest", __name__)

    @blueprint.post("/ingest/<source_name>")
    def take_message(source_name: str) -> Response:
        body = _read_body(settings.max_body_bytes)
        source, verified = _authenticate(source_name, body)
        delivery = Delivery(
            source,
            verified.message_id,
            verified.sent_at,
            request.headers.get("Content-Type", ""),
            body,
        )
        answer = receive(database, delivery, settings)
        is_problem = answer.status >= _FIRST_ERROR_STATUS
        return Response(
            answer.text + "\n",
            answer.status,
            content_type="application/problem+json" if is_problem else "application/json",
            headers={"Cache-Control": "no-store"},
        )

    def _authenticate(source_name: str, body: bytes) -> tuple[Source, Verified]:
        with database.read():
            found = find_source(source_name)
        headers = SignedHeaders(
            request.headers.get("webhook-id"),
            request.headers.get("webhook-timestamp"),
            request.headers.get("webhook-signature"),
        )
        keys = found[1] if found else []
        tolerance = settings.signature_tolerance_seconds
        try:
            verified = verify(headers, body, keys, datetime.now(UTC), tolerance)
        except SignatureError as error:
            log.warning("source=%r refused: %s", source_name[:100], error)
            raise
        if found is None:  # unreachable: without a key nothing verifies
            raise SignatureError("there is no such source")
        return found[0], verified

    return blueprint


def _read_body(limit_bytes: int) -> bytes:
    """The raw body; one that says or turns out to be longer than the limit is not read on.

    Raises:
        BodyTooLargeError
    """
    request.max_content_length = limit_bytes
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise BodyTooLargeError(limit_bytes) from error
