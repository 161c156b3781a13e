"""WordPress's posts as native events."""

import copy
import html
import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsvc.articles.details import NO_DETAILS
from feedsvc.articles.markup import Budget
from feedsvc.errors import EventError
from feedsvc.ingest.dialects import native, wordpress
from feedsvc.ingest.dialects.translation import Options, Translation
from feedsvc.ingest.events import Event, Origin, Save, Withdraw
from tests.conftest import SHARED, make_settings

SETTINGS = make_settings("sqlite:///unused.db")
SAMPLE = SHARED / "real/wordpress/rest-posts.json"
TERMS = [
    [
        {"id": 7, "name": "Kinh tế &amp; Xã hội", "slug": "kinh-te", "taxonomy": "category"},
        {"id": 8, "name": "Đảng ủy", "slug": "%c4%91ang-uy", "taxonomy": "category", "parent": 7},
        {"id": 1, "name": "Chưa xếp", "slug": "uncategorized", "taxonomy": "category"},
    ],
    [{"id": 9, "name": "cầu &amp; đường", "slug": "cau", "taxonomy": "post_tag"}],
    [{"id": 10, "name": "Video", "slug": "post-format-video", "taxonomy": "post_format"}],
]
POST: dict[str, Any] = {
    "id": 4,
    "date": "2023-01-09T16:30:00",
    "date_gmt": "2023-01-09T09:30:00",
    "modified": "2023-01-09T17:00:00",
    "modified_gmt": "2023-01-09T10:00:00",
    "guid": {"rendered": "https://news.example/?p=4&#038;lang=vi"},
    "status": "publish",
    "type": "post",
    "link": "https://news.example/cau-moi/",
    "title": {"rendered": "C&#7847;u m&#7899;i &#8211; &#8220;A &#038; B&#8221;"},
    "content": {"rendered": "<p>Sáng 9/1…</p>\n", "protected": False},
    "excerpt": {"rendered": "<p>C&acirc;y c&#7847;u [&hellip;]</p>\n", "protected": False},
    "author": 3,
    "categories": [7, 8, 1],
    "tags": [9],
    "_embedded": {
        "author": [{"id": 3, "name": "T.H", "link": "https://news.example/author/t-h/"}],
        "wp:term": TERMS,
        "wp:featuredmedia": [{"source_url": "https://news.example/cau.jpg"}],
    },
}
NAMES = [*POST, *POST["_embedded"], "rendered", "protected", "name", "slug", "taxonomy", "parent"]
NAMES += ["source_url", "caption", "alt_text", "media_details", "width", "avatar_urls", "96"]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)


def translated(post: Any) -> Translation:
    [item] = wordpress.list_items(post)
    assert item.pointer == ""
    return wordpress.translate(item.value, Options())


def data(post: Any) -> Any:
    return translated(post).event["data"]


def read(post: Any, timezone: str | None = None) -> Event:
    """What becomes of a post; a fault is told at its place there."""
    translation = wordpress.translate(post, Options())
    origin = Origin("wordpress", timezone, datetime(2027, 1, 1, tzinfo=UTC), Budget(10_000))
    try:
        return native.read_event(translation.event, origin, SETTINGS)
    except EventError as error:
        raise EventError([translation.place(fault) for fault in error.faults]) from None


def saved(post: Any, timezone: str | None = None) -> Any:
    event = read(post, timezone)
    assert isinstance(event, Save)
    return event.draft


def faults(post: Any) -> list[str]:
    """The pointers of what is wrong with a post."""
    with pytest.raises(EventError) as caught:
        read(post)
    return [fault.pointer for fault in caught.value.faults]


def embedded(**fields: Any) -> dict[str, Any]:
    return POST | {"_embedded": POST["_embedded"] | fields}


def filed(*terms: Any) -> dict[str, Any]:
    return embedded(**{"wp:term": [[{"taxonomy": "category"} | term for term in terms]]})


def titled(rendered: Any) -> dict[str, Any]:
    return POST | {"title": {"rendered": rendered}}


def test_published_post_is_saved_whole():
    draft = saved(POST)
    assert draft.external_id == "4"
    assert draft.url == POST["link"]
    assert draft.title == "Cầu mới – “A & B”"
    assert draft.summary == "Cây cầu…"
    assert draft.content_html == "<p>Sáng 9/1…</p>"
    assert draft.image == "https://news.example/cau.jpg"
    assert [(a.name, a.url) for a in draft.authors] == [("T.H", "https://news.example/author/t-h/")]
    assert draft.tags == ("cầu & đường",)
    assert draft.published_at == datetime(2023, 1, 9, 9, 30, tzinfo=UTC)
    assert draft.modified_at == datetime(2023, 1, 9, 10, tzinfo=UTC)


def test_clean_post_has_no_warnings():
    assert translated(POST).warnings == ()
    assert read(POST).warnings == ()


def test_message_is_one_post_or_a_list():
    assert [item.pointer for item in wordpress.list_items([POST, None])] == ["/0", "/1"]
    assert wordpress.list_items([POST, None])[0].value == POST
    assert [item.pointer for item in wordpress.list_items(POST)] == [""]
    with pytest.raises(EventError, match="a list of at least one"):
        wordpress.list_items([])


def test_scheduled_post_is_saved_for_its_date():
    assert isinstance(read(POST | {"status": "future"}), Save)


@pytest.mark.parametrize(
    "status", ["draft", "pending", "private", "trash", "auto-draft", "inherit", "unheard-of"]
)
def test_post_that_is_not_public_is_withdrawn(status):
    event = read(POST | {"status": status})
    assert isinstance(event, Withdraw)
    assert event.external_id == "4"


def test_answer_to_a_deletion_withdraws_the_post():
    answer = {"deleted": True, "previous": POST}
    assert isinstance(read(answer), Withdraw)
    assert data(answer | {"id": 4}) == {
        "id": "4",
        "guid": "https://news.example/?p=4&lang=vi",
        "date_modified": "2023-01-09T10:00:00Z",
    }


def test_guid_is_that_of_wordpress_own_feed():
    assert data(POST)["guid"] == "https://news.example/?p=4&lang=vi"


@pytest.mark.parametrize(
    ("rendered", "title"),
    [
        ("A &amp; B &lt;c&gt;", "A & B <c>"),
        ("A &#038; B", "A & B"),
        ("A & B", "A & B"),
        ("It&#8217;s", "It’s"),
        ("It&amp;#8217;s", "It’s"),
        ("It&#038;#8217;s", "It’s"),
        ("It&#x26;#X2019;s", "It’s"),
        ("A &amp;amp; B", "A & B"),
        ("A &amp;#038;amp;amp; B", "A & B"),
        ("A &amp;amp;lt;b&amp;gt; B", "A <b> B"),
        ("AT&amp;T", "AT&T"),
        ("&amp;copy 2023", "&copy 2023"),
        ("A <em>B</em> &amp; C", "A B & C"),
        ("A <em>B</em> &amp;lt; C", "A B < C"),
        ("1 &lt; 2", "1 < 2"),
        ("a&nbsp;b", "a b"),
    ],
)
def test_title_arrives_as_it_is_meant(rendered, title):
    assert saved(titled(rendered)).title == title


@settings(deadline=None)
@given(st.text(st.sampled_from("<>&#amplt b/8217'\""), max_size=30))
def test_any_title_arrives_as_it_was_meant_however_often_it_was_encoded(text):
    title = f"x{' '.join(text.split())}x"
    once = html.escape(title)
    assert saved(titled(once)).title == title
    assert saved(titled(once.replace("&", "&amp;"))).title == title
    assert saved(titled(once.replace("&", "&#038;amp;"))).title == title


@pytest.mark.parametrize(
    ("rendered", "summary"),
    [
        ("<p>Lead.</p>\n", "Lead."),
        ("<p>One.</p>\n<p>Two.<br />Three.</p>\n", "One. Two. Three."),
        ("<p>Lead and [&hellip;]</p>", "Lead and…"),
        ("<p>Lead and [...]</p>", "Lead and…"),
        ("<p>Lead [sic]</p>", "Lead [sic]"),
        (
            '<p>Lead and&hellip; <a href="https://x.example" class="more-link">Read on</a></p>',
            "Lead and…",
        ),
        ("<p>A &amp; B &lt;c&gt;</p>", "A & B <c>"),
        ("<p>A <em>B</em></p>", "A B"),
        ("<p>P&amp;L &#8220;x&#8221;</p>", "P&L “x”"),
        ("", "Sáng 9/1…"),
    ],
)
def test_excerpt_is_a_summary_in_plain_text(rendered, summary):
    assert saved(POST | {"excerpt": {"rendered": rendered}}).summary == summary


@pytest.mark.parametrize(
    "mark",
    [
        {"content": POST["content"] | {"protected": True}},
        {"excerpt": POST["excerpt"] | {"protected": True}},
        {"password": "x"},
    ],
)
def test_nothing_of_a_protected_post_but_the_headline_is_shown(mark):
    draft = saved(POST | mark)
    assert (draft.title, draft.content_html) == ("Cầu mới – “A & B”", "")
    assert (draft.summary, draft.image) == ("", None)
    assert [warning.pointer for warning in translated(POST | mark).warnings] == ["/content"]


PICTURE = {
    "source_url": "https://news.example/cau.jpg",
    "alt_text": "Cầu &amp; sông",
    "caption": {"rendered": "<p>C&acirc;y c&#7847;u &#038; s&ocirc;ng</p>\n"},
    "media_details": {"width": 1600, "height": 900, "sizes": {}},
}


def test_picture_has_its_size_caption_and_alternative_text():
    draft = saved(embedded(**{"wp:featuredmedia": [PICTURE]}))
    picture = draft.details.picture
    assert (picture.width, picture.height) == (1600, 900)
    assert (picture.caption, picture.alt) == ("Cây cầu & sông", "Cầu & sông")
    assert read(embedded(**{"wp:featuredmedia": [PICTURE]})).warnings == ()


@pytest.mark.parametrize(
    "said",
    [
        {"caption": {"rendered": ""}, "alt_text": ""},
        {"caption": [], "alt_text": 1, "media_details": []},
        {"caption": {"rendered": 1}, "media_details": {"width": "1", "height": 0}},
    ],
)
def test_what_is_not_known_of_a_picture_is_not_said(said):
    picture = {"source_url": PICTURE["source_url"]} | said
    draft = saved(embedded(**{"wp:featuredmedia": [picture]}))
    assert draft.image == PICTURE["source_url"]
    assert draft.details == NO_DETAILS


def test_nothing_is_said_of_the_picture_of_a_protected_post():
    post = embedded(**{"wp:featuredmedia": [PICTURE]}) | {"password": "x"}
    assert saved(post).details == NO_DETAILS


def test_caption_that_is_too_long_is_told_at_its_place():
    picture = PICTURE | {"caption": {"rendered": "a" * 10_001}}
    place = "/_embedded/wp:featuredmedia/0/caption/rendered"
    assert faults(embedded(**{"wp:featuredmedia": [picture]})) == [place]


@pytest.mark.parametrize(
    ("avatars", "avatar"),
    [
        ({"24": "https://a.example/24", "96": "https://a.example/96", "x": 1}, "96"),
        ({"96": "https://a.example/96", "128": "https://a.example/128"}, "128"),
        ({"96": "//a.example/96"}, None),
        ({"96": None}, None),
        ([], None),
    ],
)
def test_authors_picture_is_the_largest(avatars, avatar):
    post = embedded(author=[{"name": "T.H", "avatar_urls": avatars}])
    assert saved(post).authors[0].avatar == (avatar and f"https://a.example/{avatar}")


def test_section_keeps_a_slug_that_a_feed_can_have_and_its_parent():
    filings = saved(POST).filings
    assert [filing.slug for filing in filings] == ["kinh-te", "dang-uy"]
    assert filings[0].name == "Kinh tế & Xã hội"
    assert filings[1].parent.slug == "kinh-te"


def test_uncategorized_is_no_section():
    assert [category["name"] for category in data(POST)["categories"]] == [
        "Kinh tế & Xã hội",
        "Đảng ủy",
    ]


def test_parent_that_the_post_is_not_filed_in_is_not_known():
    assert data(filed({"id": 8, "name": "Đảng ủy", "parent": 7}))["categories"] == [
        {"name": "Đảng ủy"}
    ]


def test_circle_of_sections_comes_to_an_end():
    circle = filed({"id": 1, "name": "a", "parent": 2}, {"id": 2, "name": "b", "parent": 1})
    assert data(circle)["categories"][0] == {"name": "a", "parent": {"name": "b"}}


def test_long_line_of_sections_comes_to_an_end():
    line = filed(*({"id": n, "name": f"n{n}", "parent": n + 1} for n in range(1000)))
    assert len(json.dumps(data(line)["categories"][0])) < 2000


@pytest.mark.parametrize("field", ["author", "wp:featuredmedia"])
def test_error_in_the_place_of_what_is_embedded_is_passed_over(field):
    error = {"code": "rest_forbidden", "message": "no", "data": {"status": 401}}
    post = embedded(**{field: [error], "wp:term": [[error]]})
    draft = saved(post)
    assert draft.filings == ()
    assert (draft.authors == ()) == (field == "author")
    assert (draft.image is None) == (field == "wp:featuredmedia")


def test_post_without_what_is_embedded_is_saved_with_one_warning():
    post = {name: value for name, value in POST.items() if name != "_embedded"}
    assert saved(post).filings == ()
    assert [warning.pointer for warning in translated(post).warnings] == ["/_embedded"]
    assert translated(post | {"categories": [], "tags": []}).warnings == ()


def test_time_in_gmt_says_its_offset():
    assert data(POST)["date_published"] == "2023-01-09T09:30:00Z"


@pytest.mark.parametrize("none", [None, "0000-00-00T00:00:00", ""])
def test_time_of_the_site_stands_for_one_in_gmt_that_is_not_there(none):
    draft = saved(POST | {"date_gmt": none, "modified_gmt": none}, "Asia/Ho_Chi_Minh")
    assert draft.published_at == datetime(2023, 1, 9, 9, 30, tzinfo=UTC)
    assert draft.modified_at == datetime(2023, 1, 9, 10, tzinfo=UTC)


def test_time_with_an_offset_keeps_it():
    draft = saved(POST | {"date_gmt": "2023-01-09T16:30:00+07:00"})
    assert draft.published_at == datetime(2023, 1, 9, 9, 30, tzinfo=UTC)


def test_draft_without_dates_is_withdrawn():
    zero = "0000-00-00T00:00:00"
    post = POST | {"status": "draft", "modified": zero, "modified_gmt": None, "date_gmt": zero}
    assert isinstance(read(post), Withdraw)
    assert "date_modified" not in data(post)


@pytest.mark.parametrize("kind", ["page", "attachment", "revision", "nav_menu_item", "wp_block"])
def test_what_is_no_article_is_refused(kind):
    assert faults(POST | {"type": kind}) == ["/type"]
    assert faults(POST | {"type": kind, "status": "trash"}) == ["/type"]
    assert faults({"deleted": True, "previous": POST | {"type": kind}}) == ["/previous/type"]


def test_type_that_the_site_made_is_an_article():
    assert isinstance(read(POST | {"type": "tin"}), Save)


@pytest.mark.parametrize(
    "body",
    [
        {"post": POST},
        {"post_id": 4, "post": {"ID": 4, "post_title": "x"}},
        {"ID": 4, "post_title": "x", "post_status": "publish"},
        {},
    ],
)
def test_body_of_a_webhook_plugin_is_refused_with_what_is_wanted(body):
    with pytest.raises(EventError, match=r"wp-json/wp/v2/posts/<id>\?_embed"):
        translated(body)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"id": None}, "/id"),
        ({"id": "4"}, "/id"),
        ({"id": True}, "/id"),
        ({"status": None}, "/status"),
        ({"status": []}, "/status"),
        ({"title": None}, "/title/rendered"),
        ({"title": "x"}, "/title"),
        ({"title": {"rendered": 5}}, "/title/rendered"),
        ({"title": {"rendered": " "}}, "/title/rendered"),
        ({"content": []}, "/content"),
        ({"content": {"rendered": 5}}, "/content/rendered"),
        ({"excerpt": {"rendered": []}}, "/excerpt/rendered"),
        ({"guid": "x"}, "/guid"),
        ({"guid": {"rendered": 1}}, "/guid/rendered"),
        ({"link": None}, "/link"),
        ({"link": 1}, "/link"),
        ({"link": "javascript:x()"}, "/link"),
        ({"date_gmt": None, "date": None}, "/date_gmt"),
        ({"date_gmt": "soon"}, "/date_gmt"),
        ({"date_gmt": None}, "/date"),  # no offset, and the source has no time zone
        ({"date_gmt": 5}, "/date_gmt"),
        ({"modified_gmt": False}, "/modified_gmt"),
        ({"_embedded": []}, "/_embedded"),
        ({"_embedded": {"wp:term": {}}}, "/_embedded/wp:term"),
        ({"_embedded": {"wp:term": [[], 1]}}, "/_embedded/wp:term/1"),
        ({"_embedded": {"wp:term": [[1]]}}, "/_embedded/wp:term/0/0"),
        ({"_embedded": {"author": "x"}}, "/_embedded/author"),
        ({"_embedded": {"author": [{"name": []}]}}, "/_embedded/author/0/name"),
        ({"_embedded": {"author": [{"name": "a", "link": 1}]}}, "/_embedded/author/0/link"),
        (
            {"_embedded": {"wp:featuredmedia": [{"source_url": 1}]}},
            "/_embedded/wp:featuredmedia/0/source_url",
        ),
        (
            {"_embedded": {"wp:term": [[], [{"taxonomy": "post_tag", "name": 1}]]}},
            "/_embedded/wp:term/1/0/name",
        ),
        (
            {"_embedded": {"wp:term": [[{"taxonomy": "category", "name": 1}]]}},
            "/_embedded/wp:term/0/0/name",
        ),
    ],
)
def test_fault_is_told_at_the_posts_own_field(fields, pointer):
    assert faults(POST | fields) == [pointer]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (None, ""),
        ("x", ""),
        ([], ""),
        ({"deleted": True}, "/previous/id"),
        ({"deleted": True, "previous": []}, "/previous"),
    ],
)
def test_body_that_is_no_post_is_refused_at_its_place(body, pointer):
    assert faults(body) == [pointer]


def test_translating_changes_nothing_in_the_message():
    before = copy.deepcopy(POST)
    translated(POST)
    assert before == POST


@settings(deadline=None)
@given(JSON)
def test_any_json_is_translated_or_refused(value):
    with suppress(EventError):
        for item in wordpress.list_items(value):
            with suppress(EventError):
                read(item.value)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*POST]), JSON), JSON)
def test_any_post_is_translated_or_refused(fields, value):
    terms = embedded(**{"wp:term": [[{"taxonomy": "category", "id": value, "parent": value}]]})
    for post in (POST | fields, terms, {"deleted": True, "previous": fields}):
        with suppress(EventError):
            read(post)


@pytest.mark.parametrize("piece", ["<", "<p", "<a ", "&amp;", "&", "[", " ", "[&hellip;]", "&#0"])
def test_text_that_would_keep_a_pattern_busy_is_read_in_no_time(piece):
    text = {"rendered": piece * (1_000_000 // len(piece))}
    with suppress(EventError):
        read(POST | {"title": text, "excerpt": text, "guid": text})


@pytest.mark.skipif(not SAMPLE.exists(), reason="the real samples are not on this machine")
def test_real_posts_are_saved():
    items = wordpress.list_items(json.loads(SAMPLE.read_text()))
    assert [item.pointer for item in items] == ["/0"]
    draft = saved(items[0].value)
    assert draft.title == "REST API Client Fixture: Post"
    assert draft.content_html == "<p>Updated post content.</p>"
