"""The sample news as it is written, and the events made of it."""

import unicodedata
from collections import Counter
from datetime import UTC, datetime

import pytest
from lxml import html

from feedsvc.demo.news import MEDIA, make_events, read_news

MOMENT = datetime(2026, 11, 24, 3, tzinfo=UTC)
NEWS = read_news()
ARTICLES = NEWS["articles"]
EVENTS = make_events(NEWS, "https://feeds.example", MOMENT)

each_article = pytest.mark.parametrize("article", ARTICLES, ids=lambda article: article["id"])


def test_it_shows_all_that_a_newsroom_does():
    assert len(ARTICLES) >= 40
    assert Counter(article["language"] for article in ARTICLES).keys() == {"vi", "en"}
    assert sum("audio" in article for article in ARTICLES) == 1
    assert sum("correction" in article for article in ARTICLES) >= 2
    assert sum("withdrawn_minutes_ago" in article for article in ARTICLES) == 1
    assert sum("image" in article for article in ARTICLES) > sum("image" not in a for a in ARTICLES)
    assert any(article["authors"] == [] for article in ARTICLES)
    for field in ("source", "location", "related", "image_details"):
        assert any(field in article for article in ARTICLES)


def test_ids_are_used_once():
    assert len({article["id"] for article in ARTICLES}) == len(ARTICLES)


def test_every_section_has_news():
    filed = {slug for article in ARTICLES for slug in article["categories"]}
    above = {category.get("parent") for category in NEWS["categories"]}
    assert {category["slug"] for category in NEWS["categories"]} <= filed | above


def test_every_picture_and_sound_is_used():
    bodies = "".join(article["body"] for article in ARTICLES)
    used = {article.get("image") for article in ARTICLES}
    used |= {article["audio"]["file"] for article in ARTICLES if "audio" in article}
    for path in MEDIA.iterdir():
        assert path.name in used or f"media/{path.name}" in bodies


def test_pictures_and_sound_are_small():
    assert sum(path.stat().st_size for path in MEDIA.iterdir()) < 400_000


@each_article
def test_what_it_shows_is_there(article):
    root = html.fragment_fromstring(article["body"], create_parent=True)
    shown = [address.removeprefix("media/") for address in root.xpath(".//img/@src")]
    shown += [article["image"]] if "image" in article else []
    shown += [article["audio"]["file"]] if "audio" in article else []
    assert all((MEDIA / name).is_file() for name in shown)
    assert all(picture.get("alt") for picture in root.xpath(".//img"))


@each_article
def test_what_it_links_to_is_there(article):
    root = html.fragment_fromstring(article["body"], create_parent=True)
    assert set(root.xpath(".//a/@href")) <= {other["id"] for other in ARTICLES}


@each_article
def test_what_it_is_related_to_is_there(article):
    assert set(article.get("related", ())) <= {other["id"] for other in ARTICLES} - {article["id"]}


@each_article
def test_its_text_is_composed(article):
    for text in (article["title"], article.get("summary", ""), article["body"]):
        assert text == unicodedata.normalize("NFC", text)


@each_article
def test_what_happens_to_it_happens_later(article):
    later = [article["correction"]["minutes_ago"]] if "correction" in article else []
    later += [article["withdrawn_minutes_ago"]] if "withdrawn_minutes_ago" in article else []
    assert all(0 < minutes < article["minutes_ago"] for minutes in later)


def test_events_come_in_the_order_in_which_they_happened():
    times = [event["timestamp"] for event in EVENTS]
    assert times == sorted(times)
    assert times[-1] < MOMENT.isoformat()


def test_last_event_shows_whether_all_were_pushed():
    """It saves an article to which nothing more happens: `fill` looks for it."""
    assert "url" in EVENTS[-1]["data"]
    assert [one["data"]["id"] for one in EVENTS].count(EVENTS[-1]["data"]["id"]) == 1


def test_same_moment_and_address_make_the_same_events():
    assert make_events(read_news(), "https://feeds.example", MOMENT) == EVENTS


def test_correction_says_all_that_the_article_says():
    updated = [event["data"] for event in EVENTS if event["type"] == "article.updated"]
    published = {e["data"]["id"]: e["data"] for e in EVENTS if e["type"] == "article.published"}
    assert updated
    for data in updated:
        assert data.keys() == published[data["id"]].keys()
        assert data["date_modified"] > data["date_published"]
