"""The list of feeds as OPML, by the rules of its specification (http://opml.org/spec2.opml)."""

from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import pytest
from lxml import etree

from tests.newsroom import publish, withdraw

PARTY = {"slug": "xay-dung-dang", "name": "Xây dựng Đảng", "parent": "Tin tức"}
HEAD = {"title", "dateCreated", "dateModified", "ownerName", "ownerEmail", "ownerId", "docs"} | {
    "expansionState",
    "vertScrollState",
    "windowTop",
    "windowLeft",
    "windowBottom",
    "windowRight",
}


@pytest.fixture
def opml(newsroom, client):
    newsroom.push(publish("a", categories=[PARTY]))
    newsroom.push(publish("b", categories=[{"slug": "do", "name": '"Đỏ" & <đen>'}]))
    newsroom.push(publish("c", categories=[PARTY | {"slug": "c", "name": "C", "parent": PARTY}]))
    return etree.fromstring(client.get("/feeds.opml").data)


def test_outline_has_its_own_media_type(client):
    assert client.get("/feeds.opml").content_type == "text/x-opml; charset=utf-8"


def test_opml_has_a_version_a_head_and_a_body(opml):
    assert (opml.tag, dict(opml.attrib)) == ("opml", {"version": "2.0"})
    assert [child.tag for child in opml] == ["head", "body"]


def test_head_has_only_what_is_specified_and_once(opml):
    names = [child.tag for child in opml.find("head")]
    assert len(names) == len(set(names))
    assert set(names) <= HEAD


def test_owner_is_the_newspaper(opml):
    assert opml.findtext("head/title") == opml.findtext("head/ownerName") == "Báo tỉnh"
    assert opml.findtext("head/ownerId") == "https://news.example"


def test_date_is_of_rfc_822_and_of_the_newspapers_beginning(opml, app):
    created_at = app.extensions["feedsvc"].database.read_counter().created_at
    date = opml.findtext("head/dateCreated")
    assert date.endswith(" GMT")
    assert parsedate_to_datetime(date) == created_at.replace(microsecond=0)


def test_every_outline_has_a_text(opml):
    assert all(outline.get("text") for outline in opml.iter("outline"))


def test_every_outline_is_a_feed_or_holds_feeds(opml):
    for outline in opml.iter("outline"):
        assert (outline.get("type") == "rss") == (len(outline) == 0)
        assert outline.get("type") in ("rss", None)


def test_feed_has_what_is_required_and_more(opml):
    for outline in opml.iterfind(".//outline[@type='rss']"):
        assert outline.keys() == [
            *("type", "text", "title", "description", "language", "xmlUrl", "htmlUrl")
        ]
        assert urlsplit(outline.get("xmlUrl")).scheme == "https"
        assert outline.get("htmlUrl") == "https://news.example"
        assert outline.get("language") == "vi"


def test_outline_says_what_the_feed_says_of_itself(opml, client):
    for outline in opml.iterfind(".//outline[@type='rss']"):
        path = outline.get("xmlUrl").removeprefix("https://feeds.example")
        channel = etree.fromstring(client.get(path).data)[0]
        assert outline.get("text") == outline.get("title") == channel.findtext("title")
        assert outline.get("description") == channel.findtext("description")
        assert outline.get("language") == channel.findtext("language")
        assert outline.get("htmlUrl") == channel.findtext("link")


def test_everything_comes_first_and_sections_stand_in_their_tree(opml):
    def tree(outlines):
        return [
            (one.get("text"), tree(one)) if len(one) else one.get("xmlUrl").rpartition("/")[2]
            for one in outlines
        ]

    assert tree(opml.find("body")) == [
        "all.rss",
        "do.rss",
        ("Tin tức", ["tin-tuc.rss", ("Xây dựng Đảng", ["xay-dung-dang.rss", "c.rss"])]),
    ]


def test_every_feed_is_there_once(opml, client):
    addresses = [one.get("xmlUrl") for one in opml.iterfind(".//outline[@type='rss']")]
    listed = client.get("/feeds.json").json["feeds"]
    assert addresses == [feed["urls"]["rss"] for feed in listed]


def test_empty_newspaper_has_the_feed_of_everything(client):
    opml = etree.fromstring(client.get("/feeds.opml").data)
    assert [one.get("text") for one in opml.iter("outline")] == ["Báo tỉnh"]


def test_article_leaves_the_list_as_it_was(newsroom, client):
    newsroom.push(publish("a"))
    before = client.get("/feeds.opml")
    newsroom.push(publish("b"))
    newsroom.push(withdraw("a"))
    assert client.get("/feeds.opml").headers["ETag"] == before.headers["ETag"]
