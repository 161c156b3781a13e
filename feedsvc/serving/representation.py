"""A document as bytes with its validators, and the answer to a request for it (RFC 9110, 9111)."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from flask import Request, Response
from werkzeug.http import http_date

#: What proxies append to an ETag when they compress what it names: nginx leaves it, Apache's
#: mod_deflate writes -gzip, others ;gzip or --br.
_PROXY_MARK = re.compile(r'(?:--?|;)(?:gzip|br|zstd)(?=")')
#: A Last-Modified has one-second grain, and a change's time is noted just before its commit can be
#: seen: for so long after it, nothing is judged by date.
_SETTLED = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Representation:
    """A document in one format. `changed_at` is when anything in it last changed, if it is known.

    One without is told apart by its ETag alone.
    """

    body: bytes
    media_type: str
    changed_at: datetime | None
    #: For how long it may be kept, and for how much longer it may be served when feedsvc can't be
    #: reached or is being asked, in seconds.
    max_age_seconds: int
    stale_seconds: int

    @property
    def etag(self) -> str:
        """Weak, since a proxy may compress the body; a hash, so that nothing can be missed."""
        return f'W/"{hashlib.sha256(self.body).hexdigest()[:32]}"'


def answer(representation: Representation, request: Request, now: datetime) -> Response:
    """200 with the body, or 304 where the client's conditions say that it has it.

    Werkzeug judges the conditions (RFC 9110, section 13): lists, `*`, weak comparison, precedence.
    """
    headers = {
        "Content-Type": _content_type(representation.media_type),
        "ETag": representation.etag,
        "Cache-Control": _cache_control(representation),
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    changed_at = representation.changed_at
    if changed_at is not None:
        headers["Last-Modified"] = http_date(min(changed_at, now - _SETTLED))
    conditions = dict(request.environ)
    if mark := conditions.get("HTTP_IF_NONE_MATCH"):
        conditions["HTTP_IF_NONE_MATCH"] = _PROXY_MARK.sub("", mark)
    if changed_at is None or now - changed_at < _SETTLED:
        conditions.pop("HTTP_IF_MODIFIED_SINCE", None)
    if conditions.get("HTTP_IF_MATCH", "").strip() == "*":  # met by any document there is
        conditions.pop("HTTP_IF_MATCH")
    response = Response(representation.body, headers=headers)
    response.make_conditional(conditions)
    if response.status_code == HTTPStatus.PRECONDITION_FAILED:
        response.headers["Cache-Control"] = "no-store"
        response.set_data(b"")  # it is not what was asked for
    response.headers.pop("Date", None)  # the server writes its own
    return response


def _content_type(media_type: str) -> str:
    # JSON is UTF-8 and has no charset parameter (RFC 8259, section 11).
    return media_type if media_type.endswith("json") else f"{media_type}; charset=utf-8"


def _cache_control(representation: Representation) -> str:
    return (
        f"public, max-age={representation.max_age_seconds}, "
        f"stale-while-revalidate={representation.max_age_seconds}, "
        f"stale-if-error={representation.stale_seconds}"
    )
