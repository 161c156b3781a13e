"""What is measured: feedsvc on a new database, and the barest service that stands beside it."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from feedsvc import migrations
from feedsvc.db import Database
from tests.integration.server import Service

#: What FEEDSVC_WORKERS is by default.
WORKERS = 2
_GUNICORN = (sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py")
_BARE = "tests.benchmarks.bare_service:create_app()"
#: Of a service that nobody pushes to.
_NO_KEY = "none"


@contextmanager
def feedsvc_on(
    directory: Path, *, workers: int = WORKERS, url: str = "", **settings: str
) -> Iterator[Service]:
    """`feedsvc serve` with its defaults, on a new database with a source `desk`.

    Or on the one at `url`, as it is.
    """
    new = f"sqlite:///{directory}/feedsvc.db"
    service = Service(url or new, directory / "service.log", workers=workers, **settings)
    service.key = _NO_KEY if url else ""
    with _running(service):
        yield service


@contextmanager
def bare_service_on(directory: Path, *, workers: int = WORKERS) -> Iterator[Service]:
    """The same server with the same settings and tables, and `bare_service` in it."""
    url = f"sqlite:///{directory}/bare.db"
    database = Database(url)
    migrations.migrate(database)
    database.close()
    service = Service(url, directory / "service.log", workers=workers, command=(*_GUNICORN, _BARE))
    with _running(service):
        yield service


@contextmanager
def baseline_on(
    directory: Path,
    application: str,
    *,
    workers: int = WORKERS,
    options: Sequence[str] = (),
    **environment: str,
) -> Iterator[Service]:
    """The same server with the same settings, and another application in it.

    `options` are gunicorn's, over the settings. It finds its database, where it has one, at
    FEEDSVC_DATABASE_URL, as the product does.
    """
    url = environment.pop("FEEDSVC_DATABASE_URL", f"sqlite:///{directory}/baseline.db")
    command = (*_GUNICORN, *options, application)
    service = Service(
        url, directory / "service.log", workers=workers, command=command, **environment
    )
    service.key = _NO_KEY
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
