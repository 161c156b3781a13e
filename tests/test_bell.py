"""Commits are heard of, whoever makes them."""

import subprocess
import sys

import pytest

from feedsvc.db import Database
from tests.conftest import make_settings
from tests.integration.server import wait_until

ELSEWHERE = """
import sys
from feedsvc.db import Database
Database(sys.argv[1]).publish(lambda changes: changes.take())
"""


@pytest.fixture
def bell(database):
    bell = database.open_bell()
    assert bell.has_rung()  # before, anything may have been
    yield bell
    bell.close()


def is_quiet(bell) -> bool:
    """Whether it is silent at least once; of itself, it rings once a second on PostgreSQL."""
    return not bell.has_rung() or not bell.has_rung()


def commit_elsewhere(url: str) -> None:
    subprocess.run([sys.executable, "-c", ELSEWHERE, url], check=True, timeout=30)


def test_bell_is_silent_while_nothing_is_committed(bell):
    assert is_quiet(bell)


def test_bell_rings_when_this_process_commits(bell, database):
    assert is_quiet(bell)
    database.publish(lambda changes: changes.take())
    wait_until(bell.has_rung, "the bell rings", seconds=0.5)


def test_bell_rings_when_another_process_commits(bell, settings):
    assert is_quiet(bell)
    commit_elsewhere(settings.database_url)
    wait_until(bell.has_rung, "the bell rings", seconds=0.5)


def test_bell_that_hears_nothing_rings_all_the_same(postgres_url):
    database = Database(postgres_url)
    bell = database.open_bell()
    try:
        assert bell.has_rung()
        bell._connection.execute("UNLISTEN *")
        wait_until(bell.has_rung, "it looks for the first time")
        database.publish(lambda changes: changes.take())
        wait_until(bell.has_rung, "it rings")
    finally:
        bell.close()
        database.close()


def test_lost_connection_is_made_again(postgres_url):
    database = Database(postgres_url)
    bell = database.open_bell()
    try:
        assert bell.has_rung()
        with database.read():
            database.peewee.execute_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query = 'LISTEN feedsvc' AND datname = current_database()"
            )
        first = bell._connection
        wait_until(
            lambda: bell.has_rung() and bell._connection not in (None, first), "it listens again"
        )
        assert is_quiet(bell)
        database.publish(lambda _: None)
        wait_until(bell.has_rung, "it hears again", seconds=0.5)
    finally:
        bell.close()
        database.close()


def test_bell_of_a_server_that_is_away_is_quiet_and_does_not_fail():
    settings = make_settings("postgresql://127.0.0.1:1/nowhere")
    bell = Database(settings.database_url).open_bell()
    assert not bell.has_rung() or not bell.has_rung()
