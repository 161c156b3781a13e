"""A load client that costs little: messages are encoded beforehand, and one thread sends them.

Each connection is kept, and sends its next message when the last one is answered.
"""

import selectors
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

_BLOCK_BYTES = 1 << 16
_PATIENCE_SECONDS = 60


@dataclass(slots=True)
class Sent:
    """What became of the messages: how long all took, and each; how often one was put off (503)."""

    seconds: float = 0.0
    each_seconds: list[float] = field(default_factory=list)
    put_off: int = 0


def encode_post(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def send_all(port: int, messages: Iterable[bytes], connections: int) -> Sent:
    """Send every message until it is answered 200.

    Raises:
        RuntimeError: one was answered neither 200 nor 503.
    """
    waiting, sent = iter(messages), Sent()
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        lines = [stack.enter_context(closing(_Line(port, sent))) for _ in range(connections)]
        started = time.perf_counter()
        for line in lines:
            if line.send_next(waiting):
                selector.register(line, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(_PATIENCE_SECONDS)
            if not ready:
                raise RuntimeError(f"no answer within {_PATIENCE_SECONDS} seconds")
            for key, _ in ready:
                line = key.fileobj
                if line.is_answered() and not line.send_next(waiting):
                    selector.unregister(line)
        sent.seconds = time.perf_counter() - started
    return sent


class _Line:
    """A kept connection, and the message that is on it."""

    def __init__(self, port: int, sent: Sent) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), _PATIENCE_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.fileno, self.close = self._socket.fileno, self._socket.close
        self._sent = sent
        self._message, self._heard, self._sent_at = b"", b"", 0.0

    def send_next(self, waiting: Iterator[bytes]) -> bool:
        """Send another message; false if there is none."""
        message = next(waiting, None)
        if message is None:
            return False
        self._message, self._sent_at = message, time.perf_counter()
        self._send()
        return True

    def is_answered(self) -> bool:
        """Take in what has come; whether the message is done with."""
        block = self._socket.recv(_BLOCK_BYTES)
        self._heard += block
        head, end, body = self._heard.partition(b"\r\n\r\n")
        if block and not (end and len(body) >= _content_length(head)):
            return False
        if block and head.startswith(b"HTTP/1.1 503 "):
            self._sent.put_off += 1
            self._send()
            return False
        if not head.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"not answered 200: {self._heard[:2000]!r}")
        self._sent.each_seconds.append(time.perf_counter() - self._sent_at)
        return True

    def _send(self) -> None:
        self._heard = b""
        self._socket.sendall(self._message)


def _content_length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
