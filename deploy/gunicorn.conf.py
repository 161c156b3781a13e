"""How gunicorn serves feedsvc: `feedsvc serve`, or `gunicorn -c deploy/gunicorn.conf.py …`."""

import contextlib
import gc
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

import feedsvc.app  # noqa: F401 (once, in the main process: new workers are there the sooner)
from feedsvc.secrecy import redact, redact_record
from feedsvc.server import files, processors
from feedsvc.server.fairness import Table
from feedsvc.server.keeper import list_command
from feedsvc.server.worker import Patience, PatientWorker
from feedsvc.settings import load_settings

_settings = load_settings()

bind = f"{_settings.host}:{_settings.port}"
workers = _settings.workers
# As many requests as there are threads are answered at the same time. No thread waits for a client
# (feedsvc/server/worker.py), so more of them would only change turns more often.
threads = _settings.threads
# Idle connections cost a worker a file each and no thread. When there are so many, the one that has
# been idle for longest makes room for the next.
worker_connections = 1000
# More than nginx keeps its connections (keepalive_timeout 20s): who sends must be who ends it.
keepalive = 30
# Who comes while all workers are busy, or are started anew, waits in the kernel's queue; systemd's
# socket has a queue of its own. Linux shortens it to net.core.somaxconn, 4096.
backlog = 2048
# A worker is never replaced for its age (max_requests): it is not known to grow, and a new one has
# to make every feed again.
max_requests = 0
# What does not give a sign of life for so long is killed. The main loop gives it, which no request
# holds up.
timeout = 60
graceful_timeout = 30
# The parser that the hostile requests of the tests were tried on; `auto` takes another one where it
# happens to be installed.
http_parser = "python"
# Answers are sent as they are taken, which is not for the system's sendfile to do.
sendfile = False
# No worker may write its heartbeat to a disk that stalls; memory, where there is such a place.
_MEMORY = Path("/dev/shm")  # noqa: S108 (each process makes a private file there)
worker_tmp_dir = str(_MEMORY) if _MEMORY.is_dir() else None
# The management socket is of no use here, and a file that two instances would fight over.
control_socket_disable = True
# No header may change what a request asks for; gunicorn trusts this machine with SCRIPT_NAME.
forwarder_headers = ""


class Worker(PatientWorker):
    """The worker with this service's limits."""

    patience = Patience(
        head_seconds=_settings.head_timeout_seconds,
        body_seconds=1.0,
        answer_seconds=_settings.answer_timeout_seconds,
        queue_seconds=_settings.body_timeout_seconds,
    )
    #: What it is kept on, if it is.
    processor: int | None = None


worker_class = Worker


class DiscreetLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's log, without the tokens of private feeds, whoever turns the access log on."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.addFilter(redact_record)

    def atoms(self, *parts: Any) -> dict[str, Any]:
        """What an access log's format can name: user names may be tokens, typed where they fit."""
        said = super().atoms(*parts)
        shown = {name: redact(one) if isinstance(one, str) else one for name, one in said.items()}
        return shown | dict.fromkeys(("u", "{authorization}i", "{http_authorization}e"), "-")


logger_class = DiscreetLogger


_table = Table()


def pre_fork(server: Any, worker: Any) -> None:
    """A worker is about to begin: it sees how many connections the others have, and may be kept
    on a processor.
    """
    worker.place = _table.take_place()
    usable = processors.list_usable() if _settings.cpu_affinity else ()
    taken = [getattr(one, "processor", None) for one in server.WORKERS.values()]
    worker.processor = processors.choose(usable, server.num_workers, taken)


def child_exit(server: Any, worker: Any) -> None:
    """A worker has ended, however that was."""
    del server
    if worker.place is not None:
        worker.place.give_back()


def post_fork(server: Any, worker: Any) -> None:
    """A worker begins."""
    _end_when_told(server)
    if worker.processor is not None:
        processors.keep_on(worker.processor, worker.log)
    # Let the thread that writes have its turn soon: it gives it up at each statement. With Python's
    # own 5 ms, it waited for that long whenever another thread was busy. So does the main loop, at
    # each send, while a thread takes an article: with 0.1 ms readers got 6 % more meanwhile than
    # with 0.5 (0.57 of the quiet rate, 0.54; six runs each, in turns), and pushes were as quick.
    # That was of workers that were kept on no processor; of others it is the same for 0.03 to 0.4.
    sys.setswitchinterval(0.0001)


def post_worker_init(worker: Any) -> None:
    """A worker has loaded the application."""
    del worker
    # What it came with stays. To look through all of that now and then takes 70 ms (seen), in which
    # nobody is answered.
    gc.collect()
    gc.freeze()


_ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


def _end_when_told(server: Any) -> None:
    """Let a worker be stopped before it has its own way to be.

    Until then it has the main process's, which puts signals into a queue that nobody reads here:
    who stopped the service while it started would wait for `graceful_timeout`, and then kill.
    """
    for ending in _ENDINGS:
        signal.signal(ending, lambda *_: sys.exit(0))
    while not server.SIG_QUEUE.empty():
        if server.SIG_QUEUE.get_nowait() in _ENDINGS:
            sys.exit(0)


def when_ready(server: Any) -> None:
    """Before the first worker begins: each has files for all of its connections."""
    files.raise_limit()
    _limit_silence(server)
    _start_worker(server)


def _limit_silence(server: Any) -> None:
    """Give up clients that fall silent in the middle of a long body: each holds up a thread.

    What is accepted inherits the limit of what it is accepted from.
    """
    limit = struct.pack("ll", _settings.silence_timeout_seconds, 0)
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    server.log.error_log.addFilter(_is_no_silent_client)


def _is_no_silent_client(record: logging.LogRecord) -> bool:
    """A client that fell silent is not a fault of ours, to be logged with a stack trace."""
    return not (record.exc_info and isinstance(record.exc_info[1], BlockingIOError))


def _start_worker(server: Any) -> None:
    """Have the hub's worker beside; its keeper ends with this process, however that ends."""
    if _settings.worker and (_settings.hub or _settings.other_hubs):
        server.feedsvc_worker = subprocess.Popen(list_command(os.getpid()))  # noqa: S603 (ours)


def on_reload(server: Any) -> None:
    """Settings and secrets are read anew: also by the hub's worker."""
    if (keeper := getattr(server, "feedsvc_worker", None)) is not None:
        keeper.terminate()
    _start_worker(server)


def on_exit(server: Any) -> None:
    """The workers have ended; so does the hub's, when it has said what it was saying."""
    keeper = getattr(server, "feedsvc_worker", None)
    if keeper is not None:
        keeper.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            keeper.wait(graceful_timeout)
