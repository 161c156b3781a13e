"""What is answered from memory is what would be answered without one, whatever happens."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from urllib.parse import quote

import pytest
from werkzeug.test import Client

from feedsvc.app import create_app
from feedsvc.feeds.saved.store import add_token, edit_feed, remove_feed
from feedsvc.ingest.sources import add_source
from feedsvc.rendering.document import FORMATS
from feedsvc.rendering.terms import Terms
from feedsvc.serving.layer import Segment
from tests.conftest import make_settings
from tests.newsroom import VAULT, Newsroom, publish, withdraw

SUFFIXES = sorted(FORMATS)


def kept(app, name):
    for cache in app.wsgi_app.caches.values():
        found = cache.find(name)
        if found is not None:
            return found
    return None


def urls(client, address="/feeds/all.json"):
    return [item["url"].rpartition("/")[2] for item in client.get(address).json["items"]]


def test_a_push_is_in_the_next_answer(newsroom, client):
    assert urls(client) == []
    newsroom.push(publish("a"))
    assert urls(client) == ["a"]
    newsroom.push(publish("a", title="Mới", date_modified=datetime.now(UTC).isoformat()))
    assert client.get("/feeds/all.json").json["items"][0]["title"] == "Mới"
    newsroom.push(withdraw("a"))
    assert urls(client) == []


def test_a_repeated_answer_asks_the_database_for_no_article(newsroom, client, app):
    newsroom.push(publish("a"))
    first = client.get("/feeds/all.rss").data
    before = kept(app, "/feeds/all.rss")
    assert client.get("/feeds/all.rss").data == first
    assert kept(app, "/feeds/all.rss") is before


FEED = {"REQUEST_METHOD": "GET", "PATH_INFO": "/feeds/all.rss"}
#: For as long, PostgreSQL is not asked whether others have changed anything.
TTL = 1.0


@pytest.fixture
def patient(database_url):
    """An application that keeps to a time to live, and its editorial system."""
    app = create_app(make_settings(database_url, revision_ttl=TTL))
    database = app.extensions["feedsvc"].database
    yield app, Newsroom(app.test_client(), add_source(database, VAULT, "desk"))
    database.close()


def renew(app):
    """As the server does for whom it can't recall an answer; then it can."""
    layer = app.wsgi_app
    if layer.recall(FEED) is None:
        layer.renew(layer.find_outdated(FEED))
    return layer.recall(FEED)


def test_a_feed_is_recalled_though_its_time_to_live_was_over(patient):
    app, newsroom = patient
    newsroom.push(publish("a"))
    app.test_client().get("/feeds/all.rss")
    before = kept(app, "/feeds/all.rss")
    time.sleep(1.2 * TTL)
    assert renew(app).body == before.bodies.plain
    assert kept(app, "/feeds/all.rss") is before


def test_a_feed_that_was_made_anew_is_recalled(patient):
    app, newsroom = patient
    app.test_client().get("/feeds/all.rss")
    for number in range(3):
        newsroom.push(publish(f"a-{number}"))
        assert f"/a-{number}<" in renew(app).body.decode()


def test_what_is_to_come_comes_at_its_moment_though_the_feed_is_kept(newsroom, client):
    assert urls(client) == []
    soon = datetime.now(UTC) + timedelta(seconds=0.6)
    newsroom.push(publish("a", date_published=soon.isoformat()))
    assert urls(client) == []
    while datetime.now(UTC) < soon:
        pass
    assert urls(client) == ["a"]


def test_what_expires_goes_at_its_moment_though_the_feed_is_kept(newsroom, client):
    soon = datetime.now(UTC) + timedelta(seconds=0.6)
    newsroom.push(publish("a", expires_at=soon.isoformat()))
    assert urls(client) == ["a"]
    while datetime.now(UTC) < soon:
        pass
    assert urls(client) == []


def test_a_change_elsewhere_leaves_a_feeds_bytes(newsroom, client, app):
    newsroom.push(publish("a", categories=[{"slug": "kinh-te"}]))
    first = client.get("/feeds/kinh-te.rss", headers={"Accept-Encoding": "br"})
    bodies = kept(app, "/feeds/kinh-te.rss").bodies
    newsroom.push(publish("b", categories=[{"slug": "xa-hoi"}]))
    again = client.get("/feeds/kinh-te.rss", headers={"Accept-Encoding": "br"})
    assert (again.data, again.headers["ETag"]) == (first.data, first.headers["ETag"])
    assert kept(app, "/feeds/kinh-te.rss").bodies is bodies


def test_a_renamed_section_has_its_new_name_at_once(newsroom, client):
    newsroom.push(publish("a", categories=[{"slug": "kinh-te", "name": "Kinh tế"}]))
    assert "Kinh tế" in client.get("/feeds/kinh-te.json").json["title"]
    newsroom.push(publish("b", categories=[{"slug": "kinh-te", "name": "Kinh doanh"}]))
    assert "Kinh doanh" in client.get("/feeds/kinh-te.json").json["title"]


ADDRESSES = [
    *(f"/feeds/all.{suffix}" for suffix in SUFFIXES),
    *("/feeds/kinh-te.rss", "/feeds/all.atom?limit=2&content=headline", "/feeds/partner.json"),
    *(
        "/feeds/partner.rss?limit=9",
        "/feeds/all.json?after=1",
        "/feeds/all.rss?since=2022-01-01T00:00:00Z",
    ),
    *("/feeds/all/2023-01.rss", "/feeds/kinh-te/2023-01.json"),
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_feed_made_anew_is_what_flask_would_answer(newsroom, client, app, save, address):
    section = {"categories": [{"slug": "kinh-te", "name": "Kinh tế"}]}
    newsroom.send([publish(f"old-{number}", **section) for number in range(3)])
    save("partner", query="category=kinh-te&limit=1")
    layer, plain = app.wsgi_app, Client(app.wsgi_app._app)
    assert client.get(address).status_code == 200
    edit = {"title": "Mới", "date_modified": datetime.now(UTC).isoformat()}
    newsroom.send([publish("old-1", **edit, **section), publish("new", title="Mới", **section)])
    path, _, query = address.partition("?")
    key = layer.find_outdated({"PATH_INFO": path, "QUERY_STRING": query})
    made, said = layer.renew(key).reply({}, time.time()), plain.get(address)
    dropped = ("Content-Length", "Last-Modified")
    assert sorted(one for one in made.headers if one[0] not in dropped) == sorted(
        one for one in said.headers if one[0] not in dropped
    )
    assert "Mới" in made.body.decode()
    assert made.body == said.data


def test_a_saved_feed_that_is_taken_away_is_gone_at_once(newsroom, client, app, save):
    newsroom.push(publish("a"))
    save("partner")
    assert client.get("/feeds/partner.rss").status_code == 200
    remove_feed(app.extensions["feedsvc"].database, "partner")
    assert client.get("/feeds/partner.rss").status_code == 404


def test_what_a_token_opened_is_made_anew_for_nobody_else(newsroom, client, app, save):
    """A subscriber of a private feed goes on sending the token while it is public for a time."""
    services = app.extensions["feedsvc"]
    database, settings = services.database, services.settings
    save("partner", is_private=True)
    token = add_token(database, settings, "partner", "reader")
    edit_feed(database, settings, "partner", lambda feed: replace(feed, is_private=False))
    newsroom.push(publish("a"))
    assert client.get("/feeds/partner.rss", auth=("reader", token)).status_code == 200
    key = app.wsgi_app._find({"PATH_INFO": "/feeds/partner.rss"})
    edit_feed(database, settings, "partner", lambda feed: replace(feed, is_private=True))
    assert app.wsgi_app.renew(key) is None
    assert client.get("/feeds/partner.rss").status_code == 404
    assert client.get("/feeds/partner.rss", auth=("reader", token)).status_code == 200
    assert client.get("/feeds/partner.rss").status_code == 404


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("content", ["full", "summary", "headline"])
def test_joined_fragments_are_the_bytes_of_the_whole(newsroom, client, app, suffix, content):
    """Rendered one by one, as they came, and all at once by a process that kept nothing."""
    for number in range(5):
        newsroom.push(publish(f"a{number}", title=f"<{number}> & “{number}”"))
        client.get(f"/feeds/all.{suffix}?content={content}")
    newsroom.push(publish("a3", title="Sửa", date_modified=datetime.now(UTC).isoformat()))
    newsroom.push(publish("a1", content_policy="summary", minor=True))
    joined = client.get(f"/feeds/all.{suffix}?content={content}").data
    settings = app.extensions["feedsvc"].settings
    fresh = create_app(settings.model_copy(update={"fragment_bytes": 0, "cache_bytes": 0}))
    assert fresh.test_client().get(f"/feeds/all.{suffix}?content={content}").data == joined
    fresh.extensions["feedsvc"].database.close()


def test_an_entry_that_is_kept_is_not_read_again(newsroom, client, app):
    """An edit behind the store's back shows in no feed, as the change number stays."""
    newsroom.push(publish("a", title="Trước"))
    client.get("/feeds/all.rss")
    database = app.extensions["feedsvc"].database
    with database.peewee.connection_context():
        database.peewee.execute_sql("UPDATE article SET title = 'Sau'")
    assert "Trước" in client.get("/feeds/all.rss?limit=5").text
    assert "Sau" in client.get("/feeds/all.atom").text


def test_a_restored_database_is_not_taken_for_the_one_before(newsroom, client, app):
    newsroom.push(publish("a", title="Trước"))
    client.get("/feeds/all.rss")
    database = app.extensions["feedsvc"].database
    with database.peewee.connection_context():
        database.peewee.execute_sql("UPDATE article SET title = 'Sau'")
        database.peewee.execute_sql("UPDATE change_counter SET epoch = 'another'")
    if database.path is None:
        database._engine.sign.note_write()
    assert "Sau" in client.get("/feeds/all.rss").text


def test_a_feed_with_an_attribution_shares_no_entry_with_others(newsroom, client, save):
    newsroom.push(publish("a"))
    plain = client.get("/feeds/all.rss").data
    save("partner", terms=Terms(attribution="Theo Báo tỉnh"))
    assert "Theo Báo tỉnh" in client.get("/feeds/partner.rss").text
    assert client.get("/feeds/all.rss?limit=29").data.count(b"Theo") == plain.count(b"Theo") == 0


def test_saved_feeds_own_limit_is_not_mixed_up_with_the_default(newsroom, client, save):
    newsroom.send([publish(f"a{number}") for number in range(40)])
    save("partner", query="limit=40")
    lengths = [
        len(client.get(f"/feeds/partner.json{query}").json["items"])
        for query in ("", "?limit=30", "", "?limit=40", "?limit=30")
    ]
    assert lengths == [40, 30, 40, 40, 30]


@pytest.mark.slow
def test_random_addresses_leave_the_memory_bounded_and_the_feeds_in_it(sqlite_url):
    limit = 4_000_000
    app = create_app(make_settings(sqlite_url, cache_bytes=limit))
    services = app.extensions["feedsvc"]
    newsroom = Newsroom(app.test_client(), add_source(services.database, VAULT, "desk"))
    newsroom.send([publish(f"a{number}", tags=[f"t{number}"]) for number in range(30)])
    client, random = app.test_client(), Random(1)
    hot = [f"/feeds/{name}.{suffix}" for name in ("all", "tin-tuc") for suffix in SUFFIXES]
    for address in hot:
        client.get(address)
    before = [kept(app, address) for address in hot]
    for number in range(100_000):
        word = quote("".join(random.choices("aăâbcdđ /%?&=", k=8)), safe="")
        kind = random.random()
        if kind < 0.93:
            path, query = "/feeds/all.rss", f"utm_{number}={word}"
        elif kind < 0.96:
            path, query = f"/feeds/{word}.rss", ""
        elif kind < 0.98:
            path, query = "/feeds/all.rss", f"q={word or 'a'}x{number}"
        else:
            path, query = "/feeds/all.json", f"tag={word or 'a'}&limit={1 + number % 200}"
        accept = {"Accept-Encoding": f"gzip;q=0.{number % 1000}"}
        client.get(f"{path}?{query}", headers=accept if number % 50 == 0 else {})
    caches = app.wsgi_app.caches
    assert sum(cache.size_bytes for cache in caches.values()) <= limit
    assert len(caches[Segment.ENDLESS]) > 0
    assert [kept(app, address) for address in hot] == before
    services.database.close()
