"""How gunicorn serves feedsvc: `feedsvc serve`, or `gunicorn -c deploy/gunicorn.conf.py …`."""

import logging
import socket
import struct
import sys
from pathlib import Path
from typing import Any

from feedsvc.settings import load_settings

_settings = load_settings()

bind = f"{_settings.host}:{_settings.port}"
workers = _settings.workers
# Threads, so that a reader with a slow line holds up a thread and not a worker.
worker_class = "gthread"
threads = _settings.threads
keepalive = 30
timeout = 60
graceful_timeout = 30
# No worker may write its heartbeat to a disk that stalls; memory, where there is such a place.
_MEMORY = Path("/dev/shm")  # noqa: S108 (each process makes a private file there)
worker_tmp_dir = str(_MEMORY) if _MEMORY.is_dir() else None
# The management socket is of no use here, and a file that two instances would fight over.
control_socket_disable = True
# No header may change what a request asks for; gunicorn trusts this machine with SCRIPT_NAME.
forwarder_headers = ""


def post_fork(server: Any, worker: Any) -> None:
    """Let the thread that writes have its turn soon: it gives it up at each statement.

    With Python's own 5 ms, it waited for that long whenever another thread was busy.
    """
    del server, worker
    sys.setswitchinterval(0.0005)


def when_ready(server: Any) -> None:
    """Give up clients that fall silent in the middle of a request: each holds up a thread.

    gunicorn's threads wait for ever. What it accepts inherits the limit of what it listens on.
    """
    limit = struct.pack("ll", _settings.silence_timeout_seconds, 0)
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    server.log.error_log.addFilter(_is_no_silent_client)


def _is_no_silent_client(record: logging.LogRecord) -> bool:
    """A client that fell silent is not a fault of ours, to be logged with a stack trace."""
    return not (record.exc_info and isinstance(record.exc_info[1], BlockingIOError))
