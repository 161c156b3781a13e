"""The loop that batches are measured against writes what the product wrote, whatever that was."""

import json
import sqlite3

import pytest

from feedsvc.articles.search_index import ID_MASK
from tests.benchmarks.articles import make_event
from tests.benchmarks.bare_inserts import make_database, plan_transactions, run

_SCHEMA = """
CREATE TABLE inbox (id INTEGER PRIMARY KEY, answer TEXT);
CREATE TABLE article_tag (article_id INTEGER, tag_id INTEGER REFERENCES tag (id));
CREATE TABLE tag (id INTEGER PRIMARY KEY, slug TEXT);
CREATE TABLE article (id INTEGER PRIMARY KEY, title TEXT);
CREATE INDEX article_title ON article (title);
CREATE VIRTUAL TABLE search USING fts5 (title);
INSERT INTO tag VALUES (1, 'mua');
INSERT INTO article VALUES (1, 'Một'), (2, 'Hai'), (3, 'Ba');
INSERT INTO article_tag VALUES (1, 1), (3, 1);
INSERT INTO search (rowid, title) VALUES (101, 'mot'), (102, 'hai'), (103, 'ba');
"""


@pytest.fixture
def filled():
    """Two articles that came in the first message, and one in the second."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(_SCHEMA)
    for count in (2, 1):
        answer = json.dumps({"events": [{}] * count})
        connection.execute("INSERT INTO inbox (answer) VALUES (?)", (answer,))
    yield connection
    connection.close()


def test_each_message_is_a_transaction(filled):
    tables = [
        [statement.split()[2] for statement, _ in transaction]
        for transaction in plan_transactions(filled)
    ]
    first, second = tables
    assert first == ["tag", "article", "article_tag", "search", "article", "search", "inbox"]
    assert second == ["article", "article_tag", "search", "inbox"]


def test_every_table_is_filled_and_indexed(filled, tmp_path):
    new = make_database(filled, tmp_path / "new.db")
    run(new, plan_transactions(filled))
    for table in ("inbox", "article", "article_tag", "tag", "search"):
        query = f"SELECT rowid, * FROM {table}"
        assert new.execute(query).fetchall() == filled.execute(query).fetchall()
    found = new.execute("SELECT rowid FROM search WHERE search MATCH 'hai'").fetchall()
    indexes = new.execute("SELECT name FROM sqlite_schema WHERE type = 'index'").fetchall()
    new.close()
    assert found == [(102,)]
    assert indexes == [("article_title",)]


def test_text_that_is_not_kept_is_not_passed_over(filled):
    filled.execute("CREATE VIRTUAL TABLE bare USING fts5 (title, content='')")
    filled.execute("INSERT INTO bare (rowid, title) VALUES (1, 'mot')")
    with pytest.raises(LookupError, match="bare keeps no text"):
        plan_transactions(filled)


def test_an_article_s_words_go_with_it(sqlite_newsroom):
    newsroom, app = sqlite_newsroom
    newsroom.send([make_event(1), make_event(2)])
    newsroom.send(make_event(3))
    filled = sqlite3.connect(app.extensions["feedsvc"].database.path)
    inserts = [insert for transaction in plan_transactions(filled) for insert in transaction]
    filled.close()
    order = [
        values[0] & ID_MASK if "article_search" in statement else values[0]
        for statement, values in inserts
        if statement.split()[2] in ("article", "article_search")
    ]
    assert order == [1, 1, 2, 2, 3, 3]
