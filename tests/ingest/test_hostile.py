"""Hostile articles at the endpoint: refused with a reason, or harmless in every feed."""

import json
import re
import uuid
from html.parser import HTMLParser

import feedparser
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.newsroom import article, event, withdraw

# One application and database serve all examples of a test; each withdraws what it published.
hostile = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
few = settings(hostile, max_examples=60)

MAX_ID_CHARS = 500  # of a refused id, the answer says so many
CHARACTERS = st.sampled_from(
    [
        *("\x00", "\x08", "\x0b", "\x1b", "\x7f", "\x85", "\x9f", "\ud800", "\udfff", "\ufffe"),
        *("\uffff", "\ufdd0", "\U0001ffff", "\ufeff", "\u2028", "\u200d", "\u202e", "\u2066"),
        *("\u0338", "\r", "e\u0302\u0301", "a" + "\u0301" * 40, "👩🏽\u200d🚒", "🇻🇳", "مرحبا", "ﷺ"),
        *("ẞ", "Đ", "\n", "\t", " "),
    ]
)
PIECES = st.sampled_from(
    [
        *("]]>", "<![CDATA[", "<!--", "-->", "--!>", "<?xml?>", "<!DOCTYPE x>", "&", "&amp;"),
        *("&lt;", "&#0;", "&#8;", "&#xFFFE;", "&#xD800;", "&#99999999999;", "&#824;", "&nosuch;"),
        *("&amp", "<", ">", '"', "'", "=", "/", "\\", "</", "<p", "<a href=", "<b>", "</b>"),
        *("</p>", "<p>", "</entry>", "</item>", "</channel>", "<script>", "</script>", "<style>"),
        *("<textarea>", "<svg>", "<math>", "<table>", "<td>", "<li>", "<img src=x onerror=y>"),
        *(" onload=x() ", "<a href='javascript:x()'>", "<p style='a:b' onclick=x>"),
        *("<plaintext>", "<template>", "<div>" * 200, "<b>" * 200, "<i><p>" * 50),
        *("</i></b>" * 50, "%s{}{0}", "\\u0000", "${x}"),
    ]
)
TEXT = st.lists(CHARACTERS | PIECES | st.text(max_size=8), max_size=12).map("".join)

URLS = (
    st.sampled_from(
        [
            *("", "/", "//", "https:", "https://", "https:///x", "http://[::1"),
            *("https://[::1]/a", "https://x:99999/", "https://x:0/", "https://x:/"),
            *("https://x:é/", "https://ví-dụ.example", "javascript:x()", "data:text/html,x"),
            *("ftp://x/", "mailto:x@y", "https://u:p@x/", "https://x/%", "https://x/%zz"),
            *("https://x/%00", "https://x/a b", "https://x/\"<>&'", "https://xn--a/"),
            *("https://..", "https://a..b/", "https://" + "a" * 64 + ".example/ê"),
            *(
                "https://x/?a=1&b=2#c#d",
                "HTTPS://X/../..",
                "https://１２７.0.0.1/",
                "https://x\\y/",
            ),
            *("https://news.example/" + "a" * 3000, "https://℀.example/", "https://x/\u0338"),
        ]
    )
    | TEXT.map("https://news.example/{}".format)
    | TEXT
)
DATES = (
    st.sampled_from(
        [
            *("2023-01-09", "2023-01-09T16:30:00", "20230109T163000Z", "2023-W02-1"),
            *("2023-02-30", "0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59-07:00"),
            *("1000-01-01T00:00:00Z", "2023-01-09T16:30:00+23:59"),
            *("2023-01-09T16:30:00.999999999Z", "1673256600", "-1", "9998-12-31T23:59:59Z"),
            *("2016-12-31T23:59:60Z", "2023-01-09T24:00:00Z", "now"),
        ]
    )
    | st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat())
    | TEXT
)
NUMBERS = st.one_of(
    st.integers(), st.floats(allow_nan=False), st.sampled_from([0, -1, 2**53, 2**53 + 1, 1e300])
)
TYPES = st.sampled_from(["audio/mpeg", "AUDIO/MPEG", "image/", "a/b;c=d", "text/html\n", "x", ""])
CATEGORIES = st.recursive(
    TEXT | st.fixed_dictionaries({}, optional={"slug": TEXT | st.just("tin-tuc"), "name": TEXT}),
    lambda parent: st.fixed_dictionaries({"name": TEXT, "parent": parent}),
    max_leaves=3,
)
RECORDINGS = st.fixed_dictionaries(
    {"url": st.just("/a.mp3"), "mime_type": st.just("audio/mpeg")},
    optional={
        **dict.fromkeys(("caption", "credit"), TEXT),
        **dict.fromkeys(("width", "height", "season", "episode"), NUMBERS),
        **dict.fromkeys(("thumbnail", "chapters"), URLS),
        "transcripts": st.lists(
            st.fixed_dictionaries({"url": URLS, "mime_type": TYPES}, optional={"language": TEXT}),
            max_size=2,
        ),
        "persons": st.lists(
            st.fixed_dictionaries({"name": TEXT}, optional={"role": TEXT, "url": URLS}), max_size=2
        ),
    },
)
DEGREES = st.floats(-180, 180) | NUMBERS
FIELDS = {
    "title": TEXT,
    "summary": TEXT,
    "content_html": TEXT,
    "content_text": TEXT,
    "language": st.sampled_from(["vi", "ar", "x", "vi_VN", "en-GB-oed", "", "vi\n"]) | TEXT,
    "authors": st.lists(
        st.fixed_dictionaries({"name": TEXT}, optional={"url": URLS, "avatar": URLS}), max_size=3
    ),
    "tags": st.lists(TEXT, max_size=3),
    "categories": st.lists(CATEGORIES, max_size=3),
    "url": URLS,
    "image": URLS,
    "image_details": st.fixed_dictionaries(
        {}, optional={"width": NUMBERS, "height": NUMBERS, "caption": TEXT, "credit": TEXT}
    ),
    "attachments": st.lists(
        st.fixed_dictionaries(
            {"url": URLS, "mime_type": TYPES},
            optional={"title": TEXT, "size_in_bytes": NUMBERS, "duration_in_seconds": NUMBERS},
        ),
        max_size=3,
    )
    | st.lists(RECORDINGS, max_size=3),
    "related": st.lists(st.fixed_dictionaries({"url": URLS}, optional={"title": TEXT}), max_size=3),
    "source": st.fixed_dictionaries({"name": TEXT}, optional={"url": URLS, "feed_url": URLS}),
    "location": st.fixed_dictionaries(
        {"latitude": DEGREES, "longitude": DEGREES}, optional={"name": TEXT}
    ),
    "date_published": DATES,
    "date_modified": DATES,
}
TEXT_FIELDS = (
    *("title", "summary", "content_html", "content_text", "authors", "tags"),
    *("image_details", "attachments", "related", "source", "location"),
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def some_of(names):
    """Articles with hostile values in a few of these fields."""
    chosen = st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)
    return chosen.flatmap(lambda few_: st.fixed_dictionaries({name: FIELDS[name] for name in few_}))


class Tags(HTMLParser):
    """The opening tags of a document and their attributes."""

    def __init__(self, html):
        super().__init__()
        self.names, self.attributes = set(), {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes |= dict(attrs)


def send(newsroom, message):
    # In ASCII, so that what is no text (a lone surrogate) can be sent at all.
    return newsroom.send(json.dumps(message).encode())


def check_answer(response):
    """Give whether an article was taken; a refusal names the fields at fault."""
    assert response.status_code in (200, 400, 422), response.text
    if response.status_code != 200:
        assert response.json["errors"], response.text
        assert all(error["message"] for error in response.json["errors"])
    return response.status_code == 200


def check_feeds(client, expected):
    """Every format is well-formed, and readers see as many entries as are expected."""
    for name in ("rss", "atom"):
        document = client.get(f"/feeds/all.{name}").data
        etree.fromstring(document, etree.XMLParser(recover=False, resolve_entities=False))
        parsed = feedparser.parse(document)
        assert not parsed.bozo, parsed.bozo_exception
        assert len(parsed.entries) == expected
    items = json.loads(client.get("/feeds/all.json").data.decode())["items"]
    assert len(items) == expected
    return items


def check_article(newsroom, fields):
    """An article with these fields is refused with a reason, or is harmless in every feed."""
    article_id = uuid.uuid4().hex
    response = send(newsroom, event(article(article_id, image="/a.jpg") | fields))
    if not check_answer(response):
        check_feeds(newsroom.client, 0)
        return
    (result,) = response.json["events"]
    assert result["status"] == "created"
    is_visible = "visible_at" not in result
    for item in check_feeds(newsroom.client, 1 if is_visible else 0):
        tags = Tags(item["content_html"])
        assert not tags.names & {"script", "style", "iframe", "form", "object", "svg", "plaintext"}
        assert not [name for name in tags.attributes if name.startswith(("on", "style"))]
        assert not [one for one in tags.attributes.values() if (one or "").startswith("javascript")]
    assert send(newsroom, withdraw(article_id)).json["events"][0]["status"] == "withdrawn"


@hostile
@given(fields=some_of(TEXT_FIELDS))
def test_hostile_text_breaks_no_feed(sqlite_newsroom, fields):
    check_article(sqlite_newsroom[0], fields)


@hostile
@given(fields=some_of(list(FIELDS)))
def test_hostile_fields_break_no_feed(sqlite_newsroom, fields):
    check_article(sqlite_newsroom[0], fields)


@few
@given(data=st.fixed_dictionaries({}, optional=dict.fromkeys(("id", *FIELDS), JSON_VALUES)))
def test_fields_of_any_type_are_refused_or_taken(sqlite_newsroom, data):
    newsroom = sqlite_newsroom[0]
    check_answer(send(newsroom, event(article(uuid.uuid4().hex) | data)))
    etree.fromstring(newsroom.client.get("/feeds/all.rss").data)


@few
@given(message=JSON_VALUES | st.fixed_dictionaries({"events": JSON_VALUES}))
def test_any_json_is_refused_with_a_reason(sqlite_newsroom, message):
    assert not check_answer(send(sqlite_newsroom[0], message))


@few
@given(body=st.binary() | TEXT.map(lambda text: text.encode(errors="surrogatepass")))
def test_any_bytes_are_refused_with_a_reason(sqlite_newsroom, body):
    assert not check_answer(sqlite_newsroom[0].send_raw(body))


@few
@given(text=TEXT)
def test_hostile_id_is_refused_or_kept_as_it_is(sqlite_newsroom, text):
    newsroom = sqlite_newsroom[0]
    response = send(newsroom, event(article(text, url="https://news.example/a")))
    # What JSON makes of it: two surrogates that follow each other are one character.
    said = json.loads(json.dumps(text))[:MAX_ID_CHARS]
    assert response.json["events"][0]["id"] == re.sub("[\ud800-\udfff]", "\ufffd", said)
    if check_answer(response):
        check_feeds(newsroom.client, 1)
        send(newsroom, withdraw(text))


@few
@given(name=TEXT, value=TEXT)
def test_hostile_query_is_answered(sqlite_newsroom, name, value):
    query = {name.encode(errors="replace").decode(): value.encode(errors="replace").decode()}
    for parameters in (query, {"limit": next(iter(query.values()))}):
        response = sqlite_newsroom[0].client.get("/feeds/all.rss", query_string=parameters)
        assert response.status_code in (200, 400)


@pytest.mark.parametrize(
    "markup",
    [
        *("<p>\u0338 onmouseover=x() y</p>", "<p>&#824; onmouseover=x() y</p>", "<div>" * 4000),
        *("<b>" * 2000 + "</p>" * 2000, "<" * 20_000, "<a " * 20_000, "<!--" * 20_000),
        *("&" * 20_000, "<p " + "a " * 20_000 + ">", "\n" * 20_000 + "x", "a\u0301" * 20_000),
        *("a" + "\u0301\u0323" * 5_000,),
    ],
    ids=range(12),
)
@pytest.mark.parametrize("field", ["content_html", "content_text"])
def test_hostile_markup_breaks_no_feed(sqlite_newsroom, field, markup):
    check_article(sqlite_newsroom[0], {"content_html": None, field: markup})
