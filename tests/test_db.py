"""The database's promises: one view a read, one change number a write, and trouble told as such."""

import os
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import peewee
import pytest

from feedsvc.db import Database
from feedsvc.errors import ConfigurationError, DatabaseUnavailableError
from feedsvc.models.push import Topic


def sqlite_path(database):
    return Path(database._engine.path)


def take_one(changes):
    return changes.take()


def test_change_numbers_follow_each_other(database):
    assert [database.publish(take_one) for _ in range(3)] == [1, 2, 3]
    assert database.read_counter().change == 3


def test_a_transaction_may_take_several_numbers(database):
    assert database.publish(lambda changes: [changes.take(), changes.take()]) == [1, 2]
    assert database.read_counter().change == 2


def test_a_write_that_takes_no_number_moves_nothing(database):
    before = database.read_counter()
    database.publish(lambda _: None)
    assert database.read_counter() == before


def test_a_failed_write_gives_its_number_back(database):
    def fail(changes):
        changes.take()
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        database.publish(fail)
    assert database.publish(take_one) == 1


def test_an_attempt_that_fails_gives_back_only_its_own_numbers(database):
    def work(changes):
        changes.take()
        try:
            with changes.attempt():
                changes.take()
                raise RuntimeError("no")
        except RuntimeError:
            return changes.take()

    assert database.publish(work) == 2


def test_the_time_of_changes_never_goes_back(database):
    year = 365 * 86_400 * 1_000_000
    ahead = f"UPDATE change_counter SET changed_at = changed_at + {year}"
    database.publish(lambda _: database.peewee.execute_sql(ahead))
    later = database.read_counter().changed_at
    database.publish(take_one)
    assert database.read_counter().changed_at == later


def test_numbers_are_seen_in_the_order_in_which_they_were_taken(database):
    """A reader that has seen a number has nothing below it still to come."""
    total = 60
    seen = []

    def write():
        for _ in range(total // 4):
            database.publish(take_one)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        seen.append(database.read_counter().change)
    for writer in writers:
        writer.join()
    assert seen == sorted(seen)
    assert database.read_counter().change == total


def test_a_view_reads_the_counter_once(database, monkeypatch):
    ran = []
    run = database.peewee.execute_sql
    monkeypatch.setattr(
        database.peewee, "execute_sql", lambda sql, *values: ran.append(sql) or run(sql, *values)
    )
    with database.read():
        assert database.read_counter() == database.read_counter()
    assert sum("change_counter" in sql for sql in ran) == 1


def test_the_counter_of_a_view_is_forgotten_with_it(database):
    with database.read():
        before = database.read_counter()
    database.publish(lambda changes: changes.take())
    assert database.write(database.read_counter).change == before.change + 1
    with database.read():
        assert database.read_counter().change == before.change + 1


def test_a_read_sees_one_moment_throughout(database):
    with database.read():
        before = database._counter()[0].change
        writer = threading.Thread(target=lambda: database.publish(take_one))
        writer.start()
        writer.join()
        assert database._counter()[0].change == before
    assert database.read_counter().change == before + 1


def test_a_process_that_forked_writes_on_connections_of_its_own(database):
    database.publish(take_one)
    child = os.fork()
    if not child:
        try:
            ok = database.publish(take_one) == 2
        finally:
            os._exit(0 if ok else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert database.publish(take_one) == 3


def test_the_epoch_is_random(sqlite_url, tmp_path):
    from feedsvc import migrations

    other = Database(f"sqlite:///{tmp_path}/other.db")
    migrations.migrate(other)
    one = Database(sqlite_url)
    assert one.read_counter().epoch != other.read_counter().epoch
    one.close()
    other.close()


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "feedsvc.db", "sqlite://", "sqlite:///:memory:", "sqlite:///"]
)
def test_a_database_of_no_kind_we_know_is_refused(url):
    with pytest.raises(ConfigurationError, match="FEEDSVC_DATABASE_URL"):
        Database(url)


def publish_behind_another(database, **works):
    """Have all these wait while another write is done; gives what each came to, by its name."""
    began, release = threading.Event(), threading.Event()
    told = {}

    def hold(changes):
        began.set()
        release.wait(10)
        return changes.take()

    def write(name, work):
        try:
            told[name] = database.publish(work)
        except (KeyError, DatabaseUnavailableError) as error:
            told[name] = error

    threads = [
        threading.Thread(target=write, args=one) for one in ({"first": hold} | works).items()
    ]
    threads[0].start()
    assert began.wait(10)
    for thread in threads[1:]:
        thread.start()
    time.sleep(0.1)
    release.set()
    for thread in threads:
        thread.join()
    return told


class TestSqlite:
    @pytest.fixture
    def database(self, sqlite_url):
        database = Database(sqlite_url, busy_timeout_seconds=0.3)
        yield database
        database.close()

    def test_commits_are_on_disk_before_they_are_acknowledged(self, database):
        with database.read():
            assert database.peewee.journal_mode == "wal"
            assert database.peewee.synchronous == 2  # FULL
            assert database.peewee.foreign_keys == 1

    def test_writes_run_on_one_thread(self, database):
        names = {database.publish(lambda _: threading.current_thread().name) for _ in range(5)}
        assert len(names) == 1
        assert names != {threading.current_thread().name}

    def test_a_locked_database_is_unavailable_for_writing_only(self, database):
        other = sqlite3.connect(sqlite_path(database), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailableError, match="locked"):
            database.publish(take_one)
        assert database.read_counter().change == 0
        other.execute("ROLLBACK")
        other.close()
        assert database.publish(take_one) == 1

    def test_a_write_whose_turn_does_not_come_is_given_up(self, database):
        began, release = threading.Event(), threading.Event()

        def hold(_):
            began.set()
            release.wait(10)

        first = threading.Thread(target=lambda: database.publish(hold))
        first.start()
        assert began.wait(10)
        with pytest.raises(DatabaseUnavailableError, match="too long"):
            database.publish(take_one)
        release.set()
        first.join()
        assert database.publish(take_one) == 1

    def test_a_write_that_fails_takes_none_along_that_waited_with_it(self, database):
        def fail(changes):
            changes.take()
            database.peewee.execute_sql("DELETE FROM change_counter")
            raise KeyError("x")

        told = publish_behind_another(database, fails=fail, last=take_one, more=take_one)
        assert isinstance(told.pop("fails"), KeyError)
        assert sorted(told.values()) == [1, 2, 3]
        assert database.read_counter().change == 3

    def test_writes_that_wait_together_fail_together_only_by_their_own_fault(self, database):
        def break_sql(_):
            database.peewee.execute_sql("SELECT * FROM no_such_table")

        told = publish_behind_another(database, broken=break_sql, last=take_one)
        assert isinstance(told["broken"], DatabaseUnavailableError)
        assert "no_such_table" in str(told.pop("broken"))
        assert sorted(told.values()) == [1, 2]
        assert database.read_counter().change == 2

    def test_a_file_that_went_missing_is_not_made_anew(self, database):
        database.publish(take_one)
        path = sqlite_path(database)
        aside = path.with_suffix(".aside")
        path.rename(aside)
        with pytest.raises(DatabaseUnavailableError, match="No such file"):
            database.publish(take_one)
        with pytest.raises(DatabaseUnavailableError):
            database.read_counter()
        assert not path.exists()
        aside.rename(path)
        assert database.publish(take_one) == 2

    def test_a_file_that_was_replaced_is_the_one_written_to(self, database, sqlite_template):
        database.publish(take_one)
        path = sqlite_path(database)
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        path.write_bytes(sqlite_template.read_bytes())
        assert database.publish(take_one) == 1
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("SELECT value FROM change_counter").fetchone() == (1,)

    def test_a_full_database_is_unavailable_and_recovers(self, database):
        def fill(changes):
            changes.take()
            page_count = database.peewee.pragma("page_count")
            database.peewee.pragma("max_page_count", page_count)
            database.peewee.execute_sql("CREATE TABLE ballast AS SELECT randomblob(1000000) AS b")

        with pytest.raises(DatabaseUnavailableError, match="full"):
            database.publish(fill)
        assert database.read_counter().change == 0
        assert database.publish(take_one) == 1

    def test_a_broken_file_is_unavailable(self, database):
        database.close()
        sqlite_path(database).write_bytes(b"this is no database, whatever its name says" * 100)
        with pytest.raises(DatabaseUnavailableError):
            database.read_counter()

    def test_a_mistake_in_a_statement_is_not_called_unavailable(self, database):
        def clash(_):
            for _ in range(2):
                database.peewee.execute_sql("INSERT INTO tag (id, slug, name) VALUES (1, 'a', 'a')")

        with pytest.raises(peewee.IntegrityError):
            database.publish(clash)


class TestPostgres:
    @pytest.fixture
    def database(self, postgres_url):
        database = Database(postgres_url, busy_timeout_seconds=0.3, pool_size=3)
        yield database
        database.close()

    def test_a_counter_that_stays_locked_is_unavailable_for_writing_only(self, database):
        import psycopg

        with psycopg.connect(database.peewee.database) as other:
            other.execute("SELECT * FROM change_counter FOR UPDATE")
            with pytest.raises(DatabaseUnavailableError, match="lock"):
                database.publish(take_one)
            assert database.read_counter().change == 0
        assert database.publish(take_one) == 1

    def test_connections_that_the_server_ended_are_replaced(self, database):
        import psycopg

        database.publish(take_one)
        with psycopg.connect(database.peewee.database, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert database.publish(take_one) == 2

    def test_a_connection_that_ends_in_a_write_leaves_nothing_of_it(self, database):
        def cut(changes):
            changes.take()
            database.peewee.execute_sql("SELECT pg_terminate_backend(pg_backend_pid())")

        with pytest.raises(DatabaseUnavailableError):
            database.publish(cut)
        assert database.read_counter().change == 0
        assert database.publish(take_one) == 1

    def test_a_server_that_is_not_there_is_unavailable(self):
        database = Database("postgresql://127.0.0.1:1/none", busy_timeout_seconds=0.3)
        with pytest.raises(DatabaseUnavailableError):
            database.read_counter()

    def test_more_threads_than_connections_wait_for_their_turn(self, database):
        results = []
        threads = [
            threading.Thread(target=lambda: results.append(database.publish(take_one)))
            for _ in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == list(range(1, 13))


def test_what_no_reader_sees_is_written_while_somebody_publishes(postgres_url):
    """The counter is held by whoever publishes, and `write` has no need of it."""
    database = Database(postgres_url, busy_timeout_seconds=2.0)
    other = Database(postgres_url, busy_timeout_seconds=2.0)

    def work(changes):
        change = changes.take()
        written = other.write(lambda: Topic.create(url="https://feeds.example/feeds/all.rss").id)
        return change, written

    try:
        assert database.publish(work)[1]
        assert database.read_counter().change == 1
    finally:
        other.close()
        database.close()
