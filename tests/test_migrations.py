"""The tables: made once, refused when they are not those of this code."""

import threading
from pathlib import Path

import pytest
from playhouse.schema_diff import diff_models

from feedsvc import migrations
from feedsvc.db import Database
from feedsvc.errors import DatabaseUnavailableError, SchemaError
from feedsvc.models import TABLES

ALL = sorted(path.stem for path in Path(migrations.__file__).parent.glob("[0-9]*.py"))


def forget_migrations(database):
    database.publish(lambda _: database.peewee.execute_sql("DELETE FROM schema_migration"))


def add_unknown_migration(database):
    database.publish(
        lambda _: database.peewee.execute_sql(
            "INSERT INTO schema_migration (name, applied)"
            " VALUES ('9999_from_the_future', '2030-01-01 00:00:00')"
        )
    )


@pytest.fixture
def empty(empty_database_url):
    database = Database(empty_database_url)
    yield database
    database.close()


def test_migrations_make_the_tables_of_the_models(database):
    with database.read():
        difference = diff_models(database.peewee, list(TABLES))
    assert not difference, difference


def test_every_index_of_the_models_is_made(database):
    with database.read():
        for table in TABLES:
            made = {
                tuple(index.columns)
                for index in database.peewee.get_indexes(table._meta.table_name)
            }
            for index in table._schema.model._meta.fields_to_index():
                names = tuple(
                    getattr(part, "column_name", None) or part.node.column_name
                    for part in index._expressions
                )
                assert names in made, (table, names)


def test_migrating_twice_applies_nothing_the_second_time(empty):
    assert migrations.migrate(empty) == ALL
    assert migrations.migrate(empty) == []


def test_two_processes_that_migrate_at_once_do_it_once(empty, empty_database_url):
    other = Database(empty_database_url)
    applied = []
    threads = [
        threading.Thread(target=lambda db=db: applied.append(migrations.migrate(db)))
        for db in (empty, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sorted(applied) == [[], ALL]


def test_an_empty_database_is_prepared(empty):
    migrations.prepare(empty, auto_migrate=True)
    assert empty.read_counter().change == 0


def test_an_empty_database_is_refused_where_nothing_may_be_made(empty):
    with pytest.raises((SchemaError, DatabaseUnavailableError)):
        migrations.prepare(empty, auto_migrate=False)


def test_a_database_that_lacks_migrations_is_refused_with_the_command(empty):
    migrations.migrate(empty)
    forget_migrations(empty)
    with pytest.raises(SchemaError, match="feedsvc migrate"):
        migrations.prepare(empty, auto_migrate=False)


def test_a_newer_database_is_refused_and_left_alone(empty):
    migrations.migrate(empty)
    add_unknown_migration(empty)
    with pytest.raises(SchemaError, match="9999_from_the_future"):
        migrations.prepare(empty, auto_migrate=True)
    with pytest.raises(SchemaError, match="newer"):
        migrations.migrate(empty)


def test_a_migration_that_fails_leaves_nothing(empty, monkeypatch, tmp_path):
    (tmp_path / "0001_break_down.py").write_text(
        "def up(migrator, db):\n"
        "    db.execute_sql('CREATE TABLE half (id INTEGER)')\n"
        "    db.execute_sql('CREATE TABLE half (id INTEGER)')\n"
    )
    monkeypatch.setattr(
        migrations, "_runner", lambda db: migrations.Runner(db.peewee, str(tmp_path))
    )
    with pytest.raises(Exception, match="half"):
        migrations.migrate(empty)
    with empty.read():
        assert empty.peewee.get_tables() == []
