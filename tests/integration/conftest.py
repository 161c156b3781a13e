"""Fixtures: a real service, on SQLite and on PostgreSQL, that begins with an empty database."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import drop_postgres_database, make_postgres_database
from tests.integration.server import Service


@pytest.fixture
def serve(empty_database_url, tmp_path_factory) -> Iterator[Callable[..., Service]]:
    """Start a service on the test's database, with settings; it is ended with the test."""
    log_path = tmp_path_factory.mktemp("log") / "service.log"
    started = []

    def start(**settings) -> Service:
        service = Service(empty_database_url, log_path, **settings)
        started.append(service)
        service.start()
        return service

    yield start
    with ExitStack() as stack:  # each is ended, whatever the end of another says
        for service in started:
            stack.callback(end, service)


@pytest.fixture
def service(serve) -> Service:
    return serve()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shared_service(request, tmp_path_factory) -> Iterator[Service]:
    """One for all tests of a module, each with articles and feeds of its own: of each kind in turn.

    The module's `SETTINGS` are its settings.
    """
    name, server = "", ""
    url = f"sqlite:///{tmp_path_factory.mktemp('shared')}/shared.db"
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
        url, name = make_postgres_database(server)
    log_path = tmp_path_factory.mktemp("log") / "service.log"
    service = Service(url, log_path, **getattr(request.module, "SETTINGS", {}))
    try:
        service.start()
        yield service
    finally:
        try:
            end(service)
        finally:
            if name:
                drop_postgres_database(server, name)


def end(service: Service) -> None:
    """Whatever became of the test: nothing goes on running, and no bug went to the log unseen."""
    try:
        if service.process is not None:
            service.terminate()
    finally:
        log = service.log
        print(log)  # noqa: T201 (pytest shows it beside a failure)
    assert "Traceback" not in log


def sqlite_path(service: Service) -> Path:
    return Path(service.database_url.removeprefix("sqlite:///"))


#: For tests with a service of their own.
on_sqlite = pytest.mark.parametrize("empty_database_url", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize("empty_database_url", ["postgres"], indirect=True)

#: For tests with the one that a module shares.
shared_on_sqlite = pytest.mark.parametrize("shared_service", ["sqlite"], indirect=True)
shared_on_postgres = pytest.mark.parametrize("shared_service", ["postgres"], indirect=True)
