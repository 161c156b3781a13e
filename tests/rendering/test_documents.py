"""Whole documents against golden files, and what lets them be joined from fragments.

After a change of the formats that is meant, `UPDATE_GOLDEN=1 pytest tests/rendering` writes the
files anew; read their difference before it is committed.
"""

import json
import locale
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import feedparser
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from lxml import etree

from feedsvc.articles.article import Article, Attachment, Author, Category, Policy
from feedsvc.articles.details import (
    Agency,
    Details,
    Episode,
    Location,
    Person,
    Picture,
    Related,
    Transcript,
)
from feedsvc.rendering.document import (
    ATOM,
    FORMATS,
    JSON,
    RSS,
    Channel,
    join_document,
    render_document,
)
from feedsvc.rendering.podcast import Podcast
from feedsvc.rendering.push import Cloud, Push
from feedsvc.rendering.terms import Rsl, Terms, present

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
ROOT = Path(__file__).resolve().parents[2]

CHANNEL = Channel(
    title="Báo tỉnh – Tin & bài <mới>",
    description="Tin tức “24/7” của tỉnh & huyện",
    language="vi",
    base_url="https://feeds.example/feeds/all",
    query="?limit=10",
    home_url="https://news.example",
    author="Báo tỉnh",
    updated_at=datetime(2023, 1, 9, 10, 5, 0, 999_999, tzinfo=UTC),
    ttl_minutes=5,
    stylesheet_url="https://feeds.example/static/feed.vi.css",
    push=Push(
        ("https://feeds.example/hub", "https://hub.example/?a=1&b=2"),
        Cloud("feeds.example", 443, "/rsscloud/pleaseNotify", "https-post"),
    ),
)

PARTY_MEETING = Article(
    guid="urn:uuid:00000000-0000-5000-8000-000000000001",
    url="https://news.example/2023/01/09/dang-uy-khoi?a=1&b=%C3%AA",
    title="Đảng ủy Khối: “Nhiệm vụ” & kế hoạch năm 2023",
    summary='Ngày 9/1, Đảng ủy Khối tổ chức hội nghị; dự toán < 5 tỷ & "tiết kiệm".',
    content_html=(
        "<p>Ngày 9/1, <strong>Đảng ủy Khối</strong> tổ chức hội nghị.</p>"
        '<figure><img src="https://news.example/anh/1.jpg" alt="Toàn cảnh">'
        "<figcaption>Quang cảnh hội nghị. Ảnh: B.H</figcaption></figure>"
        "<table><tbody><tr><td>1 &lt; 2 &amp;&amp; 3 &gt; 2</td></tr></tbody></table>"
    ),
    language="vi",
    image="https://news.example/anh/1.JPG",
    authors=(Author("B.H"), Author("Nguyễn Thị Ánh", "https://news.example/tac-gia/anh")),
    tags=("hội nghị", "R&D", "năm 2023"),
    categories=(Category("xay-dung-dang", "Xây dựng Đảng"), Category("kinh-te", "Kinh tế")),
    attachments=(
        Attachment("https://news.example/nq.pdf", "application/pdf", "Nghị quyết", 123_456),
        Attachment("https://news.example/doc.mp3", "audio/mpeg", None, 7_654_321, 312.5),
    ),
    published_at=datetime(2023, 1, 9, 9, 30, 0, 123_456, tzinfo=UTC),
    modified_at=datetime(2023, 1, 9, 10, 5, 0, 999_999, tzinfo=UTC),
)
BARE = Article(
    guid="urn:uuid:00000000-0000-5000-8000-000000000002",
    url="https://news.example/2",
    title="Tin vắn",
    summary="",
    content_html="",
    language=None,
    image=None,
    authors=(),
    tags=(),
    categories=(),
    attachments=(),
    published_at=datetime(2023, 1, 8, 17, 0, tzinfo=UTC),
    modified_at=datetime(2023, 1, 8, 17, 0, tzinfo=UTC),
)
ENGLISH = replace(
    BARE,
    guid="urn:uuid:00000000-0000-5000-8000-000000000003",
    url="https://news.example/en/3",
    title='It\'s "done": CDATA ends with ]]> & so on',
    summary="It's done.",
    content_html="<p>A tag is &lt;b&gt;, an end is ]]&gt;.\n\tA carriage return: \r.</p>",
    language="en-GB",
    image="https://news.example/picture",
    authors=(Author("Jane O'Neill & Sons"),),
    tags=("tag",),
    categories=(Category("world", "World & Wales"),),
    attachments=(Attachment("https://news.example/v.mp4?a=1&b=2", "video/mp4"),),
)
EMOJI_ONLY_CONTENT = replace(
    BARE,
    guid="urn:uuid:00000000-0000-5000-8000-000000000004",
    url="https://news.example/4",
    title="👩🏽‍🚒 cứu hộ 🇻🇳",
    content_html="<p>👍</p>",
    tags=("😀",),
)
RIGHT_TO_LEFT = replace(
    BARE,
    guid="urn:uuid:00000000-0000-5000-8000-000000000005",
    url="https://news.example/5",
    title="مرحبا \u202eabc\u202c بالعالم",
    summary="ملخص",
    content_html='<p dir="rtl">مرحبا بالعالم</p>',
    language="ar",
    authors=(Author("كاتب", "https://news.example/%D9%83"),),
    published_at=datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
)
#: All that an entry can say.
RICH = replace(
    BARE,
    guid="urn:uuid:00000000-0000-5000-8000-000000000006",
    url="https://news.example/6",
    title="Bản tin sáng: bão số 4 & lũ",
    summary="Bản tin ngày 9/1.",
    content_html="<p>Bản tin.</p>",
    language="vi",
    image="https://news.example/bao.jpg",
    authors=(
        Author("Thu Hà", "https://news.example/thu-ha", "https://news.example/thu-ha.jpg"),
        Author("TTXVN"),
    ),
    attachments=(
        Attachment(
            "https://news.example/bao.webp",
            "image/webp",
            "Sóng <lớn>",
            54_321,
            width=1_600,
            height=900,
            caption='Sóng cao 4 m ở cửa biển & "kè" bị sạt',
            credit="Minh Tuấn / TTXVN",
        ),
        Attachment(
            "https://news.example/ban-tin.mp3",
            "audio/mpeg",
            "Bản tin sáng",
            7_654_321,
            312.5,
            caption="Nghe bản tin.",
            thumbnail="https://news.example/ban-tin.png",
            episode=Episode(
                season=2,
                number=14,
                kind="full",
                is_explicit=False,
                chapters="https://news.example/ban-tin.chapters.json",
                transcripts=(
                    Transcript("https://news.example/ban-tin.vtt", "text/vtt", "vi"),
                    Transcript("https://news.example/ban-tin.html", "text/html"),
                ),
                persons=(
                    Person("Thu Hà", "Host", "https://news.example/thu-ha"),
                    Person("Bùi & Sơn", "guest", None, "https://news.example/son.jpg"),
                    Person("Kỹ thuật viên"),
                ),
            ),
        ),
        Attachment(
            "https://news.example/bao.mp4", "video/mp4", None, None, 61.0, width=1_280, height=720
        ),
    ),
    modified_at=datetime(2023, 1, 9, 1, 0, tzinfo=UTC),
    details=Details(
        picture=Picture(1_200, 800, "Sóng lớn. <Ảnh>", "Minh Tuấn", "Sóng đánh vào kè"),
        related=(
            Related("https://news.example/5?a=1&b=2", "Bão số 4 đổi hướng & mạnh lên"),
            Related("https://news.example/4"),
        ),
        agency=Agency("TTXVN", "https://agency.example", "https://agency.example/rss.xml"),
        location=Location(16.4637, -107.59, "Huế & Đà Nẵng"),
    ),
)
#: Taken over from an agency of which only the name is known, at the corner of all degrees.
AGENCY_COPY = replace(
    BARE,
    guid="urn:uuid:00000000-0000-5000-8000-000000000007",
    url="https://news.example/7",
    details=Details(agency=Agency("AP & Co"), location=Location(0.0, 0.00001)),
)
ARTICLES = (
    *(PARTY_MEETING, BARE, ENGLISH, EMOJI_ONLY_CONTENT, RIGHT_TO_LEFT),
    *(RICH, AGENCY_COPY),
)
PODCAST = Podcast(
    author="Báo tỉnh",
    image="https://news.example/bia.jpg",
    category="News",
    subcategory="Daily News",
    owner_name="Ban biên tập",
    owner_email="podcast@news.example",
    funding_url="https://news.example/ung-ho",
    funding_text="Ủng hộ tòa soạn",
    is_locked=True,
)

TERMS = Terms(
    rights="© 2023 Báo tỉnh & cộng sự",
    license_url="https://creativecommons.org/licenses/by-nd/4.0/?a=1&b=2",
    attribution="Nguồn: Báo tỉnh <baotinh.example>",
    rsl=Rsl(("search", "ai-input"), ("ai-train",), "attribution"),
)
LICENSED = tuple(present(article, Policy.FULL, TERMS) for article in ARTICLES)

DOCUMENTS = {
    "full": (CHANNEL, ARTICLES),
    "empty": (replace(CHANNEL, query=""), ()),
    "podcast": (replace(CHANNEL, podcast=PODCAST), (RICH, BARE)),
    "licensed": (replace(CHANNEL, terms=TERMS), LICENSED),
}


def render_all():
    """Every document by the name of its golden file."""
    return {
        f"{name}.{format_.name}": render_document(format_, *document)
        for name, document in DOCUMENTS.items()
        for format_ in FORMATS.values()
    }


@pytest.fixture(params=FORMATS.values(), ids=FORMATS)
def each_format(request):
    return request.param


@pytest.fixture(params=[RSS, ATOM], ids=["rss", "atom"])
def xml_format(request):
    return request.param


# Golden files


@pytest.mark.parametrize("name", [f"{d}.{f}" for d in DOCUMENTS for f in FORMATS])
def test_document_is_its_golden_file(name):
    path, rendered = GOLDEN / name, render_all()[name]
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_bytes(rendered)
        pytest.fail(f"UPDATE_GOLDEN=1: {path.name} was written, not tested; now run without it.")
    assert rendered == path.read_bytes()


# Fragments


def test_fragments_of_a_batch_are_those_of_single_articles(each_format):
    batch = each_format.render_entries(ARTICLES)
    assert batch == [each_format.render_entries([article])[0] for article in ARTICLES]


def test_no_articles_are_no_fragments(each_format):
    assert each_format.render_entries([]) == []


def test_document_is_its_head_fragments_and_tail(each_format):
    head, tail = each_format.render_frame(CHANNEL)
    joined = each_format.separator.join(each_format.render_entries(ARTICLES))
    assert render_document(each_format, CHANNEL, ARTICLES) == head + joined + tail


def test_fragment_does_not_depend_on_its_feed(each_format):
    other = replace(CHANNEL, title="x", language="en", base_url="https://a.example/b", query="")
    podcast = replace(CHANNEL, podcast=PODCAST)
    for article in (PARTY_MEETING, RICH):
        fragment = each_format.render_entries([article])[0]
        for channel in (CHANNEL, other, podcast):
            assert render_document(each_format, channel, [article, BARE]).count(fragment) == 1


@pytest.mark.parametrize("format_name", ["rss", "atom"])
def test_fragment_is_what_the_serialised_whole_holds(format_name):
    """Parsed and written once more, the whole has the same bytes: nothing was cut awry."""
    document = render_document(FORMATS[format_name], CHANNEL, ARTICLES)
    tree = etree.fromstring(document).getroottree()
    again = etree.tostring(tree, encoding="UTF-8", xml_declaration=True)
    assert again == document


def test_text_that_looks_like_the_end_of_an_entry_ends_nothing(each_format):
    trap = "</entry></item></feed></channel>]}"
    article = replace(
        BARE,
        title=trap,
        summary=trap,
        content_html=f"<p>{trap}",
        tags=(trap,),
        authors=(Author(trap),),
        attachments=(Attachment("https://a.example/", "a/b", trap),),
    )
    batch = each_format.render_entries([article, BARE, article])
    assert batch == [each_format.render_entries([one])[0] for one in (article, BARE, article)]


xml_text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff")
)


@hypothesis_settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(xml_text.filter(bool), xml_text, xml_text), min_size=1, max_size=4))
def test_any_text_renders_the_same_in_a_batch_and_alone(texts):
    articles = [
        replace(BARE, title=title, summary=summary, content_html=content, tags=(title,))
        for title, summary, content in texts
    ]
    for format_ in FORMATS.values():
        batch = format_.render_entries(articles)
        assert batch == [format_.render_entries([article])[0] for article in articles]


# The same values, the same bytes


def test_rendering_twice_gives_the_same_bytes(each_format):
    first = render_document(each_format, CHANNEL, ARTICLES)
    assert render_document(each_format, CHANNEL, ARTICLES) == first


@pytest.mark.parametrize("zone", ["America/St_Johns", "Asia/Ho_Chi_Minh", "Pacific/Kiritimati"])
def test_machine_in_another_zone_gives_the_same_bytes(zone, monkeypatch):
    expected = render_all()
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        try:
            assert render_all() == expected
        finally:
            patch.undo()
            time.tzset()


def test_rendering_leaves_the_locale_of_the_process_alone(monkeypatch):
    """feedgen's own dates switch it, under the feet of other threads."""

    def refuse(*_args):
        pytest.fail("the process's locale was touched")

    monkeypatch.setattr(locale, "setlocale", refuse)
    monkeypatch.setattr(locale, "_setlocale", refuse)
    render_all()


def test_process_of_another_locale_gives_the_same_bytes():
    expected, before = render_all(), locale.setlocale(locale.LC_ALL)
    try:
        _switch_to_other_month_names()
        assert render_all() == expected
    finally:
        locale.setlocale(locale.LC_ALL, before)


def _switch_to_other_month_names():
    for name in ("vi_VN.UTF-8", "de_DE.UTF-8", "fr_FR.UTF-8", "ru_RU.UTF-8"):
        with suppress(locale.Error):
            locale.setlocale(locale.LC_ALL, name)
            return
    pytest.skip("this machine has no locale in which months have other names")


@pytest.mark.parametrize("seed", ["1", "2"])
def test_process_of_another_hash_seed_locale_and_zone_gives_the_same_bytes(seed):
    script = (
        "import sys; from tests.rendering.test_documents import render_all; "
        "sys.stdout.buffer.write(b'\\0'.join(render_all().values()))"
    )
    variables = {"PYTHONHASHSEED": seed, "LC_ALL": "C", "LANG": "C", "TZ": "Asia/Kathmandu"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"\0".join(render_all().values())


def test_dates_have_whole_seconds(each_format):
    whole = each_format.render_entries([PARTY_MEETING])
    plain = replace(
        PARTY_MEETING,
        published_at=PARTY_MEETING.published_at.replace(microsecond=0),
        modified_at=PARTY_MEETING.modified_at.replace(microsecond=0),
    )
    assert each_format.render_entries([plain]) == whole
    assert b"999999" not in render_document(each_format, CHANNEL, [PARTY_MEETING])


@pytest.mark.parametrize(
    "title", ["Tin", "Fri, 31 Dec 9999 23:59:59 GMT 9999-12-31T23:59:59+00:00"]
)
def test_a_frame_has_its_own_time_whatever_was_written_before(xml_format, title):
    channel = replace(CHANNEL, title=title)
    documents = [
        render_document(xml_format, replace(channel, updated_at=at), [])
        for at in (datetime(2023, 1, 9, tzinfo=UTC), datetime(2024, 2, 10, tzinfo=UTC))
    ]
    read_again = [feedparser.parse(document).feed for document in documents]
    assert [feed.updated_parsed[:3] for feed in read_again] == [(2023, 1, 9), (2024, 2, 10)]
    assert {feed.title for feed in read_again} == {title}


# Read back


def read(format_, articles=ARTICLES):
    document = render_document(format_, CHANNEL, articles)
    # Texts as they stand, without feedparser's own cleaning.
    parsed = feedparser.parse(document, sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo, parsed.get("bozo_exception")
    return parsed


def test_reader_sees_every_article_in_order(xml_format):
    assert [entry.id for entry in read(xml_format).entries] == [one.guid for one in ARTICLES]


@pytest.mark.parametrize("article", [PARTY_MEETING, BARE, ENGLISH, EMOJI_ONLY_CONTENT])
def test_reader_sees_the_title(xml_format, article):
    (entry,) = read(xml_format, [article]).entries
    assert entry.title == article.title


def test_reader_sees_the_address(xml_format):
    for entry, article in zip(read(xml_format).entries, ARTICLES, strict=True):
        assert entry.link == article.url


def test_reader_sees_the_authors(xml_format):
    (entry,) = read(xml_format, [PARTY_MEETING]).entries
    assert [author.name for author in entry.authors] == ["B.H", "Nguyễn Thị Ánh"]


def test_reader_sees_no_author_where_there_is_none(xml_format):
    (entry,) = read(xml_format, [BARE]).entries
    assert "author" not in entry or entry.author == CHANNEL.author


def test_reader_sees_when_an_article_was_published(xml_format):
    for entry, article in zip(read(xml_format).entries, ARTICLES, strict=True):
        published_at = datetime(*entry.published_parsed[:6], tzinfo=UTC)
        assert published_at == article.published_at.replace(microsecond=0)


def test_atom_reader_sees_when_an_article_was_modified():
    (entry,) = read(ATOM, [PARTY_MEETING]).entries
    assert datetime(*entry.updated_parsed[:6], tzinfo=UTC) == datetime(
        2023, 1, 9, 10, 5, tzinfo=UTC
    )


def test_reader_sees_the_body(xml_format):
    (entry,) = read(xml_format, [PARTY_MEETING]).entries
    (content,) = entry.content
    assert content.type == "text/html"
    assert content.value == PARTY_MEETING.content_html


def test_reader_sees_the_body_of_an_article_without_summary(xml_format):
    (entry,) = read(xml_format, [EMOJI_ONLY_CONTENT]).entries
    body = entry.content[0].value if "content" in entry else entry.summary
    assert body == EMOJI_ONLY_CONTENT.content_html


def test_atom_reader_sees_the_summary_as_text():
    (entry,) = read(ATOM, [PARTY_MEETING]).entries
    assert entry.summary_detail.type == "text/plain"
    assert entry.summary == PARTY_MEETING.summary


def test_rss_reader_sees_the_summary_as_html_that_says_the_same():
    (entry,) = read(RSS, [PARTY_MEETING]).entries
    assert entry.summary == PARTY_MEETING.summary.replace("&", "&amp;").replace("<", "&lt;")


def test_reader_sees_categories_and_tags(xml_format):
    (entry,) = read(xml_format, [PARTY_MEETING]).entries
    names = [tag.label or tag.term for tag in entry.tags]
    assert names == ["Xây dựng Đảng", "Kinh tế", "hội nghị", "R&D", "năm 2023"]


def test_rss_reader_gets_what_can_be_played_as_the_enclosure():
    (entry,) = read(RSS, [PARTY_MEETING]).entries
    (enclosure,) = entry.enclosures
    assert (enclosure.href, enclosure.type, enclosure.length) == (
        "https://news.example/doc.mp3",
        "audio/mpeg",
        "7654321",
    )


def test_atom_reader_gets_every_attachment_as_an_enclosure():
    (entry,) = read(ATOM, [PARTY_MEETING]).entries
    assert [enclosure.href for enclosure in entry.enclosures] == [
        "https://news.example/nq.pdf",
        "https://news.example/doc.mp3",
    ]


def test_reader_sees_the_picture(xml_format):
    (entry,) = read(xml_format, [PARTY_MEETING]).entries
    assert entry.media_thumbnail == [{"url": "https://news.example/anh/1.JPG"}]
    assert entry.media_content[0]["type"] == "image/jpeg"


def test_picture_of_no_known_suffix_has_no_type(xml_format):
    (entry,) = read(xml_format, [ENGLISH]).entries
    assert "type" not in entry.media_content[0]


def test_reader_sees_what_the_feed_says_of_itself(xml_format):
    feed = read(xml_format).feed
    assert (feed.subtitle, feed.language) == (CHANNEL.description, "vi")
    assert feed.link == "https://news.example"
    assert [link.href for link in feed.links if link.rel == "self"] == [
        f"https://feeds.example/feeds/all.{xml_format.name}?limit=10"
    ]
    assert datetime(*feed.updated_parsed[:6], tzinfo=UTC) == datetime(2023, 1, 9, 10, 5, tzinfo=UTC)


def test_json_says_what_the_article_says():
    (item,) = json.loads(render_document(JSON, CHANNEL, [PARTY_MEETING]))["items"]
    assert item == {
        "id": PARTY_MEETING.guid,
        "url": PARTY_MEETING.url,
        "title": PARTY_MEETING.title,
        "summary": PARTY_MEETING.summary,
        "content_html": PARTY_MEETING.content_html,
        "language": "vi",
        "image": PARTY_MEETING.image,
        "authors": [
            {"name": "B.H"},
            {"name": "Nguyễn Thị Ánh", "url": "https://news.example/tac-gia/anh"},
        ],
        "tags": ["Xây dựng Đảng", "Kinh tế", "hội nghị", "R&D", "năm 2023"],
        "attachments": [
            {
                "url": "https://news.example/nq.pdf",
                "mime_type": "application/pdf",
                "title": "Nghị quyết",
                "size_in_bytes": 123456,
            },
            {
                "url": "https://news.example/doc.mp3",
                "mime_type": "audio/mpeg",
                "size_in_bytes": 7654321,
                "duration_in_seconds": 312.5,
            },
        ],
        "date_published": "2023-01-09T09:30:00Z",
        "date_modified": "2023-01-09T10:05:00Z",
        "_feedsvc": {
            "categories": [
                {"slug": "xay-dung-dang", "name": "Xây dựng Đảng"},
                {"slug": "kinh-te", "name": "Kinh tế"},
            ]
        },
    }


@pytest.mark.parametrize("format_", FORMATS.values(), ids=FORMATS)
def test_entries_that_were_rendered_alone_make_the_same_document(format_):
    fragments = [fragment for one in ARTICLES for fragment in format_.render_entries([one])]
    urls = [one.url for one in ARTICLES]
    whole = render_document(format_, CHANNEL, ARTICLES)
    assert join_document(format_, CHANNEL, fragments, urls) == whole
