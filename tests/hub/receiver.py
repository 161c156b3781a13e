"""Whom the hub calls: real servers on 127.0.0.1, well-behaved and otherwise.

A path of a `Receiver` does what it was told to: one of the behaviours below, or several in turn.
What is told of none takes all that comes, and confirms what it is asked.
"""

import asyncio
import gzip
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

#: What lets a service, or a `Caller`, reach them.
ALLOW = {"hub_allow": "127.0.0.0/8,::1/128", "hub_ports": "1-65535"}
_BLOCK = b"x" * 65_536
_PATIENCE_SECONDS = 20
_TRICKLE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Received:
    """A request; names of header fields are in lower case, the last of one name counts."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    #: Which connection it came on, counted from 1.
    connection: int

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        given = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[-1] for name, values in given.items()}


Behaviour = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


def answer(status: int = 204, body: bytes = b"", **headers: str) -> Behaviour:
    """Answer in whole; a field's name has an underscore for each hyphen."""

    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        _write_head(writer, status, {"Content-Length": str(len(body))} | fields)
        writer.write(body)

    return behave


async def take(received: Received, writer: asyncio.StreamWriter) -> None:
    """What a good subscriber does: echo a challenge (WebSub or rssCloud), take a delivery."""
    challenge = received.query.get("hub.challenge", received.query.get("challenge"))
    if received.method == "GET" and challenge is not None:
        await answer(200, challenge.encode())(received, writer)
    else:
        await answer()(received, writer)


async def hang(_: Received, writer: asyncio.StreamWriter) -> None:
    """Say nothing, until the other side gives up."""
    await _until_gone(writer)


async def trickle_head(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    await _trickle(writer, b"X-More: and more\r\n")


async def trickle_body(_: Received, writer: asyncio.StreamWriter) -> None:
    _write_head(writer, 200, {"Content-Length": "1000000"})
    await _trickle(writer, b".")


async def flood_head(_: Received, writer: asyncio.StreamWriter) -> None:
    """Header fields without end."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"X-More: and more\r\n" * 1_000)
        await writer.drain()


async def flood_field(_: Received, writer: asyncio.StreamWriter) -> None:
    """One header field without end."""
    writer.write(b"HTTP/1.1 200 OK\r\nX-More: ")
    while not writer.is_closing():
        writer.write(_BLOCK)
        await writer.drain()


async def flood_interim(_: Received, writer: asyncio.StreamWriter) -> None:
    """Interim answers without end."""
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)
        await writer.drain()
        await asyncio.sleep(0)


async def flood_body(_: Received, writer: asyncio.StreamWriter) -> None:
    """10 MB."""
    size = 160 * len(_BLOCK)
    _write_head(writer, 200, {"Content-Length": str(size)})
    for _number in range(size // len(_BLOCK)):
        writer.write(_BLOCK)
        await writer.drain()


async def bomb(_: Received, writer: asyncio.StreamWriter) -> None:
    """20 kB that are 20 MB once a coding is undone."""
    body = gzip.compress(b"\0" * 20_000_000)
    _write_head(writer, 200, {"Content-Encoding": "gzip", "Content-Length": str(len(body))})
    writer.write(body)


async def close(_: Received, writer: asyncio.StreamWriter) -> None:
    """Close without a word."""
    writer.close()


async def close_in_head(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    writer.close()


async def close_in_body(_: Received, writer: asyncio.StreamWriter) -> None:
    _write_head(writer, 200, {"Content-Length": "100"})
    writer.write(b"half")
    writer.close()


async def reset(_: Received, writer: asyncio.StreamWriter) -> None:
    """Break the connection."""
    line = writer.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def babble(_: Received, writer: asyncio.StreamWriter) -> None:
    """Say something else than HTTP."""
    writer.write(b"220 mail.example ESMTP\r\n")


def say(raw: bytes) -> Behaviour:
    """Say exactly this."""

    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)

    return behave


@dataclass(slots=True)
class Receiver:
    """A server in a thread of its own; what it has received, in the order in which it came."""

    host: str = "127.0.0.1"
    port: int = 0
    scheme: str = "http"
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    is_ending: bool = False
    #: Paths that answer before they have read a body.
    hasty: set[str] = field(default_factory=set)
    _behaviours: dict[str, list[Behaviour]] = field(default_factory=dict)

    def url(self, path: str = "/", host: str | None = None) -> str:
        return f"{self.scheme}://{host or self.host}:{self.port}{path}"

    def tell(self, path: str, *behaviours: Behaviour) -> str:
        """Have a path do something, in turn, and the last from then on; gives its address."""
        self._behaviours[path] = list(behaviours)
        return self.url(path)

    def at(self, path: str) -> list[Received]:
        """What has come to a path."""
        return [one for one in self.received if one.path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        try:
            while received := await _read_request(reader, number, self.hasty):
                self.received.append(received)
                await self._choose(received.path)(received, writer)
                await writer.drain()
                if received.path in self.hasty:
                    await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # one side has given it up
        finally:
            writer.transport.abort() if self.is_ending else writer.close()
            await _until_gone(writer)

    def _choose(self, path: str) -> Behaviour:
        behaviours = self._behaviours.get(path, [take])
        return behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]


@contextmanager
def receive(host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a receiver on a free port."""
    receiver = Receiver(host, scheme="http" if tls is None else "https")
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    ends = asyncio.Event()

    async def run() -> None:
        server = await loop.create_server(
            lambda: _Line(asyncio.StreamReader(), receiver.serve), host, 0, ssl=tls
        )
        receiver.port = server.sockets[0].getsockname()[1]
        ready.set()
        await ends.wait()
        server.close()
        receiver.is_ending = True
        served = asyncio.all_tasks() - {asyncio.current_task()}
        for one in served:
            one.cancel()
        await asyncio.gather(*served, return_exceptions=True)
        await server.wait_closed()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    try:
        assert ready.wait(_PATIENCE_SECONDS)
        yield receiver
    finally:
        loop.call_soon_threadsafe(ends.set)
        thread.join(_PATIENCE_SECONDS)
        loop.close()


class _Line(asyncio.StreamReaderProtocol):
    """Closed as soon as the other side closes it, also while it is written to."""

    def eof_received(self) -> bool:
        super().eof_received()
        return False


async def _read_request(
    reader: asyncio.StreamReader, connection: int, hasty: set[str]
) -> Received | None:
    """The next request of a connection; None where there is none."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
    }
    received = Received(method, target, headers, b"", connection)
    if received.path in hasty:
        return received
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return replace(received, body=body)


def _write_head(writer: asyncio.StreamWriter, status: int, headers: dict[str, str]) -> None:
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers.items())]
    if status == 204:  # it has no body, and no length of one
        lines = [line for line in lines if not line.startswith("Content-Length")]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))


async def _trickle(writer: asyncio.StreamWriter, piece: bytes) -> None:
    while not writer.is_closing():
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(_TRICKLE_SECONDS)


async def _until_gone(writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        await writer.wait_closed()
