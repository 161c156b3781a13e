"""The three formats against what their specifications ask."""

import html
import json
import re
from dataclasses import replace
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import jsonschema
import pytest
from lxml import etree
from referencing import Registry
from referencing.jsonschema import DRAFT4

from feedsvc.rendering.document import ATOM, JSON, RSS, render_document
from feedsvc.rendering.history import History
from feedsvc.rendering.podcast import make_podcast_guid
from tests.conftest import SHARED
from tests.rendering.test_documents import (
    AGENCY_COPY,
    ARTICLES,
    BARE,
    CHANNEL,
    DOCUMENTS,
    PARTY_MEETING,
    PODCAST,
    RICH,
)

ATOM_NS = "{http://www.w3.org/2005/Atom}"
CONTENT_NS = "{http://purl.org/rss/1.0/modules/content/}"
DC_NS = "{http://purl.org/dc/elements/1.1/}"
GEORSS_NS = "{http://www.georss.org/georss}"
ITUNES_NS = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
MEDIA_NS = "{http://search.yahoo.com/mrss/}"
PODCAST_NS = "{https://podcastindex.org/namespace/1.0}"
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


def media_addresses(root):
    return [one.get("url") for one in root.iter(f"{MEDIA_NS}content", f"{MEDIA_NS}thumbnail")]


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
    addresses += media_addresses(atom)
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
    (link,) = channel.findall(f"{ATOM_NS}link[@rel='self']")
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
    addresses += media_addresses(channel)
    addresses += [source.get("url") for source in channel.iter("source")]
    addresses += [image.get("href") for image in channel.iter(f"{ITUNES_NS}image")]
    for element in channel.iter(f"{PODCAST_NS}*"):
        addresses += [element.get(name) for name in ("url", "href", "img") if element.get(name)]
    addresses += [one.get("domain") for one in channel.iter("category") if one.get("domain")]
    assert all(is_absolute(address) for address in addresses)


def test_rss_titles_hold_no_markup(channel):
    assert not any(len(title) for title in channel.iter("title"))


# RFC 4287, section 4.2.11


def test_atom_source_has_what_a_feed_must_have():
    atom = etree.fromstring(render_document(ATOM, CHANNEL, [RICH, AGENCY_COPY]))
    sources = list(atom.iter(f"{ATOM_NS}source"))
    assert len(sources) == 2
    for source in sources:
        for name in ("id", "title", "updated"):
            (element,) = source.findall(f"{ATOM_NS}{name}")
            assert element.text
        assert urlsplit(source.findtext(f"{ATOM_NS}id")).scheme in ("https", "urn")
        assert RFC_3339.fullmatch(source.findtext(f"{ATOM_NS}updated"))


def test_atom_related_links_are_not_the_entrys_own():
    atom = etree.fromstring(render_document(ATOM, CHANNEL, [RICH]))
    links = atom.findall(f"{ATOM_NS}entry/{ATOM_NS}link")
    related = [dict(link.attrib) for link in links if link.get("rel") == "related"]
    assert [link["href"] for link in related] == [one.url for one in RICH.details.related]
    assert related[0]["title"] == RICH.details.related[0].title
    assert "title" not in related[1]


# RSS 2.0: "It has one required attribute, url, which links to the XMLization of the source."


def test_rss_source_has_the_address_of_a_feed(channel):
    for source in channel.iter("source"):
        assert dict(source.attrib) == {"url": RICH.details.agency.feed_url}
        assert source.text == RICH.details.agency.name


def test_rss_names_a_source_without_a_feed_by_dublin_core():
    rss = etree.fromstring(render_document(RSS, CHANNEL, [AGENCY_COPY]))
    assert rss.find("channel/item/source") is None
    assert rss.findtext(f"channel/item/{DC_NS}source") == "AP & Co"


def test_rss_items_say_by_atom_when_they_were_updated(channel):
    for item in channel.iter("item"):
        for updated in item.findall(f"{ATOM_NS}updated"):
            assert RFC_3339.fullmatch(updated.text)


# Media RSS 1.5.1

MEDIA_TEXTS = [f"{MEDIA_NS}{name}" for name in ("title", "description")]


@pytest.fixture(params=[RSS, ATOM], ids=["rss", "atom"])
def media(request):
    """The root of a document in which everything is said."""
    return etree.fromstring(render_document(request.param, CHANNEL, ARTICLES))


def test_media_has_what_is_required(media):
    for content in media.iter(f"{MEDIA_NS}content"):
        assert content.get("url")
        assert content.get("medium") in {None, "image", "audio", "video", "document"}
        for name in ("fileSize", "duration", "width", "height"):
            assert content.get(name, "0").isdigit(), name
        assert MEDIA_TYPE.fullmatch(content.get("type", "a/b"))


def test_media_content_has_only_attributes_that_it_may_have(media):
    allowed = {"url", "fileSize", "type", "medium", "isDefault", "expression", "bitrate"}
    allowed |= {"framerate", "samplingrate", "channels", "duration", "height", "width", "lang"}
    for content in media.iter(f"{MEDIA_NS}content"):
        assert set(content.attrib) <= allowed
    for thumbnail in media.iter(f"{MEDIA_NS}thumbnail"):
        assert set(thumbnail.attrib) <= {"url", "width", "height", "time"}


def test_media_texts_are_plain_and_stand_once_in_their_content(media):
    for content in media.iter(f"{MEDIA_NS}content"):
        names = [child.tag for child in content]
        for text in content.iterfind(f"{MEDIA_NS}*"):
            if text.tag in MEDIA_TEXTS:
                assert text.get("type") == "plain"
                assert names.count(text.tag) == 1
                assert text.text
            assert not len(text)


def test_media_credits_name_someone(media):
    named = [one.text for one in media.iter(f"{MEDIA_NS}credit")]
    assert named == ["Minh Tuấn", "Minh Tuấn / TTXVN"]


def test_media_has_the_picture_and_every_attachment(media):
    entries = list(media.iter("item", f"{ATOM_NS}entry"))
    contents = entries[ARTICLES.index(RICH)].findall(f"{MEDIA_NS}content")
    assert [one.get("url") for one in contents] == [
        RICH.image,
        *(attachment.url for attachment in RICH.attachments),
    ]


# GeoRSS Simple: a latitude and a longitude of WGS 84, separated by a space


def test_georss_points_are_a_latitude_and_a_longitude(media):
    points = [point.text for point in media.iter(f"{GEORSS_NS}point")]
    assert points == ["16.4637 -107.59", "0 0.00001"]
    assert [name.text for name in media.iter(f"{GEORSS_NS}featurename")] == ["Huế & Đà Nẵng"]


# Apple's podcasts: "A Podcaster's Guide to RSS"


@pytest.fixture
def podcast():
    """The channel of a podcast."""
    return etree.fromstring(render_document(RSS, *DOCUMENTS["podcast"])).find("channel")


@pytest.mark.parametrize("name", ["image", "category", "explicit", "author", "type", "owner"])
def test_podcast_has_what_apple_asks_for_once(podcast, name):
    assert len(podcast.findall(f"{ITUNES_NS}{name}")) == 1


def test_podcast_says_truth_by_the_words_of_apple(podcast):
    explicit = [element.text for element in podcast.iter(f"{ITUNES_NS}explicit")]
    assert explicit
    assert set(explicit) <= {"true", "false"}


def test_podcast_category_holds_the_one_below_it(podcast):
    category = podcast.find(f"{ITUNES_NS}category")
    assert category.get("text") == "News"
    assert [one.get("text") for one in category] == ["Daily News"]


def test_podcast_owner_can_be_written_to(podcast):
    owner = podcast.find(f"{ITUNES_NS}owner")
    assert owner.findtext(f"{ITUNES_NS}name") == "Ban biên tập"
    assert owner.findtext(f"{ITUNES_NS}email") == "podcast@news.example"


def test_episodes_have_numbers_kind_and_seconds(podcast):
    for item in podcast.iter("item"):
        for name in ("season", "episode", "duration"):
            assert item.findtext(f"{ITUNES_NS}{name}", "1").isdigit(), name
        kind = item.findtext(f"{ITUNES_NS}episodeType", "full")
        assert kind in {"full", "trailer", "bonus"}


def test_items_say_nothing_of_podcasts_without_a_recording(podcast):
    (_, bare) = podcast.iter("item")
    assert not any(child.tag.startswith((ITUNES_NS, PODCAST_NS)) for child in bare)


def test_feed_that_is_no_podcast_says_nothing_of_one():
    channel = etree.fromstring(render_document(RSS, CHANNEL, [RICH])).find("channel")
    assert not any(child.tag.startswith((ITUNES_NS, PODCAST_NS)) for child in channel)


def test_podcast_elements_are_of_rss_alone():
    channel, articles = DOCUMENTS["podcast"]
    document = render_document(ATOM, channel, articles)
    assert b"itunes" not in document
    assert b"podcastindex" not in document


# Podcasting 2.0: https://podcastindex.org/namespace/1.0


@pytest.mark.parametrize(
    ("address", "guid"),
    [
        ("https://podnews.net/rss", "9b024349-ccf0-5f69-a609-6b82873eab3c"),
        ("http://podnews.net/rss/", "9b024349-ccf0-5f69-a609-6b82873eab3c"),
        (
            "https://mp3s.nashownotes.com/pc20rss.xml",
            "917393e3-1b1e-5cef-ace4-edaa54e1f810",
        ),
    ],
)
def test_podcast_guid_is_that_of_the_namespace(address, guid):
    """The examples that the specification gives."""
    assert make_podcast_guid(address) == guid


def test_podcast_guid_is_the_same_whatever_is_asked_of_the_feed(podcast):
    channel, articles = DOCUMENTS["podcast"]
    other = etree.fromstring(render_document(RSS, replace(channel, query="?limit=1"), articles))
    guid = podcast.findtext(f"{PODCAST_NS}guid")
    assert other.findtext(f"channel/{PODCAST_NS}guid") == guid
    assert guid == make_podcast_guid("https://feeds.example/feeds/all.rss")


def test_podcast_that_moved_keeps_its_guid():
    channel = replace(CHANNEL, podcast=replace(PODCAST, guid="917393e3"))
    rss = etree.fromstring(render_document(RSS, channel, []))
    assert rss.findtext(f"channel/{PODCAST_NS}guid") == "917393e3"


def test_podcast_says_whether_it_is_locked_how_to_fund_it_and_what_it_is(podcast):
    locked, funding = (podcast.find(f"{PODCAST_NS}{name}") for name in ("locked", "funding"))
    assert (locked.text, locked.get("owner")) == ("yes", "podcast@news.example")
    assert (funding.text, funding.get("url")) == ("Ủng hộ tòa soạn", PODCAST.funding_url)
    assert podcast.findtext(f"{PODCAST_NS}medium") == "podcast"


def test_transcripts_and_chapters_have_address_and_type(podcast):
    transcripts = [dict(one.attrib) for one in podcast.iter(f"{PODCAST_NS}transcript")]
    assert transcripts == [
        {"url": "https://news.example/ban-tin.vtt", "type": "text/vtt", "language": "vi"},
        {"url": "https://news.example/ban-tin.html", "type": "text/html"},
    ]
    (chapters,) = podcast.iter(f"{PODCAST_NS}chapters")
    assert chapters.get("type") == "application/json+chapters"


def test_persons_have_a_name_and_roles_in_small_letters(podcast):
    persons = [(one.text, one.get("role")) for one in podcast.iter(f"{PODCAST_NS}person")]
    assert persons == [
        ("Thu Hà", "author"),  # who has an address; without one, `dc:creator` says it all
        ("Thu Hà", "host"),
        ("Bùi & Sơn", "guest"),
        ("Kỹ thuật viên", None),
    ]


@pytest.mark.parametrize("format_", [RSS, ATOM], ids=["rss", "atom"])
def test_xml_declares_its_encoding_and_has_no_document_type(format_):
    document = render_document(format_, CHANNEL, ARTICLES)
    tree = etree.fromstring(document).getroottree()
    assert document.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    assert tree.docinfo.doctype == ""


# W3C, Associating Style Sheets with XML documents


@pytest.mark.parametrize("format_", [RSS, ATOM], ids=["rss", "atom"])
def test_xml_names_its_stylesheet_before_its_root(format_):
    channel = replace(CHANNEL, stylesheet_url="https://a.example/\"<&>'/feed.css")
    tree = etree.fromstring(render_document(format_, channel, ARTICLES)).getroottree()
    (instruction,) = tree.xpath("/processing-instruction()")
    assert (instruction.target, instruction.getnext()) == ("xml-stylesheet", tree.getroot())
    assert "XSL" not in instruction.text.upper()
    assert instruction.get("type") == "text/css"
    assert html.unescape(instruction.get("href")) == channel.stylesheet_url


@pytest.mark.parametrize("format_", [RSS, ATOM], ids=["rss", "atom"])
def test_xml_says_its_canonical_address_as_text(format_, document):
    root = etree.fromstring(render_document(format_, *document))
    (identifier,) = root.iter(f"{DC_NS}identifier")
    assert identifier.text == format_.self_url(document[0])


@pytest.mark.parametrize("format_", [RSS, ATOM], ids=["rss", "atom"])
def test_document_of_an_archive_says_the_address_of_the_feed(format_):
    history = History(current=CHANNEL.base_url, query="?tag=a")
    channel = replace(CHANNEL, base_url=f"{CHANNEL.base_url}/2023-01", history=history)
    root = etree.fromstring(render_document(format_, channel, ()))
    address = f"{CHANNEL.base_url}.{format_.name}?tag=a"
    assert [one.text for one in root.iter(f"{DC_NS}identifier")] == [address]


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
                        # "Publishers can use custom objects … anywhere in the feed".
                        "patternProperties": {"^_[a-zA-Z]": {"type": "object"}},
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
