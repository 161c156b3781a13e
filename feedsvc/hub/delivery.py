"""Calling callbacks and other hubs: the only module with an HTTP client. It knows no database.

A connection's address is judged when its socket is made, on what it is about to be connected to:
whatever a name led to a moment ago, and however an address is written. Redirects are not followed,
proxies not used, cookies not kept, codings not undone.
"""

import asyncio
import errno
import hmac
import os
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from werkzeug.http import parse_date
from werkzeug.urls import iri_to_uri
from yarl import URL

from feedsvc import __version__
from feedsvc.hub.guard import Guard
from feedsvc.hub.names import look_up
from feedsvc.settings import Settings

_DAY_SECONDS = 86_400
_REDIRECTS = range(300, 400)
_SUCCESSES = range(200, 300)
#: An address that can stand in a request's first line; everything else is percent-encoded there.
_ADDRESS = re.compile(r"https?://[!-~]+")
_NO_ADDRESS = "its address is none that can be called"
_SECONDS = re.compile(r"[0-9]{1,12}")
#: Up to here, a body is handed over whole.
_WHOLE_BYTES = 2**20
_SLICE_BYTES = 65_536
#: How long a name's addresses are not asked for again.
_NAMES_KEPT_SECONDS = 30
_MOST_NAMES_KEPT = 10_000
#: Of a name; each is tried until one can be connected to.
_MOST_ADDRESSES = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call."""

    #: None: no answer came.
    status: int | None
    #: Empty for a 2xx; otherwise what was wrong, in words, without the address that was called.
    problem: str
    #: The guard refused every address that the name led to; nobody was called.
    is_forbidden: bool
    #: What an answer that was no success says of the next try (Retry-After), never below 0 and
    #: at most FEEDSVC_HUB_RETRY_DAYS; None if it says nothing that can be read.
    retry_after: float | None
    #: What came of it in time, at most FEEDSVC_HUB_MAX_RESPONSE_BYTES, as it was sent.
    body: bytes
    #: From the beginning of the call.
    seconds: float


def sign(secret: bytes, body: bytes, method: str) -> str:
    """The value of X-Hub-Signature (WebSub, section 8), such as `sha256=…` in hexadecimal.

    `method` is one of `FEEDSVC_HUB_SIGNATURE_METHOD`.
    """
    return f"{method}={hmac.digest(secret, body, method).hex()}"


class Caller:
    """Calls others, with connections that are kept and used again; an async context manager.

    A call has FEEDSVC_HUB_TIMEOUT_SECONDS for all together: looking the name up, connecting, TLS,
    sending, the answer. How many go on at once is its caller's business (`lanes`).

    Args:
        resolver: what looks names up; the system's resolver if None.
    """

    def __init__(self, settings: Settings, resolver: AbstractResolver | None = None) -> None:
        self._settings = settings
        self._resolver = resolver
        self._guard = Guard(settings.allowed_networks, settings.allowed_ports)
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        # Whom it trusts is read now, not when aiohttp is imported.
        tls = ssl.create_default_context()
        tls.set_alpn_protocols(["http/1.1"])
        connector = aiohttp.TCPConnector(
            ssl=tls,
            resolver=_Resolver() if self._resolver is None else self._resolver,
            ttl_dns_cache=_NAMES_KEPT_SECONDS,
            dns_cache_max_size=_MOST_NAMES_KEPT,
            socket_factory=self._make_socket,
            # No call waits here, while its time goes by.
            limit=0,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "User-Agent": f"feedsvc/{__version__} (+{iri_to_uri(self._settings.public_url)})",
                "Accept-Encoding": "identity",
            },
            request_class=_Request,
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Send a body to a canonical address (`guard.CallbackUrl.url`).

        It is sent twice only if a kept connection was closed before any answer: that happens
        whenever the other side gives an idle connection up at the same moment, and only if it
        acted on what it did not acknowledge does it see it again.
        """
        return await self._call("POST", url, body, headers)

    async def get(self, url: str) -> Outcome:
        """Ask for a canonical address."""
        return await self._call("GET", url, None, {})

    async def _call(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Outcome:
        target = _parse_address(url)
        if target is None:
            return Outcome(
                None, _NO_ADDRESS, is_forbidden=False, retry_after=None, body=b"", seconds=0
            )
        began = time.monotonic()
        call = _Call()
        problem = ""
        try:
            async with asyncio.timeout(self._settings.hub_timeout_seconds):
                await self._exchange(call, method, target, body, headers)
        except TimeoutError:
            problem = f"no answer within {self._settings.hub_timeout_seconds:g} s"
        except (aiohttp.ClientError, ValueError, OSError) as error:
            problem = _describe(error)
        finally:
            call.hang_up()
        return self._conclude(call, problem, time.monotonic() - began)

    async def _exchange(
        self,
        call: "_Call",
        method: str,
        target: URL,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> None:
        token = _current.set(call)
        try:
            try:
                response = await self._request(method, target, body, headers)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                if call.judged or not _is_without_answer(error):
                    raise
                response = await self._request(method, target, body, headers)
        finally:
            _current.reset(token)
        await self._read(call, response)

    async def _request(
        self, method: str, target: URL, body: bytes | None, headers: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        data: object = body
        if body is not None and len(body) > _WHOLE_BYTES:
            data, headers = _slices(body), {**headers, "Content-Length": str(len(body))}
        return await self._session.request(
            method, target, data=data, headers=headers, allow_redirects=False
        )

    async def _read(self, call: "_Call", response: aiohttp.ClientResponse) -> None:
        """Take in what was answered; only a connection whose answer came whole is kept."""
        call.status = response.status
        call.retry_after = response.headers.get("Retry-After")
        most = self._settings.hub_max_response_bytes
        try:
            while len(call.body) <= most:
                block = await response.content.read(most + 1 - len(call.body))
                if not block:
                    response.release()
                    if response.connection is None:  # also all that was to be sent has gone
                        call.line = None
                    return
                call.body += block
        finally:
            response.close()  # nothing, once it is released

    def _conclude(self, call: "_Call", problem: str, seconds: float) -> Outcome:
        """What is known of a call when it is over. A status counts, whatever came after it."""
        objections = [objection for objection in call.judged if objection is not None]
        is_forbidden = bool(objections) and len(objections) == len(call.judged)
        if call.status is not None:
            problem = _judge(call.status)
        elif is_forbidden:
            problem = f"{objections[0]} (FEEDSVC_HUB_ALLOW)"
        longest = self._settings.hub_retry_days * _DAY_SECONDS
        return Outcome(
            call.status,
            problem,
            is_forbidden and call.status is None,
            _parse_retry_after(call.retry_after, longest) if problem else None,
            bytes(call.body[: self._settings.hub_max_response_bytes]),
            seconds,
        )

    def _make_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """A socket for an address that may be called; what it raises, aiohttp takes for a failure
        to connect, and tries the next address."""
        family, kind, protocol, _, address = info
        objection = self._guard.find_objection(str(address[0]))
        if objection is not None:
            objection = f"its address {address[0]} is {objection}"
        _current.get().judged.append(objection)
        if objection is not None:
            raise PermissionError(errno.EACCES, objection)
        return socket.socket(family, kind, protocol)


@dataclass(slots=True)
class _Call:
    """What is known of a call while it goes on."""

    #: For each address that it tried to connect to, what the guard had against it. Empty: it
    #: was sent on a connection that was kept.
    judged: list[str | None] = field(default_factory=list)
    status: int | None = None
    retry_after: str | None = None
    body: bytearray = field(default_factory=bytearray)
    #: What it goes over, as long as it is not to be kept.
    line: asyncio.Transport | None = None

    def hang_up(self) -> None:
        """To close it would wait, without end, until the other side has read what was sent."""
        if self.line is not None:
            self.line.abort()


#: Sockets are made in the call's own context, and for one connector all by the same function.
_current: ContextVar[_Call] = ContextVar("_current")


class _Request(aiohttp.ClientRequest):
    """One that tells the call which connection it goes over."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        _current.get().line = conn.transport
        return await super().send(conn)


async def _slices(body: bytes) -> AsyncIterator[memoryview]:
    """A long body in parts: whole, it would be copied for each connection that is slow."""
    view = memoryview(body)
    for start in range(0, len(body), _SLICE_BYTES):
        yield view[start : start + _SLICE_BYTES]


class _Resolver(AbstractResolver):
    """The system's resolver (`names`)."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await look_up(host, port, family)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=of_family,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for of_family, _, protocol, _, address in found[:_MOST_ADDRESSES]
        ]

    async def close(self) -> None:
        """Nothing is kept."""


def _is_without_answer(error: aiohttp.ClientOSError | aiohttp.ServerDisconnectedError) -> bool:
    """Whether a connection that there was broke before the first byte of an answer."""
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)  # otherwise it is what was read of the answer
    return not isinstance(error, aiohttp.ClientConnectorError)


def _judge(status: int) -> str:
    """What is wrong with a status, in words; nothing, if it is a success."""
    if status in _SUCCESSES:
        return ""
    return f"answered {status}" + (", which is not followed" if status in _REDIRECTS else "")


def _describe(error: Exception) -> str:
    """What became of a call without an answer, in words."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            words = "its name can't be looked up"
        case aiohttp.ClientConnectorCertificateError():
            reason = getattr(error.certificate_error, "verify_message", "")
            words = "its certificate is not valid" + (f": {reason}" if reason else "")
        case aiohttp.ClientSSLError():
            words = "no TLS connection could be made"
        case aiohttp.ClientConnectorError():
            words = f"no connection could be made{_reason(error)}"
        case aiohttp.ServerDisconnectedError():
            words = "the connection was closed without an answer"
        case aiohttp.ClientOSError():
            words = f"the connection broke{_reason(error)}"
        case aiohttp.ClientResponseError():
            words = "answered what is no HTTP"
        case aiohttp.InvalidURL():
            words = _NO_ADDRESS
        case _:
            words = f"it could not be called: {type(error).__name__}"
    return words


def _reason(error: OSError) -> str:
    return "" if error.errno is None else f": {os.strerror(error.errno)}"


def _parse_address(url: str) -> URL | None:
    """An address as it is written; None where it is none that can be called."""
    url = url if url.isascii() else iri_to_uri(url)
    if not _ADDRESS.fullmatch(url):
        return None
    try:
        target = URL(url, encoded=True)
        host = target.raw_host  # what is wrong may show only when it is asked for
    except ValueError:
        return None
    return target if host else None


def _parse_retry_after(text: str | None, longest: float) -> float | None:
    """Seconds until a next try is wanted (RFC 9110, section 10.2.3)."""
    if text is None:
        return None
    if _SECONDS.fullmatch(text):
        return min(float(text), longest)
    try:
        moment = parse_date(text)
    except OverflowError:  # an offset of ages
        return None
    if moment is None:
        return None
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), longest)
