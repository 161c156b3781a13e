"""`systemctl reload`: new workers take over, and no client has a request that fails."""

import contextlib
import http.client
import itertools
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.conftest import on_sqlite
from tests.integration.server import Service, wait_until
from tests.newsroom import publish

RELOADS = 3
#: Clients of each kind.
CLIENTS = 3
NUMBERS = itertools.count()

pytestmark = [pytest.mark.slow, on_sqlite]


def read_on_a_kept_connection(service: Service, kept: http.client.HTTPConnection) -> int:
    """It is opened again only where the service says that it ends (`Connection: close`)."""
    return service.get("/feeds/all.rss", connection=kept).status


def read_on_new_connections(service: Service, _: http.client.HTTPConnection) -> int:
    return service.get("/feeds/all.json").status


def push(service: Service, _: http.client.HTTPConnection) -> int:
    return service.send(publish(f"n-{next(NUMBERS)}")).status


def reload(service: Service) -> None:
    assert service.process is not None
    old = set(service.list_workers())
    service.process.send_signal(signal.SIGHUP)
    wait_until(
        lambda: len(new := set(service.list_workers())) == service.workers and not new & old,
        "all workers are new ones",
    )


def test_no_request_fails_while_the_service_is_reloaded(service):
    service.push(publish("a-1"))
    stop, counts = threading.Event(), itertools.count()

    def go_on(ask: Callable[[Service, http.client.HTTPConnection], int]) -> set[int]:
        statuses = set()
        with contextlib.closing(service.connect()) as kept:
            while not stop.is_set():
                statuses.add(ask(service, kept))
                next(counts)
        return statuses

    asking = [read_on_a_kept_connection, read_on_new_connections, push] * CLIENTS
    with ThreadPoolExecutor(len(asking)) as pool:
        clients = [pool.submit(go_on, ask) for ask in asking]
        with contextlib.ExitStack() as stack:
            stack.callback(stop.set)
            for _ in range(RELOADS):
                reload(service)
    assert [client.result() for client in clients] == [{200}] * len(asking)
    assert next(counts) > len(asking)


def test_reload_comes_on_top_of_a_reload(service):
    """Whoever is impatient sends the signal again."""
    service.push(publish("a-1"))
    assert service.process is not None
    old = set(service.list_workers())
    for _ in range(3):
        service.process.send_signal(signal.SIGHUP)
        assert service.get("/feeds/all.rss").status == 200
    wait_until(
        lambda: len(new := set(service.list_workers())) == service.workers and not new & old,
        "all workers are new ones",
    )
    assert service.get("/feeds/all.rss").status == 200


def test_idle_connection_is_ended_by_a_reload_and_is_not_cut_before(service):
    """For a moment, a request that is on its way is still answered, as the connection's last."""
    idle, late = service.connect(), service.connect()
    with contextlib.closing(idle), contextlib.closing(late):
        for connection in (idle, late):
            assert service.get("/healthz", connection=connection).status == 200
            connection.auto_open = 0  # what is closed stays so
        assert service.process is not None
        old = set(service.list_workers())
        service.process.send_signal(signal.SIGHUP)
        wait_until(lambda: set(service.list_workers()) - old, "there are new workers")
        assert service.get("/healthz", connection=late).status == 200
        wait_until(lambda: not set(service.list_workers()) & old, "the old workers are gone")
        with pytest.raises((OSError, http.client.HTTPException)):
            service.get("/healthz", connection=idle)
