"""A client's socket, on which answers are sent as the client takes them."""

import errno
import select
import socket
import struct
import time
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

#: From here on, what an answer has come to is sent while the rest of it is made.
_MANY_BYTES = 65_536
#: An answer in pieces is made no faster than it is taken, beyond so much.
_MOST_UNSENT_BYTES = 1_000_000
#: Pieces in one call to the system, which takes up to 1024.
_PIECES = 64


class Line(socket.socket):
    """Whoever sends on it need not wait: what the client does not take at once is kept.

    An answer that is one piece of bytes is kept as what it is, not as a copy.
    """

    def __init__(self, accepted: socket.socket, answer_timeout_seconds: float) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self._answer_timeout_seconds = answer_timeout_seconds
        self._unsent: deque[memoryview] = deque()
        self._unsent_bytes = 0

    def sendall(self, data: "ReadableBuffer", flags: int = 0, /) -> None:
        """Keep it for `flush`, so that an answer's head and body leave in one packet.

        Raises:
            BrokenPipeError: much is kept already, and the client does not take it in time.
        """
        del flags
        if self._unsent_bytes > _MANY_BYTES and not self.flush():
            self._wait_for_room()
        piece = memoryview(data)
        self._unsent.append(piece)
        self._unsent_bytes += piece.nbytes

    def setblocking(self, flag: bool, /) -> None:  # noqa: FBT001 (the library's)
        if flag != self.getblocking():  # gunicorn says it anew for each request
            super().setblocking(flag)

    def flush(self) -> bool:
        """Send what the client takes now; gives whether that is all."""
        while self._unsent:
            pieces = list(islice(self._unsent, _PIECES))
            try:
                self._forget(self.sendmsg(pieces, (), socket.MSG_DONTWAIT))
            except BlockingIOError:
                return False
        return True

    def reset(self) -> None:
        """Close it so that the system, too, forgets what was not taken."""
        self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def _forget(self, sent_bytes: int) -> None:
        self._unsent_bytes -= sent_bytes
        if not self._unsent_bytes:
            self._unsent.clear()
            return
        while sent_bytes:
            piece = self._unsent.popleft()
            if piece.nbytes > sent_bytes:
                self._unsent.appendleft(piece[sent_bytes:])
            sent_bytes -= min(piece.nbytes, sent_bytes)

    def _wait_for_room(self) -> None:
        deadline = time.monotonic() + self._answer_timeout_seconds
        poller = select.poll()
        poller.register(self, select.POLLOUT)
        while self._unsent_bytes > _MOST_UNSENT_BYTES:
            left = deadline - time.monotonic()
            if left <= 0 or not poller.poll(left * 1000):
                raise BrokenPipeError(errno.EPIPE, "The client does not take its answer.")
            self.flush()
