"""Fixtures: a real nginx in front of a real service, and in front of one that echoes."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.deploy.nginx import Echo, Nginx, in_front_of, listen_plainly, put, running
from tests.integration.conftest import end
from tests.integration.server import Service


@dataclass(frozen=True, slots=True)
class Site:
    """What an operator runs."""

    service: Service
    nginx: Nginx


def _run_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("site")
    service = Service(f"sqlite:///{directory}/feedsvc.db", directory / "service.output", workers=2)
    try:
        with in_front_of(service.port, directory) as nginx:
            service.start()
            yield Site(service, nginx)
    finally:
        end(service)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    """One for all tests of a module."""
    yield from _run_site(tmp_path_factory)


@pytest.fixture
def own_site(tmp_path_factory) -> Iterator[Site]:
    """One that a test may stop and start."""
    yield from _run_site(tmp_path_factory)


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.stop()


@pytest.fixture
def front(echo, tmp_path) -> Iterator[Nginx]:
    """nginx in front of `echo`."""
    with in_front_of(echo.port, tmp_path) as nginx:
        yield nginx


@pytest.fixture
def keeping_front(echo, tmp_path) -> Iterator[Nginx]:
    """As `front`, but what is kept is kept for a minute: for tests that count what is asked."""

    def edit(text: str, port: int) -> str:
        return put(listen_plainly(text, port), "200 404 1s;", "200 404 1m;")

    with running(Nginx(tmp_path, echo.port, edit)) as nginx:
        yield nginx
