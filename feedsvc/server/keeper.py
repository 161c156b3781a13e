"""`python -m feedsvc.server.keeper PID`: has a hub's worker for as long as that server is there.

It is there all the time and does next to nothing, so it loads next to nothing but Python's own
library.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from select import select

from feedsvc.logs import FORMAT

log = logging.getLogger("feedsvc.server.keeper")

ENDINGS = (signal.SIGTERM, signal.SIGINT)

_LOOK_SECONDS = 0.2
#: A worker that dies again and again as soon as it begins is started less and less often.
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 30.0
_SOON_SECONDS = 5.0
#: How long a worker may take to stop.
_ENDING_SECONDS = 25.0
#: Readers and editors come first, where the processor is wanted by all.
_NICENESS = 10


class Process:
    """Another process. Its number may become another's; what was opened of it does not."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._descriptor: int | None = None
        with contextlib.suppress(AttributeError, OSError):  # not Linux, or gone already
            self._descriptor = os.pidfd_open(number)

    def is_there(self) -> bool:
        if self._descriptor is not None:
            return not select([self._descriptor], [], [], 0)[0]
        try:
            os.kill(self.number, 0)
        except OSError:
            return False
        return True


def list_command(server: int) -> list[str]:
    """What starts a keeper of a server's worker."""
    return [sys.executable, "-m", "feedsvc.server.keeper", str(server)]


def keep(server: Process) -> None:
    """Have a worker, until this is told to stop, or the server is no more."""
    told: list[int] = []
    for ending in ENDINGS:
        signal.signal(ending, lambda number, _: told.append(number))
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)

    def wait(condition: Callable[[], bool]) -> bool:
        """Wait for something; gives whether a worker is still wanted then."""
        while not told and server.is_there():
            if condition():
                return True
            time.sleep(_LOOK_SECONDS)
        return False

    command = [sys.executable, "-m", "feedsvc", "worker"]
    command += ["--beside", str(server.number), "--kept-by", str(os.getpid())]
    pause = _SHORTEST_PAUSE_SECONDS
    while True:
        began = time.monotonic()
        child = subprocess.Popen(command)  # noqa: S603 (our own program)
        if not wait(lambda of=child: of.poll() is not None):  # type: ignore[misc]
            _end(child)
            return
        if time.monotonic() - began > _SOON_SECONDS:
            pause = _SHORTEST_PAUSE_SECONDS
        log.error("the hub's worker has died (%s); another one begins", child.returncode)
        again_at = time.monotonic() + pause
        if not wait(lambda at=again_at: time.monotonic() >= at):  # type: ignore[misc]
            return
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _end(child: "subprocess.Popen[bytes]") -> None:
    child.terminate()
    try:
        child.wait(_ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


if __name__ == "__main__":
    logging.basicConfig(format=FORMAT)
    keep(Process(int(sys.argv[1])))
