"""ninjs as native events: what each field becomes, and where its faults are told."""

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from feedsvc.articles.markup import Budget
from feedsvc.errors import EventError, Fault
from feedsvc.ingest.dialects import native, superdesk
from feedsvc.ingest.dialects.translation import Options
from feedsvc.ingest.events import Origin, Save, Withdraw
from feedsvc.settings import Settings
from tests.conftest import SHARED

TEMPLATE = Options("https://news.example/{slug}-{id}")
SAMPLES = sorted((*SHARED.glob("real/superdesk/*.json"), *SHARED.glob("real/ninjs/*.json")))


def item(**fields):
    """A small ninjs item, with `fields` over it; None leaves one out."""
    members = {
        "guid": "urn:newsml:news.example:2023-01-09:7",
        "version": "2",
        "type": "text",
        "pubstatus": "usable",
        "headline": "Bridge opens to traffic",
        "slugline": "BRIDGE-Opening",
        "body_html": "<p>The bridge joins both banks.</p>",
        "firstcreated": "2022-12-30T08:00:00+0000",
        "firstpublished": "2023-01-09T09:30:00+0000",
        "versioncreated": "2023-01-09T10:05:00+0000",
    } | fields
    return {name: value for name, value in members.items() if value is not None}


def newer(**fields):
    """The same in the shape of ninjs 3.0."""
    members = {
        "uri": "https://agency.example/items/7",
        "type": "text",
        "versionCreated": "2023-01-09T10:05:00Z",
        "headlines": [{"role": "main", "value": "Bridge opens to traffic"}],
        "bodies": [{"contentType": "text/html", "value": "<p>The bridge joins both banks.</p>"}],
    } | fields
    return {name: value for name, value in members.items() if value is not None}


def picture(**renditions):
    made = {
        name: {
            "href": f"https://media.example/{name}.jpg",
            "width": width,
            "mimetype": "image/jpeg",
        }
        for name, width in renditions.items()
    }
    return {"type": "picture", "renditions": made}


def sound(**fields):
    rendition = {"href": "https://media.example/a.mp3", "mimetype": "audio/mpeg"} | fields
    return {"type": "audio", "headline": "At the bridge", "renditions": {"original": rendition}}


def translated(value, options=TEMPLATE):
    return superdesk.translate(value, options)


def data(value=None, options=TEMPLATE, **fields):
    return translated(value or item(**fields), options).event["data"]


def refused(value, options=TEMPLATE):
    with pytest.raises(EventError) as caught:
        superdesk.translate(value, options)
    (fault,) = caught.value.faults
    return fault


def read(translation):
    """What the native dialect makes of the event; its faults at the item's own fields."""
    origin = Origin("desk", None, datetime(2023, 1, 9, 10, 6, tzinfo=UTC), Budget(10_000))
    try:
        return native.read_event(translation.event, origin, Settings())
    except EventError as error:
        raise EventError([translation.place(fault) for fault in error.faults]) from None


def place_of_fault(value):
    with pytest.raises(EventError) as caught:
        read(translated(value))
    return caught.value.faults[0].pointer


# Messages


def test_an_item_is_a_message():
    (only,) = superdesk.list_items(item())
    assert (only.pointer, only.value) == ("", item())


def test_each_item_of_a_list_has_its_place():
    items = superdesk.list_items([item(), newer()])
    assert [each.pointer for each in items] == ["/0", "/1"]


@pytest.mark.parametrize("message", [None, "text", 1, True, []])
def test_other_messages_are_refused(message):
    with pytest.raises(EventError):
        superdesk.list_items(message)


@pytest.mark.parametrize("value", [None, "text", 1, []])
def test_what_is_no_object_is_refused(value):
    assert refused(value).pointer == ""


# Identity


def test_the_guid_is_the_id_and_is_kept():
    said = data()
    assert said["id"] == said["guid"] == "urn:newsml:news.example:2023-01-09:7"
    assert "alias" not in said


def test_the_uri_stands_in_for_the_guid():
    assert data(newer())["id"] == "https://agency.example/items/7"


def test_an_item_without_an_id_is_refused():
    assert refused(item(guid=None)) == Fault("/guid", "is missing")


def test_an_update_takes_over_the_identity_of_what_it_evolved_from():
    said = data(guid="b", evolvedfrom="a")
    assert (said["id"], said["guid"], said["alias"]) == ("a", "a", "b")


def test_original_and_update_are_one_article_in_either_order():
    assert data(guid="a")["guid"] == data(guid="b", evolvedfrom="a")["guid"]


def test_an_update_of_an_update_can_be_told_on_to_the_first():
    update = item(guid="c", evolvedfrom="b")
    known = {"b": "a"}  # from the alias of the update before
    update["evolvedfrom"] = known[translated(update).event["data"]["id"]]
    assert (data(update)["id"], data(update)["alias"]) == ("a", "c")


def test_a_withdrawn_update_withdraws_the_article():
    said = translated(item(guid="b", evolvedfrom="a", pubstatus="canceled")).event
    assert (said["type"], said["data"]["id"], said["data"]["alias"]) == (
        "article.withdrawn",
        "a",
        "b",
    )


# Withdrawing


@pytest.mark.parametrize("status", ["canceled", "cancelled", "withheld", "withhold"])
def test_what_must_not_be_used_is_withdrawn(status):
    event = translated({"guid": "a", "type": "text", "pubstatus": status}, Options()).event
    assert event == {"type": "article.withdrawn", "data": {"id": "a", "guid": "a"}}


def test_a_withdrawal_has_its_time():
    said = data(pubstatus="canceled")
    assert said["date_modified"] == "2023-01-09T10:05:00+0000"


def test_a_package_can_be_withdrawn_without_its_body():
    event = translated(item(type="composite", body_html=None, pubstatus="canceled")).event
    assert event["type"] == "article.withdrawn"


def test_a_status_in_camel_case_is_understood():
    assert translated(newer(pubStatus="canceled")).event["type"] == "article.withdrawn"


def test_no_status_says_usable():
    assert translated(item(pubstatus=None)).event["type"] == "article.published"


def test_an_unknown_status_is_refused():
    assert refused(item(pubstatus="secret")).pointer == "/pubstatus"


# Which items are articles


@pytest.mark.parametrize("kind", ["picture", "graphic", "audio", "video", "event", "planning"])
def test_what_is_no_text_is_refused(kind):
    fault = refused(item(type=kind))
    assert fault.pointer == "/type"
    assert kind in fault.message


def test_a_package_is_refused():
    assert refused(item(type="composite", body_html=None)).pointer == "/type"


def test_a_package_with_a_story_of_its_own_is_an_article():
    assert data(type="composite")["content_html"]


@pytest.mark.parametrize("kind", [None, "preformatted"])
def test_an_untold_type_is_text(kind):
    assert data(type=kind)["title"]


# Where it is


def test_the_template_gives_the_address():
    assert (
        data()["url"] == "https://news.example/bridge-opening-urn:newsml:news.example:2023-01-09:7"
    )


def test_the_slug_is_the_headlines_where_there_is_no_slugline():
    options = Options("https://news.example/{slug}")
    assert (
        data(slugline=None, options=options)["url"]
        == "https://news.example/bridge-opens-to-traffic"
    )


def test_the_slug_is_made_of_the_text_without_markup():
    options = Options("https://news.example/{slug}")
    said = data(slugline=None, headline="<b>Đảng</b> &amp; Khối", options=options)
    assert said["url"] == "https://news.example/dang-khoi"


def test_an_id_is_escaped_in_the_address():
    said = data(guid="a/b?c ế", options=Options("https://news.example/x/{guid}"))
    assert said["url"] == "https://news.example/x/a%2Fb%3Fc%20%E1%BA%BF"


def test_the_address_of_an_update_is_the_articles():
    said = data(guid="b", evolvedfrom="a", options=Options("https://news.example/{id}"))
    assert said["url"] == "https://news.example/a"


@pytest.mark.parametrize("name", ["url", "link"])
def test_an_items_own_address_comes_first(name):
    said = data(newer(**{name: "https://news.example/own"}))
    assert said["url"] == "https://news.example/own"


def test_a_custom_field_can_have_the_address():
    translation = translated(
        item(extra={"url": "https://news.example/own", "link": {"embed": "x"}})
    )
    assert translation.event["data"]["url"] == "https://news.example/own"
    assert translation.pointers["/data/url"] == "/extra/url"


def test_a_uri_that_is_an_address_comes_before_the_template():
    assert data(newer())["url"] == "https://agency.example/items/7"


def test_a_uri_that_is_no_address_is_none():
    assert data(newer(uri="urn:x:7"))["url"].startswith("https://news.example/")


def test_an_item_without_an_address_says_what_its_source_needs():
    fault = refused(item(), Options())
    assert fault.pointer == ""
    assert "--url-template" in fault.message


@pytest.mark.parametrize("template", ["https://x.example/{id.x}", "https://x.example/{", "{}"])
def test_an_unknown_placeholder_is_named(template):
    fault = refused(item(), Options(template))
    assert fault.pointer == ""
    assert "{slug}" in fault.message


def test_a_slug_that_cannot_be_made_is_told():
    assert refused(item(slugline="–", headline="!!!")).pointer == "/slugline"


# Texts


def test_the_headline_is_the_title():
    assert data()["title"] == "Bridge opens to traffic"


def test_the_main_headline_is_the_title():
    headlines = [{"role": "short", "value": "Bridge"}, {"role": "main", "value": "Bridge opens"}]
    translation = translated(newer(headlines=headlines))
    assert translation.event["data"]["title"] == "Bridge opens"
    assert translation.pointers["/data/title"] == "/headlines/1/value"


def test_the_first_headline_is_the_title_where_none_is_main():
    headlines = [{"value": "One"}, {"value": "Two"}]
    assert data(newer(headlines=headlines))["title"] == "One"


def test_an_item_without_a_headline_is_refused():
    assert refused(item(headline="")) == Fault("/headline", "is missing")


def test_markup_of_a_headline_is_left_to_cleaning():
    saved = read(translated(item(headline="Bridge <em>opens</em> &amp; shines")))
    assert saved.draft.title == "Bridge opens & shines"


def test_xhtml_is_a_body():
    said = data(body_html=None, body_xhtml="<p>x</p>", body_text="y")
    assert said["content_html"] == "<p>x</p>"
    assert "content_text" not in said


def test_plain_text_is_a_body_where_there_is_no_html():
    said = data(body_html="", body_text="One.\n\nTwo.")
    assert said["content_text"] == "One.\n\nTwo."
    assert "content_html" not in said


@pytest.mark.parametrize(
    "entry",
    [
        {"contenttype": "text/html; charset=utf-8"},
        {"contentType": "application/xhtml+xml"},
        {"role": "html"},
    ],
)
def test_html_is_found_among_bodies(entry):
    bodies = [{"contentType": "text/plain", "value": "x"}, entry | {"value": "<p>x</p>"}]
    translation = translated(newer(bodies=bodies))
    assert translation.event["data"]["content_html"] == "<p>x</p>"
    assert translation.pointers["/data/content_html"] == "/bodies/1/value"


def test_a_body_in_another_format_is_passed_over():
    bodies = [{"contentType": "application/nitf+xml", "value": "<nitf/>"}, {"value": "x"}]
    assert data(newer(bodies=bodies))["content_text"] == "x"


def test_embedded_pictures_stay_in_the_body():
    body = (
        '<p>One.</p><!-- EMBED START Image {id: "editor_0"} --><figure>'
        '<img src="https://media.example/p.jpg"></figure><!-- EMBED END -->'
    )
    content = read(translated(item(body_html=body))).draft.content_html
    assert '<figure><img src="https://media.example/p.jpg"></figure>' in content
    assert "EMBED" not in content


def test_the_plain_description_is_the_summary():
    said = data(description_text="In short", description_html="<p>In short</p>")
    assert said["summary"] == "In short"


def test_a_description_in_html_is_a_summary():
    assert read(translated(item(description_html="<p>In short</p>"))).draft.summary == "In short"


def test_a_listed_description_is_the_summary():
    assert data(newer(descriptions=[{"value": "In short"}]))["summary"] == "In short"


def test_an_editors_note_stays_inside():
    assert "INTERNAL" not in json.dumps(data(ednote="INTERNAL"))


def test_a_correction_in_a_custom_field_is_handed_on():
    assert data(extra={"correction": "The bridge is 90 m long."})["correction"].endswith("long.")


# Times


def test_an_article_is_dated_by_its_first_publication():
    said = data()
    assert said["date_published"] == "2023-01-09T09:30:00+0000"
    assert said["date_modified"] == "2023-01-09T10:05:00+0000"


def test_the_version_dates_an_article_rather_than_the_draft():
    translation = translated(item(firstpublished=None))
    assert translation.event["data"]["date_published"] == "2023-01-09T10:05:00+0000"
    assert translation.pointers["/data/date_published"] == "/versioncreated"


def test_the_draft_dates_an_article_where_nothing_else_does():
    said = data(firstpublished=None, versioncreated=None)
    assert said["date_published"] == "2022-12-30T08:00:00+0000"
    assert "date_modified" not in said


def test_superdesks_times_are_read():
    draft = read(translated(item())).draft
    assert draft.published_at == datetime(2023, 1, 9, 9, 30, tzinfo=UTC)


def test_an_item_without_a_time_is_refused():
    undated = item(firstpublished=None, versioncreated=None, firstcreated=None)
    assert refused(undated) == Fault("/versioncreated", "is missing")


def test_an_article_appears_when_its_embargo_ends():
    draft = read(translated(item(embargoed="2023-01-10T05:00:00+07:00"))).draft
    assert draft.published_at == datetime(2023, 1, 9, 22, 0, tzinfo=UTC)


def test_an_embargo_that_is_no_time_is_refused_at_its_own_field():
    with pytest.raises(EventError) as caught:
        read(translated(item(embargoed="soon")))
    assert caught.value.faults[0].pointer == "/embargoed"


def test_an_embargo_that_ended_before_changes_nothing():
    said = data(embargoed="2023-01-09T10:00:00+07:00")
    assert said["date_published"] == "2023-01-09T09:30:00+0000"


def test_an_embargo_that_cannot_be_read_is_not_broken():
    assert place_of_fault(item(embargoed="tomorrow")) == "/embargoed"


@pytest.mark.parametrize("name", ["expires", "expiry"])
def test_an_end_is_handed_on(name):
    assert data(**{name: "2023-02-09T00:00:00+0000"})["expires_at"] == "2023-02-09T00:00:00+0000"


# Authors


def names(**fields):
    return [author["name"] for author in data(**fields).get("authors", [])]


def test_writers_are_authors_and_editors_are_not():
    authors = [{"name": "Ed", "role": "editor"}, {"name": "An", "role": "writer"}]
    assert names(authors=authors, byline="By Ed") == ["An"]


def test_authors_without_roles_are_authors():
    assert names(authors=[{"name": "An"}, {"name": " "}, {"code": "x"}, None]) == ["An"]


def test_the_byline_decides_about_unknown_roles():
    assert names(authors=[{"name": "Ed", "role": "desk"}], byline="By An") == ["An"]


def test_unknown_roles_are_better_than_nobody():
    assert names(authors=[{"name": "Ed", "role": "desk"}]) == ["Ed"]


@pytest.mark.parametrize(
    ("byline", "language", "name"),
    [
        ("By An Lê", "en", "An Lê"),
        ("BY AN LÊ", None, "AN LÊ"),
        ("Bởi An Lê", "vi", "An Lê"),
        ("Von Anna Beispiel, Agentur", "de-AT", "Anna Beispiel, Agentur"),
        ("Von Beispiel", "en", "Von Beispiel"),
        ("Byron Example", "en", "Byron Example"),
        ("An Lê and Ministry of Health and Welfare", "en", None),
        ("B.H", "vi", "B.H"),
    ],
)
def test_a_byline_is_one_author_without_its_first_word(byline, language, name):
    assert names(byline=byline, language=language) == [name or byline]


def test_a_byline_in_html_is_read():
    draft = read(translated(item(byline="<p>By An Lê</p>"))).draft
    assert [author.name for author in draft.authors] == ["An Lê"]


@pytest.mark.parametrize("byline", ["", "By ", None])
def test_an_empty_byline_is_nobody(byline):
    assert names(byline=byline) == []


def test_by_is_the_byline_of_newer_versions():
    assert data(newer(by="An Lê"))["authors"] == [{"name": "An Lê"}]


# Sections and tags


@pytest.mark.parametrize(
    ("service", "category"),
    [
        ({"name": "Environment", "code": "environment"}, {"slug": "environment"}),
        ({"name": "Finance", "code": "f"}, {}),
        ({"name": "Finance", "code": "04000000"}, {}),
        ({"name": "Finance", "code": "Not_A Slug"}, {}),
        ({"name": "Allgemein", "code": "all"}, {}),
    ],
)
def test_a_service_is_a_category_named_by_a_code_that_says_something(service, category):
    assert data(service=[service])["categories"] == [{"name": service["name"]} | category]


def test_a_service_without_a_name_is_called_by_its_code():
    assert data(service=[{"code": "m"}, {}])["categories"] == [{"name": "m"}]


def test_subjects_and_keywords_are_tags():
    said = data(subject=[{"code": "1", "name": "Bridges"}, {"code": "2"}], keywords=["steel", ""])
    assert said["tags"] == ["Bridges", "steel"]


def test_subjects_of_newer_versions_are_tags():
    assert data(newer(subjects=[{"name": "Bridges"}]))["tags"] == ["Bridges"]


# Pictures and sound


def test_the_picture_is_the_widest_that_suits_a_page():
    featured = picture(thumbnail=182, original=3489, baseImage=1400, viewImage=640)
    translation = translated(item(associations={"featuremedia": featured}))
    assert translation.event["data"]["image"] == "https://media.example/baseImage.jpg"
    place = "/associations/featuremedia/renditions/baseImage/href"
    assert translation.pointers["/data/image"] == place


def test_an_original_is_better_than_a_thumbnail():
    said = data(associations={"featuremedia": picture(thumbnail=182, original=3489)})
    assert said["image"] == "https://media.example/original.jpg"


def test_the_featured_picture_comes_first():
    pictures = {"editor_0": picture(a=800), "featuremedia": picture(b=800), "x": None}
    assert data(associations=pictures)["image"] == "https://media.example/b.jpg"


def test_the_first_picture_stands_in_for_a_featured_one():
    pictures = {"related": {"type": "text"}, "editor_0": picture(a=800), "editor_1": picture(b=800)}
    assert data(associations=pictures)["image"] == "https://media.example/a.jpg"


def test_listed_associations_have_pictures_too():
    rendition = {"name": "main", "href": "https://media.example/m.jpg", "contentType": "image/jpeg"}
    associations = [{"name": "mainpic", "type": "picture", "renditions": [rendition]}]
    translation = translated(newer(associations=associations))
    assert translation.event["data"]["image"] == "https://media.example/m.jpg"
    assert translation.pointers["/data/image"] == "/associations/0/renditions/0/href"


@pytest.mark.parametrize("href", [None, "/assets/1", "data:image/png;base64,x"])
def test_a_featured_picture_that_readers_cannot_fetch_is_left_out_and_told(href):
    featured = {"type": "picture", "renditions": {"original": {"href": href}}}
    translation = translated(item(associations={"featuremedia": featured}))
    assert "image" not in translation.event["data"]
    assert [fault.pointer for fault in translation.warnings] == ["/associations/featuremedia"]


def test_a_films_still_is_no_film():
    film = {
        "type": "video",
        "renditions": {
            "still": {"href": "https://media.example/s.jpg", "mimetype": "image/jpeg"},
            "original": {"href": "https://media.example/f.mp4", "mimetype": "video/mp4"},
        },
    }
    said = data(associations={"featuremedia": film})
    assert said["image"] == "https://media.example/s.jpg"
    assert [each["url"] for each in said["attachments"]] == ["https://media.example/f.mp4"]


def test_sound_is_attached_with_what_is_known_of_it():
    said = data(associations={"media--1": sound(size=1200, duration=61.5)})
    assert said["attachments"] == [
        {
            "url": "https://media.example/a.mp3",
            "mime_type": "audio/mpeg",
            "title": "At the bridge",
            "size_in_bytes": 1200,
            "duration_in_seconds": 61.5,
        }
    ]


@pytest.mark.parametrize("name", ["sizeinbytes", "sizeInBytes"])
def test_a_size_of_newer_versions_is_read(name):
    said = data(associations=[sound(**{name: 7})])
    assert said["attachments"][0]["size_in_bytes"] == 7


def test_sound_without_a_media_type_is_left_out_and_told():
    translation = translated(item(associations={"a": sound(mimetype=None)}))
    assert "attachments" not in translation.event["data"]
    assert [fault.pointer for fault in translation.warnings] == ["/associations/a"]


# What is said of pictures and recordings


def test_picture_has_its_size_caption_credit_and_alternative_text():
    featured = picture(baseImage=1400, thumbnail=182) | {
        "description_text": "Oil prices edged up.",
        "byline": "Bebeto Matthews",
        "copyrightholder": "AAP",
        "body_text": "A pump",
    }
    featured["renditions"]["baseImage"]["height"] = 921
    translation = translated(item(associations={"featuremedia": featured}))
    assert translation.event["data"]["image_details"] == {
        "caption": "Oil prices edged up.",
        "credit": "Bebeto Matthews",
        "alt": "A pump",
        "width": 1400,
        "height": 921,
    }
    place = "/associations/featuremedia"
    assert (
        translation.pointers["/data/image_details/width"] == f"{place}/renditions/baseImage/width"
    )
    assert translation.pointers["/data/image_details/alt"] == f"{place}/body_text"


def test_picture_of_newer_versions_has_caption_and_credit_by_their_roles():
    rendition = {"name": "main", "href": "https://media.example/m.jpg", "contentType": "image/jpeg"}
    descriptions = [
        {"role": "creditline", "value": "ASSOCIATED PRESS"},
        {"role": "caption", "value": "A bridge"},
    ]
    featured = {"type": "picture", "renditions": [rendition], "descriptions": descriptions}
    said = translated(newer(associations=[featured])).event["data"]
    assert said["image_details"] == {"caption": "A bridge", "credit": "ASSOCIATED PRESS"}


def test_picture_without_a_byline_is_credited_to_who_holds_its_rights():
    featured = picture(baseImage=1400) | {"copyrightholder": "AAP"}
    assert data(associations={"featuremedia": featured})["image_details"]["credit"] == "AAP"


def test_sizes_and_texts_of_other_types_are_passed_over():
    featured = picture(baseImage=1400) | {"description_text": ["x"], "byline": 1}
    featured["renditions"]["baseImage"] |= {"width": "1400", "height": 0}
    assert "image_details" not in data(associations={"featuremedia": featured})


def test_film_has_its_size_caption_credit_and_still():
    film = {
        "type": "video",
        "description_text": "At the bridge",
        "by": "Minh Tuấn",
        "renditions": {
            "thumbnail": {"href": "https://media.example/s.jpg", "mimetype": "image/jpeg"},
            "original": {
                "href": "https://media.example/f.mp4",
                "mimetype": "video/mp4",
                "width": 640,
                "height": 360,
            },
        },
    }
    (attachment,) = data(associations={"media--1": film})["attachments"]
    assert attachment == {
        "url": "https://media.example/f.mp4",
        "mime_type": "video/mp4",
        "caption": "At the bridge",
        "credit": "Minh Tuấn",
        "thumbnail": "https://media.example/s.jpg",
        "width": 640,
        "height": 360,
    }


def test_text_that_has_an_address_is_related():
    associations = {
        "related--1": {"type": "text", "headline": "Other", "url": "https://news.example/2"},
        "related--2": {"type": "text", "guid": "urn:x:3", "headline": "Nowhere yet"},
        "related--3": {"type": "text", "uri": "https://news.example/3"},
    }
    assert data(associations=associations)["related"] == [
        {"url": "https://news.example/2", "title": "Other"},
        {"url": "https://news.example/3"},
    ]


# Where it comes from, and where it happened


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        ({"source": "Reuters", "provider": "x"}, {"name": "Reuters"}),
        ({"provider": "AAP"}, {"name": "AAP"}),
        ({"provider": {"name": "AAP", "uri": "urn:x:aap"}}, {"name": "AAP"}),
        (
            {"infosources": [{}, {"name": "AP", "uri": "https://ap.example/"}]},
            {"name": "AP", "url": "https://ap.example/"},
        ),
        ({"source": " ", "infoSources": [{"name": "DHA"}]}, {"name": "DHA"}),
        ({"source": {"x": 1}, "provider": [1], "infosources": 1}, None),
    ],
)
def test_source_is_the_agency_that_the_item_names(fields, source):
    assert data(**fields).get("source") == source


POINT = {"type": "Point", "coordinates": [107.59, 16.46]}


@pytest.mark.parametrize(
    ("fields", "location"),
    [
        (
            {"place": [{"name": "NSW"}, {"name": "Huế", "geometry_geojson": POINT}]},
            {"longitude": 107.59, "latitude": 16.46, "name": "Huế"},
        ),
        ({"places": [{"geoJSON": POINT}]}, {"longitude": 107.59, "latitude": 16.46}),
        ({"place": [{"name": "Huế", "geometry_point": POINT}]}, None),
        ({"place": [{"geoJSON": POINT | {"coordinates": [16.46, 107.59]}}]}, None),
        ({"place": [{"geoJSON": POINT | {"coordinates": ["1", True]}}]}, None),
        ({"place": [{"geoJSON": POINT | {"type": "Polygon"}}, 1, None]}, None),
        ({"place": "Huế"}, None),
    ],
)
def test_place_is_the_first_that_has_a_point(fields, location):
    assert data(**fields).get("location") == location


@pytest.mark.parametrize("avatar", ["https://media.example/t.jpg", "t.jpg", 1])
def test_author_has_a_picture_where_it_has_an_address(avatar):
    (author,) = data(authors=[{"name": "John", "avatar_url": avatar}])["authors"]
    assert author.get("avatar") == (avatar if str(avatar).startswith("https") else None)


# Faults at the item's own fields


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"guid": ["a"]}, "/guid"),
        ({"type": {}}, "/type"),
        ({"pubstatus": []}, "/pubstatus"),
        ({"headline": {"value": "x"}}, "/headline"),
        ({"headline": None, "headlines": "x"}, "/headlines"),
        ({"headline": None, "headlines": [{"value": []}]}, "/headlines/0/value"),
        ({"bodies": [None, "x"]}, "/bodies/1"),
        ({"body_html": True}, "/body_html"),
        ({"description_text": []}, "/description_text"),
        ({"extra": "x"}, "/extra"),
        ({"evolvedfrom": {}}, "/evolvedfrom"),
        ({"versioncreated": {}}, "/versioncreated"),
        ({"embargoed": {}}, "/embargoed"),
        ({"authors": [{"name": 1.5}]}, "/authors/0/name"),
        ({"byline": []}, "/byline"),
        ({"service": "x"}, "/service"),
        ({"service": [{"name": []}]}, "/service/0/name"),
        ({"subject": [1]}, "/subject/0"),
        ({"keywords": [{}]}, "/keywords/0"),
        ({"associations": {"a/b": 1}}, "/associations/a~1b"),
        (
            {"associations": {"featuremedia": {"renditions": 1}}},
            "/associations/featuremedia/renditions",
        ),
        (
            {"associations": {"a": {"type": "audio", "renditions": {"original": {"href": {}}}}}},
            "/associations/a/renditions/original/href",
        ),
    ],
)
def test_a_wrong_type_is_told_at_its_field(fields, pointer):
    assert refused(item(**fields)).pointer == pointer


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"guid": "a  b"}, "/guid"),
        ({"headline": "<p></p>"}, "/headline"),
        ({"language": "no language"}, "/language"),
        ({"versioncreated": "yesterday"}, "/versioncreated"),
        ({"firstpublished": "yesterday"}, "/firstpublished"),
        ({"url": "https://u:p@news.example/"}, "/url"),
        ({"byline": "x" * 2000}, "/byline"),
        ({"authors": [None, {"name": "x" * 2000}]}, "/authors/1/name"),
        ({"service": [{}, {"name": "…"}]}, "/service/1/name"),
        ({"subject": [{}, {"name": "x" * 2000}]}, "/subject/1/name"),
        ({"keywords": ["", "x" * 2000]}, "/keywords/1"),
        (
            {"associations": {"a": sound(size=-1)}},
            "/associations/a/renditions/original/size",
        ),
        (
            {"associations": {"a": sound(mimetype="audio/?")}},
            "/associations/a/renditions/original/mimetype",
        ),
        (
            {"associations": {"a": sound(href="https://")}},
            "/associations/a/renditions/original/href",
        ),
    ],
)
def test_a_wrong_value_is_told_at_its_field(fields, pointer):
    assert place_of_fault(item(**fields)) == pointer


def test_a_name_that_an_answer_would_repeat_has_a_limit():
    assert refused(item(associations={"a" * 1000: {}})).pointer == "/associations"


# Real items and hostile ones


@pytest.mark.parametrize(
    "path",
    SAMPLES
    or [pytest.param(None, marks=pytest.mark.skip(reason=f"{SHARED}/real is not on this machine"))],
    ids=lambda path: path.stem if path else "none",
)
def test_real_items_become_articles(path):
    (only,) = superdesk.list_items(json.loads(path.read_text()))
    translation = superdesk.translate(only.value, TEMPLATE)
    saved = read(translation)
    assert isinstance(saved, Save)
    assert saved.draft.external_id == (only.value.get("guid") or only.value["uri"])
    assert saved.draft.title
    assert saved.draft.content_html.startswith("<p>")
    assert translation.warnings == ()


FIELDS = st.sampled_from(
    [
        *("guid", "uri", "evolvedfrom", "type", "pubstatus", "headline", "headlines", "slugline"),
        *(
            "body_html",
            "body_text",
            "bodies",
            "descriptions",
            "description_text",
            "language",
            "url",
        ),
        *("extra", "versioncreated", "firstpublished", "embargoed", "expires", "authors", "byline"),
        *("service", "subject", "keywords", "associations"),
    ]
)
NAMES = FIELDS | st.sampled_from(
    [
        *("name", "value", "role", "contentType", "href", "mimetype", "width", "size", "duration"),
        *("renditions", "featuremedia", "original", "code", "link", "", "~/", "\ud800"),
        *("source", "provider", "infosources", "place", "geoJSON", "coordinates", "avatar_url"),
        *("descriptions", "thumbnail", "height", "uri"),
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        [
            *(
                "text",
                "picture",
                "audio",
                "video",
                "composite",
                "usable",
                "canceled",
                "main",
                "writer",
            ),
            *(
                "https://media.example/a",
                "audio/mpeg",
                "image/jpeg",
                "text/html",
                "\ud800",
                "<<<",
                "By",
            ),
            *("2023-01-09T09:30:00+0000", "0001-01-01T00:00:00+14:00", "{id}", "https://["),
        ]
    )
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=20,
)


def only_event_errors(value, options):
    with suppress(EventError):
        assert isinstance(read(superdesk.translate(value, options)), Save | Withdraw)


@hypothesis_settings(max_examples=400, deadline=None)
@given(st.dictionaries(FIELDS, JSON, max_size=6))
def test_any_field_is_an_article_or_an_event_error(fields):
    only_event_errors(item() | fields, TEMPLATE)


@hypothesis_settings(max_examples=200, deadline=None)
@given(JSON, st.none() | st.text(max_size=30))
def test_any_json_is_an_article_or_an_event_error(value, template):
    only_event_errors(value, Options(template))


def test_nesting_is_not_followed():
    deep = {}
    for _ in range(5_000):
        deep = {"associations": {"featuremedia": deep}, "type": "picture"}
    assert "image" not in data(item(associations=deep["associations"], extra={"a": deep}))
