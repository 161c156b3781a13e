"""Private feeds: there for those with a token, and for nobody else."""

import base64
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from feedsvc.feeds.saved import store
from tests.feeds.saved.conftest import basic
from tests.feeds.test_views import ids
from tests.newsroom import publish

SUFFIXES = ("rss", "atom", "json")
PROBLEM = "application/problem+json"


@pytest.fixture
def private(newsroom, save):
    newsroom.push(publish())
    return save("partner-b", "Riêng B", is_private=True)


def told(response):
    """All of an answer by which one could be told from another."""
    return response.status_code, sorted(response.headers), response.text


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_token_in_the_address_opens_it(client, private, give, suffix):
    response = client.get(f"/private/{give(private)}/partner-b.{suffix}")
    assert response.status_code == 200
    assert "Riêng B" in response.text


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("place", ["feeds", "private"])
def test_token_as_a_password_opens_it(client, private, give, place, suffix):
    token = give(private)
    for user in ("", "reader", "độc giả"):
        response = client.get(f"/{place}/partner-b.{suffix}", headers=basic(token, user))
        assert response.status_code == 200
        assert "Riêng B" in response.text


def test_without_a_token_nothing_tells_that_it_is_there(client, private, give):
    token = give(private)
    for ask in (
        lambda name: client.get(f"/feeds/{name}.rss"),
        lambda name: client.get(f"/feeds/{name}.rss?limit=3"),
        lambda name: client.get(f"/feeds/{name}.rss", headers=basic("wrong")),
        lambda name: client.get(f"/feeds/{name}.rss", headers={"Authorization": "Basic ==="}),
        lambda name: client.get(f"/private/wrong/{name}.rss"),
        lambda name: client.get(f"/private/{token[:-1]}/{name}.rss"),
        lambda name: client.get(f"/private/{token}x/{name}.rss"),
        lambda name: client.get(f"/private/{name}.rss"),
        lambda name: client.get(f"/private/{name}.rss", headers=basic("wrong")),
        lambda name: client.get(f"/private/{name}.rss", headers=basic("wrong", token)),
        lambda name: client.head(f"/private/wrong/{name}.rss"),
        lambda name: client.options(f"/private/wrong/{name}.rss"),
        lambda name: client.post(f"/private/wrong/{name}.rss"),
    ):
        there, nowhere = told(ask("partner-b")), told(ask("partner-x"))
        assert there[:2] == nowhere[:2]
        assert there[2].replace("partner-b", "partner-x") == nowhere[2]


@pytest.mark.usefixtures("private")
def test_wrong_token_is_a_404_and_a_missing_password_is_asked_for(client):
    assert client.get("/feeds/partner-b.rss").status_code == 404
    assert client.get("/private/wrong/partner-b.rss").status_code == 404
    response = client.get("/private/partner-b.rss")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Basic realm="feeds", charset="UTF-8"'
    assert response.json["type"].endswith("/problems/no-credentials")


def test_token_opens_its_own_feed_alone(client, private, give, save):
    save("partner-c", "Riêng C", is_private=True)
    token = give("partner-c")
    assert client.get(f"/private/{token}/partner-c.rss").status_code == 200
    for name in (private, "all", "tin-tuc"):
        assert client.get(f"/private/{token}/{name}.rss").status_code == 404


def test_revoked_token_opens_nothing(client, app, private, give):
    token, other = give(private), give(private, "Báo C")
    store.revoke_token(app.extensions["feedsvc"].database, private, "Báo B")
    assert client.get(f"/private/{token}/partner-b.rss").status_code == 404
    assert client.get("/feeds/partner-b.rss", headers=basic(token)).status_code == 404
    assert client.get("/private/partner-b.rss", headers=basic(token)).status_code == 401
    assert client.get(f"/private/{other}/partner-b.rss").status_code == 200


@pytest.mark.usefixtures("private")
def test_feed_without_a_token_opens_to_nobody(client):
    for token in ("", "x", "sha256:", "%00", "None"):
        assert client.get(f"/private/{token}/partner-b.rss").status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_answer_is_for_its_reader_alone(client, private, give, method):
    token = give(private)
    for response in (
        client.open(f"/private/{token}/partner-b.json", method=method),
        client.open("/private/partner-b.json", method=method, headers=basic(token)),
        client.open("/feeds/partner-b.json", method=method, headers=basic(token)),
    ):
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "private, no-store"
        assert "Access-Control-Allow-Origin" not in response.headers
    response = client.open(f"/private/{token}/partner-b.json", method=method)
    assert response.headers["X-Robots-Tag"] == "noindex"
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_preflight_lets_no_script_in(client, private, give):
    headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    for path in (f"/private/{give(private)}/partner-b.json", "/private/partner-b.json"):
        response = client.options(path, headers=headers)
        assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


def test_conditions_are_judged(client, private, give):
    path = f"/private/{give(private)}/partner-b.rss"
    tag = client.get(path).headers["ETag"]
    response = client.get(path, headers={"If-None-Match": tag})
    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_document_has_no_token_and_is_the_same_for_every_subscriber(client, private, give, suffix):
    first, second = give(private), give(private, "Báo C")
    one = client.get(f"/private/{first}/partner-b.{suffix}?limit=3")
    other = client.get(f"/private/{second}/partner-b.{suffix}?limit=3")
    assert one.data == other.data
    assert first not in one.text
    assert all(first not in value for _, value in one.headers)
    assert f"https://feeds.example/private/partner-b.{suffix}?limit=3" in one.text


def test_address_in_the_document_asks_for_the_token(client, private, give):
    token = give(private)
    address = client.get(f"/private/{token}/partner-b.json").json["feed_url"]
    path = address.removeprefix("https://feeds.example")
    assert client.get(path).status_code == 401
    assert ids(client.get(path, headers=basic(token))) == ["a-1"]


def test_errors_say_no_token(client, private, give):
    token = give(private)
    for path in (f"partner-b.rss{'?limit=0'}", "partner-b.pdf", "partner-x.rss", "a/b/c"):
        response = client.get(f"/private/{token}/{path}", headers={"Accept": "text/html"})
        assert response.status_code in (400, 404)
        assert response.headers["Content-Type"] == PROBLEM
        assert token not in response.text


@pytest.mark.usefixtures("private")
def test_lists_have_no_private_feed(client):
    for path in ("/", "/feeds.json", "/feeds.opml", "/sitemap.xml", "/openapi.json", "/docs"):
        assert "partner-b" not in client.get(path).text


def test_public_feed_is_read_with_credentials_too(client, private, give):
    for headers in (basic("wrong"), basic(give(private)), {"Authorization": "Bearer x"}):
        response = client.get("/feeds/all.json", headers=headers)
        assert response.status_code == 200
        assert "public" in response.headers["Cache-Control"]


def test_feed_that_becomes_public_keeps_its_subscribers(client, app, private, give):
    token, services = give(private), app.extensions["feedsvc"]

    def turn():
        store.edit_feed(
            services.database,
            services.settings,
            private,
            lambda feed: replace(feed, is_private=not feed.is_private),
        )

    turn()
    assert client.get("/feeds/partner-b.rss").status_code == 200
    response = client.get(f"/private/{token}/partner-b.json")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.json["feed_url"] == "https://feeds.example/feeds/partner-b.json"
    turn()
    assert client.get("/feeds/partner-b.rss").status_code == 404
    assert client.get(f"/private/{token}/partner-b.rss").status_code == 200


def test_day_of_the_last_use_is_kept(client, app, private, give):
    tokens = [give(private), give(private, "Báo C"), give(private, "Báo D")]
    database = app.extensions["feedsvc"].database
    change = database.read_counter().change
    client.get(f"/private/{tokens[0]}/partner-b.rss")
    client.get("/feeds/partner-b.rss", headers=basic(tokens[1]))
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    used = [one.used_at for one in store.list_tokens(database, private)]
    assert used == [today, today, None]
    assert database.read_counter().change == change


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_feed_is_read_where_nothing_can_be_written(client, app, private, give):
    token, database = give(private), app.extensions["feedsvc"].database
    lock = sqlite3.connect(database.path, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        assert client.get(f"/private/{token}/partner-b.rss").status_code == 200
    finally:
        lock.close()


@pytest.mark.parametrize(
    "sent", ["", "Basic", "Basic x", "Basic " + base64.b64encode(b"\xff:\xff").decode(), "Digest x"]
)
@pytest.mark.usefixtures("private")
def test_credentials_that_are_none_are_none(client, sent):
    headers = {"Authorization": sent}
    assert client.get("/private/partner-b.rss", headers=headers).status_code == 401
    assert client.get("/feeds/partner-b.rss", headers=headers).status_code == 404
