"""Errors as answers: RFC 9457 problem+json. Nothing that goes wrong shows a stack trace."""

import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from feedsvc.errors import (
    ArticleNotFoundError,
    ArticleWithdrawnError,
    BatchError,
    BodyTimeoutError,
    BodyTooLargeError,
    DatabaseUnavailableError,
    FeedNotFoundError,
    FeedsvcError,
    InboxError,
    MessageError,
    NoApiError,
    ParameterError,
    RateLimitError,
    SchemaError,
    SignatureError,
    SpoolError,
    TokenError,
)

log = logging.getLogger(__name__)

_STATUSES: dict[type[FeedsvcError], HTTPStatus] = {
    ParameterError: HTTPStatus.BAD_REQUEST,
    MessageError: HTTPStatus.BAD_REQUEST,
    SignatureError: HTTPStatus.UNAUTHORIZED,
    TokenError: HTTPStatus.UNAUTHORIZED,
    NoApiError: HTTPStatus.NOT_FOUND,
    InboxError: HTTPStatus.NOT_FOUND,
    FeedNotFoundError: HTTPStatus.NOT_FOUND,
    ArticleNotFoundError: HTTPStatus.NOT_FOUND,
    ArticleWithdrawnError: HTTPStatus.GONE,
    BodyTimeoutError: HTTPStatus.REQUEST_TIMEOUT,
    BodyTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    RateLimitError: HTTPStatus.TOO_MANY_REQUESTS,
    BatchError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    SpoolError: HTTPStatus.SERVICE_UNAVAILABLE,
    DatabaseUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    SchemaError: HTTPStatus.SERVICE_UNAVAILABLE,
}
#: Said instead of the error's own words, which are for the log.
_DISCREET = {
    SignatureError: "The message could not be verified.",
    DatabaseUnavailableError: "The database can't be used just now. Try again shortly.",
}


def problem_body(status: int, detail: str, **more: Any) -> dict[str, Any]:
    """Problem details (RFC 9457, section 3): `detail` is for people, `more` for programs."""
    title = HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}


def problem(status: int, detail: str, **more: Any) -> Response:
    """A problem details answer. It is never cached."""
    return Response(
        json.dumps(problem_body(status, detail, **more)) + "\n",
        status,
        content_type="application/problem+json",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )


def register_error_handlers(
    app: Flask, retry_after_seconds: int, tell: Callable[[Response], Response]
) -> None:
    """Answer every error with a problem document, as `tell` has it told to who asks."""

    @app.errorhandler(FeedsvcError)
    def explain(error: FeedsvcError) -> Response:
        status = _STATUSES.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("%s %r: %s", request.method, request.path, error)
        more = {"parameter": error.name} if isinstance(error, ParameterError) else {}
        response = problem(status, _DISCREET.get(type(error), str(error)), **more)
        if isinstance(error, RateLimitError):
            response.headers["Retry-After"] = str(error.retry_after_seconds)
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers["Retry-After"] = str(retry_after_seconds)
        if status == HTTPStatus.UNAUTHORIZED:
            # RFC 9110, section 11.6.1, wants a challenge; this one names what is expected.
            challenge = "Bearer" if isinstance(error, TokenError) else "Webhook-Signature"
            response.headers["WWW-Authenticate"] = challenge
        return _in_words(response, tell)

    @app.errorhandler(HTTPException)
    def translate(error: HTTPException) -> Response:
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        response = problem(status, error.description or HTTPStatus(status).phrase)
        for name, value in error.get_headers(request.environ):
            if name not in ("Content-Type", "Content-Length"):
                response.headers[name] = value
        return _in_words(response, tell)

    @app.errorhandler(Exception)
    def confess(error: Exception) -> Response:
        log.error("%s %r failed", request.method, request.path, exc_info=error)
        response = problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "feedsvc made a mistake. It is in the log; nothing was written.",
        )
        return _in_words(response, tell)


def _in_words(response: Response, tell: Callable[[Response], Response]) -> Response:
    """The problem as `tell` has it, or as it is if that fails in its turn."""
    try:
        return tell(response)
    except Exception:
        log.exception("%s %r: the error could not be told", request.method, request.path)
        return response
