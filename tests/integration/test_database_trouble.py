"""A database in trouble: pushes are put off, readers go on reading, and it heals by itself.

Nothing is acknowledged that is not kept. No test starts a service: the same one goes through all
the trouble of its kind of database.
"""

import os
import resource
import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from feedsvc.models import Article
from tests.integration.conftest import shared_on_postgres, shared_on_sqlite, sqlite_path
from tests.integration.pushers import Pushers
from tests.integration.server import SUFFIXES, Service, articles_in, wait_until
from tests.newsroom import publish

SETTINGS = {"FEEDSVC_BUSY_TIMEOUT_SECONDS": "0.5"}


class Section:
    """A category that one test has to itself, and the feed that shows what was pushed there."""

    def __init__(self, service: Service, name: str) -> None:
        self.service = service
        self.name = name
        self.path = f"/feeds/{name}.json"
        assert self.push("before")["status"] == "created"

    def event(self, article_id: str, **fields):
        return publish(f"{self.name}-{article_id}", categories=[self.name], **fields)

    def push(self, article_id: str, **options):
        return self.service.push(self.event(article_id), **options)

    def put_off(self, article_id: str) -> bool:
        """Whether a push of a message, always the same for an article, is to be tried again."""
        reply = self.service.send(self.event(article_id), f"msg_{self.name}_{article_id}")
        return reply.is_unavailable

    def take(self, article_id: str) -> None:
        """The same message is taken now, for the first time."""
        result = self.push(article_id, message_id=f"msg_{self.name}_{article_id}")
        assert result["status"] == "created"

    def shows(self, *article_ids: str, suffix: str = "json", connection=None) -> bool:
        reply = self.service.get(f"/feeds/{self.name}.{suffix}", connection=connection)
        expected = [f"{self.name}-{article_id}" for article_id in article_ids]
        assert articles_in(reply, suffix) == expected
        return True


@contextmanager
def locked(service):
    """Another program holds the lock that every push needs."""
    if service.database_url.startswith("sqlite"):
        with closing(sqlite3.connect(sqlite_path(service), isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield
            other.execute("ROLLBACK")
        return
    import psycopg

    with psycopg.connect(service.database_url) as other:
        other.execute("SELECT * FROM change_counter FOR UPDATE")
        yield
        other.rollback()


def test_locked_database_puts_pushes_off_and_not_readers(shared_service):
    section = Section(shared_service, "locked")
    with locked(shared_service):
        assert section.put_off("during")
        with ThreadPoolExecutor(12) as pool:  # more than one waits for its turn in each worker
            assert all(pool.map(lambda number: section.put_off(f"at-once-{number}"), range(12)))
            assert all(pool.map(lambda _: section.shows("before"), range(12)))
        assert shared_service.get("/readyz").status == 200
    section.take("during")
    section.shows("during", "before")


def test_locked_database_puts_releases_off_and_not_readers(shared_service):
    section = Section(shared_service, "locked-releases")
    moment = datetime.now(UTC) + timedelta(seconds=1)
    shared_service.push(section.event("due", date_published=moment.isoformat()))
    with locked(shared_service):
        time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))
        for suffix in SUFFIXES:
            section.shows("before", suffix=suffix)
    time.sleep(1.1)  # a worker that could not release tries again after a second
    section.shows("due", "before")


def move_file(path):
    return path, path.with_name("elsewhere.db")


def move_folder(path):
    return path.parent, path.parent.with_name(f"{path.parent.name}-elsewhere")


@contextmanager
def moved(here, elsewhere):
    here.rename(elsewhere)
    try:
        yield
        assert not here.exists()  # no new, empty newspaper is made in its place
    finally:
        elsewhere.rename(here)


@shared_on_sqlite
@pytest.mark.parametrize("what", [move_file, move_folder])
def test_database_that_is_gone_for_a_while_is_waited_for(shared_service, what):
    section = Section(shared_service, what.__name__.replace("_", "-"))
    with moved(*what(sqlite_path(shared_service))):
        for _ in range(9):  # each worker, more or less
            assert section.put_off("during")
            for path in (section.path, "/feeds/all.rss", "/", "/readyz"):
                assert shared_service.get(path).is_unavailable, path
            assert shared_service.get("/healthz").body == b"alive\n"
    with shared_service.connection_to_each_worker() as connections:
        for connection in connections:
            assert shared_service.get("/readyz", connection=connection).status == 200
            section.shows("before", connection=connection)
    section.take("during")
    section.shows("during", "before")


@shared_on_sqlite
def test_worker_that_starts_while_the_database_is_gone_waits_for_it(shared_service):
    section = Section(shared_service, "replaced-workers")
    with moved(*move_file(sqlite_path(shared_service))):
        replace_workers(shared_service)
        for _ in range(6):
            assert section.put_off("during")
            assert shared_service.get(section.path).is_unavailable
    with shared_service.connection_to_each_worker() as connections:
        for connection in connections:
            section.shows("before", connection=connection)
    section.take("during")


def replace_workers(service):
    """Every worker ends and another starts; returns when the new ones answer."""
    before = set(service.list_workers())
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    wait_until(
        lambda: len(set(service.list_workers()) - before) == len(before),
        "every worker is replaced",
    )
    wait_until(lambda: service.answers("/healthz"), "the new workers answer")


@pytest.mark.slow
@shared_on_sqlite
def test_nothing_acknowledged_is_lost_while_the_database_comes_and_goes(shared_service):
    section = Section(shared_service, "comes-and-goes")
    path = sqlite_path(shared_service)
    with Pushers(shared_service) as pushers:
        for number in range(5):
            pushers.wait_for_more()
            with moved(*move_file(path)):
                assert section.put_off(f"during-{number}")
        pushers.wait_for_more()
    check_kept_once(shared_service, pushers)
    check_integrity(path)


def check_kept_once(service, pushers):
    with service.database() as database, database.read():
        rows = Article.select().where(Article.external_id.startswith(pushers.prefix))
        kept = {row.external_id: row.version for row in rows}
    assert kept == dict.fromkeys(pushers.acknowledged, 1)


def check_integrity(path):
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


FITS_BYTES = 200_000  # more than the log, and less than the article that is pushed


@contextmanager
def full_disk(service):
    """What goes beyond the first bytes of a file can't be written, as if there were no room."""
    limits = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in service.list_workers()}
    try:
        for pid, (_, hard) in limits.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (FITS_BYTES, hard))
        yield
    finally:
        for pid, limit in limits.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux has prlimit(2)")
@shared_on_sqlite
def test_full_disk_puts_pushes_off_and_not_readers(shared_service):
    section = Section(shared_service, "full-disk")
    change = shared_service.read_change()
    event = section.event("large", content_html=f"<p>{'a' * 2 * FITS_BYTES}</p>")
    with full_disk(shared_service), shared_service.connection_to_each_worker() as connections:
        for connection in connections * 2:
            assert shared_service.send(event, "msg_large", connection=connection).is_unavailable
            section.shows("before", connection=connection)
    assert shared_service.read_change() == change
    assert shared_service.push(event, message_id="msg_large")["status"] == "created"
    with shared_service.connection_to_each_worker() as connections:
        for number, connection in enumerate(connections):
            section.push(f"after-{number}", connection=connection)
    section.shows("after-2", "after-1", "after-0", "large", "before")
    check_integrity(sqlite_path(shared_service))


def end_connections(url: str) -> None:
    """As a restart of the server does."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@shared_on_postgres
def test_connections_that_were_ended_are_made_anew(shared_service):
    section = Section(shared_service, "ended")
    for number in range(3):
        with ThreadPoolExecutor(10) as pool:  # several connections in each worker's pool
            list(pool.map(lambda _: shared_service.get(section.path), range(30)))
        end_connections(shared_service.database_url)
        with shared_service.connection_to_each_worker() as connections:
            for connection in connections:
                for path in (section.path, "/readyz", "/", "/feeds/all.rss"):
                    reply = shared_service.get(path, connection=connection)
                    assert reply.status == 200 or reply.is_unavailable, (path, reply)
                    assert shared_service.get(path, connection=connection).status == 200, path
        end_connections(shared_service.database_url)
        event = section.event(str(number))
        assert shared_service.push_until_taken(event, f"msg_{number}")["status"] == "created"
    section.shows("2", "1", "0", "before")


@pytest.mark.slow
@shared_on_postgres
def test_nothing_acknowledged_is_lost_when_connections_are_ended(shared_service):
    path = Section(shared_service, "ended-meanwhile").path
    with Pushers(shared_service) as pushers, ThreadPoolExecutor(2) as pool:
        for _ in range(8):
            pushers.wait_for_more()
            end_connections(shared_service.database_url)
            for reply in pool.map(shared_service.get, [path] * 4):
                assert reply.status == 200 or reply.is_unavailable, reply
        pushers.wait_for_more()
    check_kept_once(shared_service, pushers)


@shared_on_postgres
def test_server_that_takes_no_connections_is_waited_for(shared_service, postgres_server):
    import psycopg

    section = Section(shared_service, "refused")
    name = shared_service.database_url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        try:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
            # A backend that is told to end does so when it gets to it.
            wait_until(lambda: section.put_off("during"), "the first 503")
            for _ in range(9):
                for path in (section.path, "/readyz"):
                    assert shared_service.get(path).is_unavailable
                assert shared_service.get("/healthz").status == 200
                assert section.put_off("during")
        finally:
            server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    with shared_service.connection_to_each_worker() as connections:
        for connection in connections:
            assert shared_service.get("/readyz", connection=connection).status == 200
    section.take("during")
    section.shows("during", "before")
