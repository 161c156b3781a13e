"""POST /hub and /rsscloud/pleaseNotify: what is taken, what is refused, and what is kept of it."""

import json
from xml.etree import ElementTree as ET

import pytest

from feedsvc.app import create_app
from feedsvc.feeds.saved import store
from feedsvc.hub.subscriptions import confirm, read_spelling
from feedsvc.models.push import Kind, Topic
from tests.conftest import make_settings
from tests.hub.conftest import CALLBACK, FORM, TOPIC, wish
from tests.newsroom import VAULT

PROBLEM = "application/problem+json"


def kind_of(response):
    return response.json["type"].rpartition("/")[2]


def test_good_request_is_accepted_and_waits_to_be_verified(ask, verifications):
    response = ask(lease_seconds="3600", secret="một bí mật")
    assert (response.status_code, response.data) == (202, b"")
    assert response.headers["Cache-Control"] == "no-store"
    (waiting,) = verifications()
    assert (waiting.kind, waiting.mode, waiting.callback) == (Kind.WEBSUB, "subscribe", CALLBACK)
    assert (waiting.host, waiting.lease_seconds) == ("partner.example", 3600)
    assert waiting.topic.url == TOPIC
    assert "bí mật" not in waiting.secret
    assert VAULT.unseal(waiting.secret) == "một bí mật"


def test_request_that_comes_again_takes_the_place_of_the_first(ask, verifications):
    ask(lease_seconds="3600")
    ask(lease_seconds="7200")
    (waiting,) = verifications()
    assert waiting.lease_seconds == 7200


def test_topic_is_kept_as_the_subscriber_writes_it(ask, verifications):
    spelled = f"{TOPIC}?limit=30"
    ask(topic=spelled)
    (waiting,) = verifications()
    assert waiting.topic.url == TOPIC
    assert read_spelling(waiting.spelling, TOPIC, VAULT) == spelled


def test_token_is_kept_by_its_number_and_never_in_clear(ask, verifications, save, give):
    token = give(save("partner-b", is_private=True))
    spelled = f"https://feeds.example/private/{token}/partner-b.rss"
    assert ask(topic=spelled).status_code == 202
    (waiting,) = verifications()
    assert token not in json.dumps(waiting.__data__, default=str) + waiting.topic.url
    assert waiting.token_id is not None
    assert read_spelling(waiting.spelling, waiting.topic.url, VAULT) == spelled


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"mode": None}, "hub.mode"),
        ({"mode": "publish"}, "hub.mode"),
        ({"topic": None}, "hub.topic"),
        ({"topic": "https://feeds.example/feeds/none.rss"}, "hub.topic"),
        ({"topic": "https://feeds.example/feeds/all.rss?category=none"}, "hub.topic"),
        ({"topic": "https://other.example/feeds/all.rss"}, "hub.topic"),
        ({"topic": "https://feeds.example/feeds/all.json?after=0"}, "hub.topic"),
        ({"callback": None}, "hub.callback"),
        ({"callback": "http://127.0.0.1/"}, "hub.callback"),
        ({"callback": "ftp://partner.example/"}, "hub.callback"),
        ({"callback": f"{CALLBACK}#x"}, "hub.callback"),
        ({"lease_seconds": "0"}, "hub.lease_seconds"),
        ({"secret": "x" * 200}, "hub.secret"),
    ],
)
def test_fault_is_told_by_its_parameter_and_nothing_is_kept(ask, verifications, said, name):
    response = ask(**said)
    assert (response.status_code, response.content_type) == (400, PROBLEM)
    assert kind_of(response) == "hub-refuses"
    assert response.json["parameter"] == name
    assert response.json["detail"].startswith(f"{name}: ")
    assert not verifications()


def test_repeated_parameter_is_told(ask):
    response = ask(("hub.topic", TOPIC))
    assert response.json["parameter"] == "hub.topic"


def test_parameters_in_the_address_are_none(client):
    response = client.post("/hub?hub.mode=subscribe", data="", content_type=FORM)
    assert response.json["detail"] == "hub.mode: is missing."


def test_body_that_is_too_large_is_refused(ask):
    response = ask(("x", "x" * 20_000))
    assert response.status_code == 413
    assert "FEEDSVC_HUB_MAX_BODY_BYTES" in response.json["detail"]


def test_unsubscribing_waits_to_be_verified_as_well(app, ask, verifications):
    database = app.extensions["feedsvc"].database
    ask()
    (waiting,) = verifications()
    assert confirm(database, waiting, waiting.requested_at)
    assert ask(mode="unsubscribe").status_code == 202
    (waiting,) = verifications()
    assert waiting.mode == "unsubscribe"


def test_what_was_never_subscribed_can_not_be_ended(ask, app):
    response = ask(mode="unsubscribe")
    assert response.json["detail"] == "hub.callback: has no subscription to this topic."
    with app.extensions["feedsvc"].database.read():
        assert not Topic.select().exists()


def test_person_and_program_are_told_what_the_hub_is(client):
    for language, word in (("vi", "đăng ký"), ("en", "subscribe")):
        response = client.get("/hub", headers={"Accept-Language": language})
        assert response.content_type == "text/plain; charset=utf-8"
        assert word in response.text
        assert "https://feeds.example/docs" in response.text


# Limits


@pytest.fixture
def limited(sqlite_url):
    """Makes the client of a service that has such limits."""
    apps = []

    def make(**limits):
        apps.append(create_app(make_settings(sqlite_url, **limits)))
        return apps[-1].test_client()

    yield make
    for app in apps:
        app.extensions["feedsvc"].database.close()


def send(client, sender="198.51.100.1", **said):
    headers = {"X-Forwarded-For": sender}
    return client.post("/hub", data=dict(wish(**said)), headers=headers)


def test_client_that_asks_too_often_is_told_when_to_come_back(limited):
    client = limited(hub_rate="2/minute")
    assert [send(client).status_code for _ in range(2)] == [202, 202]
    refused = send(client)
    assert (refused.status_code, kind_of(refused)) == (429, "too-many-subscriptions")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert send(client, "198.51.100.2").status_code == 202


def test_what_is_refused_counts_too(limited):
    client = limited(hub_rate="2/minute")
    statuses = [send(client, mode="x").status_code for _ in range(3)]
    assert statuses == [400, 400, 429]


def test_host_is_called_no_more_often_whoever_asks(limited):
    client = limited(hub_callback_rate="2/hour")
    for number in range(3):
        callback = f"https://partner.example/{number}"
        response = send(client, f"198.51.100.{number}", callback=callback)
    assert response.status_code == 429
    assert "FEEDSVC_HUB_CALLBACK_RATE" in response.json["detail"]
    assert send(client, callback="https://other.example/").status_code == 202


@pytest.mark.parametrize("name", ["hub_max_subscriptions_per_host", "hub_max_subscriptions"])
def test_no_more_subscriptions_than_there_may_be(limited, name):
    client = limited(**{name: 2})
    for number in range(3):
        response = send(client, callback=f"https://partner.example/{number}")
    assert response.status_code == 400
    assert f"FEEDSVC_{name.upper()}" in response.json["detail"]


def test_secret_without_a_vault_is_told_with_the_cure(limited, monkeypatch):
    client = limited()
    monkeypatch.setattr(client.application.extensions["feedsvc"].vault, "_fernet", None)
    response = send(client, secret="x")
    assert (response.status_code, kind_of(response)) == (503, "no-secret-key")
    assert "FEEDSVC_SECRET_KEY" in response.json["detail"]
    assert send(client).status_code == 202


def test_hub_that_is_off_is_not_there_and_not_named(limited):
    client = limited(hub=False)
    assert client.post("/hub").status_code == 404
    assert client.post("/rsscloud/pleaseNotify").status_code == 404
    for suffix in ("rss", "atom", "json"):
        response = client.get(f"/feeds/all.{suffix}")
        assert "Link" not in response.headers
        assert "/hub" not in response.text
        assert "cloud" not in response.text.partition("?>")[2]


# rssCloud


def please_notify(client, **said):
    given = {"port": "80", "path": "/ping", "url1": TOPIC.replace("atom", "rss")} | said
    headers = {"X-Forwarded-For": "198.41.0.4"}
    response = client.post("/rsscloud/pleaseNotify", data=given, headers=headers)
    assert (response.status_code, response.mimetype) == (200, "text/xml")
    result = ET.fromstring(response.data)
    assert result.tag == "notifyResult"
    return result.get("success"), result.get("msg")


def test_registration_of_who_asks_is_noticed(client, verifications):
    assert please_notify(client)[0] == "true"
    (waiting,) = verifications()
    assert (waiting.kind, waiting.mode) == (Kind.RSSCLOUD, "notice")
    assert waiting.callback == "http://198.41.0.4/ping"
    assert waiting.lease_seconds == 25 * 3600


def test_registration_for_another_host_is_challenged(client, verifications):
    please_notify(client, domain="partner.example", url2="https://feeds.example/feeds/all.json")
    waiting = verifications()
    assert [one.mode for one in waiting] == ["challenge", "challenge"]
    assert {one.callback for one in waiting} == {"http://partner.example/ping"}


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"port": ""}, "port: is missing."),
        ({"domain": "127.0.0.1"}, "domain: "),
        ({"protocol": "xml-rpc"}, "protocol: "),
        ({"url2": 'https://feeds.example/feeds/"none".rss'}, "url2: "),
    ],
)
def test_fault_of_a_registration_is_told(client, verifications, said, fault):
    success, message = please_notify(client, **said)
    assert success == "false"
    assert message.startswith(fault)
    assert not verifications()


def test_each_feed_of_a_registration_counts(limited):
    client = limited(hub_rate="2/minute")
    urls = {f"url{n}": f"https://feeds.example/feeds/all.rss?limit={n}" for n in range(1, 4)}
    given = {"port": "80", "path": "/", "domain": "partner.example"} | urls
    assert client.post("/rsscloud/pleaseNotify", data=given).status_code == 429


def test_revoked_token_subscribes_to_nothing(app, ask, save, give):
    token = give(save("partner-b", is_private=True))
    store.revoke_token(app.extensions["feedsvc"].database, "partner-b", "Báo B")
    response = ask(topic=f"https://feeds.example/private/{token}/partner-b.rss")
    assert response.json["parameter"] == "hub.topic"
    assert token not in response.text
