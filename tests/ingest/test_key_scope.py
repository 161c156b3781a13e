"""Keys that may file articles only in or below some categories."""

import pytest

from feedsvc.errors import SourceError
from feedsvc.ingest import inbox
from feedsvc.ingest.receive import replay
from feedsvc.ingest.sources import add_key, add_source, list_sources, rotate_key
from feedsvc.models import Article, Category
from tests.newsroom import VAULT, Newsroom, publish, withdraw

SPORT = {"slug": "the-thao", "name": "Thể thao"}
FOOTBALL = {"slug": "bong-da", "name": "Bóng đá", "parent": SPORT}
ECONOMY = {"slug": "kinh-te", "name": "Kinh tế"}
ONLY = "is not for this key, which may file in or below the-thao"


@pytest.fixture
def database(app):
    return app.extensions["feedsvc"].database


@pytest.fixture
def sports_desk(newsroom, database):
    """The source `desk` again, under a key for sport alone."""
    return Newsroom(newsroom.client, add_key(database, VAULT, "desk", ["the-thao"]))


def refused(newsroom, event):
    response = newsroom.send(event)
    assert response.status_code == 422, response.text
    (fault,) = response.json["errors"]
    assert fault["pointer"] == "/data/categories"
    return fault["message"]


def keys_of(database):
    ((_, keys),) = list_sources(database)
    return keys


def slugs(database):
    with database.read():
        return {row.slug for row in Category.select()}


def test_limited_key_files_in_its_category_and_below(sports_desk):
    assert sports_desk.push(publish("a", categories=[SPORT]))["status"] == "created"
    assert sports_desk.push(publish("b", categories=[FOOTBALL]))["status"] == "created"


def test_limited_key_files_nowhere_else(sports_desk, database):
    assert refused(sports_desk, publish(categories=[ECONOMY])) == f"“kinh-te” {ONLY}"
    assert slugs(database) == set()


def test_limited_key_files_in_no_other_category_that_is_there(newsroom, sports_desk):
    newsroom.push(publish("x", categories=[ECONOMY]))
    assert refused(sports_desk, publish(categories=["kinh-te"])) == f"“kinh-te” {ONLY}"


def test_article_that_is_half_elsewhere_is_refused_whole(sports_desk, database):
    assert refused(sports_desk, publish(categories=[SPORT, ECONOMY])) == f"“kinh-te” {ONLY}"
    assert slugs(database) == set()


def test_limited_key_publishes_nothing_without_a_category(sports_desk):
    assert ONLY in refused(sports_desk, publish(categories=[]))


def test_limited_key_changes_no_article_that_is_filed_elsewhere(newsroom, sports_desk):
    newsroom.push(publish("a", categories=[ECONOMY]))
    assert refused(sports_desk, publish("a", categories=[SPORT])) == f"“kinh-te” {ONLY}"
    assert refused(sports_desk, withdraw("a")) == f"“kinh-te” {ONLY}"


def test_limited_key_withdraws_its_own(sports_desk):
    sports_desk.push(publish("a", categories=[FOOTBALL]))
    assert sports_desk.push(withdraw("a"))["status"] == "withdrawn"


def test_limited_key_withdraws_nothing_that_was_never_seen(sports_desk, database):
    assert ONLY in refused(sports_desk, withdraw("a"))
    with database.read():
        assert not Article.select().exists()


@pytest.mark.parametrize(
    "filing",
    [
        {"slug": "the-thao", "parent": ECONOMY | {"name": "Tên khác"}},
        {"slug": "the-thao", "parent": ECONOMY},
        {"slug": "the-thao", "parent": {"slug": "moi", "name": "Mới"}},
        {"slug": "the-thao", "parent": ECONOMY | {"parent": {"slug": "tin-tuc"}}},
    ],
    ids=["renames", "moves", "makes", "moves-above"],
)
def test_limited_key_changes_no_other_category(newsroom, sports_desk, database, filing):
    newsroom.push(publish("x", categories=[ECONOMY, SPORT, {"slug": "tin-tuc"}]))
    before = slugs(database)
    assert "is not for this key" in refused(sports_desk, publish("a", categories=[filing]))
    assert slugs(database) == before
    with database.read():
        assert Category.get(Category.slug == "kinh-te").name == "Kinh tế"
        assert Category.get(Category.slug == "the-thao").parent_id is None


@pytest.mark.usefixtures("sports_desk")
def test_key_of_the_same_source_without_limits_files_anywhere(newsroom):
    assert newsroom.push(publish("x", categories=[ECONOMY]))["status"] == "created"


def test_refused_event_stays_refused_when_it_is_run_again(sports_desk, database, settings):
    sports_desk.send(publish(categories=[ECONOMY]))
    (kept,) = inbox.list_kept(database, 1)
    assert replay(database, kept.number, settings).events[0]["status"] == "rejected"


def test_key_that_takes_another_ones_place_may_do_what_that_may(database):
    add_source(database, VAULT, "sport", None)
    rotate_key(database, VAULT, "sport", 0)
    with pytest.raises(SourceError, match="no category"):
        add_key(database, VAULT, "sport", ["Thể thao"])
    add_key(database, VAULT, "sport", ["the-thao"])
    with pytest.raises(SourceError, match="for different categories: name the one"):
        rotate_key(database, VAULT, "sport", 0)
    keys = keys_of(database)
    limited = next(key.id for key in keys if key.categories)
    rotate_key(database, VAULT, "sport", 0, limited)
    keys = keys_of(database)
    assert sorted(key.categories for key in keys) == [(), ("the-thao",)]
    assert limited not in {key.id for key in keys}
