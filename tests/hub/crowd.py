"""Ten thousand subscribers in a process of their own, some of whom fail and some of whom hang.

`/s/N` is the callback of subscriber N. What becomes of a delivery is settled by the seed, the
subscriber and how many have come to it, so that each run goes alike. `/report` is what they have
acknowledged, in the order in which it came.
"""

import asyncio
import http.client
import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

_REPOSITORY = Path(__file__).resolve().parents[2]
_ATOM, _TOMBSTONES = "{http://www.w3.org/2005/Atom}", "{http://purl.org/atompub/tombstones/1.0}"
_PATIENCE_SECONDS = 30
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
_FAILED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


def read_entries(content_type: str, body: bytes) -> list[tuple[str, str | None]]:
    """The id and title of each entry of a feed, in its order; no title: it was withdrawn."""
    if "json" in content_type:
        feed = json.loads(body)
        gone = feed.get("_feedsvc", {}).get("deleted", [])
        return [(one["id"], one.get("title")) for one in feed["items"]] + [
            (one["id"], None) for one in gone
        ]
    root = ET.fromstring(body)
    if "atom" in content_type:
        entries = [
            (_text(one, f"{_ATOM}id"), _text(one, f"{_ATOM}title"))
            for one in root.iter(f"{_ATOM}entry")
        ]
        gone = [(one.get("ref", ""), None) for one in root.iter(f"{_TOMBSTONES}deleted-entry")]
        return entries + gone
    return [(_text(one, "guid"), _text(one, "title")) for one in root.iter("item")]


def _text(element: ET.Element, name: str) -> str:
    return element.findtext(name, "")


class Crowd:
    """What they have received."""

    def __init__(self, seed: int, failing: float, hanging: float) -> None:
        self._seed = seed
        self._failing = failing
        self._hanging = hanging
        self._came: Counter[str] = Counter()
        self._bodies: dict[bytes, int] = {}
        self._entries: list[list[tuple[str, str | None]]] = []
        self._taken: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self._fates: Counter[str] = Counter()

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
        """What is said to a request; nothing: it hangs."""
        if method == "GET":
            if target == "/report":
                said = json.dumps(self.report()).encode()
            elif target == "/taken":
                said = b"%d" % self._fates["taken"]
            else:
                said = parse_qs(urlsplit(target).query)["hub.challenge"][0].encode()
            return _OK % (len(said), said)
        name = target.rpartition("/")[2]
        fate = self._choose(name)
        self._fates[fate] += 1
        if fate == "hung":
            return b""
        if fate == "failed":
            return _FAILED
        # Most of them are sent the same.
        number = self._bodies.setdefault(body, len(self._entries))
        if number == len(self._entries):
            self._entries.append(read_entries(headers.get("content-type", ""), body))
        self._taken[name].append((number, time.time()))
        return _TAKEN

    def _choose(self, name: str) -> str:
        self._came[name] += 1
        text = f"{self._seed}/{name}/{self._came[name]}".encode()
        share = int.from_bytes(blake2b(text, digest_size=8).digest()) / 2**64
        if share < self._hanging:
            return "hung"
        return "failed" if share < self._hanging + self._failing else "taken"

    def report(self) -> dict[str, Any]:
        return {"bodies": self._entries, "subscribers": self._taken, "fates": self._fates}


class _Line(asyncio.Protocol):
    """A connection; requests of one come one after another."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._heard = bytearray()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while (end := self._heard.find(b"\r\n\r\n")) >= 0:
            first, *lines = self._heard[:end].decode("latin-1").split("\r\n")
            pairs = (line.partition(": ") for line in lines)
            headers = {name.lower(): value for name, _, value in pairs}
            size = end + 4 + int(headers.get("content-length", 0))
            if len(self._heard) < size:
                return
            body = bytes(self._heard[end + 4 : size])
            del self._heard[:size]
            method, target, _ = first.split(" ")
            self._transport.write(self._crowd.answer(method, target, headers, body))


@dataclass(frozen=True, slots=True)
class CrowdThere:
    """A crowd in its process."""

    port: int

    def callback(self, number: int) -> str:
        return f"http://127.0.0.1:{self.port}/s/{number}"

    def report(self) -> dict[str, Any]:
        """`bodies`: entries of each that differs, as `read_entries` gives them; `subscribers`: by
        number, which of those each has acknowledged, and when (seconds since 1970); `fates`: how
        many were `taken`, `failed` or `hung`."""
        return json.loads(self._ask("/report"))

    def count_taken(self) -> int:
        """How many deliveries were acknowledged."""
        return int(self._ask("/taken"))

    def _ask(self, path: str) -> bytes:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_SECONDS)
        try:
            line.request("GET", path)
            return line.getresponse().read()
        finally:
            line.close()


@contextmanager
def gather_crowd(
    seed: int = 1, *, failing: float = 0.10, hanging: float = 0.01
) -> Iterator[CrowdThere]:
    """Have a crowd there; shares of what comes fail and hang."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.hub.crowd", str(seed), str(failing), str(hanging)],
        cwd=_REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield CrowdThere(int(process.stdout.readline()))
    finally:
        process.stdin.close()  # that ends it, as the end of this process would
        process.stdout.close()
        try:
            process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def _serve(crowd: Crowd) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Line(crowd), "127.0.0.1", 0, backlog=4_096)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 (whoever started it reads it)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(Crowd(int(sys.argv[1]), *map(float, sys.argv[2:]))))
