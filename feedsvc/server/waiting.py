"""Whom a worker's main loop waits for, for what, and until when."""

import time
from collections.abc import Callable
from selectors import BaseSelector

from feedsvc.server.connection import Connection

Step = Callable[[Connection], None]


class Waiting:
    """Connections, those first that have waited for longest."""

    def __init__(self, poller: BaseSelector) -> None:
        self._poller = poller
        self._connections: dict[Connection, None] = {}

    def wait(
        self, conn: Connection, event: int, then: Step, seconds: float, when_late: Step
    ) -> None:
        """Have `then` called whenever it is ready, and `when_late` when the time is over."""
        if conn.then is None:
            self._poller.register(conn, event, then)
        elif conn.then != then:
            self._poller.modify(conn, event, then)
        conn.then = then
        self._be_late(conn, seconds, when_late)

    def put_aside(self, conn: Connection, seconds: float, when_late: Step) -> None:
        """Do nothing when it is ready."""
        self._unregister(conn)
        self._be_late(conn, seconds, when_late)

    def forget(self, conn: Connection) -> None:
        self._unregister(conn)
        self._connections.pop(conn, None)
        conn.when_late = None

    def _unregister(self, conn: Connection) -> None:
        if conn.then is not None:
            self._poller.unregister(conn)
            conn.then = None

    def _be_late(self, conn: Connection, seconds: float, when_late: Step) -> None:
        self._connections.pop(conn, None)
        self._connections[conn] = None  # behind all others
        conn.deadline = time.monotonic() + seconds
        conn.when_late = when_late

    def tell_late(self, now: float) -> None:
        for conn in self.list_all():
            if conn.when_late and conn.deadline <= now:
                conn.when_late(conn)

    def hurry(self, when_late: Step, deadline: float) -> None:
        """Of those who are listened to, to whom that happens is late at the deadline, or before."""
        for conn in self._connections:
            if conn.then is not None and conn.when_late == when_late:
                conn.deadline = min(conn.deadline, deadline)

    def find_idle(self, when_late: Step) -> Connection | None:
        """The first who said nothing and has nothing to come; if there is none, the first."""
        idle = (
            conn for conn in self._connections if not conn.heard and conn.when_late == when_late
        )
        return next(idle, None) or next(iter(self._connections), None)

    def list_all(self) -> list[Connection]:
        return list(self._connections)
