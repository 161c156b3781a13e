"""JSON Feed's items as native events."""

import copy
import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsvc.articles.markup import Budget
from feedsvc.errors import EventError
from feedsvc.ingest.dialects import jsonfeed, native
from feedsvc.ingest.dialects.translation import Options, Translation
from feedsvc.ingest.events import Origin, Save
from tests.conftest import SHARED, make_settings

SETTINGS = make_settings("sqlite:///unused.db")
SAMPLES = sorted((SHARED / "real/jsonfeed").glob("*.json"))
ITEM: dict[str, Any] = {
    "id": "https://news.example/cau-moi",
    "url": "https://news.example/cau-moi",
    "external_url": "https://elsewhere.example/bridge",
    "title": "Cầu mới thông xe",
    "summary": "Cây cầu nối hai bờ sông.",
    "content_html": "<p>Sáng 9/1…</p>",
    "content_text": "Sáng 9/1…",
    "language": "vi",
    "authors": [{"name": "T.H", "url": "https://news.example/t-h"}],
    "tags": ["giao thông"],
    "categories": [{"slug": "ha-tang", "name": "Hạ tầng"}],
    "image": "https://news.example/cau.jpg",
    "banner_image": "https://news.example/banner.jpg",
    "attachments": [{"url": "https://news.example/cau.mp3", "mime_type": "audio/mpeg"}],
    "date_published": "2023-01-09T16:30:00+07:00",
    "date_modified": "2023-01-09T17:00:00+07:00",
}
FEED: dict[str, Any] = {"version": "https://jsonfeed.org/version/1.1", "title": "Báo tỉnh"}
NAMES = [*ITEM, *FEED, "author", "items", "name"]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)


def item(**fields: Any) -> dict[str, Any]:
    """The item with `fields` over it; None leaves one out."""
    return {name: value for name, value in (ITEM | fields).items() if value is not None}


def translated(value: Any) -> Translation:
    return jsonfeed.translate(value, Options())


def data(value: Any) -> Any:
    return translated(value).event["data"]


def read(value: Any) -> Any:
    """What becomes of an item; a fault is told at its place there."""
    translation = translated(value)
    origin = Origin("jsonfeed", None, datetime(2027, 1, 1, tzinfo=UTC), Budget(10_000))
    try:
        event = native.read_event(translation.event, origin, SETTINGS)
    except EventError as error:
        raise EventError([translation.place(fault) for fault in error.faults]) from None
    assert isinstance(event, Save)
    return event.draft


def faults(value: Any) -> list[str]:
    """The pointers of what is wrong with an item."""
    with pytest.raises(EventError) as caught:
        read(value)
    return [fault.pointer for fault in caught.value.faults]


def warned(value: Any) -> list[str]:
    return [warning.pointer for warning in translated(value).warnings]


def feed_items(*items: Any, **fields: Any) -> list[Any]:
    return [entry.value for entry in jsonfeed.list_items(FEED | fields | {"items": list(items)})]


def test_item_is_saved_whole():
    draft = read(ITEM)
    assert draft.external_id == draft.url == "https://news.example/cau-moi"
    assert (draft.title, draft.summary) == (ITEM["title"], ITEM["summary"])
    assert draft.content_html == ITEM["content_html"]
    assert draft.language == "vi"
    assert [author.name for author in draft.authors] == ["T.H"]
    assert draft.tags == ("giao thông",)
    assert [filing.slug for filing in draft.filings] == ["ha-tang"]
    assert draft.image == ITEM["image"]
    assert [attachment.mime_type for attachment in draft.attachments] == ["audio/mpeg"]
    assert draft.published_at == datetime(2023, 1, 9, 9, 30, tzinfo=UTC)
    assert draft.modified_at == datetime(2023, 1, 9, 10, tzinfo=UTC)
    assert warned(ITEM) == []


def test_message_is_a_feed_or_one_item():
    entries = jsonfeed.list_items(FEED | {"items": [ITEM, 5]})
    assert [entry.pointer for entry in entries] == ["/items/0", "/items/1"]
    assert [entry.value for entry in entries] == [ITEM, 5]
    assert [entry.pointer for entry in jsonfeed.list_items(ITEM)] == [""]
    with pytest.raises(EventError, match="/items: must be a list of at least one item"):
        jsonfeed.list_items(FEED | {"items": []})


def test_what_the_feed_says_holds_for_items_that_do_not_say_it():
    authors = [{"name": "Tòa soạn"}]
    said, unsaid = feed_items(
        ITEM, item(language=None, authors=None), language="en", authors=authors
    )
    assert said == ITEM
    assert (unsaid["language"], unsaid["authors"]) == ("en", authors)


def test_items_own_author_of_version_1_goes_before_the_feeds():
    [value] = feed_items(item(authors=None, author={"name": "T.H"}), authors=[{"name": "Tòa soạn"}])
    assert [author.name for author in read(value).authors] == ["T.H"]


def test_feeds_author_of_version_1_is_the_items():
    [value] = feed_items(item(authors=[]), author={"name": "Tòa soạn"})
    assert [author.name for author in read(value).authors] == ["Tòa soạn"]


def test_what_an_item_alone_can_say_is_not_taken_from_the_feed():
    [value] = feed_items(item(title=None), title="Báo tỉnh", expired=True)
    assert "title" not in value
    assert "expired" not in value


def test_id_that_is_one_for_all_the_world_is_the_guid_too():
    assert data(ITEM | {"id": "https://news.example/1"})["guid"] == "https://news.example/1"
    assert "guid" not in data(ITEM | {"id": "1"})


def test_item_can_be_withdrawn_by_an_extension():
    event = jsonfeed.translate(ITEM | {"_feedsvc": {"withdrawn": True}}, Options()).event
    assert event["type"] == "article.withdrawn"
    assert event["data"]["id"] == ITEM["id"]


@pytest.mark.parametrize("extension", [None, True, {}, {"withdrawn": False}, {"withdrawn": "yes"}])
def test_item_that_does_not_say_so_is_not_withdrawn(extension):
    event = jsonfeed.translate(ITEM | {"_feedsvc": extension}, Options()).event
    assert event["type"] == "article.published"


def test_id_that_is_a_number_is_its_digits():
    assert read(item(id=2347259)).external_id == "2347259"


def test_external_address_stands_for_a_missing_one():
    value = item(url=None)
    assert read(value).url == ITEM["external_url"]
    assert warned(value) == ["/url"]


def test_id_that_is_an_address_stands_for_a_missing_one():
    value = item(url=" ", external_url=None)
    assert read(value).url == ITEM["id"]
    assert warned(value) == ["/url"]


def test_item_without_any_address_is_refused():
    assert faults(item(id="1", url=None, external_url=None)) == ["/url"]


def test_date_of_modification_stands_for_that_of_publication():
    value = item(date_published=None)
    assert read(value).published_at == datetime(2023, 1, 9, 10, tzinfo=UTC)
    assert warned(value) == ["/date_published"]


def test_item_without_any_date_is_refused():
    assert faults(item(date_published=None, date_modified=None)) == ["/date_published"]


def test_banner_stands_for_a_missing_image():
    assert read(item(image=None)).image == ITEM["banner_image"]
    assert warned(item(image=None)) == []


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"content_text": "Cats are neat. \n\nhttps://x.example/cats"}, "Cats are neat."),
        ({"content_text": "1 < 2 & <b>3</b> &amp; 4"}, "1 < 2 & <b>3</b> &amp; 4"),
        (
            {"content_text": "mười lăm ký tự " * 9},
            "mười lăm ký tự mười lăm ký tự mười lăm ký tự mười lăm ký tự mười lăm ký tự mười…",
        ),
        ({"content_text": "  \n", "summary": "Tóm tắt."}, "Tóm tắt."),
        (
            {"content_text": None, "summary": None, "content_html": "<p>A &amp; <i>B</i></p>c"},
            "A & B c",
        ),
        (
            {
                "content_text": None,
                "summary": None,
                "content_html": "<p>Ảnh</p>" + "<u> </u>" * 495 + f"<img src='{'a' * 99}'>",
            },
            "Ảnh",
        ),
    ],
)
def test_missing_title_is_made_of_the_first_words(fields, title):
    value = item(title=" ", **fields)
    assert read(value).title == title
    assert warned(value) == ["/title"]


@pytest.mark.parametrize("markup", ["", "<img src='a'>", "<b>" * 1300])
def test_item_of_no_words_is_refused_for_its_title(markup):
    value = item(title=None, content_text=None, summary=None, content_html=markup)
    assert faults(value)[0] == "/title"


def test_text_stands_for_html_that_is_empty():
    assert read(item(content_html="")).content_html == "<p>Sáng 9/1…</p>"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"id": None}, "/id"),
        ({"id": 1.5}, "/id"),
        ({"id": []}, "/id"),
        ({"url": 1}, "/url"),
        ({"url": None, "external_url": 1}, "/external_url"),
        ({"title": {}}, "/title"),
        ({"title": None, "content_text": 5, "summary": None, "content_html": None}, "/title"),
        ({"summary": 1}, "/summary"),
        ({"content_html": 1}, "/content_html"),
        ({"content_text": 1}, "/content_text"),
        ({"language": "tiếng Việt"}, "/language"),
        ({"authors": {}}, "/authors"),
        ({"authors": ["T.H"]}, "/authors/0"),
        ({"authors": None, "author": "T.H"}, "/author"),
        ({"authors": None, "author": {"name": 1}}, "/author/name"),
        ({"tags": [1]}, "/tags/0"),
        ({"categories": [{"slug": "A"}]}, "/categories/0/slug"),
        ({"image": 1}, "/image"),
        ({"image": None, "banner_image": 1}, "/banner_image"),
        ({"attachments": [{"url": "https://x.example/a"}]}, "/attachments/0/mime_type"),
        ({"date_published": "soon"}, "/date_published"),
        ({"date_modified": 5}, "/date_modified"),
    ],
)
def test_fault_is_told_at_the_items_own_field(fields, pointer):
    assert faults(item(**fields))[0] == pointer


@pytest.mark.parametrize(
    ("message", "pointer"),
    [
        (None, ""),
        ([ITEM], ""),
        ({}, "/id"),
        (FEED, "/items"),
        (FEED | {"items": {"0": ITEM}}, "/items"),
        (FEED | {"items": None}, "/items"),
    ],
)
def test_message_that_is_no_feed_is_refused_at_its_place(message, pointer):
    [entry] = jsonfeed.list_items(message)
    assert faults(entry.value) == [pointer]


def test_translating_changes_nothing_in_the_message():
    message = FEED | {"items": [item(authors=None)], "language": "en", "author": {"name": "x"}}
    before = copy.deepcopy(message)
    for entry in jsonfeed.list_items(message):
        translated(entry.value)
    assert message == before


@settings(deadline=None)
@given(JSON)
def test_any_json_is_translated_or_refused(value):
    for message in (value, {"items": value}, {"items": [value], "authors": value}):
        with suppress(EventError):
            for entry in jsonfeed.list_items(message):
                with suppress(EventError):
                    read(entry.value)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*ITEM, "author"]), JSON))
def test_any_item_is_translated_or_refused(fields):
    for value in (ITEM | fields, item(title=None) | fields):
        with suppress(EventError):
            read(value)


@pytest.mark.skipif(not SAMPLES, reason="the real samples are not on this machine")
def test_real_feeds_are_saved():
    drafts = {
        path.stem: [
            read(entry.value) for entry in jsonfeed.list_items(json.loads(path.read_text()))
        ]
        for path in SAMPLES
    }
    [note], [episode] = drafts["microblog"], drafts["podcast"]
    assert (note.title, note.authors[0].name) == ("Cats are neat.", "Brent Simmons")
    assert episode.attachments[0].duration_seconds == 6629
