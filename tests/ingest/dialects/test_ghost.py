"""Ghost's webhooks as native events."""

import copy
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
from feedsvc.ingest.dialects import ghost, native
from feedsvc.ingest.dialects.translation import Options, Translation
from feedsvc.ingest.events import Event, Origin, Save, Withdraw
from tests.conftest import SHARED, make_settings

SETTINGS = make_settings("sqlite:///unused.db")
SAMPLE = SHARED / "real/ghost/post-added.json"
POST: dict[str, Any] = {
    "id": "63bbd1c0a1b2c3d4e5f60718",
    "comment_id": "5f0000000000000000000001",
    "slug": "cau-moi",
    "url": "https://news.example/cau-moi/",
    "canonical_url": "https://elsewhere.example/bridge",
    "title": "Cầu mới thông xe",
    "html": "<p>Sáng 9/1, cây cầu được thông xe.</p>",
    "plaintext": "Sáng 9/1, cây cầu được thông xe.",
    "custom_excerpt": "Cây cầu nối hai bờ sông.",
    "excerpt": "Cut by Ghost from the text",
    "feature_image": "https://news.example/content/images/cau.jpg",
    "feature_image_alt": None,
    "feature_image_caption": None,
    "status": "published",
    "visibility": "public",
    "email_only": False,
    "published_at": "2023-01-09T09:30:00.000Z",
    "updated_at": "2023-01-09T10:00:00.000Z",
    "authors": [
        {"name": "T.H", "url": "https://news.example/author/t-h/", "email": "t.h@news.example"}
    ],
    "tags": [
        {"name": "#noi-bo", "slug": "hash-noi-bo", "visibility": "internal"},
        {"name": "Hạ tầng", "slug": "ha-tang", "visibility": "public"},
        {"name": "Cầu đường", "slug": "cau-duong", "visibility": "public"},
    ],
}
GATED = (
    '<p>a</p><!--kg-gated-block:begin nonMember:{} memberSegment:"status:free" --><p>b</p>'
    "<!--kg-gated-block:end--><p>c</p>"
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*POST, "name", "post", "current"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def changed(**fields: Any) -> dict[str, Any]:
    """A webhook's body on the post, with `fields` over it."""
    return {"post": {"current": POST | fields, "previous": {"updated_at": POST["updated_at"]}}}


def translated(body: Any, options: Options | None = None) -> Translation:
    [item] = ghost.list_items(body)
    assert item.pointer == ""
    return ghost.translate(item.value, options or Options())


def data(body: Any) -> Any:
    return translated(body).event["data"]


def read(body: Any) -> Event:
    """What becomes of a body; a fault is told at its place there."""
    translation = translated(body)
    origin = Origin("ghost", None, datetime(2027, 1, 1, tzinfo=UTC), Budget(10_000))
    try:
        return native.read_event(translation.event, origin, SETTINGS)
    except EventError as error:
        raise EventError([translation.place(fault) for fault in error.faults]) from None


def faults(body: Any) -> list[str]:
    """The pointers of what is wrong with a body."""
    with pytest.raises(EventError) as caught:
        read(body)
    return [fault.pointer for fault in caught.value.faults]


def saved(body: Any) -> Any:
    event = read(body)
    assert isinstance(event, Save)
    return event.draft


def test_published_post_is_saved_whole():
    draft = saved(changed())
    assert draft.external_id == POST["id"]
    assert draft.title == "Cầu mới thông xe"
    assert draft.summary == "Cây cầu nối hai bờ sông."
    assert draft.content_html == POST["html"]
    assert draft.image == POST["feature_image"]
    assert [(a.name, a.url) for a in draft.authors] == [("T.H", POST["authors"][0]["url"])]
    assert draft.published_at == datetime(2023, 1, 9, 9, 30, tzinfo=UTC)
    assert draft.modified_at == datetime(2023, 1, 9, 10, tzinfo=UTC)
    assert draft.language is None


def test_clean_post_has_no_warnings():
    assert translated(changed()).warnings == ()
    assert read(changed()).warnings == ()


def test_picture_has_its_caption_and_alternative_text():
    caption = '<span style="white-space: pre-wrap;">Cây cầu &amp; sông</span>'
    body = changed(feature_image_caption=caption, feature_image_alt="Cầu mới")
    picture = saved(body).details.picture
    assert (picture.caption, picture.alt) == ("Cây cầu & sông", "Cầu mới")
    assert read(body).warnings == ()


def test_caption_without_a_picture_is_no_news():
    body = changed(feature_image=None, feature_image_caption="a")
    assert saved(body).details == NO_DETAILS
    assert read(body).warnings == ()


@pytest.mark.parametrize("text", ["<b>" * 2_000, "a" * 30_000])
def test_caption_that_is_too_much_is_told_at_its_place(text):
    place = "/post/current/feature_image_caption"
    assert faults(changed(feature_image_caption=text)) == [place]


@pytest.mark.parametrize("picture", ["https://a.example/t.jpg", "//a.example/t.jpg", 1, None])
def test_author_has_a_picture_where_it_has_an_address(picture):
    body = changed(authors=[{"name": "T.H", "profile_image": picture}])
    is_address = isinstance(picture, str) and picture.startswith("https://")
    assert saved(body).authors[0].avatar == (picture if is_address else None)


def test_guid_is_that_of_ghosts_own_feed():
    assert data(changed())["guid"] == POST["id"]


def test_address_is_the_posts_own_and_not_the_canonical_one():
    assert data(changed())["url"] == POST["url"]


def test_first_public_tag_is_the_section_and_the_others_are_tags():
    assert data(changed())["categories"] == [{"slug": "ha-tang", "name": "Hạ tầng"}]
    assert data(changed())["tags"] == ["Cầu đường"]


@pytest.mark.parametrize("hidden", [{"visibility": "internal"}, {"name": "#kín"}])
def test_internal_tag_is_never_shown(hidden):
    assert "kín" not in json.dumps(data(changed(tags=[{"name": "kín"} | hidden])))


def test_slug_that_no_feed_can_have_is_made_from_the_name():
    tags = [{"name": "Hạ tầng", "slug": "hạ--tầng"}]
    assert saved(changed(tags=tags)).filings[0].slug == "ha-tang"


@pytest.mark.parametrize("status", ["draft", "scheduled", "sent", "unheard-of"])
def test_post_that_is_not_public_is_withdrawn(status):
    event = read(changed(status=status, url="https://news.example/404/", html=None))
    assert isinstance(event, Withdraw)
    assert event.external_id == POST["id"]


def test_post_for_email_alone_is_withdrawn():
    assert isinstance(read(changed(email_only=True)), Withdraw)


def test_deleted_post_is_withdrawn_by_what_it_was():
    body = {"post": {"current": {}, "previous": POST}}
    assert isinstance(read(body), Withdraw)
    assert data(body) == {
        "id": POST["id"],
        "guid": POST["id"],
        "date_modified": POST["updated_at"],
    }


def test_what_is_withdrawn_carries_nothing_of_the_article():
    assert set(data(changed(status="draft"))) == {"id", "guid", "date_modified"}


@pytest.mark.parametrize("visibility", ["members", "paid", "tiers", "unheard-of", None])
def test_nothing_of_a_members_post_but_headline_and_own_excerpt_is_shown(visibility):
    body = changed(visibility=visibility, html="<p>paid</p>", plaintext="paid", excerpt="paid")
    draft = saved(body)
    assert (draft.title, draft.summary) == (POST["title"], POST["custom_excerpt"])
    assert draft.content_html == ""
    assert "paid" not in json.dumps(data(body))
    assert [warning.pointer for warning in translated(body).warnings] == [
        "/post/current/visibility"
    ]


def test_excerpt_that_ghost_cuts_from_the_text_is_no_summary():
    assert "summary" not in data(changed(custom_excerpt=None))


@pytest.mark.parametrize(("public", "shown"), [("true", "<p>b</p>"), ("false", "")])
def test_block_for_members_alone_is_left_out_of_a_public_post(public, shown):
    body = changed(html=GATED.format(public))
    assert saved(body).content_html == f"<p>a</p>{shown}<p>c</p>"
    assert [warning.pointer for warning in translated(body).warnings] == ["/post/current/html"]


@pytest.mark.parametrize("at", range(len("<!--kg-gated-block:begin"), len(GATED) - 9))
def test_cut_off_block_for_members_shows_nothing(at):
    cut = GATED.format("false")[:at]
    if "kg-gated-block:begin" in cut and "end-->" not in cut:
        assert "b</p>" not in data(changed(html=cut))["content_html"]


def test_text_stands_for_html_that_is_not_there():
    assert saved(changed(html=None)).content_html == f"<p>{POST['plaintext']}</p>"


def test_post_without_html_or_text_has_no_content_and_a_warning():
    body = changed(html=None, plaintext=None, lexical="{}")
    assert saved(body).content_html == ""
    assert [warning.pointer for warning in translated(body).warnings] == ["/post/current/html"]


@pytest.mark.parametrize(
    "text", ["A & B <c>", "a &amp; b", "<b>", "&lt;", "AT&T", "&copy", "1 < 2", '"q"']
)
def test_title_is_text_and_no_markup(text):
    tags = [{"name": text, "slug": "a"}, {"name": text, "slug": "b"}]
    draft = saved(changed(title=text, custom_excerpt=text, tags=tags, authors=[{"name": text}]))
    assert (draft.title, draft.summary, draft.tags) == (text, text, (text,))
    assert draft.authors[0].name == text
    assert draft.filings[0].name == text


@pytest.mark.parametrize("template", ["{slug}-{id}", "{slug}-{guid}"])
def test_post_without_an_address_is_at_the_sources_template(template):
    options = Options(f"https://app.example/{template}")
    body = changed(url="https://news.example/404/")
    event = translated(body, options).event
    assert event["data"]["url"] == f"https://app.example/cau-moi-{POST['id']}"


@pytest.mark.parametrize("slug", ["\ud800", "{id}", "a/../b", ""])
def test_slug_of_any_kind_is_one_step_of_the_address(slug):
    options = Options("https://app.example/{slug}/{id}")
    address = translated(changed(url="/404/", slug=slug), options).event["data"]["url"]
    assert address.isascii()
    assert address.count("/") == 4
    assert address.endswith(f"/{POST['id']}")


def test_post_without_an_address_or_template_is_refused():
    assert faults(changed(url="https://news.example/404/")) == ["/post/current/url"]


@pytest.mark.parametrize("body", [{"page": {}}, {"member": {}}, {"tag": {}}, {}])
def test_what_is_no_post_is_refused_with_the_webhooks_to_choose(body):
    with pytest.raises(EventError, match=r"Post published.*Post deleted"):
        translated(body)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"id": None}, "/post/current/id"),
        ({"id": {}}, "/post/current/id"),
        ({"id": " 1"}, "/post/current/id"),
        ({"status": None}, "/post/current/status"),
        ({"status": []}, "/post/current/status"),
        ({"title": None}, "/post/current/title"),
        ({"title": 5}, "/post/current/title"),
        ({"title": " "}, "/post/current/title"),
        ({"url": None}, "/post/current/url"),
        ({"url": "news"}, "/post/current/url"),
        ({"html": []}, "/post/current/html"),
        ({"html": None, "plaintext": 1}, "/post/current/plaintext"),
        ({"custom_excerpt": {}}, "/post/current/custom_excerpt"),
        ({"feature_image": 1}, "/post/current/feature_image"),
        ({"published_at": None}, "/post/current/published_at"),
        ({"published_at": "soon"}, "/post/current/published_at"),
        ({"updated_at": 1673258400}, "/post/current/updated_at"),
        ({"tags": "a"}, "/post/current/tags"),
        ({"tags": [None]}, "/post/current/tags/0"),
        ({"tags": [{"name": 1}]}, "/post/current/tags/0/name"),
        ({"tags": [*POST["tags"], {}]}, "/post/current/tags/3/name"),
        ({"authors": {}}, "/post/current/authors"),
        ({"authors": [{"name": "a"}, 1]}, "/post/current/authors/1"),
        ({"authors": [{"name": "a", "url": 1}]}, "/post/current/authors/0/url"),
    ],
)
def test_fault_is_told_at_the_posts_own_field(fields, pointer):
    assert set(faults(changed(**fields))) == {pointer}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        (None, ""),
        ({"post": []}, "/post"),
        ({"post": None}, "/post/previous/id"),
        ({"post": {"current": "x"}}, "/post/current"),
        ({"post": {"current": {}, "previous": 1}}, "/post/previous"),
        ({"post": {"current": {}, "previous": {"title": "x"}}}, "/post/previous/id"),
        ({"post": {"previous": {"id": "1", "updated_at": 1}}}, "/post/previous/updated_at"),
    ],
)
def test_body_that_is_none_of_ghosts_is_refused_at_its_place(body, pointer):
    assert faults(body) == [pointer]


def test_translating_changes_nothing_in_the_message():
    body = changed()
    before = copy.deepcopy(body)
    translated(body)
    assert body == before


@settings(deadline=None)
@given(JSON)
def test_any_json_is_translated_or_refused(value):
    with suppress(EventError):
        read(value)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*POST]), JSON))
def test_any_post_is_translated_or_refused(fields):
    for current in (POST | fields, fields):
        with suppress(EventError):
            read({"post": {"current": current, "previous": fields}})


@settings(deadline=None)
@given(st.text(st.sampled_from("<>&;#amplt b/8217'\""), max_size=30))
def test_any_title_arrives_as_it_was_written(text):
    title = f"x{' '.join(text.split())}x"
    assert saved(changed(title=title)).title == title


@pytest.mark.skipif(not SAMPLE.exists(), reason="the real samples are not on this machine")
def test_real_webhook_of_a_draft_withdraws_it():
    body = json.loads(SAMPLE.read_text())
    event = read(body)
    assert isinstance(event, Withdraw)
    assert event.external_id == body["post"]["current"]["id"]


@pytest.mark.skipif(not SAMPLE.exists(), reason="the real samples are not on this machine")
def test_real_webhook_of_the_same_post_published_saves_it():
    body = json.loads(SAMPLE.read_text())
    body["post"]["current"] |= {
        "status": "published",
        "published_at": "2026-08-18T10:00:00.000Z",
        "url": "http://127.0.0.1:2369/testing-post-webhook/",
    }
    assert saved(body).authors[0].name == "Joe Bloggs"
