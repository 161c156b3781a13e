"""The three formats against what their specifications ask."""

import json
import re
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import jsonschema
import pytest
from lxml import etree
from referencing import Registry
from referencing.jsonschema import DRAFT4

from feedsvc.rendering.document import ATOM, JSON, RSS, render_document
from tests.conftest import SHARED
from tests.rendering.test_documents import ARTICLES, BARE, CHANNEL, DOCUMENTS, PARTY_MEETING

ATOM_NS = "{http://www.w3.org/2005/Atom}"
CONTENT_NS = "{http://purl.org/rss/1.0/modules/content/}"
DC_NS = "{http://purl.org/dc/elements/1.1/}"
MEDIA_NS = "{http://search.yahoo.com/mrss/}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
# RFC 822 with the four-digit year that RSS 2.0 prefers.
RFC_822 = re.compile(
    "(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} "
    "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} "
    "[0-9]{2}:[0-9]{2}:[0-9]{2} (GMT|[+-][0-9]{4})"
)
MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+")


def shared_schema(name):
    path = SHARED / "schemas" / name
    if not path.exists():
        pytest.skip(f"the schema {name} is not beside this repository")
    return path


@pytest.fixture(params=DOCUMENTS)
def document(request):
    """A channel and its articles: many of them, and none."""
    return DOCUMENTS[request.param]


@pytest.fixture
def atom(document):
    return etree.fromstring(render_document(ATOM, *document))


@pytest.fixture
def rss(document):
    return etree.fromstring(render_document(RSS, *document))


@pytest.fixture
def channel(rss):
    return rss.find("channel")


@pytest.fixture
def feed(document):
    return json.loads(render_document(JSON, *document))


def is_absolute(url):
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and url.isascii()


# Atom: RFC 4287


def test_atom_keeps_the_schema_of_its_rfc(atom):
    schema = etree.RelaxNG(etree.parse(shared_schema("atom.rng")))
    schema.assertValid(atom.getroottree())


def test_schema_of_the_rfc_sees_a_fault():
    atom = etree.fromstring(render_document(ATOM, CHANNEL, ARTICLES))
    atom.remove(atom.find(f"{ATOM_NS}updated"))
    schema = etree.RelaxNG(etree.parse(shared_schema("atom.rng")))
    assert not schema.validate(atom.getroottree())


@pytest.mark.parametrize("name", ["id", "title", "updated"])
def test_atom_feed_and_entries_have_what_is_required_once(atom, name):
    for element in (atom, *atom.iter(f"{ATOM_NS}entry")):
        assert len(element.findall(f"{ATOM_NS}{name}")) == 1


def test_atom_feed_has_an_author_for_entries_without_one(atom):
    assert atom.findtext(f"{ATOM_NS}author/{ATOM_NS}name")


def test_atom_persons_have_names(atom):
    assert all(person.findtext(f"{ATOM_NS}name") for person in atom.iter(f"{ATOM_NS}author"))


def test_atom_ids_are_absolute(atom):
    for element in atom.iter(f"{ATOM_NS}id"):
        assert is_absolute(element.text) or element.text.startswith("urn:uuid:")


def test_atom_ids_of_entries_are_unique(atom):
    ids = [entry.findtext(f"{ATOM_NS}id") for entry in atom.iter(f"{ATOM_NS}entry")]
    assert len(set(ids)) == len(ids)


def test_atom_links_itself_by_its_canonical_address(atom, document):
    links = [link for link in atom.findall(f"{ATOM_NS}link") if link.get("rel") == "self"]
    assert [link.get("href") for link in links] == [ATOM.self_url(document[0])]


def test_atom_entries_have_one_alternate_link(atom):
    for entry in atom.iter(f"{ATOM_NS}entry"):
        rels = [link.get("rel") for link in entry.findall(f"{ATOM_NS}link")]
        assert rels.count("alternate") == 1


def test_atom_addresses_are_absolute(atom):
    addresses = [link.get("href") for link in atom.iter(f"{ATOM_NS}link")]
    addresses += [element.text for element in atom.iter(f"{ATOM_NS}uri")]
    addresses += [element.get("url") for element in atom.iter(f"{MEDIA_NS}*")]
    addresses += [one.get("scheme") for one in atom.iter(f"{ATOM_NS}category") if one.get("scheme")]
    assert all(is_absolute(address) for address in addresses)


def test_atom_enclosures_have_a_type(atom):
    for link in atom.iter(f"{ATOM_NS}link"):
        if link.get("rel") == "enclosure":
            assert MEDIA_TYPE.fullmatch(link.get("type"))
            assert link.get("length", "0").isdigit()


def test_atom_text_is_text_and_content_html(atom):
    for name, allowed in (("title", {None, "text"}), ("summary", {None, "text"})):
        assert {element.get("type") for element in atom.iter(f"{ATOM_NS}{name}")} <= allowed
    assert {element.get("type") for element in atom.iter(f"{ATOM_NS}content")} <= {"html"}
    assert all(not len(element) for element in atom.iter(f"{ATOM_NS}content"))


def test_atom_dates_are_whole_seconds_of_rfc_3339(atom):
    dates = [one.text for one in atom.iter(f"{ATOM_NS}updated", f"{ATOM_NS}published")]
    assert all(RFC_3339.fullmatch(date) for date in dates)


def test_atom_categories_have_a_term(atom):
    assert all(category.get("term") for category in atom.iter(f"{ATOM_NS}category"))


def test_atom_says_its_language_and_that_of_its_entries():
    atom = etree.fromstring(render_document(ATOM, CHANNEL, [PARTY_MEETING, BARE]))
    entries = atom.findall(f"{ATOM_NS}entry")
    assert atom.get(XML_LANG) == "vi"
    assert [entry.get(XML_LANG) for entry in entries] == ["vi", None]


# RSS 2.0, and the RSS Advisory Board's Best Practices Profile


def test_rss_is_one_channel_of_version_2(rss):
    assert (rss.tag, rss.get("version")) == ("rss", "2.0")
    assert [child.tag for child in rss] == ["channel"]


@pytest.mark.parametrize("name", ["title", "link", "description"])
def test_rss_channel_has_what_is_required_once(channel, name):
    assert [bool(element.text) for element in channel.findall(name)] == [True]


@pytest.mark.parametrize("name", ["language", "generator", "docs", "lastBuildDate", "ttl"])
def test_rss_channel_has_what_is_recommended_once(channel, name):
    assert len(channel.findall(name)) == 1


def test_rss_channel_links_the_newspaper(channel):
    assert channel.findtext("link") == CHANNEL.home_url


def test_rss_time_to_live_is_whole_minutes(channel):
    assert int(channel.findtext("ttl")) > 0


def test_rss_links_itself_by_its_canonical_address(channel, document):
    (link,) = channel.findall(f"{ATOM_NS}link")
    assert dict(link.attrib) == {
        "href": RSS.self_url(document[0]),
        "rel": "self",
        "type": "application/rss+xml",
    }


def test_rss_items_come_last(channel):
    names = [child.tag for child in channel]
    count = names.count("item")
    assert names[len(names) - count :] == ["item"] * count


def test_rss_items_have_no_element_twice_that_may_stand_once(channel):
    for item in channel.iter("item"):
        names = [child.tag for child in item]
        for name in ("title", "link", "description", "guid", "pubDate", "enclosure", "author"):
            assert names.count(name) <= 1, name
        assert names.count(f"{CONTENT_NS}encoded") <= 1


def test_rss_items_have_a_title_and_a_link(channel):
    assert all(item.findtext("title") and item.findtext("link") for item in channel.iter("item"))


def test_rss_guids_are_unique_and_no_addresses(channel):
    guids = channel.findall("item/guid")
    assert len({guid.text for guid in guids}) == len(guids) == len(channel.findall("item"))
    assert {guid.get("isPermaLink") for guid in guids} <= {"false"}


def test_rss_dates_are_of_rfc_822_with_a_whole_year(channel):
    for element in channel.iter("pubDate", "lastBuildDate"):
        assert RFC_822.fullmatch(element.text)
        assert parsedate_to_datetime(element.text).strftime("%a") == element.text[:3]


def test_rss_enclosure_has_address_length_and_type(channel):
    for enclosure in channel.iter("enclosure"):
        assert set(enclosure.attrib) == {"url", "length", "type"}
        assert is_absolute(enclosure.get("url"))
        assert enclosure.get("length").isdigit()
        assert MEDIA_TYPE.fullmatch(enclosure.get("type"))


def test_rss_content_comes_after_the_description():
    rss = etree.fromstring(render_document(RSS, CHANNEL, [PARTY_MEETING]))
    names = [child.tag for child in rss.find("channel/item")]
    assert names.index("description") < names.index(f"{CONTENT_NS}encoded")


# The profile: description is the summary where content:encoded is the whole.
def test_rss_content_never_comes_without_a_description(channel):
    for item in channel.iter("item"):
        if item.find(f"{CONTENT_NS}encoded") is not None:
            assert item.findtext("description")


# An author's element of RSS itself is an e-mail address; names go to Dublin Core.
def test_rss_authors_are_names(channel):
    assert channel.find("item/author") is None
    creators = [creator.text for creator in channel.iter(f"{DC_NS}creator")]
    assert all(creators)


def test_rss_addresses_are_absolute(channel):
    addresses = [element.text for element in channel.iter("link")]
    addresses += [element.get("href") for element in channel.iter(f"{ATOM_NS}link")]
    addresses += [element.get("url") for element in channel.iter(f"{MEDIA_NS}*")]
    addresses += [one.get("domain") for one in channel.iter("category") if one.get("domain")]
    assert all(is_absolute(address) for address in addresses)


def test_rss_titles_hold_no_markup(channel):
    assert not any(len(title) for title in channel.iter("title"))


# Media RSS 1.5.1


def test_media_has_what_is_required():
    for format_ in (RSS, ATOM):
        root = etree.fromstring(render_document(format_, CHANNEL, ARTICLES))
        for content in root.iter(f"{MEDIA_NS}content"):
            assert content.get("url")
            assert content.get("medium") in {None, "image", "audio", "video", "document"}
            assert content.get("fileSize", "0").isdigit()
            assert content.get("duration", "0").isdigit()


@pytest.mark.parametrize("format_", [RSS, ATOM], ids=["rss", "atom"])
def test_xml_declares_its_encoding_and_has_no_document_type(format_):
    document = render_document(format_, CHANNEL, ARTICLES)
    tree = etree.fromstring(document).getroottree()
    assert document.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    assert tree.docinfo.doctype == ""


# JSON Feed 1.1

TEXT = {"type": "string"}
URL = {"type": "string", "pattern": "^https?://[^ ]+$"}
DATE = {"type": "string", "pattern": f"^{RFC_3339.pattern}$"}
#: What the shared schema takes from that of version 1, written from the specification.
VERSION_1 = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "definitions": {
        "uri": URL,
        "extension": {"type": "object"},
        "author": {
            "type": "object",
            "properties": {"name": TEXT, "url": URL, "avatar": URL},
            "additionalProperties": False,
            "minProperties": 1,
        },
        "item": {
            "properties": {
                "attachments": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["url", "mime_type"],
                        "properties": {
                            "url": URL,
                            "mime_type": {"type": "string", "pattern": ".+/.+"},
                            "title": TEXT,
                            "size_in_bytes": {"type": "integer", "minimum": 0},
                            "duration_in_seconds": {"type": "number", "minimum": 0},
                        },
                        "additionalProperties": False,
                    },
                },
                "banner_image": URL,
                "content_html": TEXT,
                "content_text": TEXT,
                "date_modified": DATE,
                "date_published": DATE,
                "external_url": URL,
                "image": URL,
                "summary": TEXT,
                "tags": {"type": "array", "items": TEXT, "uniqueItems": True},
                "title": TEXT,
                "url": URL,
            }
        },
    },
    "properties": {
        "description": TEXT,
        "expired": {"type": "boolean"},
        "feed_url": URL,
        "home_page_url": URL,
        "hubs": {"type": "array"},
        "icon": URL,
        "next_url": URL,
        "title": TEXT,
        "user_comment": TEXT,
    },
}


def json_feed_schema():
    schema = json.loads(shared_schema("jsonfeed-feed.json").read_text(encoding="utf-8"))
    first = DRAFT4.create_resource(VERSION_1)
    registry = Registry().with_resource("https://json.schemastore.org/feed-1", first)
    return jsonschema.Draft4Validator(schema, registry=registry)


def test_json_feed_keeps_its_schema(feed):
    json_feed_schema().validate(feed)


@pytest.mark.parametrize("fault", [{"id": 1}, {"url": "/a"}, {"unknown": 1}, {"tags": "a"}])
def test_schema_of_json_feed_sees_a_fault(fault):
    feed = json.loads(render_document(JSON, CHANNEL, [BARE]))
    feed["items"][0] |= fault
    assert not json_feed_schema().is_valid(feed)


def test_json_feed_begins_with_its_version(feed):
    assert next(iter(feed.items())) == ("version", "https://jsonfeed.org/version/1.1")


def test_json_feed_has_what_is_required(feed):
    assert feed["title"]
    assert isinstance(feed["items"], list)


def test_json_feed_names_its_own_address_and_the_newspapers(feed, document):
    assert feed["feed_url"] == JSON.self_url(document[0])
    assert feed["home_page_url"] == CHANNEL.home_url


def test_json_feed_ids_are_strings_and_unique(feed):
    ids = [item["id"] for item in feed["items"]]
    assert all(isinstance(one, str) and one for one in ids)
    assert len(set(ids)) == len(ids)


def test_json_feed_items_have_content(feed):
    assert all("content_html" in item or "content_text" in item for item in feed["items"])


def test_json_feed_dates_are_whole_seconds_of_rfc_3339(feed):
    for item in feed["items"]:
        assert RFC_3339.fullmatch(item["date_published"])
        assert RFC_3339.fullmatch(item["date_modified"])


def test_json_feed_addresses_are_absolute(feed):
    addresses = [feed["feed_url"], feed["home_page_url"]]
    for item in feed["items"]:
        addresses.append(item["url"])
        addresses += [item["image"]] if "image" in item else []
        addresses += [attachment["url"] for attachment in item.get("attachments", [])]
        addresses += [author["url"] for author in item.get("authors", []) if "url" in author]
    assert all(is_absolute(address) for address in addresses)


def test_json_feed_leaves_out_what_it_does_not_know(feed):
    for item in feed["items"]:
        assert None not in item.values()
        assert [] not in item.values()


def test_json_feed_extension_is_an_object_with_an_underscore(feed):
    for item in feed["items"]:
        extensions = {name: value for name, value in item.items() if name.startswith("_")}
        assert list(extensions) == ["_feedsvc"]
        assert isinstance(extensions["_feedsvc"], dict)


def test_json_feed_uses_no_name_that_its_version_gave_up(feed):
    assert "author" not in feed
    assert not any("author" in item for item in feed["items"])


def test_json_feed_is_utf_8_without_a_mark():
    document = render_document(JSON, CHANNEL, ARTICLES)
    assert document.startswith(b'{"version"')
    assert "Đảng".encode() in document
