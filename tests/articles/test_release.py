"""Articles whose time comes: visible from that moment, released once, numbered once."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from feedsvc.articles.release import Releases, release_due
from feedsvc.models import Article, ArticleAuthor, ArticleCategory, ArticleTag, State
from tests.newsroom import publish, withdraw


@pytest.fixture
def database(app):
    return app.extensions["feedsvc"].database


def in_future(**delta):
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


def make_due(database, *external_ids):
    """Move articles' moments into the past, as if the time had come."""
    past = datetime.now(UTC) - timedelta(seconds=1)

    def move(_):
        chosen = Article.select(Article.id).where(Article.external_id.in_(external_ids))
        Article.update(visible_at=past).where(Article.id.in_(chosen)).execute()
        for table in (ArticleCategory, ArticleTag, ArticleAuthor):
            table.update(visible_at=past).where(table.article.in_(chosen)).execute()

    database.publish(move)


def test_a_request_carries_out_a_release_that_is_due(newsroom, client, database):
    newsroom.push(publish("a", date_published=in_future(hours=1)))
    assert client.get("/feeds/tin-tuc.json").json["items"] == []
    etag = client.get("/feeds/tin-tuc.json").headers["ETag"]
    make_due(database, "a")
    response = client.get("/feeds/tin-tuc.json")
    assert len(response.json["items"]) == 1
    assert response.headers["ETag"] != etag


def test_each_released_article_takes_a_number_of_its_own(newsroom, client, database):
    for article_id in ("a", "b", "c"):
        newsroom.push(publish(article_id, date_published=in_future(hours=1)))
    before = database.read_counter().change
    make_due(database, "a", "b")
    client.get("/feeds/all.rss")
    client.get("/feeds/all.rss")
    assert database.read_counter().change == before + 2
    with database.read():
        changes = {row.external_id: row.change for row in Article.select()}
    assert {changes["a"], changes["b"]} == {before + 1, before + 2}
    assert changes["c"] == 0


def test_releasing_again_releases_nothing(newsroom, database):
    newsroom.push(publish("a", date_published=in_future(hours=1)))
    make_due(database, "a")
    assert database.publish(release_due) == 1
    assert database.publish(release_due) == 0


def test_next_release_is_the_earliest(newsroom, database):
    newsroom.push(publish("late", date_published=in_future(hours=2)))
    soon = in_future(hours=1)
    newsroom.push(publish("soon", date_published=soon))
    assert Releases(database).carry_out() == datetime.fromisoformat(soon)


def test_answers_may_not_be_kept_past_the_next_release(newsroom, client):
    newsroom.push(publish("a", date_published=in_future(seconds=40)))
    for path in ("/feeds/all.rss", "/"):
        assert client.get(path).cache_control.max_age <= 40


def test_withdrawn_article_is_not_released(newsroom, client, database):
    newsroom.push(publish("a", date_published=in_future(hours=1)))
    newsroom.push(withdraw("a"))
    make_due(database, "a")
    assert client.get("/feeds/all.json").json["items"] == []


def test_article_moved_into_the_future_leaves_the_feeds_until_then(newsroom, client, database):
    newsroom.push(publish("a"))
    before = database.read_counter().change
    result = newsroom.push(publish("a", date_published=in_future(hours=1)))
    assert (result["status"], result["feeds"]) == ("updated", [])
    assert client.get("/feeds/tin-tuc.json").json["items"] == []
    assert database.read_counter().change == before + 1
    with database.read():
        states = {row.state for row in ArticleCategory.select()}
    assert states == {State.SCHEDULED}


def test_editing_a_scheduled_article_takes_no_number(newsroom, database):
    newsroom.push(publish("a", date_published=in_future(hours=1)))
    before = database.read_counter().change
    newsroom.push(publish("a", title="Mới", date_published=in_future(hours=1)))
    assert database.read_counter().change == before


def test_a_database_that_can_not_be_written_still_serves_what_is_out(
    newsroom, client, database, caplog
):
    newsroom.push(publish("a"))
    newsroom.push(publish("b", date_published=in_future(hours=1)))
    make_due(database, "b")
    if database.peewee.for_update:
        import psycopg

        other = psycopg.connect(database.peewee.database)
        other.execute("SELECT * FROM change_counter FOR UPDATE")
    else:
        import sqlite3

        other = sqlite3.connect(database._engine.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
    assert len(client.get("/feeds/all.json").json["items"]) == 1
    assert len(client.get("/feeds/all.json").json["items"]) == 1
    assert caplog.text.count("could not be released") == 1  # the second did not wait for the lock
    other.rollback()
    other.close()
    deadline = time.monotonic() + 10
    while len(client.get("/feeds/all.json").json["items"]) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
