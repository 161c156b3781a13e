"""Fixtures: a real nginx in front of a real service, and in front of one that echoes."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.deploy.nginx import Echo, Nginx, in_front_of
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
