"""Who waits in the main loop for an answer that a thread makes anew for all of them."""

from collections.abc import Hashable, Mapping

from feedsvc.server.connection import Connection

Environ = Mapping[str, str]


class Crowds:
    """For each answer, those who wait for it: what they ask, and since when (monotonic seconds)."""

    def __init__(self) -> None:
        self._crowds: dict[Hashable, dict[Connection, tuple[Environ, float]]] = {}
        self._joined: dict[Connection, Hashable] = {}

    def join(self, conn: Connection, answer: Hashable, environ: Environ, since: float) -> bool:
        """Whether it is the first: the answer is to be made."""
        crowd = self._crowds.get(answer)
        is_first = crowd is None
        if crowd is None:
            crowd = self._crowds[answer] = {}
        crowd[conn], self._joined[conn] = (environ, since), answer
        return is_first

    def leave(self, conn: Connection) -> None:
        """It waits no longer, if it did."""
        answer = self._joined.pop(conn, None)
        if answer is not None:
            del self._crowds[answer][conn]

    def disperse(self, answer: Hashable) -> list[tuple[Connection, Environ, float]]:
        """Those who have waited for an answer, with what they ask, and since when; first ones
        first."""
        crowd = self._crowds.pop(answer)
        for conn in crowd:
            del self._joined[conn]
        return [(conn, environ, since) for conn, (environ, since) in crowd.items()]
