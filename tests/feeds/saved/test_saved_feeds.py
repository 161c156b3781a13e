"""Saved feeds as readers get them: their own title, depth, length, delay and terms."""

import re
import time
from datetime import UTC, datetime, timedelta

import feedparser
import pytest
from lxml import etree
from werkzeug.http import parse_date

from feedsvc.feeds.catalog import get_feed
from feedsvc.feeds.saved.feed import Podcast
from feedsvc.rendering.terms import Rsl, Terms
from tests.feeds.test_views import ids, settle
from tests.newsroom import publish, withdraw

SUFFIXES = ("rss", "atom", "json")


def ago(**how_long):
    return (datetime.now(UTC) - timedelta(**how_long)).isoformat()


def max_age(response):
    return int(re.search(r"max-age=(\d+)", response.headers["Cache-Control"])[1])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_saved_feed_has_its_own_title_and_description(client, newsroom, save, suffix):
    newsroom.push(publish())
    save(title="Đối tác A & B", description="Tin chọn lọc.")
    text = client.get(f"/feeds/partner-a.{suffix}").text
    found = feedparser.parse(text).feed if suffix != "json" else None
    if found is None:
        said = client.get("/feeds/partner-a.json").json
        assert (said["title"], said["description"]) == ("Đối tác A & B", "Tin chọn lọc.")
    else:
        assert (found.title, found.subtitle) == ("Đối tác A & B", "Tin chọn lọc.")


def test_saved_feed_names_its_own_address(client, save):
    save(query="limit=5")
    said = client.get("/feeds/partner-a.json?limit=200&unknown=1").json
    assert said["feed_url"] == "https://feeds.example/feeds/partner-a.json"
    narrower = client.get("/feeds/partner-a.json?limit=3").json
    assert narrower["feed_url"] == "https://feeds.example/feeds/partner-a.json?limit=3"


def test_feed_in_one_language_says_so(client, save):
    save(query="lang=en")
    assert client.get("/feeds/partner-a.json").json["language"] == "en"


def test_request_can_narrow_a_feed_and_never_widen_it(client, newsroom, save):
    newsroom.send([publish(f"a-{number}") for number in range(8)])
    save(query="limit=5")
    for asked, shown in (("", 5), ("?limit=3", 3), ("?limit=5", 5), ("?limit=100", 5)):
        assert len(ids(client.get(f"/feeds/partner-a.json{asked}"))) == shown
    assert client.get("/feeds/partner-a.json?limit=0").status_code == 400
    assert client.get("/feeds/partner-a.json?limit=201").status_code == 400


def test_feed_may_be_longer_than_feeds_are_by_default(client, newsroom, save):
    newsroom.send([publish(f"a-{number}") for number in range(35)])
    save(query="limit=40")
    assert len(ids(client.get("/feeds/partner-a.json"))) == 35
    assert len(ids(client.get("/feeds/all.json"))) == 30


@pytest.mark.parametrize(
    ("content", "policy", "shown"),
    [
        ("full", "full", {"content", "summary"}),
        ("summary", "full", {"summary"}),
        ("headline", "full", set()),
        ("full", "summary", {"summary"}),
        ("summary", "headline", set()),
        ("headline", "summary", set()),
    ],
)
def test_feed_goes_as_deep_as_it_and_the_article_allow(newsroom, save, content, policy, shown):
    newsroom.push(publish(summary="Tóm tắt", content_policy=policy))
    save(query=f"content={content}")
    for asked in ("", "?content=full"):
        (item,) = newsroom.client.get(f"/feeds/partner-a.json{asked}").json["items"]
        assert bool(item["content_html"]) == ("content" in shown)
        assert ("summary" in item) == ("summary" in shown)
        atom = feedparser.parse(newsroom.client.get(f"/feeds/partner-a.atom{asked}").text)
        assert ("content" in atom.entries[0]) == ("content" in shown)


def test_other_feeds_show_an_article_as_before(client, newsroom, save):
    newsroom.push(publish())
    before = client.get("/feeds/all.json").json["items"]
    save(query="content=headline", terms=Terms(attribution="Nguồn: Báo tỉnh"))
    client.get("/feeds/partner-a.json")
    assert client.get("/feeds/all.json").json["items"] == before


# Terms

TERMS = Terms(
    "© 2026 Báo tỉnh & ai nữa",
    "https://creativecommons.org/licenses/by-nd/4.0/",
    "Nguồn: Báo tỉnh <a>",
    Rsl(("search",), ("ai-train",), "attribution"),
)


def test_attribution_stands_below_each_text_and_in_the_channel(client, newsroom, save):
    newsroom.send([publish("a"), publish("b", content_html=None, content_text="Tin.")])
    save(terms=TERMS)
    said = client.get("/feeds/partner-a.json").json
    assert said["description"].endswith("Nguồn: Báo tỉnh <a>")
    for item in said["items"]:
        line = f'<p><a href="{item["url"]}">Nguồn: Báo tỉnh &lt;a&gt;</a></p>'
        assert item["content_html"].endswith(line)


def test_attribution_ends_the_summary_where_that_is_all(client, newsroom, save):
    newsroom.push(publish(summary="Tóm tắt."))
    save(query="content=summary", terms=TERMS)
    (item,) = client.get("/feeds/partner-a.json").json["items"]
    assert item["summary"] == "Tóm tắt. Nguồn: Báo tỉnh <a>"


def test_headlines_stay_headlines(client, newsroom, save):
    newsroom.push(publish())
    save(query="content=headline", terms=TERMS)
    (item,) = client.get("/feeds/partner-a.json").json["items"]
    assert "summary" not in item
    assert not item["content_html"]


def test_rights_and_licence_stand_where_each_format_has_them(client, newsroom, save):
    newsroom.push(publish())
    save(terms=TERMS)
    rss = feedparser.parse(client.get("/feeds/partner-a.rss").text)
    assert rss.feed.rights == TERMS.rights
    assert rss.feed.license == TERMS.license_url
    atom = feedparser.parse(client.get("/feeds/partner-a.atom").text)
    assert atom.feed.rights == TERMS.rights
    assert atom.feed.license == TERMS.license_url
    assert client.get("/feeds/partner-a.json").json["_feedsvc"] == {
        "rights": TERMS.rights,
        "license": TERMS.license_url,
        "attribution": TERMS.attribution,
    }


def test_rsl_stands_in_each_item_of_rss(client, newsroom, save):
    newsroom.send([publish("a"), publish("b")])
    save(terms=TERMS)
    root = etree.fromstring(client.get("/feeds/partner-a.rss").data)
    rsl = {"rsl": "https://rslstandard.org/rsl"}
    assert root.nsmap["rsl"] == rsl["rsl"]
    for item in root.iter("item"):
        (content,) = item.findall("rsl:content", rsl)
        assert content.get("url") == item.findtext("link")
        assert content.findtext("rsl:license/rsl:permits", None, rsl) == "search"
        assert content.findtext("rsl:license/rsl:prohibits", None, rsl) == "ai-train"
        assert content.find("rsl:license/rsl:payment", rsl).get("type") == "attribution"


def test_feed_without_terms_is_written_as_ever(client, newsroom, save):
    newsroom.push(publish())
    save(title="Báo tỉnh")
    for suffix in SUFFIXES:
        saved = client.get(f"/feeds/partner-a.{suffix}").text
        assert saved.replace("partner-a", "all") == client.get(f"/feeds/all.{suffix}").text


def test_podcast_is_kept_for_what_writes_it(app, save):
    podcast = Podcast(author="", image="https://news.example/bia.jpg", category="News")
    save(podcast=podcast)
    database = app.extensions["feedsvc"].database
    with database.read():
        kept = get_feed(database, "partner-a").saved.podcast
    assert kept == Podcast("Báo tỉnh", "https://news.example/bia.jpg", "News")


# Validators


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_unchanged_feed_is_a_304(client, newsroom, app, save, suffix):
    newsroom.push(publish())
    save()
    settle(app)
    first = client.get(f"/feeds/partner-a.{suffix}")
    for name, header in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
        condition = {name: first.headers[header]}
        again = client.get(f"/feeds/partner-a.{suffix}", headers=condition)
        assert (again.status_code, again.data) == (304, b"")
    assert "public" in first.headers["Cache-Control"]


def test_every_change_of_an_article_shows_at_once(client, newsroom, save):
    save()
    newsroom.push(publish())
    first = client.get("/feeds/partner-a.json")
    newsroom.push(publish(title="Đã sửa", date_modified=ago(seconds=1)))
    condition = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert client.get("/feeds/partner-a.json", headers=condition).json["items"][0]["title"] == (
        "Đã sửa"
    )
    newsroom.push(withdraw())
    assert ids(client.get("/feeds/partner-a.json", headers=condition)) == []


# Delay


def test_article_appears_so_much_later(client, newsroom, save):
    newsroom.send(
        [publish("new", date_published=ago(minutes=5)), publish("old", date_published=ago(hours=1))]
    )
    save(delay_seconds=900)
    response = client.get("/feeds/partner-a.json")
    assert ids(response) == ["old"]
    assert ids(client.get("/feeds/all.json")) == ["new", "old"]


def test_answer_is_kept_no_longer_than_until_the_next_appears(client, newsroom, save):
    newsroom.push(publish("new", date_published=ago(minutes=13)))
    save(delay_seconds=900)
    assert 110 <= max_age(client.get("/feeds/partner-a.json")) <= 120
    assert max_age(client.get("/feeds/all.json")) == 300


def test_validators_end_when_the_next_appears(client, newsroom, app, save):
    save(delay_seconds=4)
    newsroom.push(publish("a", date_published=ago(seconds=1)))
    settle(app, 100)
    first = client.get("/feeds/partner-a.json")
    assert ids(first) == []
    assert max_age(first) <= 3
    time.sleep(3.2)
    conditions = {"If-Modified-Since": first.headers["Last-Modified"]}
    second = client.get("/feeds/partner-a.json", headers=conditions)
    assert (second.status_code, ids(second)) == (200, ["a"])
    assert parse_date(second.headers["Last-Modified"]) > parse_date(first.headers["Last-Modified"])
    tag = {"If-None-Match": first.headers["ETag"]}
    assert client.get("/feeds/partner-a.json", headers=tag).status_code == 200


def test_correction_and_withdrawal_are_not_late(client, newsroom, save):
    earlier = {"date_published": ago(hours=1)}
    newsroom.send([publish("a", **earlier), publish("b", **earlier)])
    save(delay_seconds=900)
    newsroom.push(publish("a", **earlier, title="Đã sửa", date_modified=ago(seconds=1)))
    newsroom.push(withdraw("b"))
    (item,) = client.get("/feeds/partner-a.json").json["items"]
    assert item["title"] == "Đã sửa"


def test_delayed_feed_is_as_long_as_others(client, newsroom, save):
    events = [publish(f"a-{n}", date_published=ago(minutes=n)) for n in range(1, 10)]
    newsroom.send(events)
    save(delay_seconds=300, query="limit=3")
    assert ids(client.get("/feeds/partner-a.json")) == ["a-5", "a-6", "a-7"]
    assert ids(client.get("/feeds/partner-a.json?limit=1")) == ["a-5"]


# Where it is listed, and its name


def test_page_lists_public_feeds_and_no_private_one(client, newsroom, save):
    newsroom.push(publish())
    save(description="Tin chọn lọc cho đối tác.")
    save("partner-b", "Riêng B", is_private=True)
    page = client.get("/", headers={"Accept-Language": "vi"}).text
    assert 'href="https://feeds.example/feeds/partner-a.rss"' in page
    assert "Tin chọn lọc cho đối tác." in page
    assert "partner-b" not in page
    assert "Riêng B" not in page


def test_page_without_saved_feeds_has_no_place_for_them(client, newsroom):
    newsroom.push(publish())
    assert 'id="more"' not in client.get("/").text


def test_section_can_not_take_a_saved_feeds_name(client, newsroom, save):
    save("the-thao", "Thể thao chọn lọc")
    response = newsroom.send(publish(categories=["Thể thao"]))
    assert response.status_code == 422
    (fault,) = response.json["errors"]
    assert fault["pointer"].startswith("/data/categories")
    assert "“the-thao” is the name of a saved feed" in fault["message"]
    assert client.get("/feeds/the-thao.json").json["title"] == "Thể thao chọn lọc"
