"""What an entry says beside its text, as readers that know the formats read it back."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import feedparser
import pytest

from feedsvc.articles.article import Policy
from feedsvc.rendering.document import ATOM, JSON, RSS, render_document
from tests.rendering.test_documents import AGENCY_COPY, CHANNEL, DOCUMENTS, RICH


@pytest.fixture(params=[RSS, ATOM], ids=["rss", "atom"])
def xml_format(request):
    return request.param


def read(format_, article=RICH):
    parsed = feedparser.parse(render_document(format_, CHANNEL, [article]))
    assert not parsed.bozo, parsed.get("bozo_exception")
    (entry,) = parsed.entries
    return entry


def read_json(article=RICH):
    (item,) = json.loads(render_document(JSON, CHANNEL, [article]))["items"]
    return item


def test_reader_sees_the_size_and_the_kind_of_every_file(xml_format):
    picture, photo, sound, film = read(xml_format).media_content
    assert (picture["medium"], picture["width"], picture["height"]) == ("image", "1200", "800")
    assert (photo["medium"], photo["filesize"], photo["width"]) == ("image", "54321", "1600")
    assert (sound["medium"], sound["type"], sound["duration"]) == ("audio", "audio/mpeg", "312")
    assert (film["medium"], film["height"]) == ("video", "720")


def test_reader_sees_who_took_the_pictures(xml_format):
    credits_ = [credit["content"] for credit in read(xml_format).media_credit]
    assert credits_ == ["Minh Tuấn", "Minh Tuấn / TTXVN"]


def test_reader_takes_no_caption_for_the_title_or_the_summary(xml_format):
    entry = read(xml_format)
    assert entry.title == RICH.title
    assert entry.summary == RICH.summary
    assert [content.value for content in entry.content] == [RICH.content_html]


def test_rss_reader_gets_the_first_recording_as_the_enclosure():
    (enclosure,) = read(RSS).enclosures
    assert enclosure.href == "https://news.example/ban-tin.mp3"


def test_atom_reader_gets_every_file_as_an_enclosure():
    assert [one.href for one in read(ATOM).enclosures] == [one.url for one in RICH.attachments]


def test_reader_sees_related_articles_and_still_the_articles_own_address(xml_format):
    entry = read(xml_format)
    related = [(one.href, one.get("title")) for one in entry.links if one.rel == "related"]
    assert related == [(one.url, one.title) for one in RICH.details.related]
    assert entry.link == RICH.url


def test_reader_sees_the_agency(xml_format):
    entry = read(xml_format)
    assert entry.source.title == "TTXVN"
    agency = RICH.details.agency
    assert agency.feed_url in (entry.source.get("href"), entry.source.get("id"))


def test_rss_reader_sees_an_agency_without_a_feed():
    assert read(RSS, AGENCY_COPY).dc_source == "AP & Co"


def test_atom_reader_sees_an_agency_without_an_address():
    source = read(ATOM, AGENCY_COPY).source
    assert source.title == "AP & Co"
    assert source.id.startswith("urn:uuid:")


def test_reader_sees_the_authors_of_the_article_not_the_agency_or_who_is_heard(xml_format):
    assert [author.name for author in read(xml_format).authors] == ["Thu Hà", "TTXVN"]


def test_atom_reader_sees_the_authors_page():
    assert read(ATOM).authors[0].href == "https://news.example/thu-ha"


def test_reader_sees_the_place(xml_format):
    where = read(xml_format).where
    assert (where["type"], where["coordinates"]) == ("Point", (-107.59, 16.4637))


def test_reader_sees_that_it_was_updated_apart_from_when_it_was_published(xml_format):
    entry = read(xml_format)
    times = (entry.published_parsed, entry.updated_parsed)
    published_at, updated_at = (datetime(*one[:6], tzinfo=UTC) for one in times)
    assert (published_at, updated_at) == (RICH.published_at, RICH.modified_at)


def test_rss_reader_sees_the_episode():
    entry = read(RSS)
    assert (entry.itunes_duration, entry.itunes_season, entry.itunes_episode) == ("312", "2", "14")
    assert entry.image.href == "https://news.example/ban-tin.png"
    assert entry.itunes_episodetype == "full"
    assert entry.podcast_chapters["url"] == "https://news.example/ban-tin.chapters.json"


def test_rss_reader_sees_the_podcast():
    feed = feedparser.parse(render_document(RSS, *DOCUMENTS["podcast"])).feed
    assert feed.image.href == "https://news.example/bia.jpg"
    assert [tag.term for tag in feed.tags] == ["News", "Daily News"]
    assert feed.publisher_detail.email == "podcast@news.example"
    assert feed.itunes_type == "episodic"


def test_recording_without_a_picture_has_the_articles():
    sound = replace(RICH.attachments[1], thumbnail=None)
    entry = read(RSS, replace(RICH, attachments=(sound,)))
    assert entry.image.href == RICH.image


def test_picture_that_players_do_not_take_is_none_of_the_episode():
    sound = replace(RICH.attachments[1], thumbnail=None)
    entry = read(RSS, replace(RICH, image="https://news.example/a.webp", attachments=(sound,)))
    assert "image" not in entry


# JSON Feed


def test_json_says_the_same_by_the_names_that_it_is_sent_by():
    said = read_json()["_feedsvc"]
    assert said["image_details"] == {
        "width": 1_200,
        "height": 800,
        "caption": "Sóng lớn. <Ảnh>",
        "credit": "Minh Tuấn",
        "alt": "Sóng đánh vào kè",
    }
    assert said["related"] == [
        {"url": "https://news.example/5?a=1&b=2", "title": "Bão số 4 đổi hướng & mạnh lên"},
        {"url": "https://news.example/4"},
    ]
    assert said["source"] == {
        "name": "TTXVN",
        "url": "https://agency.example",
        "feed_url": "https://agency.example/rss.xml",
    }
    assert said["location"] == {
        "latitude": 16.4637,
        "longitude": -107.59,
        "name": "Huế & Đà Nẵng",
    }


def test_json_says_beside_an_attachment_what_it_has_no_names_for():
    photo, sound, _ = read_json()["attachments"]
    assert photo["_feedsvc"] == {
        "width": 1_600,
        "height": 900,
        "caption": 'Sóng cao 4 m ở cửa biển & "kè" bị sạt',
        "credit": "Minh Tuấn / TTXVN",
    }
    assert sound["_feedsvc"]["episode"] == 14
    assert sound["_feedsvc"]["explicit"] is False
    assert sound["_feedsvc"]["transcripts"][0]["language"] == "vi"
    assert sound["_feedsvc"]["persons"][2] == {"name": "Kỹ thuật viên"}


def test_json_shows_the_authors_picture():
    assert read_json()["authors"][0]["avatar"] == "https://news.example/thu-ha.jpg"


def test_json_shows_the_cover_of_a_podcast():
    feed = json.loads(render_document(JSON, *DOCUMENTS["podcast"]))
    assert feed["icon"] == "https://news.example/bia.jpg"


# What a content policy holds back


def test_headline_says_who_wrote_it_first_and_nothing_else(xml_format):
    headline = replace(RICH, content_policy=Policy.HEADLINE)
    assert set(read_json(headline)["_feedsvc"]) == {"categories", "source"}
    document = render_document(xml_format, CHANNEL, [headline]).decode()
    for text in ("Sóng", "news.example/5", "georss:point", "ban-tin"):
        assert text not in document


def test_summary_shows_the_picture_with_its_caption_and_no_file(xml_format):
    summary = replace(RICH, content_policy=Policy.SUMMARY)
    assert set(read_json(summary)["_feedsvc"]) == {"categories", "image_details", "source"}
    document = render_document(xml_format, CHANNEL, [summary]).decode()
    assert "Sóng lớn." in document
    for text in ("news.example/5", "georss:point", "ban-tin"):
        assert text not in document
