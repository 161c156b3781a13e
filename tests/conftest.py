"""Fixtures. What concerns data runs on SQLite and on PostgreSQL, without naming either."""

import os
import secrets
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedsvc import migrations
from feedsvc.app import create_app
from feedsvc.db import Database
from feedsvc.ingest.sources import add_source
from feedsvc.models import TABLES, ChangeCounter
from feedsvc.settings import Settings, load_settings
from tests.newsroom import SECRET_KEY, VAULT, Newsroom

POSTGRES_URL = os.environ.get("FEEDSVC_TEST_POSTGRES_URL", "postgresql:///test")
SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch):
    """No setting of the machine's reaches a test."""
    for name in os.environ:
        if name == "PORT" or name.startswith("FEEDSVC_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.db"
    database = Database(f"sqlite:///{path}")
    migrations.migrate(database)
    database.peewee.connect(reuse_if_open=True)
    database.peewee.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The URL of a database on a server that answers; those tests are skipped where none does."""
    psycopg = pytest.importorskip("psycopg", reason="the postgres extra is not installed")
    try:
        psycopg.connect(POSTGRES_URL, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have PostgreSQL at {POSTGRES_URL}: {error}")
        pytest.skip(f"no PostgreSQL answers at FEEDSVC_TEST_POSTGRES_URL ({POSTGRES_URL})")
    return POSTGRES_URL


def make_postgres_database(server: str) -> tuple[str, str]:
    """A new database on the server; gives its URL and name."""
    import psycopg

    name = f"feedsvc_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    address, mark, parameters = server.partition("?")
    return f"{address.rpartition('/')[0]}/{name}{mark}{parameters}", name


def drop_postgres_database(server: str, name: str) -> None:
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_database(postgres_server) -> Iterator[str]:
    url, name = make_postgres_database(postgres_server)
    database = Database(url)
    migrations.migrate(database)
    database.close()
    yield url
    drop_postgres_database(postgres_server, name)


@pytest.fixture
def fresh_postgres_url(postgres_server) -> Iterator[str]:
    """A database of its own, without tables."""
    url, name = make_postgres_database(postgres_server)
    yield url
    drop_postgres_database(postgres_server, name)


@pytest.fixture
def sqlite_url(sqlite_template, tmp_path) -> str:
    path = tmp_path / "feedsvc.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_database) -> str:
    database = Database(postgres_database)
    with database.peewee.connection_context():
        names = [f'"{table._meta.table_name}"' for table in TABLES if table is not ChangeCounter]
        database.peewee.execute_sql(f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE")
        database.peewee.execute_sql(
            "UPDATE change_counter SET epoch = %s, value = 0, changed_at = created_at",
            [secrets.token_hex(16)],
        )
    database.close()
    return postgres_database


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request) -> str:
    """A migrated, empty database: of each kind in turn."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database_url(request, tmp_path) -> str:
    """A database without tables: of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new.db"
    return request.getfixturevalue("fresh_postgres_url")


@pytest.fixture
def settings(database_url) -> Settings:
    return make_settings(database_url)


def make_settings(database_url: str, **overrides: object) -> Settings:
    defaults = {
        "database_url": database_url,
        "public_url": "https://feeds.example",
        "site_url": "https://news.example",
        "title": "Báo tỉnh",
        "secret_key": SECRET_KEY,
        "busy_timeout_seconds": 1.0,
        "ingest_rate": "unlimited",
        "hub": True,
        # The command line, in the same process, is another one to what is kept.
        "revision_ttl": 0.0,
    }
    return load_settings(**(defaults | overrides))


@pytest.fixture
def database(settings) -> Iterator[Database]:
    database = Database(settings.database_url, busy_timeout_seconds=1.0)
    yield database
    database.close()


@pytest.fixture
def app(settings):
    app = create_app(settings)
    yield app
    app.extensions["feedsvc"].database.close()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def newsroom(app) -> Newsroom:
    """The editorial system `desk`, which has a key."""
    return Newsroom(
        app.test_client(), add_source(app.extensions["feedsvc"].database, VAULT, "desk")
    )


@pytest.fixture
def runner():
    from click.testing import CliRunner

    return CliRunner()


@pytest.fixture
def sqlite_newsroom(sqlite_url):
    """As `newsroom`, with its app, on SQLite alone: for what does not concern the database."""
    app = create_app(make_settings(sqlite_url))
    database = app.extensions["feedsvc"].database
    yield Newsroom(app.test_client(), add_source(database, VAULT, "desk")), app
    database.close()


def pytest_terminal_summary(terminalreporter):
    """CI has all that the tests need; one that was skipped there was not run anywhere."""
    if os.environ.get("CI") and terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("CI must skip no test", red=True)


def pytest_sessionfinish(session):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:  # one of several processes, all of which report to another one
        return
    if os.environ.get("CI") and reporter.stats.get("skipped") and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
