"""Errors as answers: RFC 9457 problem+json. Nothing that goes wrong shows a stack trace."""

import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from feedsvc import kinds
from feedsvc.errors import (
    ArticleNotFoundError,
    ArticleWithdrawnError,
    BatchError,
    BodyTimeoutError,
    BodyTooLargeError,
    CredentialsError,
    DatabaseUnavailableError,
    FeedNotFoundError,
    FeedsvcError,
    HubError,
    HubRateError,
    InboxError,
    MessageError,
    ParameterError,
    RateLimitError,
    SchemaError,
    SecretKeyError,
    SelectionError,
    SignatureError,
    SpoolError,
    TokenError,
)
from feedsvc.kinds import Kind
from feedsvc.secrecy import redact

log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"

_KINDS: dict[type[FeedsvcError], Kind] = {
    ParameterError: kinds.PARAMETER,
    MessageError: kinds.UNREADABLE_MESSAGE,
    SignatureError: kinds.UNVERIFIED,
    TokenError: kinds.WRONG_TOKEN,
    CredentialsError: kinds.NO_CREDENTIALS,
    InboxError: kinds.NO_MESSAGE,
    FeedNotFoundError: kinds.NO_FEED,
    SelectionError: kinds.TOO_BROAD,
    ArticleNotFoundError: kinds.NO_ARTICLE,
    ArticleWithdrawnError: kinds.WITHDRAWN,
    BodyTimeoutError: kinds.SLOW_BODY,
    BodyTooLargeError: kinds.TOO_LARGE,
    RateLimitError: kinds.TOO_MANY_MESSAGES,
    HubError: kinds.HUB_REFUSES,
    HubRateError: kinds.TOO_MANY_SUBSCRIPTIONS,
    SecretKeyError: kinds.NO_SECRET_KEY,
    BatchError: kinds.LINES_OVER_LIMIT,
    SpoolError: kinds.NO_ROOM,
    DatabaseUnavailableError: kinds.DATABASE_AWAY,
    SchemaError: kinds.NOT_READY,
}
#: What Werkzeug's own errors are; of those that are not here, the status says it all.
_HTTP_KINDS = {
    kind.status: kind
    for kind in (kinds.BROKEN_BODY, kinds.NO_ADDRESS, kinds.WRONG_METHOD, kinds.MISTAKE)
}
_CHALLENGES = {
    TokenError: "Bearer",
    CredentialsError: 'Basic realm="feeds", charset="UTF-8"',  # RFC 7617
}
#: Said instead of the error's own words, which are for the log.
_DISCREET = {
    SignatureError: "The message could not be verified.",
    DatabaseUnavailableError: "The database can't be used just now. Try again shortly.",
}


def problem_body(kind: Kind, public_url: str, detail: str, **more: Any) -> dict[str, Any]:
    """Problem details (RFC 9457, section 3): `detail` is for people, `more` for programs."""
    return {
        "type": kind.uri(public_url),
        "title": kind.title,
        "status": int(kind.status),
        "detail": detail,
        **more,
    }


def _problem(body: dict[str, Any]) -> Response:
    """A problem details answer. It is never cached."""
    return Response(
        json.dumps(body) + "\n",
        body["status"],
        content_type=PROBLEM,
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )


def register_error_handlers(
    app: Flask,
    public_url: str,
    retry_after_seconds: int,
    tell: Callable[[Response], Response],
) -> None:
    """Answer every error with a problem document, as `tell` has it told to who asks."""

    @app.errorhandler(FeedsvcError)
    def explain(error: FeedsvcError) -> Response:
        kind = _KINDS.get(type(error), kinds.MISTAKE)
        status, detail = kind.status, _DISCREET.get(type(error), str(error))
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("%s %r: %s", request.method, redact(request.path), error)
        more = {"parameter": error.name} if isinstance(error, ParameterError | HubError) else {}
        response = _problem(problem_body(kind, public_url, detail, **more))
        if isinstance(error, RateLimitError):
            response.headers["Retry-After"] = str(error.retry_after_seconds)
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers["Retry-After"] = str(retry_after_seconds)
        if status == HTTPStatus.UNAUTHORIZED:
            # RFC 9110, section 11.6.1, wants a challenge; this one names what is expected.
            challenge = _CHALLENGES.get(type(error), "Webhook-Signature")
            response.headers["WWW-Authenticate"] = challenge
        return _in_words(response, tell)

    @app.errorhandler(HTTPException)
    def translate(error: HTTPException) -> Response:
        status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        detail = error.description or status.phrase
        kind = _HTTP_KINDS.get(status)
        response = _problem(
            _nameless(status, detail) if kind is None else problem_body(kind, public_url, detail)
        )
        for name, value in error.get_headers(request.environ):
            if name not in ("Content-Type", "Content-Length"):
                response.headers[name] = value
        return _in_words(response, tell)

    @app.errorhandler(Exception)
    def confess(error: Exception) -> Response:
        log.error("%s %r failed", request.method, redact(request.path), exc_info=error)
        detail = "feedsvc made a mistake. It is in the log; nothing was written."
        response = _problem(problem_body(kinds.MISTAKE, public_url, detail))
        return _in_words(response, tell)


def _nameless(status: HTTPStatus, detail: str) -> dict[str, Any]:
    """A problem of which there is no more to say than its status (RFC 9457, section 4.2.1)."""
    return {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}


def _in_words(response: Response, tell: Callable[[Response], Response]) -> Response:
    """The problem as `tell` has it, or as it is if that fails in its turn."""
    try:
        return tell(response)
    except Exception:
        log.exception("%s %r: the error could not be told", request.method, redact(request.path))
        return response
