"""The news sitemap, by the rules of sitemaps.org and Google; and what robots are told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from lxml import etree
from werkzeug.http import parse_date

from feedsvc.app import create_app
from feedsvc.feeds.directory.sitemap import (
    find_last_change,
    find_next_change,
    news_language,
    render_sitemap,
    take_news,
)
from feedsvc.feeds.headlines import Headline
from tests.conftest import make_settings
from tests.feeds.test_views import settle
from tests.newsroom import publish, withdraw

NS = {
    "s": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "news": "http://www.google.com/schemas/sitemap-news/0.9",
}
NOW = datetime(2023, 1, 9, 10, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def ago(**duration):
    return (datetime.now(UTC) - timedelta(**duration)).isoformat()


def headline(published_at=NOW, url="https://news.example/1", title="Tin", language="vi"):
    return Headline(url, title, language, (), published_at)


def sitemap(client):
    return etree.fromstring(client.get("/news-sitemap.xml").data)


def titles(root):
    return root.xpath("s:url/news:news/news:title/text()", namespaces=NS)


def test_sitemap_is_xml_in_the_two_namespaces(newsroom, client):
    newsroom.push(publish(date_published=ago(hours=1)))
    response = client.get("/news-sitemap.xml")
    assert response.content_type == "application/xml; charset=utf-8"
    assert response.data.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    root = etree.fromstring(response.data)
    assert root.tag == f"{{{NS['s']}}}urlset"
    assert dict(root.nsmap) == {None: NS["s"], "news": NS["news"]}


def test_article_has_all_that_google_requires(newsroom, client):
    at = ago(hours=1)
    newsroom.push(publish(title="Cầu & đường <mới>", date_published=at))
    (url,) = sitemap(client)
    assert [child.tag for child in url] == [f"{{{NS['s']}}}loc", f"{{{NS['news']}}}news"]
    assert url.findtext("s:loc", namespaces=NS) == "https://news.example/a-1"
    (news,) = url.findall("news:news", NS)
    names = [child.tag.partition("}")[2] for child in news]
    assert names == ["publication", "publication_date", "title"]
    assert news.findtext("news:publication/news:name", namespaces=NS) == "Báo tỉnh"
    assert news.findtext("news:publication/news:language", namespaces=NS) == "vi"
    date = datetime.fromisoformat(news.findtext("news:publication_date", namespaces=NS))
    assert date == datetime.fromisoformat(at).replace(microsecond=0)
    assert news.findtext("news:title", namespaces=NS) == "Cầu & đường"


def test_newest_comes_first_and_none_older_than_two_days(newsroom, client):
    for name, hours in (("old", 49), ("first", 47), ("last", 1), ("middle", 20)):
        newsroom.push(publish(name, title=name, date_published=ago(hours=hours)))
    assert titles(sitemap(client)) == ["last", "middle", "first"]


def test_what_readers_do_not_see_is_not_in_it(newsroom, client):
    newsroom.push(publish("a", title="A", date_published=ago(hours=1)))
    newsroom.push(publish("b", title="B", date_published=ago(hours=1)))
    newsroom.push(publish("c", title="C", date_published=ago(hours=-1)))
    newsroom.push(withdraw("a"))
    assert titles(sitemap(client)) == ["B"]


def test_newspaper_without_news_has_an_empty_sitemap(client):
    assert len(sitemap(client)) == 0


def test_at_most_a_thousand_are_listed(sqlite_newsroom):
    newsroom, _ = sqlite_newsroom
    at = datetime.now(UTC) - timedelta(hours=30)
    events = [
        publish(f"a{number}", date_published=(at + timedelta(seconds=number)).isoformat())
        for number in range(1_005)
    ]
    for start in range(0, len(events), 201):
        assert newsroom.send(events[start : start + 201]).status_code == 200
    found = sitemap(newsroom.client).xpath("s:url/s:loc/text()", namespaces=NS)
    assert len(found) == 1_000
    assert found[0].endswith("/a1004")


# Its time


def test_article_is_news_for_two_days_exactly():
    barely, over = (headline(NOW - timedelta(days=2) + one) for one in (MOMENT, 0 * MOMENT))
    assert take_news([barely, over], NOW) == [barely]


def test_sitemap_changes_when_its_oldest_is_two_days_old():
    newer, older = headline(NOW - timedelta(hours=1)), headline(NOW - timedelta(hours=40))
    assert find_next_change([newer, older]) == NOW + timedelta(hours=8)
    assert find_next_change([]) is None


def test_sitemap_changed_when_the_newest_that_is_no_news_was_two_days_old():
    news, old = headline(NOW), headline(NOW - timedelta(hours=50))
    assert find_last_change([news, old, replace(old, url="x")], [news]) == NOW - timedelta(hours=2)
    assert find_last_change([news], [news]) is None


def test_it_is_kept_no_longer_than_until_an_article_leaves_it(newsroom, client):
    newsroom.push(publish(date_published=ago(days=2, seconds=-100)))
    control = client.get("/news-sitemap.xml").headers["Cache-Control"]
    assert 0 < int(control.partition("max-age=")[2].partition(",")[0]) <= 100


def test_it_is_kept_no_longer_than_until_an_article_appears(newsroom, client):
    newsroom.push(publish(date_published=ago(seconds=-100)))
    control = client.get("/news-sitemap.xml").headers["Cache-Control"]
    assert 0 < int(control.partition("max-age=")[2].partition(",")[0]) <= 100


def test_article_that_left_by_age_alone_is_no_304_by_date(newsroom, client, app):
    newsroom.push(publish(date_published=ago(days=2, seconds=5)))
    settle(app, 3_600)
    response = client.get("/news-sitemap.xml")
    changed_at = parse_date(response.headers["Last-Modified"])
    assert abs(datetime.now(UTC) - timedelta(seconds=5) - changed_at) < timedelta(seconds=3)


# Addresses and languages


def test_article_on_another_host_is_listed(newsroom, client):
    newsroom.push(publish(url="https://other.example/1", date_published=ago(hours=1)))
    found = sitemap(client).xpath("s:url/s:loc/text()", namespaces=NS)
    assert found == ["https://other.example/1"]


def test_address_is_listed_once_with_its_newest_title():
    one, two = headline(title="Mới"), headline(NOW - timedelta(hours=1), title="Cũ")
    assert titles(etree.fromstring(render_sitemap([one, two], "Báo", "vi"))) == ["Mới"]


def test_address_longer_than_the_protocol_allows_is_left_out():
    long = headline(url="https://news.example/".ljust(2_048, "a"))
    fits = headline(url=long.url[:-1])
    root = etree.fromstring(render_sitemap([long, fits], "Báo", "vi"))
    assert root.xpath("s:url/s:loc/text()", namespaces=NS) == [fits.url]


@pytest.mark.parametrize(
    ("tag", "written"),
    [
        ("vi", "vi"),
        ("en-GB", "en"),
        ("EN", "en"),
        ("fil-PH", "fil"),
        ("zh", "zh-cn"),
        ("zh-Hans-CN", "zh-cn"),
        ("zh-TW", "zh-tw"),
        ("zh-Hant", "zh-tw"),
    ],
)
def test_language_is_written_as_google_reads_it(tag, written):
    assert news_language(tag) == written


def test_article_without_a_language_has_the_newspapers():
    root = etree.fromstring(render_sitemap([headline(language=None)], "Báo", "km"))
    assert root.xpath("//news:language/text()", namespaces=NS) == ["km"]


# Robots


def test_robots_are_told_where_the_sitemap_is(client):
    response = client.get("/robots.txt")
    assert response.content_type == "text/plain; charset=utf-8"
    lines = response.text.splitlines()
    assert lines[0] == "User-agent: *"
    address = lines[-1].removeprefix("Sitemap: ")
    assert address == "https://feeds.example/news-sitemap.xml"
    assert client.get(urlsplit(address).path).status_code == 200


def test_robots_stay_out_of_private_feeds_below_a_path_too(sqlite_url):
    app = create_app(make_settings(sqlite_url, public_url="https://news.example/tin"))
    text = app.test_client().get("/robots.txt").text
    assert "Disallow: /tin/private/\n" in text
    assert "Sitemap: https://news.example/tin/news-sitemap.xml\n" in text
    app.extensions["feedsvc"].database.close()
