"""Connections that come at once and are kept, as a proxy has them, go to all workers alike."""

import contextlib
import re
import socket
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.integration.conftest import on_sqlite
from tests.integration.server import ANSWER_SECONDS, WORKERS, Service, stopped, wait_until
from tests.integration.test_crashes import kill

pytestmark = on_sqlite

MANY = 48
#: Who has an eighth more than another leaves what comes to that one.
ALIKE = 3
#: Whoever the system does not let run for a moment is not waited for, so one may go otherwise.
TRIES = 5
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: feeds.example\r\n\r\n"


@pytest.fixture
def service(serve) -> Service:
    service = serve()
    with service.connection_to_each_worker():
        return service


@contextmanager
def kept_connections(service: Service, count: int = MANY) -> Iterator[list[socket.socket]]:
    """All opened before any of them is answered, and then all are."""
    with contextlib.ExitStack() as stack:
        lines = []
        for _ in range(count):
            line = stack.enter_context(
                socket.create_connection(("127.0.0.1", service.port), ANSWER_SECONDS)
            )
            line.sendall(REQUEST)
            lines.append(line)
        for line in lines:
            assert line.recv(65_536).startswith(b"HTTP/1.1 200 ")
        yield lines


def count_connections(service: Service) -> dict[int, int]:
    """How many each worker has: what proc(5) says of its files and of TCP."""
    table = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    rows = [row.split() for row in table]
    established = {
        row[9] for row in rows if row[3] == "01" and row[1].endswith(f":{service.port:04X}")
    }
    return {
        pid: sum(inode in established for inode in list_sockets(pid))
        for pid in service.list_workers()
    }


def list_sockets(pid: int) -> list[str]:
    inodes = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it was closed meanwhile
            if found := re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink())):
                inodes.append(found[1])
    return inodes


def find_difference(service: Service) -> int:
    """By how many connections the worker that has most of them differs from the one with fewest."""
    counts = count_connections(service).values()
    return max(counts) - min(counts)


def test_all_workers_get_as_many(service):
    differences = []
    for _ in range(TRIES):
        with kept_connections(service):
            assert sum(count_connections(service).values()) == MANY
            differences.append(find_difference(service))
    assert statistics.median(differences) <= ALIKE, differences


def test_worker_that_comes_later_gets_what_comes_then(service):
    differences = []
    for _ in range(TRIES):
        killed, *_ = service.list_workers()
        with kept_connections(service, MANY // 2):
            kill(killed)
            wait_until(partial(is_replaced, service, killed), "another one is there")
            with service.connection_to_each_worker():  # it listens
                pass
            with kept_connections(service):
                differences.append(find_difference(service))
    assert statistics.median(differences) <= ALIKE, differences


def is_replaced(service: Service, killed: int) -> bool:
    workers = service.list_workers()
    return killed not in workers and len(workers) == WORKERS


def test_nobody_waits_for_a_worker_that_stands_still(service):
    still, *others = service.list_workers()
    with stopped([still]), kept_connections(service):
        counts = count_connections(service)
    assert sum(counts[other] for other in others) == MANY, counts
