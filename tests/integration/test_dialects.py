"""The five dialects over HTTP: created, edited, withdrawn and published again, as readers see it.

UPDATE_GOLDEN=1 writes the feeds anew; the tests fail then, so that they are looked at.
"""

import hashlib
import json
import os
from collections.abc import Mapping

import pytest

from feedsvc.ingest.sources import Registration, add_source
from tests.conftest import SHARED
from tests.integration.server import REPOSITORY, Reply, Service
from tests.newsroom import VAULT
from tests.senders import (
    NATIVE,
    SUPERDESK,
    SYSTEMS,
    TIMES,
    System,
    say_wordpress,
    show_token,
    sign_hub,
)

GOLDEN = REPOSITORY / "tests" / "golden" / "dialects"
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))
#: What each has said in earnest.
SAMPLES = {
    "superdesk": (
        "superdesk/ninjs1.json",
        "superdesk/ninjs2.json",
        "superdesk/ninjs_embargoed.json",
        "ninjs/1.4-medium-text.json",
        "ninjs/2.1-simple-text.json",
        "ninjs/3.0-simple-text.json",
    ),
    "ghost": ("ghost/post-added.json",),
    "wordpress": ("wordpress/rest-posts.json",),
    "jsonfeed": ("jsonfeed/microblog.json", "jsonfeed/podcast.json"),
}
every_newsroom = pytest.mark.parametrize("newsroom", SYSTEMS, ids=lambda one: one.dialect)
by_body = [one for one in SYSTEMS if one is not NATIVE]


class Desk:
    """A newsroom that may push to a service."""

    def __init__(self, service: Service, newsroom: System, name: str) -> None:
        with service.database() as database:
            self.key = add_source(database, VAULT, name, newsroom.registration)
        self._service, self._newsroom, self._name = service, newsroom, name

    def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        proof = self._newsroom.sign(self.key, body) if headers is None else dict(headers)
        return self._service.request("POST", f"/ingest/{self._name}", body, proof)

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
    for sample in SAMPLES[newsroom.dialect]:
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
    assert reply.status == 422
    assert [one["pointer"] for one in reply.json["errors"]] == [newsroom.item + newsroom.title]


def test_refused_message_is_tried_anew_when_the_source_has_been_mended(shared_service):
    newsroom = SUPERDESK
    said = Registration("superdesk")
    with shared_service.database() as database:
        key = add_source(database, VAULT, "mended", said)
    body = json.dumps(newsroom.say("Không địa chỉ", TIMES[0]) | {"guid": "urn:x:mended"}).encode()
    headers = newsroom.sign(key, body)
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
    send = lambda headers: shared_service.request("POST", "/ingest/hub", body, headers)  # noqa: E731
    assert send(sign_hub(key, body)).status == 200
    assert send(show_token(key, body)).status == 401


def test_token_is_not_in_the_database(shared_service):
    with shared_service.database() as database:
        token = add_source(database, VAULT, "token", Registration("wordpress"))
        kept = database.peewee.execute_sql("SELECT secret FROM signing_key").fetchall()
    assert token not in str(kept)
    assert f"sha256:{hashlib.sha256(token.encode()).hexdigest()}" in str(kept)
