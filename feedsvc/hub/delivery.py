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
from collections.abc import Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError, StreamWriter
from werkzeug.urls import iri_to_uri
from yarl import URL

from feedsvc import __version__
from feedsvc.hub.deadlines import Deadlines
from feedsvc.hub.guard import Guard
from feedsvc.hub.names import is_own, look_up
from feedsvc.hub.retry import parse_retry_after
from feedsvc.settings import Settings

_DAY_SECONDS = 86_400
_REDIRECTS = range(300, 400)
_SUCCESSES = range(200, 300)
#: What comes before an answer. 101 is one itself.
_INTERIM = frozenset(range(100, 200)) - {101}
#: An address that can stand in a request's first line; everything else is percent-encoded there.
#: In parts: scheme and host; path and query. A fragment is for nobody there.
_ADDRESS = re.compile(r"""(https?://[!"$-.0->@-~]+)((?:[/?][!"$-~]*)?)(?:#[!-~]*)?""")
_NO_ADDRESS = "its address is none that can be called"
#: What would end a header field.
_BREAK = re.compile(r"[\r\n\0]")
#: Up to here, a body is handed over whole.
_WHOLE_BYTES = 2**20
_SLICE_BYTES = 65_536
#: Of aiohttp's own: calls have `Deadlines`.
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=None)
#: How long a name's addresses are not asked for again.
_NAMES_KEPT_SECONDS = 30
_MOST_NAMES_KEPT = 10_000
_MOST_ORIGINS_KEPT = 1_000
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
        self._find_origin = lru_cache(_MOST_ORIGINS_KEPT)(self._make_origin)
        self._connector: aiohttp.TCPConnector
        self._deadlines: Deadlines

    async def __aenter__(self) -> Self:
        # Whom it trusts is read now, not when aiohttp is imported.
        tls = ssl.create_default_context()
        tls.set_alpn_protocols(["http/1.1"])
        self._connector = aiohttp.TCPConnector(
            ssl=tls,
            resolver=_Resolver() if self._resolver is None else self._resolver,
            ttl_dns_cache=_NAMES_KEPT_SECONDS,
            dns_cache_max_size=_MOST_NAMES_KEPT,
            socket_factory=self._make_socket,
            # No call waits here, while its time goes by.
            limit=0,
        )
        self._deadlines = Deadlines(self._settings.hub_timeout_seconds)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._connector.close()

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
        began = time.monotonic()
        call = _Call()
        problem = ""
        try:
            origin, path = self._parse_address(url)
        except ValueError:
            return self._conclude(call, _NO_ADDRESS, 0)
        try:
            head = _write_head(f"{method} {path} HTTP/1.1", origin, headers, body)
            with self._deadlines.watch():
                await self._call_once_or_twice(call, origin, head, body or b"")
        except TimeoutError:
            problem = f"no answer within {self._settings.hub_timeout_seconds:g} s"
        except (aiohttp.ClientError, HttpProcessingError, ValueError, OSError) as error:
            problem = _describe(error)
        finally:
            call.hang_up()
        return self._conclude(call, problem, time.monotonic() - began)

    async def _call_once_or_twice(
        self, call: "_Call", origin: "_Origin", head: bytes, body: bytes
    ) -> None:
        token = _current.set(call)
        try:
            await self._exchange(call, origin, head, body)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if call.judged or call.status is not None or not _is_without_answer(error):
                raise
            await self._exchange(call, origin, head, body)
        finally:
            _current.reset(token)

    async def _exchange(self, call: "_Call", origin: "_Origin", head: bytes, body: bytes) -> None:
        """One request, and what is answered, on a connection that is kept or made.

        aiohttp's session would do it too, in twice the time: it is made for much that does not
        concern a hub.
        """
        connection = await self._connector.connect(origin.request, [], _NO_TIMEOUT)
        protocol, line, sending = connection.protocol, connection.transport, None
        try:
            if protocol is None or line is None:  # it broke as soon as it was made
                raise aiohttp.ServerDisconnectedError
            call.line = line
            protocol.set_response_params(read_until_eof=True, auto_decompress=False)
            if len(body) > _WHOLE_BYTES:
                sending = asyncio.create_task(_send(protocol, head, body))
            else:
                line.write(head + body)
            await self._read(call, protocol)
            has_gone = (sending is None or sending.done()) and not line.get_write_buffer_size()
            if call.is_whole and has_gone:
                call.line = None
                connection.release()
        finally:
            if sending is not None:
                sending.cancel()
            connection.close()  # nothing, once it is released

    async def _read(self, call: "_Call", protocol: ResponseHandler) -> None:
        """Take in what was answered, up to a limit."""
        message, content = await protocol.read()
        while message.code in _INTERIM:
            message, content = await protocol.read()
        call.status = message.code
        call.retry_after = message.headers.get("Retry-After")
        most = self._settings.hub_max_response_bytes
        while len(call.body) <= most:
            block = await content.read(most + 1 - len(call.body))
            if not block:
                call.is_whole = True
                return
            call.body += block

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
            parse_retry_after(call.retry_after, longest) if problem else None,
            bytes(call.body[: self._settings.hub_max_response_bytes]),
            seconds,
        )

    def _parse_address(self, url: str) -> tuple["_Origin", str]:
        """Whom an address is of, and what is asked for there; ValueError if it can't be called."""
        found = _ADDRESS.fullmatch(url if url.isascii() else iri_to_uri(url))
        if found is None:
            raise ValueError(_NO_ADDRESS)
        path = found[2]
        return self._find_origin(found[1]), path if path.startswith("/") else f"/{path}"

    def _make_origin(self, text: str) -> "_Origin":
        url = URL(text, encoded=True)
        headers = {
            "User-Agent": f"feedsvc/{__version__} (+{iri_to_uri(self._settings.public_url)})",
            "Accept-Encoding": "identity",
        }
        loop = asyncio.get_running_loop()
        request = aiohttp.ClientRequest("GET", url, headers=headers, loop=loop)
        fields = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        return _Origin(request, fields)

    def _make_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """A socket for an address that may be called; what it raises, aiohttp takes for a failure
        to connect, and tries the next address."""
        family, kind, protocol, _, address = info
        host = str(address[0])
        objection = self._guard.find_objection(host)
        # What listens here may be meant for those who are in the house.
        if objection is None and not self._guard.lists(host) and is_own(host, family):
            objection = "this machine's own"
        if objection is not None:
            objection = f"its address {host} is {objection}"
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
    is_whole: bool = False
    #: What it goes over, as long as it is not to be kept.
    line: asyncio.Transport | None = None

    def hang_up(self) -> None:
        """To close it would wait, without end, until the other side has read what was sent."""
        if self.line is not None:
            self.line.abort()


#: Sockets are made in the call's own context, and for one connector all by the same function.
_current: ContextVar[_Call] = ContextVar("_current")


@dataclass(frozen=True, slots=True)
class _Origin:
    """Who is called: scheme, host and port, for all addresses there."""

    #: What aiohttp's connector connects for; it is never sent.
    request: aiohttp.ClientRequest
    #: The header fields that say to whom, and by whom.
    fields: str


def _write_head(
    line: str, origin: _Origin, headers: Mapping[str, str], body: bytes | None
) -> bytes:
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    if any(map(_BREAK.search, headers.values())):
        raise ValueError("a header field has a line break in it")
    length = "" if body is None else f"Content-Length: {len(body)}\r\n"
    return f"{line}\r\n{origin.fields}{fields}{length}\r\n".encode()


async def _send(protocol: ResponseHandler, head: bytes, body: bytes) -> None:
    """Send a long body in parts: whole, it would be copied for each connection that is slow."""
    writer = StreamWriter(protocol, asyncio.get_running_loop())
    # Who waits for the answer is told when the connection breaks.
    with suppress(aiohttp.ClientConnectionError, ConnectionError):
        await writer.write(head)
        for part in _slices(body):
            await writer.write(part)


def _slices(body: bytes) -> Iterator[memoryview]:
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
        case HttpProcessingError():
            words = "answered what is no HTTP"
        case aiohttp.InvalidURL():
            words = _NO_ADDRESS
        case _:
            words = f"it could not be called: {type(error).__name__}"
    return words


def _reason(error: OSError) -> str:
    return "" if error.errno is None else f": {os.strerror(error.errno)}"
