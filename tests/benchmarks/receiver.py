"""Who is pushed to, at the least cost: takes all that comes, and remembers when each came.

A process of its own. `GET /times?N` is when those after the first N came, in seconds since 1970;
`GET /last` is the last of them, its header fields and its body.
"""

import asyncio
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

_REPOSITORY = Path(__file__).resolve().parents[2]
_PATIENCE_SECONDS = 30
_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
_SAID = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
_LENGTH = b"\r\ncontent-length:"


@dataclass(frozen=True, slots=True)
class Delivery:
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Receiver:
    port: int

    def callback(self, number: int) -> str:
        return f"http://127.0.0.1:{self.port}/s/{number}"

    def list_times(self, since: int = 0) -> list[float]:
        """When those after the first `since` came, in seconds since 1970."""
        times: list[float] = json.loads(self._get(f"/times?{since}"))
        return times

    def count(self) -> int:
        return int(self._get("/count"))

    def read_last(self) -> Delivery:
        head, _, body = self._get("/last").partition(b"\r\n\r\n")
        _, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(": ") for line in lines)
        return Delivery({name: value for name, _, value in pairs}, body)

    def _get(self, target: str) -> bytes:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_SECONDS)
        try:
            line.request("GET", target)
            answer = line.getresponse()
            assert answer.status == HTTPStatus.OK
            return answer.read()
        finally:
            line.close()


@contextmanager
def receive() -> Iterator[Receiver]:
    """Have a receiver there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.receiver"],
        cwd=_REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Receiver(int(process.stdout.readline()))
    finally:
        process.stdin.close()  # that ends it, as the end of this process would
        process.stdout.close()
        process.wait(_PATIENCE_SECONDS)


class _Taken:
    def __init__(self) -> None:
        self.times: list[float] = []
        self.last = b""

    def answer(self, target: str) -> bytes:
        path, _, since = target.partition("?")
        match path:
            case "/times":
                return json.dumps(self.times[int(since) :]).encode()
            case "/count":
                return str(len(self.times)).encode()
            case _:
                return self.last


class _Line(asyncio.Protocol):
    """A connection; requests of one come one after another."""

    def __init__(self, taken: _Taken) -> None:
        self._taken = taken
        self._heard = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        heard = self._heard + data if self._heard else data
        size = _size_of(heard)
        if size > len(heard):
            self._heard = heard
            return
        self._heard = b""
        if heard.startswith(b"GET "):
            said = self._taken.answer(heard.split(b" ", 2)[1].decode())
            self._transport.write(_SAID % (len(said), said))
            return
        self._taken.last = heard
        self._taken.times.append(time.time())
        self._transport.write(_TAKEN)


def _size_of(heard: bytes) -> int:
    """How long a request is that begins so; longer than it is, if its head is not whole."""
    end = heard.find(b"\r\n\r\n")
    if end < 0:
        return len(heard) + 1
    head = heard[:end].lower()
    at = head.find(_LENGTH)
    return end + 4 + (0 if at < 0 else int(head[at + len(_LENGTH) :].partition(b"\r\n")[0]))


async def _serve() -> None:
    loop, taken = asyncio.get_running_loop(), _Taken()
    server = await loop.create_server(lambda: _Line(taken), "127.0.0.1", 0, backlog=4_096)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 (whoever started it reads it)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
