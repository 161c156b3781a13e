"""As many workers as processors: each is kept on one of its own, with all of its threads."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import on_sqlite
from tests.integration.server import Service, wait_until
from tests.integration.test_crashes import kill
from tests.newsroom import publish

pytestmark = [
    on_sqlite,
    pytest.mark.skipif(
        not hasattr(os, "sched_getaffinity"), reason="this system does not tell its processors"
    ),
]


def processors_of(process: int) -> set[int]:
    """Those that any of its threads may run on."""
    threads = [int(one.name) for one in Path(f"/proc/{process}/task").iterdir()]
    return set().union(*(os.sched_getaffinity(thread) for thread in threads))


def list_processors(service: Service) -> list[set[int]]:
    return sorted((processors_of(one) for one in service.list_workers()), key=sorted)


def replaced(old: set[int], service: Service) -> None:
    wait_until(lambda: not old & set(service.list_workers()), "the old workers have ended")
    service.wait_until_ready()


@pytest.fixture
def usable() -> Iterator[list[int]]:
    """Two of this machine's processors, or its only one: what is started here may run on those."""
    all_of_them = os.sched_getaffinity(0)
    few = sorted(all_of_them)[:2]
    os.sched_setaffinity(0, few)
    yield few
    os.sched_setaffinity(0, all_of_them)


@pytest.fixture
def service(serve, usable) -> Service:
    return serve(workers=len(usable))


def test_each_worker_has_a_processor_of_its_own(service, usable):
    service.push(publish("a-1"))  # on threads of one
    assert list_processors(service) == [{one} for one in usable]


def test_worker_in_place_of_a_killed_one_has_its_processor(service, usable):
    worker = service.list_workers()[0]
    kill(worker)
    replaced({worker}, service)
    assert list_processors(service) == [{one} for one in usable]


def test_new_workers_of_a_reload_have_one_each(service, usable):
    old = set(service.list_workers())
    assert service.process is not None
    service.process.send_signal(signal.SIGHUP)
    replaced(old, service)
    assert list_processors(service) == [{one} for one in usable]


def test_system_chooses_where_one_would_have_more_workers(serve, usable):
    if len(usable) == 1:
        pytest.skip("this machine has one processor")
    service = serve(workers=len(usable) + 1)
    assert list_processors(service) == [set(usable)] * service.workers


def test_system_chooses_where_it_is_left_to(serve, usable):
    service = serve(workers=len(usable), FEEDSVC_CPU_AFFINITY="false")
    assert list_processors(service) == [set(usable)] * service.workers


def test_hubs_worker_may_run_on_all(serve, usable):
    service = serve(workers=len(usable), FEEDSVC_WORKER="true")
    hub = wait_until(service.find_hub_worker, "the hub's worker is there")
    assert processors_of(hub) == set(usable)
