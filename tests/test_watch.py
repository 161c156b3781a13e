"""What was read of a database is read again after a commit of anyone, and only then."""

import os
import shutil
import threading
import time
from contextlib import contextmanager

import pytest

from feedsvc.db import Database
from feedsvc.errors import DatabaseUnavailableError


@pytest.fixture
def watched(database):
    """A watch, and how often it has read."""
    reads = []

    def read():
        reads.append(None)
        return database.read_counter().change

    return database.watch(read), reads


def publish(database):
    database.publish(lambda changes: changes.take())


def test_nothing_is_read_twice_while_nothing_is_committed(watched):
    watch, reads = watched
    assert [watch.look() for _ in range(5)] == [0] * 5
    assert len(reads) == 1


def test_what_this_process_commits_is_seen_at_once(watched, database):
    watch, _ = watched
    watch.look()
    publish(database)
    assert watch.look() == 1


def test_what_another_one_commits_is_seen(settings):
    mine, other = (Database(settings.database_url, revision_ttl_seconds=0) for _ in range(2))
    watch = mine.watch(lambda: mine.read_counter().change)
    watch.look()
    for number in range(1, 4):
        publish(other)
        assert watch.look() == number
    mine.close()
    other.close()


def test_on_a_server_it_is_seen_after_its_time(postgres_url):
    mine, other = (Database(postgres_url, revision_ttl_seconds=0.3) for _ in range(2))
    watch = mine.watch(lambda: mine.read_counter().change)
    watch.look()
    publish(other)
    deadline = time.monotonic() + 5
    while watch.look() == 0:
        assert time.monotonic() < deadline
    mine.close()
    other.close()


def test_a_peek_never_waits_for_a_server(watched, database, settings):
    watch, reads = watched
    is_server = settings.database_url.startswith("postgres")
    assert watch.peek() == (None if is_server else 0)
    watch.look()
    assert watch.peek() == 0
    publish(database)
    assert watch.peek() == (None if is_server else 1)
    watch.look()
    assert watch.peek() == 1
    assert len(reads) == 2


def test_each_thread_sees_what_was_committed(watched, database):
    watch, _ = watched
    seen = []
    begin = threading.Barrier(5)

    def look():
        watch.look()
        begin.wait(10)
        begin.wait(10)
        seen.append(watch.look())

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    begin.wait(10)
    publish(database)
    begin.wait(10)
    for thread in threads:
        thread.join()
    assert seen == [1] * 4


@contextmanager
def moved_away(folder):
    """The database's files are elsewhere for longer than nobody looks whether they are there."""
    away = folder / "away"
    away.mkdir()
    for path in list(folder.glob("feedsvc.db*")):
        path.rename(away / path.name)
    time.sleep(0.25)
    yield
    for path in list(away.iterdir()):
        path.rename(folder / path.name)


def test_a_file_that_is_gone_is_told_and_one_that_comes_back_is_read(sqlite_url, tmp_path):
    database = Database(sqlite_url)
    watch = database.watch(lambda: database.read_counter().change)
    publish(database)
    assert watch.look() == 1
    with moved_away(tmp_path), pytest.raises(DatabaseUnavailableError):
        watch.look()
    assert watch.look() == 1
    database.close()


def test_what_was_committed_since_a_file_came_back_is_seen(sqlite_url, tmp_path):
    """Each connection to it counts from the same number."""
    mine, other = Database(sqlite_url), Database(sqlite_url)
    watch = mine.watch(lambda: mine.read_counter().change)
    assert watch.look() == 0
    with moved_away(tmp_path), pytest.raises(DatabaseUnavailableError):
        watch.look()
    publish(other)
    assert watch.look() == 1
    mine.close()
    other.close()


def test_a_file_in_the_place_of_another_is_read(sqlite_url, sqlite_template, tmp_path):
    database = Database(sqlite_url)
    watch = database.watch(lambda: database.read_counter().change)
    publish(database)
    assert watch.look() == 1
    new = tmp_path / "new.db"
    shutil.copy(sqlite_template, new)
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"feedsvc.db{suffix}").unlink()
    new.rename(tmp_path / "feedsvc.db")
    time.sleep(0.25)
    assert watch.look() == 0
    database.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_process_sees_for_itself(sqlite_url):
    database = Database(sqlite_url)
    watch = database.watch(lambda: database.read_counter().change)
    watch.look()
    child = os.fork()
    if child == 0:
        publish(database)
        os._exit(0 if watch.look() == 1 else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert watch.look() == 1
    database.close()
