"""One client's connection, and what is waited for on it."""

from typing import TYPE_CHECKING, Any

from gunicorn.workers.gthread import TConn

from feedsvc.server.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """It belongs to the worker's main loop, save while a thread answers a request."""

    sock: Line

    def __init__(self, cfg: Any, line: Line, client: Any, server: Any) -> None:
        super().__init__(cfg, line, client, server)
        self.data_ready = True  # a thread gets it with a request
        self.heard = bytearray()
        self.is_kept = True
        self.has_long_body = False
        self.lingered_bytes = 0
        #: What is done when it is ready, and when it is late.
        self.then: Callable[[Connection], None] | None = None
        self.when_late: Callable[[Connection], None] | None = None
        self.deadline = 0.0

    def fileno(self) -> int:
        return self.sock.fileno()

    def hand_over(self) -> None:
        """Give what was heard to the parser."""
        self.init()
        self.parser.unreader.unread(bytes(self.heard))
        self.heard.clear()
