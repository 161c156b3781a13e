"""POST /ingest/<source>"""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain

from flask import Blueprint, Response, request

from feedsvc.db import Database
from feedsvc.errors import ParameterError
from feedsvc.incoming.bodies import read_body, spooled_body
from feedsvc.ingest.authentication import Authentication
from feedsvc.ingest.batches import receive_lines, require_lines
from feedsvc.ingest.rates import Rates
from feedsvc.ingest.reading import NDJSON, Delivery, parse_media_type
from feedsvc.ingest.receive import receive, rehearse
from feedsvc.ingest.signatures import Body
from feedsvc.settings import Settings
from feedsvc.vault import Vault


def create_blueprint(
    database: Database, settings: Settings, vault: Vault, rates: Rates
) -> Blueprint:
    blueprint = Blueprint("ingest", __name__)
    authentication = Authentication(database, vault, settings.signature_tolerance_seconds)

    def authenticate(source_name: str, body: Body) -> Delivery:
        delivery = authentication.authenticate(source_name, request.headers, body)
        rates.count_message(delivery.source.name)
        return delivery

    @blueprint.post("/ingest/<source_name>")
    def take_message(source_name: str) -> Response:
        if parse_media_type(request.headers.get("Content-Type", "")) == NDJSON:
            return take_lines(source_name)
        limit, seconds = settings.max_body_bytes, settings.body_timeout_seconds
        body = read_body(limit, "FEEDSVC_MAX_BODY_BYTES", seconds)
        delivery = authenticate(source_name, body)
        do = rehearse if _is_rehearsal() else receive
        answer = do(database, delivery, settings)
        return Response(
            answer.text + "\n",
            answer.status,
            content_type="application/problem+json" if answer.is_problem else "application/json",
            headers={"Cache-Control": "no-store"},
        )

    def take_lines(source_name: str) -> Response:
        limit, seconds = settings.max_batch_bytes, settings.batch_timeout_seconds
        with ExitStack() as until_then:
            spooled = spooled_body(limit, "FEEDSVC_MAX_BATCH_BYTES", seconds)
            body = until_then.enter_context(spooled)
            delivery = authenticate(source_name, body)
            require_lines(body, settings)
            do = rehearse if _is_rehearsal() else receive
            lines = receive_lines(database, delivery, body, settings, do)
            # The first before the answer begins: what can't be done at all is a 503 in whole.
            first = next(lines)
            opened = until_then.pop_all()
        return Response(
            _closing(opened, chain([first], lines)),
            content_type=NDJSON,
            # So that a proxy passes each part on when it is done.
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    return blueprint


def _is_rehearsal() -> bool:
    """Whether nothing is to be done; a word that might mean either is refused, not guessed at."""
    values = request.args.getlist("dry-run")
    if not set(values) <= {"0", "1"} or len(set(values)) > 1:
        raise ParameterError("dry-run", "must be 1 or 0.")
    return "1" in values


def _closing(opened: ExitStack, lines: Iterator[str]) -> Iterator[str]:
    """The lines, and then the end of what they were read from, also if nobody reads them all."""
    with opened:
        yield from lines
