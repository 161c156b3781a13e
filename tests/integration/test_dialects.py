"""The five dialects over HTTP: created, edited, withdrawn and published again, as readers see it.

UPDATE_GOLDEN=1 writes the feeds anew; the tests fail then, so that they are looked at.
"""

import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from feedsvc.ingest.sources import Registration, add_source
from tests.conftest import SHARED
from tests.integration.server import REPOSITORY, Reply, Service
from tests.newsroom import VAULT, article, event, signed, withdraw

GOLDEN = REPOSITORY / "tests" / "golden" / "dialects"
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))
BODY = "<p>Sáng 9/1, cây cầu nối hai bờ sông thông xe.</p>"
TIMES = [f"2023-01-{day:02}T03:00:00" for day in (9, 10, 11, 12)]


def digest(key: str, body: bytes, algorithm: str = "sha256") -> str:
    return hmac.new(key.encode(), body, algorithm).hexdigest()


def sign_ghost(key: str, body: bytes) -> dict[str, str]:
    milliseconds = str(int(time.time() * 1000))
    signature = digest(key, body + milliseconds.encode())
    return {"X-Ghost-Signature": f"sha256={signature}, t={milliseconds}"}


@dataclass(frozen=True)
class Newsroom:
    """An editorial system: what it sends when something happens to an article, and its proof."""

    dialect: str
    say: Callable[..., Any]
    sign: Callable[[str, bytes], Mapping[str, str]]
    samples: tuple[str, ...] = ()


def say_native(title: str, at: str, *, public: bool = True) -> dict[str, Any]:
    if not public:
        return withdraw("cau", date_modified=f"{at}Z")
    return event(article("cau", title=title, content_html=BODY, date_modified=f"{at}Z", url=URL))


def say_superdesk(title: str, at: str, *, public: bool = True) -> dict[str, Any]:
    return {
        "guid": "urn:newsml:desk.example:2023:cau",
        "type": "text",
        "version": "1",
        "pubstatus": "usable" if public else "canceled",
        "headline": title,
        "slugline": "cầu mới",
        "byline": "B.H",
        "body_html": BODY,
        "language": "vi",
        "service": [{"code": "a", "name": "Hạ tầng"}],
        "subject": [{"code": "04000000", "name": "giao thông"}],
        "firstpublished": f"{TIMES[0]}+0000",
        "versioncreated": f"{at}+0000",
    }


def say_ghost(title: str, at: str, *, public: bool = True) -> dict[str, Any]:
    current = {
        "id": "64d623b64676110001e897d9",
        "uuid": "8b3a1f8e-2b1a-4c66-9f60-000000000001",
        "title": title,
        "html": BODY,
        "status": "published" if public else "draft",
        "visibility": "public",
        "url": URL,
        "published_at": f"{TIMES[0]}.000Z",
        "updated_at": f"{at}.000Z",
        "authors": [{"name": "B.H", "url": "https://news.example/b-h"}],
        "tags": [{"name": "Hạ tầng", "slug": "ha-tang", "visibility": "public"}],
    }
    return {"post": {"current": current, "previous": {}}}


def say_wordpress(title: str, at: str, *, public: bool = True) -> dict[str, Any]:
    return {
        "id": 4,
        "date_gmt": TIMES[0],
        "modified_gmt": at,
        "status": "publish" if public else "trash",
        "type": "post",
        "link": URL,
        "guid": {"rendered": "https://news.example/?p=4"},
        "title": {"rendered": title.replace("&", "&#038;")},
        "content": {"rendered": BODY, "protected": False},
        "excerpt": {"rendered": "<p>Cây cầu nối hai bờ sông.</p>\n", "protected": False},
        "_embedded": {
            "author": [{"id": 1, "name": "B.H", "link": "https://news.example/author/b-h/"}],
            "wp:term": [
                [{"id": 2, "name": "Hạ tầng", "slug": "ha-tang", "taxonomy": "category"}],
                [{"id": 3, "name": "giao thông", "slug": "giao-thong", "taxonomy": "post_tag"}],
            ],
        },
    }


def say_jsonfeed(title: str, at: str, *, public: bool = True) -> dict[str, Any]:
    item = {
        "id": "https://news.example/cau",
        "url": URL,
        "title": title,
        "content_html": BODY,
        "tags": ["giao thông"],
        "date_published": f"{TIMES[0]}Z",
        "date_modified": f"{at}Z",
    }
    if not public:
        item["_feedsvc"] = {"withdrawn": True}
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Báo tỉnh",
        "language": "vi",
        "authors": [{"name": "B.H"}],
        "items": [item],
    }


URL = "https://news.example/cau"
NEWSROOMS = [
    Newsroom("native", say_native, signed),
    Newsroom(
        "superdesk",
        say_superdesk,
        lambda key, body: {"x-superdesk-signature": f"sha1={digest(key, body, 'sha1')}"},
        (
            "superdesk/ninjs1.json",
            "superdesk/ninjs2.json",
            "superdesk/ninjs_embargoed.json",
            "ninjs/1.4-medium-text.json",
            "ninjs/2.1-simple-text.json",
            "ninjs/3.0-simple-text.json",
        ),
    ),
    Newsroom("ghost", say_ghost, sign_ghost, ("ghost/post-added.json",)),
    Newsroom(
        "wordpress",
        say_wordpress,
        lambda key, _: {"Authorization": f"Bearer {key}"},
        ("wordpress/rest-posts.json",),
    ),
    Newsroom(
        "jsonfeed",
        say_jsonfeed,
        lambda key, _: {"Authorization": f"Bearer {key}"},
        ("jsonfeed/microblog.json", "jsonfeed/podcast.json"),
    ),
]
every_newsroom = pytest.mark.parametrize("newsroom", NEWSROOMS, ids=lambda one: one.dialect)
by_body = [one for one in NEWSROOMS if one.dialect != "native"]


class Desk:
    """A newsroom that may push to a service."""

    def __init__(self, service: Service, newsroom: Newsroom, name: str) -> None:
        template = "https://news.example/{slug}-{id}"
        said = Registration(newsroom.dialect, timezone="Asia/Ho_Chi_Minh", url_template=template)
        with service.database() as database:
            self.key = add_source(database, VAULT, name, said)
        self._service, self._newsroom, self._name = service, newsroom, name

    def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        proof = self._newsroom.sign(self.key, body) if headers is None else headers
        sent = {"Content-Type": "application/json"} | dict(proof)
        return self._service.request("POST", f"/ingest/{self._name}", body, sent)

    def say(self, title: str, *, public: bool = True, at: str) -> str:
        """What became of it."""
        reply = self.post(json.dumps(self._newsroom.say(title, at, public=public)).encode())
        assert reply.status == 200, reply
        (result,) = reply.json["events"]
        assert result["errors"] == []
        return result["status"]


@every_newsroom
def test_article_is_created_edited_withdrawn_and_published_again(service, newsroom):
    desk = Desk(service, newsroom, "newsroom")
    assert desk.say("Cầu mới thông xe", at=TIMES[0]) == "created"
    first = service.get("/feeds/all.json").json["items"]
    assert desk.say("Cầu mới & đường mới", at=TIMES[1]) == "updated"
    assert desk.say("Cầu mới thông xe", at=TIMES[0]) in ("stale", "created")
    pinned(service, newsroom.dialect)
    assert desk.say("Cầu mới & đường mới", public=False, at=TIMES[2]) == "withdrawn"
    assert service.get("/feeds/all.json").json["items"] == []
    assert desk.say("Cầu mới & đường mới", at=TIMES[3]) == "updated"
    (again,) = service.get("/feeds/all.json").json["items"]
    assert again["id"] == first[0]["id"]
    assert again["title"] == "Cầu mới & đường mới"


def pinned(service: Service, dialect: str) -> None:
    """The feeds are as they were when they were looked at."""
    for suffix in ("rss", "atom", "json"):
        path = GOLDEN / f"{dialect}.{suffix}"
        body = service.get(f"/feeds/all.{suffix}").body
        if UPDATE:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(body)
        assert body == path.read_bytes()
    assert not UPDATE, "the golden files were written; look at them"


@pytest.mark.parametrize("newsroom", by_body, ids=lambda one: one.dialect)
def test_real_payloads_are_understood(shared_service, newsroom):
    desk = Desk(shared_service, newsroom, f"{newsroom.dialect}-real")
    for sample in newsroom.samples:
        if not (SHARED / "real" / sample).exists():
            pytest.skip(f"the sample is not here: {sample}")
        reply = desk.post((SHARED / "real" / sample).read_bytes())
        assert reply.status == 200, (sample, reply)
        for result in reply.json["events"]:
            # Two of the ninjs are one item, in two versions of the format that say the same.
            assert result["status"] in ("created", "unchanged", "withdrawn"), (sample, result)


@pytest.mark.parametrize("newsroom", by_body, ids=lambda one: one.dialect)
def test_same_message_again_changes_nothing(shared_service, newsroom):
    desk = Desk(shared_service, newsroom, f"{newsroom.dialect}-again")
    body = json.dumps(newsroom.say("Một lần", TIMES[0])).encode()
    headers = newsroom.sign(desk.key, body)
    first, before = desk.post(body, headers), shared_service.read_change()
    again = desk.post(body, headers)
    assert (again.status, again.body) == (first.status, first.body)
    assert shared_service.read_change() == before


@every_newsroom
def test_other_sources_key_is_refused(shared_service, newsroom):
    desk = Desk(shared_service, newsroom, f"{newsroom.dialect}-mine")
    other = Desk(shared_service, newsroom, f"{newsroom.dialect}-other")
    body = json.dumps(newsroom.say("Của ai", TIMES[0])).encode()
    assert desk.post(body, newsroom.sign(other.key, body)).status == 401


@every_newsroom
def test_fault_is_told_at_the_senders_own_field(shared_service, newsroom):
    desk = Desk(shared_service, newsroom, f"{newsroom.dialect}-fault")
    reply = desk.post(json.dumps(newsroom.say("x" * 2_000, TIMES[0])).encode())
    pointers = {
        "native": "/data/title",
        "superdesk": "/headline",
        "ghost": "/post/current/title",
        "wordpress": "/title/rendered",
        "jsonfeed": "/items/0/title",
    }
    assert reply.status == 422
    assert [one["pointer"] for one in reply.json["errors"]] == [pointers[newsroom.dialect]]


def test_refused_message_is_tried_anew_when_the_source_has_been_mended(shared_service):
    newsroom = NEWSROOMS[1]
    said = Registration("superdesk")
    with shared_service.database() as database:
        key = add_source(database, VAULT, "mended", said)
    body = json.dumps(newsroom.say("Không địa chỉ", TIMES[0]) | {"guid": "urn:x:mended"}).encode()
    headers = {"Content-Type": "application/json"} | dict(newsroom.sign(key, body))
    send = lambda: shared_service.request("POST", "/ingest/mended", body, headers)  # noqa: E731
    refused = send()
    assert refused.status == 422
    assert "--url-template" in refused.json["errors"][0]["message"]
    with shared_service.database() as database:
        database.publish(
            lambda _: database.peewee.execute_sql(
                "UPDATE source SET url_template = 'https://news.example/{id}' WHERE name = 'mended'"
            )
        )
    assert send().status == 200


def test_hub_signature_may_take_the_place_of_a_token(shared_service):
    with shared_service.database() as database:
        key = add_source(database, VAULT, "hub", Registration("wordpress", scheme="hub-signature"))
    body = json.dumps(say_wordpress("Chữ ký", TIMES[0]) | {"guid": None}).encode()
    headers = {
        "Content-Type": "application/json",
        "X-Hub-Signature-256": f"sha256={digest(key, body)}",
    }
    assert shared_service.request("POST", "/ingest/hub", body, headers).status == 200
    bearer = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    assert shared_service.request("POST", "/ingest/hub", body, bearer).status == 401


def test_token_is_not_in_the_database(shared_service):
    with shared_service.database() as database:
        token = add_source(database, VAULT, "token", Registration("wordpress"))
        kept = database.peewee.execute_sql("SELECT secret FROM signing_key").fetchall()
    assert token not in str(kept)
    assert f"sha256:{hashlib.sha256(token.encode()).hexdigest()}" in str(kept)
