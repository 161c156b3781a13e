"""What can be subscribed to: every feed that there is, by whichever spelling of its address."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from feedsvc.errors import TopicError
from feedsvc.feeds.saved import store
from feedsvc.hub.topics import get_topic, parse_topic, require_readable
from tests.conftest import make_settings
from tests.newsroom import publish

HOME = "https://feeds.example"


@pytest.fixture
def find(app):
    """The topic of an address."""
    services = app.extensions["feedsvc"]

    def get(url, token_id=None):
        database, settings = services.database, services.settings
        with database.read():
            topic = get_topic(database, parse_topic(url, settings), settings, token_id)
            require_readable(topic, settings, datetime.now(UTC))
        return topic

    return get


@pytest.mark.parametrize(
    ("spelled", "canonical"),
    [
        ("/feeds/all.rss", "/feeds/all.rss"),
        ("/feeds/all.json?limit=30", "/feeds/all.json"),
        ("/feeds/all.atom?tag=b&utm=x&tag=a", "/feeds/all.atom?tag=a&tag=b"),
        ("/feeds/%61ll.rss", "/feeds/all.rss"),
        ("/feeds/tin-tuc.rss?q=%C4%90%E1%BA%A3ng", "/feeds/tin-tuc.rss?q=%C4%91%E1%BA%A3ng"),
        ("/feeds/tin-tuc.rss?q=Đảng", "/feeds/tin-tuc.rss?q=%C4%91%E1%BA%A3ng"),
        ("/feeds/all.rss?category=tin-tuc&content=headline&not=x", None),
    ],
)
def test_topic_has_one_address(find, newsroom, spelled, canonical):
    newsroom.push(publish())
    topic = find(HOME + spelled)
    if canonical is not None:
        assert topic.url == HOME + canonical
    assert find(topic.url).url == topic.url


@pytest.mark.parametrize("suffix", ["rss", "atom", "json"])
def test_topic_is_the_self_link_of_its_feed(find, client, newsroom, suffix):
    newsroom.push(publish())
    response = client.get(f"/feeds/tin-tuc.{suffix}?lang=vi&limit=5&limit=5")
    topic = find(f"{HOME}/feeds/tin-tuc.{suffix}?limit=5&lang=vi")
    assert f'<{topic.url}>; rel="self"' in response.headers["Link"]
    assert topic.url.replace("&", "&amp;" if suffix != "json" else "&") in response.text


@pytest.mark.parametrize(
    "home", ["HTTPS://feeds.example", "https://FEEDS.example", "https://feeds.example:443"]
)
def test_home_may_be_spelled_otherwise(find, home):
    assert find(f"{home}/feeds/all.rss").url == f"{HOME}/feeds/all.rss"


@pytest.mark.parametrize("home", ["https://báo.example", "https://xn--bo-mia.example"])
def test_home_in_letters_of_its_own_is_known_in_both_forms(home):
    settings = make_settings("sqlite:///none.db", public_url="https://báo.example")
    assert parse_topic(f"{home}/feeds/all.rss", settings).name == "all"


@pytest.mark.parametrize(
    "url",
    [
        *("", "x", "/feeds/all.rss", "//feeds.example/feeds/all.rss"),
        *("http://feeds.example/feeds/all.rss", "https://feeds.example:8443/feeds/all.rss"),
        *("https://other.example/feeds/all.rss", "https://feeds.example.evil/feeds/all.rss"),
        *(f"{HOME}", f"{HOME}/", f"{HOME}/feeds/", f"{HOME}/feeds/all", f"{HOME}/feeds/all.xml"),
        *(f"{HOME}/feeds//all.rss", f"{HOME}/feeds/../feeds/all.rss", f"{HOME}/feeds.opml"),
        *(f"{HOME}/feeds/all/2023-01.rss", f"{HOME}/hub", f"{HOME}/feeds/All.rss"),
        *(f"{HOME}/feeds/all.rss#top", f"{HOME}/feeds/all.rss\x00", f"{HOME}/feeds/all .rss"),
        *("https://a@feeds.example/feeds/all.rss", "https://feeds.example:x/feeds/all.rss"),
        *("https://[feeds.example/feeds/all.rss", "https://[::1/feeds/all.rss"),
        *(f"{HOME}/feeds/none.rss", f"{HOME}/feeds/all.rss?category=none"),
        *(f"{HOME}/feeds/all.rss?limit=0", f"{HOME}/feeds/all.rss?q=%22"),
        f"{HOME}/feeds/all.rss?{'x' * 3000}",
    ],
)
def test_what_is_no_topic_is_refused(find, url):
    with pytest.raises(TopicError):
        find(url)


@pytest.mark.parametrize(
    "query", ["after=3", "hours=2", "since=2023-01-01T00:00:00Z", "q=a&order=relevance"]
)
def test_what_does_not_last_can_not_be_subscribed_to(find, query):
    with pytest.raises(TopicError, match="can't be subscribed to with after, hours"):
        find(f"{HOME}/feeds/all.json?{query}")


# Feeds of the newsroom's own


def test_saved_feed_has_one_address_by_its_own_limit(find, client, save):
    save(query="limit=5")
    topic = find(f"{HOME}/feeds/partner-a.rss?limit=5")
    assert topic.url == f"{HOME}/feeds/partner-a.rss"
    assert f"<{topic.url}>" in client.get("/feeds/partner-a.rss?limit=9").headers["Link"]


def test_private_feed_is_opened_by_the_token_in_its_address(find, save, give):
    token = give(save("partner-b", is_private=True))
    topic = find(f"{HOME}/private/{token}/partner-b.rss?limit=5")
    assert topic.url == f"{HOME}/private/partner-b.rss?limit=5"
    assert find(topic.url, topic.token_id).url == topic.url


def test_private_feed_is_closed_to_all_others(app, find, save, give):
    token = give(save("partner-b", is_private=True))
    token_id = find(f"{HOME}/private/{token}/partner-b.rss").token_id
    save("partner-c", is_private=True)
    for url in ("/feeds/partner-b.rss", "/private/x/partner-b.rss", "/private/partner-b.rss"):
        with pytest.raises(TopicError):
            find(HOME + url)
    for name in ("partner-c", "partner-x"):
        with pytest.raises(TopicError):
            find(f"{HOME}/private/{token}/{name}.rss")
        with pytest.raises(TopicError):
            find(f"{HOME}/private/{name}.rss", token_id)
    store.revoke_token(app.extensions["feedsvc"].database, "partner-b", "Báo B")
    with pytest.raises(TopicError):
        find(f"{HOME}/private/{token}/partner-b.rss")
    with pytest.raises(TopicError):
        find(f"{HOME}/private/partner-b.rss", token_id)


def test_token_of_a_feed_that_became_public_opens_the_public_topic(app, find, save, give):
    services = app.extensions["feedsvc"]
    token = give(save("partner-b", is_private=True))
    token_id = find(f"{HOME}/private/{token}/partner-b.rss").token_id
    store.edit_feed(
        services.database,
        services.settings,
        "partner-b",
        lambda feed: replace(feed, is_private=False),
    )
    topic = find(f"{HOME}/private/{token}/partner-b.rss")
    assert (topic.url, topic.token_id) == (f"{HOME}/feeds/partner-b.rss", None)
    assert find(f"{HOME}/private/partner-b.rss", token_id).url == topic.url
