"""Who waits in the main loop for an answer that a thread is making for somebody else."""

from collections.abc import Hashable, Mapping

from feedsvc.server.connection import Connection

Environ = Mapping[str, str]


class Crowds:
    """For each answer, the one whom a thread makes it for, and those who came meanwhile."""

    def __init__(self) -> None:
        self._crowds: dict[Hashable, dict[Connection, Environ]] = {}
        self._led: dict[Connection, Hashable] = {}
        self._joined: dict[Connection, Hashable] = {}

    def join(self, conn: Connection, answer: Hashable, environ: Environ) -> bool:
        """Whether it waits with others now. Who comes first leads, and is to have a thread."""
        crowd = self._crowds.get(answer)
        if crowd is None:
            self._crowds[answer], self._led[conn] = {}, answer
            return False
        crowd[conn], self._joined[conn] = environ, answer
        return True

    def leave(self, conn: Connection) -> None:
        """One that has joined waits no longer."""
        answer = self._joined.pop(conn, None)
        if answer is not None:
            del self._crowds[answer][conn]

    def disperse(self, leader: Connection) -> list[tuple[Connection, Environ]]:
        """Those who have waited for a leader's answer, with what they ask, the first ones first."""
        answer = self._led.pop(leader, None)
        if answer is None:
            return []
        crowd = self._crowds.pop(answer)
        for conn in crowd:
            del self._joined[conn]
        return list(crowd.items())
