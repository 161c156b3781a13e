"""/inbox: what `feedsvc inbox` shows and does, for programs that have a token."""

import hmac
import json
import re
from collections import Counter
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, Field

from feedsvc.db import Database
from feedsvc.errors import InboxError, ParameterError, TokenError
from feedsvc.ingest import inbox
from feedsvc.ingest.inbox import Answer, Kept
from feedsvc.ingest.receive import replay
from feedsvc.settings import Settings

DEFAULT_LIMIT = 20
MOST = 200
#: What a number of a message can be, in both databases.
_NUMBER = re.compile(r"[0-9]{1,18}")
_LARGEST_NUMBER = 2**31 - 1
_BEARER = re.compile(r"bearer +(\S+)", re.IGNORECASE)


class InboxMessage(BaseModel):
    """A message in the inbox, without its body and answer."""

    model_config = ConfigDict(frozen=True)

    number: int = Field(description="What the inbox knows it by.")
    source: str = Field(description="Who sent it.")
    message_id: str = Field(description="The message's id: sent, or made of what was signed.")
    media_type: str = Field(description="The content type that it came with.")
    received_at: datetime = Field(description="When it came, or was done last.")
    size_bytes: int = Field(description="How large its body is.")
    digest: str = Field(description="SHA-256 of the body, in hexadecimal digits.")
    status: int = Field(description="The HTTP status that it was answered with.")
    counts: dict[str, int] = Field(description="How many of its events came to which status.")
    refused: bool = Field(description="Whether it, or one of its events, was refused.")
    duration_seconds: float = Field(description="How long it took to do.")


class InboxPage(BaseModel):
    """A page of the inbox."""

    model_config = ConfigDict(frozen=True)

    messages: list[InboxMessage] = Field(description="The newest first.")
    next: str | None = Field(description="The address of those before them, if there are any.")


class InboxEntry(InboxMessage):
    """A message with the answer that it was given."""

    answer: dict[str, Any] = Field(description="What it was answered.")


def create_blueprint(database: Database, settings: Settings) -> Blueprint:
    """The API. Where no token opens it, it is left out, so that nothing tells that there is one."""
    blueprint = Blueprint("inbox", __name__)
    tokens = settings.api_token.split()

    @blueprint.before_request
    def require_token() -> None:
        _require_token(request.headers.get("Authorization", ""), tokens)

    @blueprint.get("/inbox")
    def list_messages() -> Response:
        limit, before = _number("limit", MOST) or DEFAULT_LIMIT, _number("before", None)
        chosen = {"source": _said("source"), "refused": _flag("refused")}
        found = inbox.list_kept(
            database,
            limit + 1,
            source_name=chosen["source"],
            refused=chosen["refused"] is not None,
            before=before,
        )
        shown, more = found[:limit], found[limit:]
        query = {name: value for name, value in chosen.items() if value} | {"limit": limit}
        following = urlencode(query | {"before": shown[-1].number}) if more else None
        page = InboxPage(
            messages=[InboxMessage(**_described(kept)) for kept in shown],
            next=f"{settings.public_url}/inbox?{following}" if following else None,
        )
        return _json(page)

    @blueprint.get("/inbox/<number>")
    def show_message(number: str) -> Response:
        kept, _ = inbox.get_kept(database, _parse_number(number))
        return _json(InboxEntry(**_described(kept), answer=kept.answer.body))

    @blueprint.get("/inbox/<number>/body")
    def show_body(number: str) -> Response:
        kept, body = inbox.get_kept(database, _parse_number(number))
        headers = _HEADERS | {
            "Content-Disposition": f'attachment; filename="message-{kept.number}"',
            "X-Content-Type-Options": "nosniff",
        }
        return Response(body, content_type="application/octet-stream", headers=headers)

    @blueprint.post("/inbox/<number>/replay")
    def replay_message(number: str) -> Response:
        return _answered(replay(database, _parse_number(number), settings))

    return blueprint


_HEADERS = {"Cache-Control": "no-store"}


def _require_token(header: str, tokens: list[str]) -> None:
    """Raises TokenError unless it is one of those that open it; takes as long for each."""
    sent = _BEARER.fullmatch(header.strip())
    said = (sent.group(1) if sent else "").encode()
    matches = [hmac.compare_digest(said, token.encode()) for token in tokens]
    if not any(matches):
        raise TokenError("The token is missing, or not one that opens the inbox.")


def _said(name: str) -> str | None:
    """The value of a parameter, if it is given; of one that is repeated, its one value."""
    values = set(request.args.getlist(name))
    if len(values) > 1:
        raise ParameterError(name, "was given twice with different values.")
    return values.pop() if values else None


def _number(name: str, highest: int | None) -> int | None:
    """A whole number from 1 on, if the parameter is given."""
    said = _said(name)
    if said is None:
        return None
    top = highest or _LARGEST_NUMBER
    if not _NUMBER.fullmatch(said) or not 1 <= int(said) <= top:
        raise ParameterError(name, f"must be a whole number from 1 to {top}.")
    return int(said)


def _flag(name: str) -> str | None:
    said = _said(name)
    if said not in (None, "0", "1"):
        raise ParameterError(name, "must be 1 or 0.")
    return "1" if said == "1" else None


def _parse_number(text: str) -> int:
    """The number in an address; one that no message can have is not there."""
    if not _NUMBER.fullmatch(text) or int(text) > _LARGEST_NUMBER:
        raise InboxError("There is no such message.")
    return int(text)


def _described(kept: Kept) -> dict[str, Any]:
    return {
        "number": kept.number,
        "source": kept.source_name,
        "message_id": kept.message_id,
        "media_type": kept.media_type,
        "received_at": kept.received_at,
        "size_bytes": kept.size_bytes,
        "digest": kept.digest,
        "status": kept.answer.status,
        "counts": dict(Counter(event["status"] for event in kept.answer.events)),
        "refused": kept.is_refused,
        "duration_seconds": kept.duration_seconds,
    }


def _answered(answer: Answer) -> Response:
    media_type = "application/problem+json" if answer.is_problem else "application/json"
    return Response(answer.text + "\n", answer.status, content_type=media_type, headers=_HEADERS)


def _json(value: BaseModel) -> Response:
    # ASCII, as answers are: what was refused may hold text that is none.
    return Response(
        json.dumps(value.model_dump(), default=datetime.isoformat) + "\n",
        content_type="application/json",
        headers=_HEADERS,
    )
