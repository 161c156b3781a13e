"""What an event says beside the text: kept, shown, and judged at its own field."""

import json

import feedparser
import pytest

from tests.newsroom import article, event, publish

WHOLE = {
    "image": "/anh/bao.jpg",
    "image_details": {
        "width": 1_200,
        "height": 800,
        "caption": "Sóng đánh vào kè",
        "credit": "Minh Tuấn",
        "alt": "Sóng lớn",
    },
    "authors": [{"name": "B.H", "url": "/b-h", "avatar": "/b-h.jpg"}],
    "attachments": [
        {"url": "/nq.pdf", "mime_type": "application/pdf", "title": "Nghị quyết"},
        {
            "url": "/a.mp3",
            "mime_type": "audio/mpeg",
            "caption": "Nghe bài này",
            "credit": "Đài tỉnh",
            "thumbnail": "/a.png",
            "duration_in_seconds": 61,
            "season": 1,
            "episode": 2,
            "episode_type": "bonus",
            "explicit": False,
            "chapters": "/a.json",
            "transcripts": [{"url": "/a.vtt", "mime_type": "text/VTT", "language": "vi"}],
            "persons": [{"name": "Thu Hà", "role": "host", "url": "/ha", "image": "/ha.jpg"}],
        },
    ],
    "related": [{"url": "/2", "title": "Bài viết khác"}, {"url": "/3"}],
    "source": {"name": "TTXVN", "url": "https://agency.example", "feed_url": "/ttxvn.xml"},
    "location": {"latitude": 16.46371234, "longitude": 107, "name": "Huế"},
}
SITE = "https://news.example"


def the_item(newsroom):
    (item,) = newsroom.client.get("/feeds/all.json").json["items"]
    return item


def test_all_of_it_is_kept_and_shown(newsroom):
    assert newsroom.push(publish(**WHOLE))["errors"] == []
    item = the_item(newsroom)
    said = item["_feedsvc"]
    assert item["image"] == f"{SITE}/anh/bao.jpg"
    assert said["image_details"] == WHOLE["image_details"]
    assert item["authors"][0]["avatar"] == f"{SITE}/b-h.jpg"
    assert said["related"][0] == {"url": f"{SITE}/2", "title": "Bài viết khác"}
    assert said["source"]["feed_url"] == f"{SITE}/ttxvn.xml"
    assert said["location"] == {"latitude": 16.463712, "longitude": 107.0, "name": "Huế"}
    sound = item["attachments"][1]["_feedsvc"]
    assert sound["thumbnail"] == f"{SITE}/a.png"
    assert (sound["season"], sound["episode"], sound["episode_type"]) == (1, 2, "bonus")
    assert sound["transcripts"] == [
        {"url": f"{SITE}/a.vtt", "mime_type": "text/vtt", "language": "vi"}
    ]
    assert sound["persons"][0]["image"] == f"{SITE}/ha.jpg"


def test_the_same_again_changes_nothing(newsroom):
    newsroom.push(publish(**WHOLE))
    assert newsroom.push(publish(**WHOLE))["status"] == "unchanged"


@pytest.mark.parametrize("field", ["image_details", "related", "source", "location"])
def test_what_is_no_longer_said_is_no_longer_shown(newsroom, field):
    newsroom.push(publish(**WHOLE))
    assert newsroom.push(publish(**(WHOLE | {field: None})))["status"] == "updated"
    assert field not in the_item(newsroom)["_feedsvc"]


def test_withdrawing_forgets_it(newsroom):
    from tests.newsroom import withdraw

    newsroom.push(publish(**WHOLE))
    newsroom.push(withdraw())
    newsroom.push(publish())
    assert set(the_item(newsroom)["_feedsvc"]) == {"categories"}


def test_what_goes_out_by_json_feed_can_come_in_again(newsroom):
    """By a source that reads JSON Feed: another newspaper that runs feedsvc."""
    from feedsvc.ingest.sources import Registration, add_source
    from tests.newsroom import VAULT
    from tests.senders import show_token

    newsroom.push(publish(**WHOLE))
    feed = newsroom.client.get("/feeds/all.json").data
    sent = json.loads(feed)["items"][0]
    database = newsroom.client.application.extensions["feedsvc"].database
    key = add_source(database, VAULT, "partner", Registration("jsonfeed"))
    item = json.dumps(sent | {"id": "urn:x:partner"}).encode()
    reply = newsroom.client.post("/ingest/partner", data=item, headers=show_token(key, item))
    assert reply.json["events"][0]["status"] == "created", reply.text
    came, first = newsroom.client.get("/feeds/all.json").json["items"]
    for part in (came, first):
        del part["id"], part["date_modified"]
        del part["_feedsvc"]["categories"]
    assert came == first


# What is wrong is told where it is


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"image_details": {"width": "wide"}}, "/data/image_details/width"),
        ({"image_details": {"height": -1}}, "/data/image_details/height"),
        ({"image_details": {"caption": "a" * 10_001}}, "/data/image_details/caption"),
        ({"authors": [{"name": "A", "avatar": "ftp://a"}]}, "/data/authors/0/avatar"),
        ({"related": [{"title": "a"}]}, "/data/related/0/url"),
        ({"related": [{"url": "javascript:alert(1)"}]}, "/data/related/0/url"),
        ({"source": {"url": "https://a.example"}}, "/data/source/name"),
        ({"source": {"name": " "}}, "/data/source/name"),
        ({"source": {"name": "A", "feed_url": "feed:a"}}, "/data/source/feed_url"),
        ({"location": {"latitude": 91, "longitude": 0}}, "/data/location/latitude"),
        ({"location": {"latitude": 0, "longitude": -180.1}}, "/data/location/longitude"),
        ({"location": {"latitude": 0}}, "/data/location/longitude"),
        ({"location": "Huế"}, "/data/location"),
    ],
    ids=str,
)
def test_fault_is_told_at_its_field(sqlite_newsroom, change, pointer):
    newsroom, _ = sqlite_newsroom
    response = newsroom.send(
        event(
            article(image="https://news.example/a.jpg", **change)
            if "authors" not in change
            else article(**change)
        )
    )
    assert response.status_code == 422
    assert [fault["pointer"] for fault in response.json["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"width": 1.5}, "width"),
        ({"credit": "a" * 1_001}, "credit"),
        ({"thumbnail": "ftp://a"}, "thumbnail"),
        ({"season": 0}, "season"),
        ({"episode": "1"}, "episode"),
        ({"episode_type": "long"}, "episode_type"),
        ({"explicit": "no"}, "explicit"),
        ({"chapters": "mailto:a@b.example"}, "chapters"),
        ({"transcripts": [{"url": "/a", "mime_type": "words"}]}, "transcripts/0/mime_type"),
        (
            {"transcripts": [{"url": "/a", "mime_type": "text/vtt", "language": "?"}]},
            "transcripts/0/language",
        ),
        ({"persons": [{"role": "host"}]}, "persons/0/name"),
        ({"persons": [{"name": "<b></b>"}]}, "persons/0/name"),
        ({"persons": [{"name": "A"}] * 51}, "persons"),
    ],
    ids=str,
)
def test_fault_of_an_attachment_is_told_at_its_field(sqlite_newsroom, change, member):
    newsroom, _ = sqlite_newsroom
    sound = {"url": "/a.mp3", "mime_type": "audio/mpeg"} | change
    response = newsroom.send(event(article(attachments=[sound])))
    assert response.status_code == 422
    (fault,) = response.json["errors"]
    assert fault["pointer"] == f"/data/attachments/0/{member}"


def test_lists_of_all_attachments_have_one_limit(sqlite_newsroom):
    newsroom, _ = sqlite_newsroom
    sounds = [
        {"url": f"/{n}.mp3", "mime_type": "audio/mpeg", "persons": [{"name": "A"}] * 26}
        for n in range(2)
    ]
    response = newsroom.send(event(article(attachments=sounds)))
    (fault,) = response.json["errors"]
    assert fault["pointer"] == "/data/attachments/1/persons"
    assert "FEEDSVC_MAX_LIST_ITEMS" in fault["message"]


def test_details_of_no_image_are_left_out_with_a_word(sqlite_newsroom):
    newsroom, _ = sqlite_newsroom
    result = newsroom.push(publish(image_details={"alt": "a"}))
    assert [warning["pointer"] for warning in result["warnings"]] == ["/data/image_details"]
    assert "image_details" not in the_item(newsroom)["_feedsvc"]


def test_unknown_sizes_may_be_zero(sqlite_newsroom):
    newsroom, _ = sqlite_newsroom
    newsroom.push(publish(image="/a.jpg", image_details={"width": 0, "height": 0}))
    assert "image_details" not in the_item(newsroom)["_feedsvc"]


# Nothing in an article can break a feed

NASTY = "a\x08\ufffe\ud800 </entry></item> & <b>b</b> ]]>"


def test_no_text_breaks_a_feed(sqlite_newsroom):
    newsroom, _ = sqlite_newsroom
    sound = {
        "url": "/a.mp3",
        "mime_type": "audio/mpeg",
        **dict.fromkeys(("title", "caption", "credit"), NASTY),
        "persons": [{"name": NASTY, "role": NASTY}],
    }
    said = {
        "image": "/a.jpg",
        "image_details": dict.fromkeys(("caption", "credit", "alt"), NASTY),
        "attachments": [sound],
        "related": [{"url": "/2?]]>&", "title": NASTY}],
        "source": {"name": NASTY},
        "location": {"latitude": 1e-7, "longitude": -0.0, "name": NASTY},
    }
    body = json.dumps(event(article(**said))).encode()  # with the surrogate as an escape
    response = newsroom.send(body)
    assert response.status_code == 200, response.text
    for suffix in ("rss", "atom"):
        document = newsroom.client.get(f"/feeds/all.{suffix}").data
        parsed = feedparser.parse(document)
        assert not parsed.bozo, parsed.bozo_exception
        assert len(parsed.entries) == 1
        assert b"<georss:point>0 0</georss:point>" in document
    assert "\x08" not in json.dumps(the_item(newsroom))
