"""Feeds say where one subscribes: in their `Link` header, kept answers and 304s too, and inside."""

import pytest
from lxml import etree

from feedsvc.app import create_app
from feedsvc.feeds.saved import store
from feedsvc.feeds.saved.feed import SavedFeed
from tests.conftest import make_settings
from tests.newsroom import publish

HOME = "https://feeds.example"
ATOM = "{http://www.w3.org/2005/Atom}"
OTHERS = ("https://hub.example/", "https://báo.example/hub?a=1&b=2")


def link_header(address, *hubs):
    said = [f'<{hub}>; rel="hub"' for hub in (f"{HOME}/hub", *hubs)]
    return ", ".join([*said, f'<{address}>; rel="self"'])


def hubs_in(response):
    if response.mimetype == "application/feed+json":
        return [hub["url"] for hub in response.json.get("hubs", ())]
    root = etree.fromstring(response.data)
    return [link.get("href") for link in root.iterfind(f".//{ATOM}link[@rel='hub']")]


@pytest.mark.parametrize("suffix", ["rss", "atom", "json"])
def test_feed_says_where_one_subscribes(client, suffix):
    response = client.get(f"/feeds/all.{suffix}?limit=5&x=1")
    assert response.headers.getlist("Link") == [link_header(f"{HOME}/feeds/all.{suffix}?limit=5")]
    assert hubs_in(response) == [f"{HOME}/hub"]


@pytest.mark.parametrize("suffix", ["rss", "atom", "json"])
def test_every_answer_has_the_links(client, newsroom, suffix):
    """The first one and those from memory, in each coding; 304 by tag and date; HEAD."""
    newsroom.push(publish())
    address = f"/feeds/tin-tuc.{suffix}"
    first = client.get(address)
    links = [link_header(HOME + address)]
    tag = {"If-None-Match": first.headers["ETag"]}
    marked = {"If-None-Match": f'{first.headers["ETag"][:-1]}-gzip"'}
    for ask in (
        lambda: first,
        lambda: client.get(address),
        lambda: client.get(address, headers={"Accept-Encoding": "gzip"}),
        lambda: client.head(address),
        lambda: client.get(address, headers=tag),
        lambda: client.get(address, headers=marked),
        lambda: client.get(address, headers={"Sec-Fetch-Dest": "document"}),
    ):
        assert ask().headers.getlist("Link") == links
    unchanged = client.get(address, headers=tag)
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    newsroom.push(publish("a-2"))
    assert client.get(address, headers=tag).headers.getlist("Link") == links


def test_rss_names_its_cloud(client):
    channel = etree.fromstring(client.get("/feeds/all.rss").data).find("channel")
    (cloud,) = channel.findall("cloud")
    assert dict(cloud.attrib) == {
        "domain": "feeds.example",
        "port": "443",
        "path": "/rsscloud/pleaseNotify",
        "registerProcedure": "",
        "protocol": "https-post",
    }


@pytest.mark.parametrize(
    "path",
    [
        *("/feeds/all.json?after=0", "/feeds/all.rss?hours=24"),
        *("/feeds/all.rss?since=2023-01-01T00:00:00Z", "/feeds/all.rss?q=a&order=relevance"),
        *("/feeds/all/2023-01.rss", "/feeds/all/2023-01.atom", "/feeds/all/2023-01.json"),
    ],
)
def test_what_can_not_be_subscribed_to_names_no_hub(client, newsroom, path):
    newsroom.push(publish())
    response = client.get(path)
    assert response.status_code == 200
    assert "Link" not in response.headers
    assert not hubs_in(response)
    assert "pleaseNotify" not in response.text


@pytest.fixture
def with_others(sqlite_url):
    app = create_app(make_settings(sqlite_url, hubs=", ".join(OTHERS)))
    yield app
    app.extensions["feedsvc"].database.close()


@pytest.mark.parametrize("suffix", ["rss", "atom", "json"])
def test_other_hubs_are_named_after_ours(with_others, suffix):
    response = with_others.test_client().get(f"/feeds/all.{suffix}")
    encoded = "https://xn--bo-mia.example/hub?a=1&b=2"
    address = f"{HOME}/feeds/all.{suffix}"
    assert response.headers["Link"] == link_header(address, OTHERS[0], encoded)
    assert hubs_in(response) == [f"{HOME}/hub", *OTHERS]


@pytest.mark.parametrize("suffix", ["rss", "atom", "json"])
def test_no_other_hub_hears_of_a_private_feed(with_others, suffix):
    services = with_others.extensions["feedsvc"]
    saved = SavedFeed("partner-b", "Riêng B", is_private=True)
    store.add_feed(services.database, services.settings, saved)
    token = store.add_token(services.database, services.settings, "partner-b", "B")
    response = with_others.test_client().get(f"/private/{token}/partner-b.{suffix}")
    assert response.headers["Link"] == link_header(f"{HOME}/private/partner-b.{suffix}")
    assert hubs_in(response) == [f"{HOME}/hub"]
    assert "pleaseNotify" not in response.text
