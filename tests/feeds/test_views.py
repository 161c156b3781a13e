"""Feeds as readers get them: order, limits, headers, conditions."""

from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree
from werkzeug.http import http_date, parse_date

from feedsvc.app import create_app
from tests.conftest import make_settings
from tests.newsroom import publish, withdraw

FORMATS = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json",
}


def ids(response):
    return [item["url"].rpartition("/")[2] for item in response.json["items"]]


def settle(app, seconds=10):
    """Let the last change be some seconds ago."""
    database = app.extensions["feedsvc"].database

    def age(_):
        past = 1_000_000 * seconds
        for table in ("change_counter", "category", "saved_feed"):
            database.peewee.execute_sql(f"UPDATE {table} SET changed_at = changed_at - {past}")

    database.publish(age)


@pytest.mark.parametrize(("suffix", "media_type"), FORMATS.items())
def test_each_format_has_its_media_type(client, suffix, media_type):
    assert client.get(f"/feeds/all.{suffix}").headers["Content-Type"] == media_type


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_feed_is_never_html_whatever_is_accepted(client, suffix):
    response = client.get(f"/feeds/all.{suffix}", headers={"Accept": "text/html"})
    assert response.headers["Content-Type"] == FORMATS[suffix]


@pytest.mark.parametrize("suffix", ["rss", "atom"])
def test_browser_that_opens_a_feed_gets_it_as_xml_byte_for_byte(client, suffix):
    shown = client.get(f"/feeds/all.{suffix}", headers={"Sec-Fetch-Dest": "document"})
    read = client.get(f"/feeds/all.{suffix}", headers={"Sec-Fetch-Dest": "empty"})
    assert shown.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert read.headers["Content-Type"] == FORMATS[suffix]
    assert (shown.data, shown.headers["ETag"]) == (read.data, read.headers["ETag"])
    for response in (shown, read):
        assert response.headers["Vary"] == "Accept-Encoding, Sec-Fetch-Dest"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_json_is_the_same_for_a_browser(client):
    response = client.get("/feeds/all.json", headers={"Sec-Fetch-Dest": "document"})
    assert response.headers["Content-Type"] == FORMATS["json"]
    assert response.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("suffix", FORMATS)
def test_browser_may_take_nothing_but_the_stylesheet(client, suffix):
    policy = client.get(f"/feeds/all.{suffix}").headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src https://feeds.example"


def test_public_address_in_vietnamese_fits_into_the_headers(sqlite_url):
    app = create_app(make_settings(sqlite_url, public_url="https://tỉnh.example:8443/tin"))
    response = app.test_client().get("/feeds/all.rss")
    policy = response.headers["Content-Security-Policy"]
    assert policy.endswith("style-src https://xn--tnh-dlz.example:8443")
    assert "https://tỉnh.example:8443/tin/static/feed.vi.css" in response.text
    app.extensions["feedsvc"].database.close()


@pytest.mark.parametrize("suffix", ["rss", "atom"])
@pytest.mark.parametrize("language", ["vi", "en-GB", "km"])
def test_stylesheet_that_a_feed_names_is_there_in_its_language(sqlite_url, suffix, language):
    public_url = "https://news.example/tin"
    app = create_app(make_settings(sqlite_url, public_url=public_url, language=language))
    client = app.test_client()
    tree = etree.fromstring(client.get(f"/feeds/all.{suffix}").data).getroottree()
    (instruction,) = tree.xpath("/processing-instruction()")
    assert instruction.target == "xml-stylesheet"
    assert instruction.get("type") == "text/css"
    assert instruction.get("href") == f"{public_url}/static/feed.{language}.css"
    with client.get(instruction.get("href").removeprefix(public_url)) as style:
        assert style.content_type == "text/css; charset=utf-8"
        assert style.headers["X-Content-Type-Options"] == "nosniff"
        assert "max-age=300" in style.headers["Cache-Control"]
        assert ("Đây là" if language == "vi" else "This is a feed") in style.text
    app.extensions["feedsvc"].database.close()


@pytest.mark.parametrize("suffix", FORMATS)
def test_head_is_get_without_a_body(client, newsroom, app, suffix):
    newsroom.push(publish())
    settle(app)
    get, head = client.get(f"/feeds/all.{suffix}"), client.head(f"/feeds/all.{suffix}")
    assert head.data == b""
    assert dict(head.headers) == dict(get.headers)
    assert int(head.headers["Content-Length"]) == len(get.data)


def test_newest_article_is_first(newsroom, client):
    for number, day in enumerate((3, 1, 2)):
        newsroom.push(publish(f"a{number}", date_published=f"2023-01-0{day}T00:00:00Z"))
    assert ids(client.get("/feeds/all.json")) == ["a0", "a2", "a1"]
    assert ids(client.get("/feeds/tin-tuc.json")) == ["a0", "a2", "a1"]


def test_feed_has_thirty_entries_or_as_many_as_asked_for(newsroom, client):
    newsroom.send([publish(f"a{number}") for number in range(40)])
    assert len(client.get("/feeds/all.json").json["items"]) == 30
    assert len(client.get("/feeds/all.json?limit=7").json["items"]) == 7
    assert len(client.get("/feeds/tin-tuc.json?limit=40").json["items"]) == 40


def test_self_link_is_the_canonical_address(client):
    def self_url(query):
        return client.get(f"/feeds/all.json{query}").json["feed_url"]

    assert self_url("?utm_source=x&limit=30") == "https://feeds.example/feeds/all.json"
    assert self_url("?limit=007&x=1") == "https://feeds.example/feeds/all.json?limit=7"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=",
        "limit=x",
        "limit=1.5",
        "limit=1&limit=2",
        "limit=%D9%A3",
        "limit=" + "9" * 5000,
    ],
)
def test_bad_limit_is_a_400_that_names_it(client, query):
    response = client.get(f"/feeds/all.rss?{query}")
    assert response.status_code == 400
    assert response.content_type == "application/problem+json"
    assert response.json["parameter"] == "limit"


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/none.rss",
        "/feeds/all.xml",
        "/feeds/all",
        "/feeds/.rss",
        "/feeds/ALL.rss",
        "/feeds/all.rss/",
        "/feeds/",
        "/feeds//all.rss",
        "/feeds/%00.rss",
        "/feeds/all.rss%0a",
    ],
)
def test_unknown_feed_or_format_is_a_404(client, path):
    response = client.get(path)
    assert response.status_code == 404
    assert response.content_type == "application/problem+json"
    assert "Location" not in response.headers


def test_wrong_method_is_a_405_with_what_is_allowed(client):
    response = client.post("/feeds/all.rss")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
    response = client.get("/ingest/desk")
    assert (response.status_code, "POST" in response.headers["Allow"]) == (405, True)


def test_host_header_is_in_no_feed(newsroom, client):
    newsroom.push(publish())
    plain = client.get("/feeds/all.atom").data
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    assert client.get("/feeds/all.atom", headers=headers).data == plain


@pytest.mark.parametrize("suffix", FORMATS)
def test_same_content_has_the_same_bytes_and_tag(newsroom, client, suffix):
    newsroom.push(publish())
    first, second = (client.get(f"/feeds/all.{suffix}") for _ in range(2))
    assert (first.data, first.headers["ETag"]) == (second.data, second.headers["ETag"])


@pytest.mark.parametrize("suffix", FORMATS)
def test_reader_that_has_the_feed_is_told_so(newsroom, client, suffix):
    newsroom.push(publish())
    etag = client.get(f"/feeds/all.{suffix}").headers["ETag"]
    again = client.get(f"/feeds/all.{suffix}", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == etag
    assert again.headers["Cache-Control"]


def test_edit_elsewhere_leaves_a_feeds_tag_alone(newsroom, client):
    newsroom.push(publish("a", categories=["x"]))
    etag = client.get("/feeds/x.rss").headers["ETag"]
    newsroom.push(publish("b", categories=["y"]))
    assert client.get("/feeds/x.rss").headers["ETag"] == etag


def test_change_within_the_last_second_is_never_a_304_by_date(newsroom, client):
    newsroom.push(publish("a"))
    now = http_date(datetime.now(UTC))
    newsroom.push(publish("b"))
    response = client.get("/feeds/all.rss", headers={"If-Modified-Since": now})
    assert response.status_code == 200
    assert parse_date(response.headers["Last-Modified"]) < datetime.now(UTC) - timedelta(seconds=1)


def test_settled_feed_is_a_304_by_date(newsroom, client, app):
    newsroom.push(publish("a"))
    settle(app)
    stamp = client.get("/feeds/tin-tuc.rss").headers["Last-Modified"]
    again = client.get("/feeds/tin-tuc.rss", headers={"If-Modified-Since": stamp})
    assert again.status_code == 304


def test_withdrawing_the_newest_article_moves_last_modified_on(newsroom, client, app):
    newsroom.push(publish("a"))
    newsroom.push(publish("b"))
    settle(app, 20)
    stamp = client.get("/feeds/tin-tuc.rss").headers["Last-Modified"]
    newsroom.push(withdraw("b"))
    settle(app, 10)
    again = client.get("/feeds/tin-tuc.rss", headers={"If-Modified-Since": stamp})
    assert again.status_code == 200


def test_readers_may_keep_a_feed_for_minutes_and_caches_longer(client):
    control = client.get("/feeds/all.rss").headers["Cache-Control"]
    assert control == "public, max-age=300, stale-while-revalidate=300, stale-if-error=86400"


def test_entry_says_when_it_was_edited_and_when_published(newsroom, client):
    newsroom.push(publish())
    item = client.get("/feeds/all.json").json["items"][0]
    assert item["date_modified"] == item["date_published"] == "2023-01-09T09:30:00Z"
    newsroom.push(publish(title="Sửa", date_modified="2023-01-09T18:00:00+07:00"))
    item = client.get("/feeds/all.json").json["items"][0]
    assert item["date_published"] == "2023-01-09T09:30:00Z"
    assert item["date_modified"] == "2023-01-09T11:00:00Z"


def test_empty_feed_is_dated_by_its_making(client, app):
    created_at = app.extensions["feedsvc"].database.read_counter().created_at
    stamp = created_at.strftime("%Y-%m-%dT%H:%M:%S")
    assert f"<updated>{stamp}+00:00</updated>" in client.get("/feeds/all.atom").text
