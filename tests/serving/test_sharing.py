"""What scripts of other sites may read: the JSON documents, and nothing else."""

import pytest

from feedsvc.app import create_app
from feedsvc.ingest.sources import add_source
from feedsvc.serving.sharing import is_shared
from tests.conftest import make_settings
from tests.newsroom import VAULT, Newsroom, publish

ORIGIN = {"Origin": "https://partner.example"}
PREFLIGHT = ORIGIN | {
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "if-none-match",
}
SHARED = ["/feeds/all.json", "/feeds/tin-tuc.json?limit=3", "/feeds.json", "/feeds.opml"]
OWN = ["/", "/docs", "/feeds/all.rss", "/feeds/all.atom", "/robots.txt", "/readyz", "/static/x.css"]
PRIVATE = ["/ingest/desk", "/inbox", "/inbox/1", "/inbox/1/replay", "/private/token/all.json"]
TOKEN = "a-token-that-opens-the-inbox"


@pytest.fixture
def client(sqlite_url):
    app = create_app(make_settings(sqlite_url, api_token=TOKEN))
    database = app.extensions["feedsvc"].database
    newsroom = Newsroom(app.test_client(), add_source(database, VAULT, "desk"))
    newsroom.push(publish())
    yield newsroom.client
    database.close()


def permissions(response):
    return {name for name, _ in response.headers if name.startswith("Access-Control-")}


@pytest.mark.parametrize("path", SHARED)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_any_site_may_read(client, path, method):
    response = client.open(path, method=method, headers=ORIGIN)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_script_can_read_the_validators_and_what_is_linked(client):
    exposed = client.get("/feeds/all.json").headers["Access-Control-Expose-Headers"]
    assert {"ETag", "Last-Modified", "Link", "Retry-After"} == set(exposed.split(", "))


@pytest.mark.parametrize("path", SHARED)
def test_answer_is_the_same_for_every_site_so_that_caches_may_keep_it(client, path):
    with_origin, without = client.get(path, headers=ORIGIN), client.get(path)
    assert dict(with_origin.headers) == dict(without.headers)
    assert "Origin" not in with_origin.headers["Vary"]


@pytest.mark.parametrize("path", SHARED)
def test_unchanged_document_may_be_read_too(client, path):
    etag = client.get(path).headers["ETag"]
    response = client.get(path, headers=ORIGIN | {"If-None-Match": etag})
    assert response.status_code == 304
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/feeds/none.json", 404),
        ("GET", "/feeds/all.json?limit=0", 400),
        ("GET", "/feeds/no/such.json", 404),
        ("POST", "/feeds/all.json", 405),
        ("DELETE", "/feeds.json", 405),
    ],
)
def test_error_may_be_read_too(client, method, path, status):
    response = client.open(path, method=method, headers=ORIGIN)
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", SHARED)
def test_preflight_says_what_may_be_asked(client, path):
    response = client.options(path, headers=PREFLIGHT)
    assert response.status_code == 200
    assert response.data == b""
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Access-Control-Allow-Methods"] == "GET, HEAD"
    allowed = response.headers["Access-Control-Allow-Headers"]
    assert set(allowed.split(", ")) == {"If-None-Match", "If-Modified-Since"}


@pytest.mark.parametrize("path", [*SHARED, *OWN, *PRIVATE])
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
def test_no_site_may_send_credentials(client, path, method):
    response = client.open(path, method=method, headers=PREFLIGHT)
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("path", [*OWN, *PRIVATE])
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
def test_nothing_else_is_shared(client, path, method):
    headers = PREFLIGHT | {"Authorization": f"Bearer {TOKEN}"}
    assert not permissions(client.open(path, method=method, headers=headers))


def test_database_that_is_away_is_said_to_any_site(client, sqlite_url):
    from pathlib import Path

    Path(sqlite_url.removeprefix("sqlite:///")).unlink()
    response = client.get("/feeds/all.json", headers=ORIGIN)
    assert response.status_code == 503
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Retry-After" in response.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("path", ["/feeds.json/", "/FEEDS/all.json", "/xfeeds/all.json", "/feeds"])
def test_what_only_looks_alike_is_not_shared(path):
    assert not is_shared(path)
