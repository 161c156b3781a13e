"""An answer that is kept: its bodies and its header fields, each thing made once."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from flask import Response

from feedsvc.serving.bodies import Bodies
from feedsvc.serving.codings import IDENTITY, accepted_codings
from feedsvc.serving.representation import Representation, Stamp, judge

Headers = list[tuple[str, str]]

#: The conditions that count beside If-None-Match (RFC 9110, section 13.2.2).
_OTHER_CONDITIONS = ("HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE")
#: What a representation says itself. All other fields are as the view has set them.
_OWN_FIELDS = frozenset(
    (
        *("content-type", "content-length", "content-encoding", "etag", "last-modified"),
        *("cache-control", "vary", "x-content-type-options", "date"),
    )
)
#: How long an answer is kept at the least that is to be asked for again at once.
_SHORTEST = timedelta(seconds=60)


@dataclass(frozen=True)
class Reply:
    status: str
    headers: Headers
    body: bytes

    @cached_property
    def head(self) -> bytes:
        """Its status and fields as they are sent, each with the end of its line."""
        lines = [self.status, *(f"{name}: {value}" for name, value in self.headers), ""]
        return "\r\n".join(lines).encode("latin-1")


@dataclass(frozen=True, slots=True)
class _Prepared:
    reply: Reply
    #: Until when it says what is so.
    until: float


class Kept:
    """A representation, of one state of the data, with all that its answers need.

    `fields` are the header fields that the view's answer had. The verbs may be used by several
    threads at once.
    """

    def __init__(
        self,
        representation: Representation,
        bodies: Bodies,
        fields: Sequence[tuple[str, str]],
        stamp: Stamp,
        now: datetime,
    ) -> None:
        self.representation = representation
        self.bodies = bodies
        self.stamp = stamp
        #: In seconds since 1970.
        self.made_at = now.timestamp()
        #: How long it took to be made from what was known; infinite, where that was never done.
        self.took_seconds = math.inf
        #: How often its body was sent.
        self.hits = 0
        #: Those of its answers' fields that it does not say itself.
        self.fields = [
            one
            for one in fields
            if one[0].lower() not in _OWN_FIELDS and one not in representation.fields
        ]
        self._etags = (representation.etag, representation.etag.removeprefix("W/"))
        # How long readers may keep it moves with the clock, so it is asked for again by then.
        age, ends_at = timedelta(seconds=representation.age_seconds), representation.ends_at
        again_at = now + max(age, _SHORTEST)
        self.fresh_until = (again_at if ends_at is None else min(again_at, ends_at)).timestamp()
        self._settles_at = _timestamp(representation.settles_at, 0.0)
        self._ends_at = _timestamp(ends_at, math.inf)
        self._replies: dict[tuple[tuple[str, ...] | None, bool], _Prepared] = {}

    def reply(self, environ: Mapping[str, Any], now: float) -> Reply:
        """The answer to a GET; to a HEAD, all but the body."""
        mark = environ.get("HTTP_IF_NONE_MATCH")
        is_shown = environ.get("HTTP_SEC_FETCH_DEST") == "document"
        wanted = None
        if mark is None:
            if "HTTP_IF_MODIFIED_SINCE" in environ:
                return self._judge(environ, now, is_shown=is_shown)
            self.hits += 1
            wanted = accepted_codings(environ.get("HTTP_ACCEPT_ENCODING", ""))
        elif mark not in self._etags:
            return self._judge(environ, now, is_shown=is_shown)
        if any(name in environ for name in _OTHER_CONDITIONS):
            return self._judge(environ, now, is_shown=is_shown)
        # The same ones to the end: `improve` puts others in their place, which have smaller bodies.
        replies = self._replies
        prepared = replies.get((wanted, is_shown))
        if prepared is None or now >= prepared.until:
            if wanted is None:
                reply = self._judge(environ, now, is_shown=is_shown)
            else:
                at = datetime.fromtimestamp(now, UTC)
                reply = self._whole(self._list_fields(at, is_shown=is_shown), wanted)
            prepared = replies[wanted, is_shown] = _Prepared(reply, self._same_until(now))
        return prepared.reply

    def improve(self, coding: str) -> None:
        """Have a smaller body in a coding, and answer with that."""
        self.bodies.improve(coding)
        self._replies = {}

    def _same_until(self, now: float) -> float:
        """Until when the header fields stay what they are, which some do to the second."""
        until = math.inf if now >= self._settles_at else min(now + 1.0, self._settles_at)
        left = self._ends_at - now
        age = self.representation.age_seconds
        if left <= age:
            return min(until, self._ends_at - int(left))
        return min(until, self._ends_at - age)

    def _list_fields(self, at: datetime, *, is_shown: bool) -> Headers:
        return self.representation.list_headers(at, is_shown=is_shown) + self.fields

    def _judge(self, environ: Mapping[str, Any], now: float, *, is_shown: bool) -> Reply:
        """What the request's conditions make of it."""
        at = datetime.fromtimestamp(now, UTC)
        fields = self._list_fields(at, is_shown=is_shown)
        response = judge(Response(headers=fields), self.representation, environ, at)
        if response.status_code != 200:
            headers = response.get_wsgi_headers(dict(environ)).to_wsgi_list()
            return Reply(response.status, headers, b"")
        return self._whole(fields, accepted_codings(environ.get("HTTP_ACCEPT_ENCODING", "")))

    def _whole(self, fields: Headers, codings: tuple[str, ...]) -> Reply:
        coding, body = self.bodies.pick(codings)
        fields.append(("Content-Length", str(len(body))))
        if coding != IDENTITY:
            fields.append(("Content-Encoding", coding))
        return Reply("200 OK", fields, body)


def _timestamp(moment: datetime | None, otherwise: float) -> float:
    return otherwise if moment is None else moment.timestamp()
