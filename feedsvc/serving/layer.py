"""The WSGI layer in front of Flask: known GET and HEAD requests are answered from memory.

It knows bytes, validators and keys, nothing of articles. An answer is kept for as long as the state
of the data is the one that it is of, and no longer than it says itself. What is not there, Flask is
asked for, and hands over a representation (`representation.Offer`); one that says how it is made
(`Representation.remake`) is made anew without Flask. All else passes through.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache, partial
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, Protocol

from feedsvc.errors import DatabaseUnavailableError, FeedsvcError
from feedsvc.serving.bodies import Bodies
from feedsvc.serving.cache import Cache
from feedsvc.serving.codings import accepted_codings
from feedsvc.serving.kept import Headers, Kept, Reply
from feedsvc.serving.press import Press
from feedsvc.serving.representation import OFFER, Offer, Representation, Stamp

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

#: A body is made smaller when it was sent so often, and was the same for so long: while articles
#: come in one after the other, it would be for nothing, and take more time than all the rest.
_WORTH_IMPROVING = 3
_QUIET_SECONDS = 1.0
#: Addresses of which it is remembered what they mean, if they are not longer than that: what
#: clients write at random would take memory, and be of no use again.
_MOST_ADDRESSES = 2_000
_LONGEST_ADDRESS_CHARS = 500
#: What was made within so long last time may be made where others wait meanwhile.
_AT_ONCE_SECONDS = 0.010
#: What is due by then may be due before it is made, and would have to be written first.
_SOON_SECONDS = 1.0
#: What a kept answer takes beside its bodies: what it says as a value, header fields (seen: 8 kB).
_BESIDE_BYTES = 8_000


class Segment(Enum):
    """How many addresses of a kind there are, and so which part of the memory they share.

    What clients can think of without end pushes no feed out.
    """

    #: As many as there are feeds.
    PLAIN = 0.5
    #: As many as there are ways to put together what they have.
    FILTERED = 0.375
    #: As many as anyone can think of.
    ENDLESS = 0.125


@dataclass(frozen=True, slots=True)
class Key:
    """Which answer is meant: one for all addresses that mean the same."""

    segment: Segment
    name: str


class Standing(Protocol):
    """How the data stands."""

    @property
    def stamp(self) -> Stamp: ...

    @property
    def due_at(self) -> float:
        """When something is to happen by itself, in seconds since 1970."""
        ...


class Layer:
    """Wraps an application.

    `find_key` says what a path and query string mean, if it is known; `look` how the data stands,
    and `peek` the same, or nothing where that would take long. `is_embedded`: to read the data,
    nobody has to be waited for.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        find_key: Callable[[str, str], Key | None],
        look: Callable[[], Standing],
        peek: Callable[[], Standing | None],
        limit_bytes: int,
        *,
        is_embedded: bool,
    ) -> None:
        self._app = app
        self._find_key = find_key
        self._find_short = lru_cache(_MOST_ADDRESSES)(find_key)
        self._look = look
        self._peek = peek
        self.press = Press()
        self._turns = _Turns()
        self._is_embedded = is_embedded
        self._rest_until = 0.0
        self.caches: dict[Segment, Cache[str, Kept]] = {
            segment: Cache(int(limit_bytes * segment.value), _measure) for segment in Segment
        }

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD"):
            return self._app(environ, start_response)
        key = self._find(environ)
        if key is None:
            return self._app(environ, start_response)
        try:
            standing = self._look()
        except DatabaseUnavailableError:  # which the application has an answer for
            return self._app(environ, start_response)
        reply = self._recall(key, standing, environ) or self._renew(key, standing, environ)
        start_response(reply.status, reply.headers.copy())
        return [] if method == "HEAD" else [reply.body]

    def recall(self, environ: Mapping[str, Any]) -> Reply | None:
        """The answer to a GET or HEAD that is in memory, if nothing has to be waited for."""
        key = self._find(environ)
        if key is None:
            return None
        try:
            standing = self._peek()
        except DatabaseUnavailableError:
            return None
        return None if standing is None else self._recall(key, standing, environ)

    def find_outdated(self, environ: Mapping[str, Any]) -> Key | None:
        """Which answer is in memory that `recall` does not give, and `renew` can make anew."""
        key = self._find(environ)
        if key is None:
            return None
        kept = self.caches[key.segment].find(key.name)
        return None if kept is None or kept.representation.remake is None else key

    def renew(self, key: Key) -> Kept | None:
        """Have an answer of the data as it is now or later, without a request for it.

        It need not be made anew where only nobody had looked for too long how the data stands.
        None, where the application has to be asked.
        """
        with self._turns.of(key.name):
            kept = self.caches[key.segment].find(key.name)
            try:
                if kept is not None and _is_fresh(kept, self._look(), time.time()):
                    return kept
            except DatabaseUnavailableError:
                return None
            return self._remake(key)

    def renew_at_once(self, key: Key, environ: Mapping[str, Any]) -> Reply | None:
        """The same for a request, in the thread that all others wait for.

        To hand it to another thread and back takes a good part of the time that most answers take
        to make. None: it may take longer, or somebody has to be waited for; or the last one was
        made just now, since half of the time is for what is in memory.
        """
        began = time.monotonic()
        kept = self.caches[key.segment].find(key.name)
        if not self._is_embedded or began < self._rest_until:
            return None
        if kept is None or kept.took_seconds > _AT_ONCE_SECONDS:
            return None
        try:
            is_soon = self._look().due_at < time.time() + _SOON_SECONDS
        except DatabaseUnavailableError:
            return None
        if is_soon:
            return None
        with self._turns.of(key.name, waits=False) as is_first:
            made = self._remake(key) if is_first else None
        if made is None:
            return None
        reply = made.reply(environ, time.time())
        ended = time.monotonic()
        made.took_seconds = ended - began
        self._rest_until = ended + made.took_seconds
        return reply

    def _find(self, environ: Mapping[str, Any]) -> Key | None:
        path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
        is_short = len(path) + len(query) <= _LONGEST_ADDRESS_CHARS
        return self._find_short(path, query) if is_short else self._find_key(path, query)

    def _recall(self, key: Key, standing: Standing, environ: Mapping[str, Any]) -> Reply | None:
        kept = self.caches[key.segment].find(key.name)
        now = time.time()
        if kept is None or not _is_fresh(kept, standing, now):
            return None
        reply = kept.reply(environ, now)
        if kept.hits >= _WORTH_IMPROVING and now > kept.made_at + _QUIET_SECONDS:
            self._improve(key, kept, environ)
        return reply

    def _renew(self, key: Key, standing: Standing, environ: "WSGIEnvironment") -> Reply:
        """Have it made; of those who ask for the same at once, one does it for all."""
        with self._turns.of(key.name) as is_first:
            previous = self.caches[key.segment].find(key.name)
            now = time.time()
            if not is_first and previous is not None and _is_fresh(previous, self._look(), now):
                return previous.reply(environ, now)
            if (kept := self._remake(key)) is not None:
                return kept.reply(environ, time.time())
            return self._ask(key, standing, environ)

    def _remake(self, key: Key) -> Kept | None:
        """As the last one says that it is made, if it can be; else that one is forgotten."""
        began = time.monotonic()
        previous = self.caches[key.segment].find(key.name)
        if previous is None or previous.representation.remake is None:
            return None
        made = None
        try:
            made = previous.representation.remake(previous.representation)
        except DatabaseUnavailableError:
            return None
        except FeedsvcError:
            pass  # the application has an answer for it
        except Exception:  # the application tells whoever asked; a feed must not end in a 500
            log.exception("%s could not be made anew", key.name)
        if made is None or made.stamp is None or made.is_private:
            # Whether what is private is for this reader, a request tells.
            self.caches[key.segment].drop(key.name)
            return None
        kept = self._keep(key, made, made.stamp, previous.fields)
        kept.took_seconds = time.monotonic() - began
        return kept

    def _ask(self, key: Key, standing: Standing, environ: "WSGIEnvironment") -> Reply:
        """Ask the application."""
        previous = self.caches[key.segment].find(key.name)
        offer = Offer(None if previous is None else previous.representation)
        reply = _run(self._app, {**environ, "REQUEST_METHOD": "GET", OFFER: offer})
        made = offer.made
        if made is None:
            return reply
        stamp = standing.stamp if made.stamp is None else made.stamp
        return self._keep(key, made, stamp, reply.headers).reply(environ, time.time())

    def _keep(self, key: Key, made: Representation, stamp: Stamp, fields: Headers) -> Kept:
        cache, at = self.caches[key.segment], datetime.now(UTC)
        previous, bodies = cache.find(key.name), Bodies(made.body)
        if previous is not None and previous.bodies.plain is made.body:
            bodies = previous.bodies
        kept = Kept(made, bodies, fields, stamp, at)
        if not made.is_private:
            cache.put(key.name, kept)
        return kept

    def _improve(self, key: Key, kept: Kept, environ: Mapping[str, Any]) -> None:
        kept.hits = 0  # until it is done, it may be asked for again, which does no harm
        codings = accepted_codings(environ.get("HTTP_ACCEPT_ENCODING", ""))
        coding = kept.bodies.find_improvement(codings)
        if coding is not None:
            self.press.offer(partial(self._press, key, kept, coding))

    def _press(self, key: Key, kept: Kept, coding: str) -> None:
        cache = self.caches[key.segment]
        if cache.find(key.name) is kept:
            kept.improve(coding)
            cache.grow(key.name, kept)


def _is_fresh(kept: Kept, standing: Standing, now: float) -> bool:
    # Whoever made it may have read what was changed after it was looked how the data stands.
    (epoch, change), (of_epoch, of_change) = standing.stamp, kept.stamp
    if of_epoch != epoch or of_change < change:
        return False
    return now < kept.fresh_until and now < standing.due_at


def _measure(kept: Kept) -> int:
    return kept.bodies.size_bytes + kept.representation.found_bytes + _BESIDE_BYTES


def _run(app: "WSGIApplication", environ: "WSGIEnvironment") -> Reply:
    """A whole answer of an application."""
    status, headers = "", Headers()

    def start(said: str, fields: Headers, exc_info: Any = None) -> Callable[[bytes], object]:
        del exc_info  # nothing was sent yet
        nonlocal status, headers
        status, headers = said, fields
        return written.append

    written: list[bytes] = []
    parts = app(environ, start)
    try:
        written.extend(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    return Reply(status, headers, b"".join(written))


class _Turns:
    """One at a time for each key: who comes while another one is at it, waits."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._going_on: dict[str, Event] = {}

    @contextmanager
    def of(self, key: str, *, waits: bool = True) -> Iterator[bool]:
        """Whether nobody was at it. The others go on when that one is done, if they wait."""
        with self._lock:
            before = self._going_on.get(key)
            done = self._going_on[key] = before or Event()
        if before is not None:
            if waits:
                before.wait()
            yield False
            return
        try:
            yield True
        finally:
            with self._lock:
                del self._going_on[key]
            done.set()
