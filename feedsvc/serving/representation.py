"""A document as bytes with its validators, and the answer to a request for it (RFC 9110, 9111)."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from flask import Request, Response
from werkzeug.http import http_date

#: What proxies append to an ETag when they compress what it names: nginx leaves it, Apache's
#: mod_deflate writes -gzip, others ;gzip or --br.
_PROXY_MARK = re.compile(r'(?:--?|;)(?:gzip|br|zstd)(?=")')
#: A Last-Modified has one-second grain, and a change's time is noted just before its commit can be
#: seen: for so long after it, nothing is judged by date.
_SETTLED = timedelta(seconds=2)
#: In a request's environment: where the layer in front of Flask is handed what it can answer from,
#: and what it last had. There, and only there, it is judged whether the client has it already.
OFFER = "feedsvc.offer"

#: A state of the data: the epoch, and the number of the last change in it.
Stamp = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Representation:
    """A document in one format. `changed_at` is when anything in it last changed, if it is known.

    One without is told apart by its ETag alone.
    """

    body: bytes
    media_type: str
    changed_at: datetime | None
    #: For how long it may be kept if it does not end sooner, and for how much longer it may be
    #: served when feedsvc can't be reached or is being asked, in seconds.
    age_seconds: int
    stale_seconds: int
    #: When it will change by itself.
    ends_at: datetime | None = None
    #: Whether it is for who asked alone, and is kept nowhere.
    is_private: bool = False
    #: The media type that it has where a browser opens it for a person, if that is another one.
    shown_as: str | None = None
    #: What it says, as a value: of equal ones, the bytes are equal too.
    made_of: object = None
    #: What it was made from, for whoever makes it anew; and what that takes in memory.
    found: Any = field(default=None, compare=False, repr=False)
    found_bytes: int = 0
    #: Which state of the data it is of.
    stamp: Stamp | None = None
    #: Header fields of its own, beside those that follow from all this.
    fields: tuple[tuple[str, str], ...] = ()
    #: What makes it anew, of the data as it is then, where no request is needed for that; both
    #: have a stamp.
    remake: "Remake | None" = field(default=None, compare=False, repr=False)
    #: Weak, since a proxy may compress the body; a hash, so that nothing can be missed.
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha256(self.body).hexdigest()
        object.__setattr__(self, "etag", f'W/"{digest[:32]}"')

    def list_headers(self, now: datetime, *, is_shown: bool = False) -> list[tuple[str, str]]:
        """The header fields of a 200, but for what is said of its length and coding."""
        media_type = self.shown_as if is_shown and self.shown_as else self.media_type
        headers = [
            ("Content-Type", content_type(media_type)),
            ("ETag", self.etag),
            ("Cache-Control", self._cache_control(now)),
            ("Vary", "Accept-Encoding, Sec-Fetch-Dest" if self.shown_as else "Accept-Encoding"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if self.changed_at is not None:
            headers.append(("Last-Modified", http_date(min(self.changed_at, now - _SETTLED))))
        headers += self.fields
        return headers

    @property
    def settles_at(self) -> datetime | None:
        """Until when its Last-Modified moves, and nothing is judged by it."""
        return None if self.changed_at is None else self.changed_at + _SETTLED

    def is_settled(self, now: datetime) -> bool:
        return self.changed_at is not None and now - self.changed_at >= _SETTLED

    def _cache_control(self, now: datetime) -> str:
        if self.is_private:
            return "private, no-store"
        age = self.age_seconds
        if self.ends_at is not None:
            age = max(0, min(age, int((self.ends_at - now).total_seconds())))
        return (
            f"public, max-age={age}, stale-while-revalidate={age}, "
            f"stale-if-error={self.stale_seconds}"
        )


#: It is handed the last one, from which bytes can be taken over. None, or a FeedsvcError: the
#: application has another answer.
Remake = Callable[[Representation | None], Representation | None]


class Offer:
    """What passes between the layer in front of Flask and a view, in a request's environment."""

    def __init__(self, previous: Representation | None) -> None:
        #: The last one that was offered for this address, from which bytes can be taken over.
        self.previous = previous
        self.made: Representation | None = None


def find_previous(request: Request) -> Representation | None:
    """What this address last said, if that is still kept."""
    offer: Offer | None = request.environ.get(OFFER)
    return None if offer is None else offer.previous


def answer(representation: Representation, request: Request, now: datetime) -> Response:
    """200 with the body, or 304 where the client's conditions say that it has it."""
    is_shown = request.headers.get("Sec-Fetch-Dest") == "document"
    headers = representation.list_headers(now, is_shown=is_shown)
    response = Response(representation.body, headers=headers)
    offer: Offer | None = request.environ.get(OFFER)
    if offer is not None:
        offer.made = representation
        return response
    return judge(response, representation, request.environ, now)


def judge(
    response: Response, representation: Representation, environ: Mapping[str, Any], now: datetime
) -> Response:
    """A 200 as what the client's conditions make of it: itself, 304 or 412.

    Werkzeug judges the conditions (RFC 9110, section 13): lists, `*`, weak comparison, precedence.
    """
    conditions = dict(environ)
    if mark := conditions.get("HTTP_IF_NONE_MATCH"):
        conditions["HTTP_IF_NONE_MATCH"] = _PROXY_MARK.sub("", mark)
    if not representation.is_settled(now):
        conditions.pop("HTTP_IF_MODIFIED_SINCE", None)
    if conditions.get("HTTP_IF_MATCH", "").strip() == "*":  # met by any document there is
        conditions.pop("HTTP_IF_MATCH")
    response.make_conditional(conditions)
    if response.status_code == HTTPStatus.PRECONDITION_FAILED:
        response.headers["Cache-Control"] = "no-store"
        response.set_data(b"")  # it is not what was asked for
    response.headers.pop("Date", None)  # the server writes its own
    return response


def content_type(media_type: str) -> str:
    """The value of the header field, for a feed's media type."""
    # JSON is UTF-8 and has no charset parameter (RFC 8259, section 11).
    return media_type if media_type.endswith("json") else f"{media_type}; charset=utf-8"
