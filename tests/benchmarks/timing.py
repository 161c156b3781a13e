"""How long one answer takes, on a connection that is kept.

Its bytes are read from the socket as they come, and looked at when the clock has stopped: to have
`http.client` take an answer apart is a good part of the time that it takes to be given.
"""

import re
import socket
import statistics
import time
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection

from tests.integration.server import Service

#: Asked on the same connection before the clock starts.
_WARMING = 3
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_END_OF_HEAD = b"\r\n\r\n"
_LONGEST_HEAD_BYTES = 8_192
_buffer = memoryview(bytearray(8 * 2**20))


def ask(
    service: Service, connection: HTTPConnection, path: str, headers: Mapping[str, str]
) -> float:
    """Milliseconds until the whole answer is here.

    Raises:
        RuntimeError: it is not the document.
    """
    if connection.sock is None:
        connection.connect()
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    asked = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\n{fields}\r\n".encode()
    started = time.perf_counter()
    connection.sock.sendall(asked)
    length = _receive(connection.sock)
    taken = time.perf_counter() - started
    if not bytes(_buffer[: min(length, 200)]).startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"{path} is answered {bytes(_buffer[:200])!r}")
    return taken * 1000


def _receive(sock: socket.socket) -> int:
    """Take a whole answer; gives how long it is."""
    received, whole = 0, None
    while whole is None or received < whole:
        count = sock.recv_into(_buffer[received:])
        if not count:
            raise RuntimeError(f"the answer ends after {received} bytes")
        received += count
        if whole is None:
            whole = _find_end(bytes(_buffer[: min(received, _LONGEST_HEAD_BYTES)]))
    return received


def _find_end(head: bytes) -> int | None:
    """Where the answer ends that begins with this, if its head is whole."""
    end = head.find(_END_OF_HEAD)
    if end < 0:
        return None
    length = _LENGTH.search(head, 0, end + 2)
    if length is None:
        raise RuntimeError(f"an answer does not say its length: {head[:200]!r}")
    return end + len(_END_OF_HEAD) + int(length[1])


def ask_often(service: Service, path: str, headers: Mapping[str, str], times: int) -> list[float]:
    """The milliseconds of each answer, one after the other."""
    with closing(service.connect()) as connection:
        for _ in range(_WARMING):
            ask(service, connection, path, headers)
        return [ask(service, connection, path, headers) for _ in range(times)]


def median_of(service: Service, path: str, headers: Mapping[str, str], times: int) -> float:
    return statistics.median(ask_often(service, path, headers, times))
