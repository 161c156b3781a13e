"""A saved feed shows what meets its own filters, whatever else a request asks of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from feedsvc.app import create_app
from feedsvc.feeds.saved.store import edit_feed
from feedsvc.rendering.podcast import Podcast
from tests.feeds.saved.conftest import basic
from tests.feeds.test_archive import links, publish_days
from tests.feeds.test_changes import Partner
from tests.newsroom import publish, withdraw

PAPER = {
    "a": {"categories": ["Kinh tế"], "tags": ["lúa"], "title": "Giá lúa tăng"},
    "b": {"categories": ["Kinh tế"], "tags": ["lúa", "quảng cáo"], "title": "Lúa giống"},
    "c": {"categories": ["Xã hội"], "tags": ["lúa"], "title": "Mùa lúa"},
    "d": {"categories": ["Kinh tế", "Xã hội"], "tags": [], "title": "Giá vàng"},
}
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"


@pytest.fixture
def paper(newsroom):
    for day, (name, fields) in enumerate(PAPER.items(), 1):
        newsroom.push(publish(name, date_published=f"2023-01-0{day}T00:00:00Z", **fields))
    return newsroom


def shown(client, address):
    items = client.get(address).json["items"]
    return "".join(item["url"].rpartition("/")[2] for item in items)


@pytest.mark.usefixtures("paper")
@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("category=kinh-te", "dba"),
        ("category=kinh-te&not-tag=quang-cao", "da"),
        ("category=kinh-te&category=xa-hoi&tag=lua", "cba"),
        ("not-category=xa-hoi", "ba"),
        ("q=giá lúa", "a"),
        ("q=gia&limit=1", "d"),
        ("lang=en", ""),
    ],
)
def test_it_shows_what_meets_its_filters(client, save, query, ids):
    save(query=query)
    assert shown(client, "/feeds/partner-a.json") == ids


@pytest.mark.usefixtures("paper")
@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ("", "db"),
        ("tag=lua", "ba"),
        ("category=xa-hoi", "d"),
        ("not-tag=lua", "d"),
        ("q=giong", "b"),
        ("limit=1", "d"),
        ("limit=200", "db"),
        ("not=d", "ba"),
        ("category=kinh-te", "db"),
        ("author=nobody", ""),
    ],
)
def test_a_request_can_ask_for_less_and_never_for_more(client, save, asked, ids):
    save(query="category=kinh-te&limit=2")
    assert shown(client, f"/feeds/partner-a.json?{asked}") == ids


def test_it_has_an_archive_and_changes_of_its_own(newsroom, client, save):
    publish_days(newsroom, datetime(2023, 1, 1, 12, tzinfo=UTC), 40, tags=["lúa"])
    newsroom.push(publish("other", tags=[], date_published="2023-01-05T00:00:00Z"))
    save(query="tag=lua&limit=5")
    feed = client.get("/feeds/partner-a.atom")
    assert links(feed)["prev-archive"] == "/feeds/partner-a/2023-02.atom"
    january = client.get("/feeds/partner-a/2023-01.json").json
    assert len(january["items"]) == 31
    partner = Partner(client, "/feeds/partner-a.json")
    partner.follow()
    assert len(partner.copy) == 40
    newsroom.push(withdraw("n3"))
    partner.follow()
    assert len(partner.copy) == 39


def test_whoever_follows_a_delayed_feed_hears_of_nothing_early_and_misses_nothing(
    newsroom, client, save
):
    now = datetime.now(UTC)
    newsroom.push(publish("old", title="cũ"))
    newsroom.push(
        publish("soon", title="sắp", date_published=(now - timedelta(seconds=58)).isoformat())
    )
    newsroom.push(publish("older", title="cũ hơn", date_published="2022-01-01T00:00:00Z"))
    save(delay_seconds=60)
    partner = Partner(client, "/feeds/partner-a.json")
    partner.follow()
    assert partner.titles == {"cũ"}
    until = now + timedelta(seconds=2.5)
    while datetime.now(UTC) < until:
        pass
    partner.follow()
    assert partner.titles == {"cũ", "sắp", "cũ hơn"}


def test_a_delayed_feeds_archive_is_late_too(newsroom, client, save):
    now = datetime.now(UTC)
    newsroom.push(publish("old"))
    newsroom.push(publish("new", date_published=now.isoformat()))
    save(delay_seconds=3600)
    month = f"/feeds/partner-a/{now:%Y-%m}.json"
    response = client.get(month)
    assert response.status_code == 404 or response.json["items"] == []
    assert shown(client, f"/feeds/all/{now:%Y-%m}.json") == "new"


def test_a_private_feed_has_no_archive_and_says_none(newsroom, client, save, give):
    publish_days(newsroom, datetime(2023, 1, 1, tzinfo=UTC), 40)
    token = give(save("partner-b", is_private=True))
    for address in (f"/private/{token}/partner-b.atom", "/private/partner-b.atom"):
        response = client.get(address, headers=basic(token))
        assert "prev-archive" not in links(response)
    assert client.get("/feeds/partner-b/2023-01.atom", headers=basic(token)).status_code == 404
    followed = client.get(f"/private/{token}/partner-b.json?after=0&limit=10")
    assert token not in followed.text
    assert "/private/partner-b.json?after=" in followed.json["next_url"]


def test_a_podcast_says_what_it_is(newsroom, client, save):
    audio = {"url": "https://news.example/1.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 1}
    newsroom.push(publish(attachments=[audio]))
    save(podcast=Podcast("Báo tỉnh", "https://news.example/bia.jpg", "News"))
    channel = etree.fromstring(client.get("/feeds/partner-a.rss").data).find("channel")
    assert channel.findtext(f"{ITUNES}author") == "Báo tỉnh"
    assert channel.find(f"{ITUNES}category").get("text") == "News"
    assert channel.find("item/enclosure") is not None
    whole = etree.fromstring(client.get("/feeds/all.rss").data).find("channel")
    assert whole.find(f"{ITUNES}author") is None


@pytest.mark.usefixtures("paper")
def test_a_limit_from_before_the_highest_was_lowered_is_lowered_with_it(app, save):
    save(query="category=kinh-te&limit=150")
    settings = app.extensions["feedsvc"].settings
    assert settings.max_entries == 200
    lowered = create_app(settings.model_copy(update={"max_entries": 2, "default_entries": 2}))
    assert shown(lowered.test_client(), "/feeds/partner-a.json") == "db"
    lowered.extensions["feedsvc"].database.close()


def test_a_withdrawal_does_not_wait_behind_what_the_feed_does_not_show(newsroom, client, save):
    newsroom.push(publish("old", tags=["z"]))
    save(query="tag=z", delay_seconds=3600)
    partner = Partner(client, "/feeds/partner-a.json")
    partner.follow()
    assert len(partner.copy) == 1
    newsroom.push(publish("no", tags=["x"], date_published=datetime.now(UTC).isoformat()))
    newsroom.push(withdraw("old"))
    partner.follow()
    assert partner.copy == {}


def test_what_was_withdrawn_before_it_was_due_is_named_nowhere(newsroom, client, save):
    published = datetime.now(UTC) - timedelta(seconds=59)
    newsroom.push(publish("t", date_published=published.isoformat()))
    newsroom.push(withdraw("t"))
    save(delay_seconds=60)
    while datetime.now(UTC) < published + timedelta(seconds=61):
        pass
    assert "deleted" not in client.get("/feeds/partner-a.atom").text
    assert "deleted" in client.get("/feeds/all.atom").text


@pytest.mark.usefixtures("paper")
def test_whoever_follows_a_feed_that_is_changed_is_told_to_begin_anew(app, client, save):
    save(query="category=kinh-te")
    partner = Partner(client, "/feeds/partner-a.json")
    partner.follow()
    services = app.extensions["feedsvc"]
    edit_feed(
        services.database,
        services.settings,
        "partner-a",
        lambda one: replace(one, query="category=xa-hoi"),
    )
    response = client.get(f"/feeds/partner-a.json?after={partner.after}")
    assert response.status_code == 400
    assert "begin anew with after=0" in response.json["detail"]
    again = Partner(client, "/feeds/partner-a.json")
    again.follow()
    assert again.titles == {"Mùa lúa", "Giá vàng"}
