"""Smaller bodies, made off the way of any request."""

import logging
import os
import queue
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

#: What waits beyond this is not waited for: it is asked for again.
_MOST_WAITING = 64

Job = Callable[[], None]


class Press:
    """One thread of a process that does what can wait. Compressing lets other threads go on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid = 0
        self._waiting: queue.Queue[Job] = queue.Queue(_MOST_WAITING)

    def offer(self, job: Job) -> bool:
        """Have something done later; whether there is room for it."""
        with self._lock:
            if self._pid != os.getpid():  # threads die in a fork
                self._pid = os.getpid()
                self._waiting = queue.Queue(_MOST_WAITING)
                threading.Thread(
                    target=_work, args=(self._waiting,), name="feedsvc-press", daemon=True
                ).start()
        try:
            self._waiting.put_nowait(job)
        except queue.Full:
            return False
        return True

    def wait(self) -> None:
        """Until all is done that waits."""
        self._waiting.join()


def _work(waiting: "queue.Queue[Job]") -> None:
    while True:
        job = waiting.get()
        try:
            job()
        except Exception:  # the bodies that there are go on being sent
            log.exception("a body could not be made smaller")
        finally:
            waiting.task_done()
