"""What is measured: feedsvc on a new database, and the barest service that stands beside it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from feedsvc import migrations
from feedsvc.db import Database
from tests.integration.server import Service

#: What FEEDSVC_WORKERS is by default.
WORKERS = 2
_BARE = (
    *(sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"),
    "tests.benchmarks.bare_service:create_app()",
)


@contextmanager
def feedsvc_on(directory: Path, *, workers: int = WORKERS, **settings: str) -> Iterator[Service]:
    """`feedsvc serve` with its defaults, on a new database with a source `desk`."""
    url = f"sqlite:///{directory}/feedsvc.db"
    service = Service(url, directory / "service.log", workers=workers, **settings)
    with _running(service):
        yield service


@contextmanager
def bare_service_on(directory: Path, *, workers: int = WORKERS) -> Iterator[Service]:
    """The same server with the same settings and tables, and `bare_service` in it."""
    url = f"sqlite:///{directory}/bare.db"
    database = Database(url)
    migrations.migrate(database)
    database.close()
    service = Service(url, directory / "service.log", workers=workers, command=_BARE)
    with _running(service):
        yield service


def path_of(service: Service) -> Path:
    return Path(service.database_url.removeprefix("sqlite:///"))


@contextmanager
def _running(service: Service) -> Iterator[None]:
    try:
        service.start()
        yield
    finally:
        if service.process is not None:
            service.terminate()
