"""The list of feeds as JSON; and, with OPML's and the sitemap's, its headers and conditions."""

import pytest

from feedsvc.app import create_app
from feedsvc.feeds.directory.listing import FeedList
from tests.conftest import make_settings
from tests.feeds.test_views import settle
from tests.newsroom import publish, withdraw

LISTS = ["/feeds.json", "/feeds.opml"]
DOCUMENTS = [*LISTS, "/news-sitemap.xml"]


def listed(client):
    return client.get("/feeds.json").json["feeds"]


def test_list_is_what_its_model_says_to_the_letter(newsroom, client):
    newsroom.push(publish())
    FeedList.model_validate_json(client.get("/feeds.json").text, strict=True, extra="forbid")


def test_list_names_its_version_the_newspaper_and_itself(client):
    said = client.get("/feeds.json").json
    assert {name: said[name] for name in said if name not in ("feeds", "filters")} == {
        "version": 1,
        "title": "Báo tỉnh",
        "language": "vi",
        "home_page_url": "https://news.example",
        "url": "https://feeds.example/feeds.json",
        "opml_url": "https://feeds.example/feeds.opml",
    }


def test_everything_comes_first_and_each_section_after_its_parent(newsroom, client):
    newsroom.push(publish())
    everything, parent, child = listed(client)
    assert (everything["name"], everything["section"], everything["parent"]) == ("all", None, None)
    assert (parent["name"], parent["section"], parent["parent"]) == ("tin-tuc", "Tin tức", "all")
    assert child == {
        "name": "xay-dung-dang",
        "title": "Xây dựng Đảng – Báo tỉnh",
        "section": "Xây dựng Đảng",
        "parent": "tin-tuc",
        "description": "Xây dựng Đảng – Báo tỉnh",
        "language": "vi",
        "urls": {
            suffix: f"https://feeds.example/feeds/xay-dung-dang.{suffix}"
            for suffix in ("rss", "atom", "json")
        },
    }


def test_every_address_is_a_feed_that_says_the_same_of_itself(newsroom, client):
    newsroom.push(publish())
    for feed in listed(client):
        for address in feed["urls"].values():
            assert client.get(address.removeprefix("https://feeds.example")).status_code == 200
        said = client.get(f"/feeds/{feed['name']}.json").json
        assert {name: said[name] for name in ("title", "description", "language")} == {
            name: feed[name] for name in ("title", "description", "language")
        }


def test_every_filter_is_one_that_feeds_take(client):
    for one in client.get("/feeds.json").json["filters"]:
        assert one["description"]
        assert client.get(f"/feeds/all.rss?{one['name']}=%00").status_code == 400


def test_newspaper_that_describes_itself_is_described_so(sqlite_url):
    app = create_app(make_settings(sqlite_url, description="Tin của tỉnh."))
    everything, *_ = listed(app.test_client())
    assert everything["description"] == "Tin của tỉnh."
    app.extensions["feedsvc"].database.close()


def test_renamed_and_moved_section_is_listed_so_at_once(newsroom, client):
    newsroom.push(publish(categories=[{"slug": "a", "name": "A"}]))
    newsroom.push(publish(categories=[{"slug": "a", "name": "Á", "parent": "B"}]))
    assert [(one["name"], one["section"], one["parent"]) for one in listed(client)[1:]] == [
        ("b", "B", "all"),
        ("a", "Á", "b"),
    ]


# What feeds promise, these do too


@pytest.mark.parametrize("path", DOCUMENTS)
def test_head_is_get_without_a_body(newsroom, client, app, path):
    newsroom.push(publish())
    settle(app)
    get, head = client.get(path), client.head(path)
    assert head.data == b""
    assert dict(head.headers) == dict(get.headers)
    assert int(head.headers["Content-Length"]) == len(get.data)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_who_has_it_is_told_so(newsroom, client, app, path):
    newsroom.push(publish())
    settle(app)
    first = client.get(path)
    for name, value in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
        again = client.get(path, headers={name: first.headers[value]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize("path", LISTS)
def test_new_section_is_no_304_by_date(newsroom, client, app, path):
    newsroom.push(publish("a"))
    settle(app)
    date = client.get(path).headers["Last-Modified"]
    newsroom.push(publish("b", categories=["Mới"]))
    response = client.get(path, headers={"If-Modified-Since": date})
    assert response.status_code == 200
    assert "Mới" in response.text


@pytest.mark.parametrize("path", DOCUMENTS)
def test_it_may_be_kept_as_long_as_a_feed(client, path):
    control = client.get("/feeds/all.rss").headers["Cache-Control"]
    assert client.get(path).headers["Cache-Control"] == control


@pytest.mark.parametrize("path", [*DOCUMENTS, "/robots.txt"])
def test_it_is_never_html_whatever_is_accepted(client, path):
    response = client.get(path, headers={"Accept": "text/html"})
    assert "html" not in response.content_type
    refused = client.post(path, headers={"Accept": "text/html"})
    assert (refused.status_code, refused.content_type) == (405, "application/problem+json")


@pytest.mark.parametrize("path", DOCUMENTS)
def test_host_header_is_not_in_it(newsroom, client, path):
    newsroom.push(publish())
    plain = client.get(path).data
    assert client.get(path, headers={"Host": "evil.example"}).data == plain


def test_article_leaves_the_list_as_it_was(newsroom, client):
    newsroom.push(publish("a"))
    before = client.get("/feeds.json")
    newsroom.push(publish("b"))
    newsroom.push(withdraw("a"))
    assert client.get("/feeds.json").data == before.data
