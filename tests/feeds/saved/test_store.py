"""Adding, changing and removing saved feeds: what is kept, what is refused, what takes a number."""

from dataclasses import replace

import pytest

from feedsvc import migrations
from feedsvc.errors import ParameterError, SavedFeedError, SchemaError
from feedsvc.feeds.saved import store
from feedsvc.feeds.saved.feed import Podcast, SavedFeed, write_query
from feedsvc.rendering.terms import Rsl, Terms
from tests.newsroom import publish

FEED = SavedFeed(
    "partner-a",
    "Đối tác A",
    "Tin chọn lọc",
    "lang=vi&limit=50",
    900,
    Terms("© Báo", "https://creativecommons.org/licenses/by/4.0/", "Nguồn", Rsl(("search",))),
    Podcast("Báo", "https://news.example/bia.jpg", "News", "Daily News", owner_email="a@b.vn"),
)


@pytest.fixture
def database(app):
    return app.extensions["feedsvc"].database


def read(database, name="partner-a"):
    return store.get_feed(database, name).feed


@pytest.mark.parametrize("is_private", [True, False])
def test_feed_is_kept_as_it_was_said(database, settings, is_private):
    feed = replace(FEED, is_private=is_private)
    store.add_feed(database, settings, feed)
    assert read(database) == feed


def test_least_that_a_feed_is(database, settings):
    store.add_feed(database, settings, SavedFeed("a", "A"))
    assert read(database, "a") == SavedFeed("a", "A")


def test_equal_filters_are_one_text(database, settings):
    said = "limit=5&tag=b&tag=a&tag=b&lang=vi&unknown=1&content=full"
    store.add_feed(database, settings, replace(FEED, query=said))
    assert read(database).query == "tag=a&tag=b&lang=vi&limit=5"
    assert write_query({"limit": ["5"], "tag": ["b", "a"], "lang": ["vi"]}) == read(database).query


def test_texts_are_cleaned(database, settings):
    store.add_feed(
        database,
        settings,
        replace(FEED, title=" Đo\u0302\u0301i \x08tác ", query="author=Nguye\u0302\u0303n%00A"),
    )
    assert read(database).title == "Đối tác"
    assert read(database).filters == [("author", "NguyễnA")]


def test_each_change_takes_a_number_and_no_other_thing_does(database, settings):
    def change():
        return database.read_counter().change

    before = change()
    store.add_feed(database, settings, replace(FEED, is_private=True))
    assert change() == before + 1
    assert store.edit_feed(database, settings, "partner-a", lambda feed: replace(feed, title="B"))
    assert change() == before + 2
    store.add_token(database, settings, "partner-a", "B")
    store.revoke_token(database, "partner-a", "B")
    assert not store.edit_feed(database, settings, "partner-a", lambda feed: feed)
    assert change() == before + 2
    store.remove_feed(database, "partner-a")
    assert change() == before + 3


def test_changing_moves_the_feeds_time(database, settings):
    store.add_feed(database, settings, FEED)
    before = store.get_feed(database, "partner-a")
    store.edit_feed(database, settings, "partner-a", lambda feed: replace(feed, title="B"))
    after = store.get_feed(database, "partner-a")
    assert after.changed_at > before.changed_at
    assert after.created_at == before.created_at


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"name": "Partner"}, "can't name a feed"),
        ({"name": "a--b"}, "can't name a feed"),
        ({"name": "a" * 101}, "can't name a feed"),
        ({"name": "all"}, "is the feed of everything"),
        ({"name": "tin-tuc"}, "is a section's feed"),
        ({"title": " "}, "title: a feed must have one"),
        ({"title": "x" * 1_001}, "FEEDSVC_MAX_TITLE_CHARS"),
        ({"description": "x" * 10_001}, "FEEDSVC_MAX_SUMMARY_CHARS"),
        ({"query": "category=nowhere"}, "No section has the slug “nowhere”"),
        ({"query": "not-category=nowhere"}, "No section has the slug “nowhere”"),
        ({"delay_seconds": -1}, "delay: must be from 0"),
        ({"delay_seconds": 3_000_000}, "FEEDSVC_MAX_DELAY_SECONDS"),
        ({"terms": Terms(license_url="ftp://x")}, "license: must be an http or https address"),
        ({"terms": Terms(rsl=Rsl(("sell",)))}, "rsl-permits: “sell” is no use of RSL 1.0"),
        ({"terms": Terms(rsl=Rsl(("all",), ("all",)))}, "permitted and prohibited"),
        ({"terms": Terms(rsl=Rsl(payment="beer"))}, "rsl-payment: must be one of"),
        ({"podcast": Podcast("", "", "News")}, "podcast-image: a podcast must have a cover"),
        ({"podcast": Podcast("", "https://a.vn/b", "Nws")}, "podcast-category: must be one of"),
        (
            {"podcast": Podcast("", "https://a.vn/b", "News", owner_email="a")},
            "podcast-email: must be an e-mail address",
        ),
    ],
)
def test_what_can_not_be_is_refused_by_its_name(database, settings, newsroom, said, words):
    newsroom.push(publish())
    with pytest.raises(SavedFeedError, match=words):
        store.add_feed(database, settings, replace(FEED, **said))
    assert store.list_feeds(database) == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limit=0", "limit: must be a whole number from 1 to 200"),
        ("limit=5&limit=6", "limit: was given twice"),
        ("content=all", "content: must be one of full, summary, headline"),
        ("content=summary&content=headline", "content: must be one of"),
    ],
)
def test_filter_that_no_address_can_have_is_refused(database, settings, query, words):
    with pytest.raises(ParameterError, match=words):
        store.add_feed(database, settings, replace(FEED, query=query))
    store.add_feed(database, settings, FEED)
    with pytest.raises(ParameterError, match=words):
        store.edit_feed(database, settings, "partner-a", lambda feed: replace(feed, query=query))
    assert read(database) == FEED


def test_name_is_given_once(database, settings):
    store.add_feed(database, settings, FEED)
    with pytest.raises(SavedFeedError, match="feedsvc feed edit partner-a"):
        store.add_feed(database, settings, FEED)


def test_what_is_not_there_is_said(database, settings):
    for verb in (
        lambda: store.get_feed(database, "none"),
        lambda: store.remove_feed(database, "none"),
        lambda: store.edit_feed(database, settings, "none", lambda feed: feed),
        lambda: store.add_token(database, settings, "none", "B"),
        lambda: store.list_tokens(database, "none"),
        lambda: store.revoke_token(database, "none", "B"),
    ):
        with pytest.raises(SavedFeedError, match="There is no saved feed “none”"):
            verb()


def test_removed_feed_leaves_its_name_to_a_section(database, settings, newsroom):
    store.add_feed(database, settings, replace(FEED, name="the-thao", is_private=True))
    store.add_token(database, settings, "the-thao", "B")
    store.remove_feed(database, "the-thao")
    assert newsroom.push(publish(categories=["Thể thao"]))["feeds"] == ["all", "the-thao"]


# Tokens


@pytest.fixture
def private(database, settings):
    store.add_feed(database, settings, replace(FEED, is_private=True))
    return "partner-a"


def test_token_is_not_kept_itself(database, settings, private):
    token = store.add_token(database, settings, private, "Báo B")
    with database.read():
        rows = database.peewee.execute_sql("SELECT token FROM feed_token").fetchall()
    assert len(rows) == 1
    assert token not in rows[0][0]


def test_public_feed_takes_no_tokens(database, settings):
    store.add_feed(database, settings, FEED)
    with pytest.raises(SavedFeedError, match="feed edit partner-a --private"):
        store.add_token(database, settings, "partner-a", "B")


def test_label_names_one_valid_token(database, settings, private):
    store.add_token(database, settings, private, "B")
    with pytest.raises(SavedFeedError, match="has a token for “B” already"):
        store.add_token(database, settings, private, "B")
    store.revoke_token(database, private, "B")
    with pytest.raises(SavedFeedError, match="has no valid token for “B”"):
        store.revoke_token(database, private, "B")
    store.add_token(database, settings, private, "B")
    states = [one.revoked_at is None for one in store.list_tokens(database, private)]
    assert states == [False, True]
    assert [count for _, count in store.list_feeds(database)] == [1]


@pytest.mark.parametrize("label", ["", "  ", "a\nb", "x" * 1_001])
def test_label_must_be_a_word_or_a_few(database, settings, private, label):
    with pytest.raises(SavedFeedError, match="A label is"):
        store.add_token(database, settings, private, label)


def test_newspaper_from_before_comes_through(database, settings, newsroom):
    newsroom.push(publish())
    before = newsroom.client.get("/feeds/all.json").data
    todo = ["0006_add_saved_feeds", "0007_add_hub"]

    def go_back(_):
        for table in ("verification", "subscription", "topic", "feed_token", "saved_feed"):
            database.peewee.execute_sql(f"DROP TABLE {table}")
        for name in todo:
            database.peewee.execute_sql(f"DELETE FROM schema_migration WHERE name = '{name}'")

    database.publish(go_back)
    with pytest.raises(SchemaError, match=todo[0]):
        migrations.prepare(database, auto_migrate=True)
    assert migrations.migrate(database) == todo
    assert newsroom.client.get("/feeds/all.json").data == before
    store.add_feed(database, settings, FEED)
    assert read(database) == FEED
