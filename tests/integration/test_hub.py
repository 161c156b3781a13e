"""Subscribing, and being sent what changes: `feedsvc serve` with its worker, real callbacks."""

import hashlib
import hmac
import os
import signal
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pytest

from tests.hub.receiver import ALLOW, Received, Receiver, answer, hang, receive, take
from tests.integration.server import PROGRAM, PUBLIC_URL, Service, wait_until
from tests.newsroom import publish, withdraw

SETTINGS = {
    "FEEDSVC_WORKER": "true",
    "FEEDSVC_HUB_WINDOW_SECONDS": "0.1",
    "FEEDSVC_HUB_RETRY_SECONDS": "0.2",
    "FEEDSVC_HUB_TIMEOUT_SECONDS": "20",
    "FEEDSVC_HUB_PING_DELAY_SECONDS": "0.1",
    "FEEDSVC_HUB_CONCURRENCY": "8",
    "FEEDSVC_HUB_MIN_LEASE_SECONDS": "1",
    "FEEDSVC_HUB_RATE": "1000/minute",
    "FEEDSVC_HUB_CALLBACK_RATE": "10000/hour",
    **{f"FEEDSVC_{name.upper()}": value for name, value in ALLOW.items()},
}
ATOM = "{http://www.w3.org/2005/Atom}"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_numbers = count(1)


@dataclass
class Partner:
    """A subscriber to a section of its own."""

    service: Service
    receiver: Receiver
    section: str
    path: str

    @property
    def topic(self) -> str:
        return f"{PUBLIC_URL}/feeds/{self.section}.atom"

    def ask(self, mode: str = "subscribe", **more: str) -> None:
        said = {"mode": mode, "topic": self.topic, "callback": self.receiver.url(self.path)} | more
        body = urlencode({f"hub.{name}": value for name, value in said.items()}).encode()
        reply = self.service.request("POST", "/hub", body, FORM)
        assert reply.status == 202, reply

    def subscribe(self, **more: str) -> None:
        """Returns when it is subscribed."""
        before = self.count_verified()
        self.ask(**more)
        wait_until(lambda: self.count_verified() > before, "it is subscribed")

    def count_verified(self, mode: str = "subscribe", problem: str = "-") -> int:
        said = (
            f"verified: mode={mode} topic={self.topic} host={self.receiver.host} problem={problem}"
        )
        return self.service.log.count(said)

    def publish(self, name: str = "cau", **fields) -> None:
        categories = [{"slug": self.section, "name": self.section}]
        article_id = f"{self.section}-{name}"
        self.service.push(publish(article_id, **{"categories": categories} | fields))

    def withdraw(self, name: str = "cau") -> None:
        self.service.push(withdraw(f"{self.section}-{name}"))

    @property
    def deliveries(self) -> list[Received]:
        return [one for one in self.receiver.at(self.path) if one.method == "POST"]

    def wait_for(self, number: int) -> list[Received]:
        wait_until(lambda: len(self.deliveries) >= number, f"{number} deliveries")
        return self.deliveries

    def list_subscriptions(self) -> str:
        """What the command line says of it."""
        return command(self.service, "hub", "list", self.receiver.url(self.path))


def command(service, *arguments: str) -> str:
    """What a command of feedsvc's prints."""
    done = subprocess.run(
        [PROGRAM, *arguments],
        env=service.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done
    return done.stdout


def titles(received: Received) -> list[str]:
    root = ET.fromstring(received.body)
    return [entry.findtext(f"{ATOM}title", "") for entry in root.iter(f"{ATOM}entry")]


@pytest.fixture(scope="module")
def receiver():
    with receive() as receiver:
        yield receiver


@pytest.fixture
def partner(shared_service, receiver):
    number = next(_numbers)
    partner = Partner(shared_service, receiver, f"muc-{number}", f"/push/{number}")
    partner.publish("first", title="first")
    return partner


def test_change_reaches_a_subscriber(partner):
    partner.subscribe(secret="bí mật")
    partner.publish(title="Cầu mới thông xe")
    (first,) = partner.wait_for(1)
    assert titles(first) == ["Cầu mới thông xe"]
    assert first.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert f'<{PUBLIC_URL}/hub>; rel="hub"' in first.headers["link"]
    assert f'<{partner.topic}>; rel="self"' in first.headers["link"]
    signature = hmac.new("bí mật".encode(), first.body, hashlib.sha256).hexdigest()
    assert first.headers["x-hub-signature"] == f"sha256={signature}"


def test_withdrawal_reaches_a_subscriber(partner):
    partner.subscribe()
    partner.withdraw("first")
    (first,) = partner.wait_for(1)
    assert titles(first) == []
    assert b"deleted-entry" in first.body


def test_each_change_comes_once_and_in_order(partner):
    partner.subscribe()
    for number in range(12):
        partner.publish(f"a-{number}", title=f"{number:02}")

    def seen():
        return [title for one in partner.deliveries for title in sorted(titles(one))]

    wait_until(lambda: len(seen()) >= 12, "all have come")
    assert seen() == [f"{number:02}" for number in range(12)]


def test_change_elsewhere_is_not_sent(partner, shared_service):
    partner.subscribe()
    shared_service.push(publish("elsewhere"))
    partner.publish(title="here")
    (first,) = partner.wait_for(1)
    assert titles(first) == ["here"]


def test_scheduled_article_is_sent_at_its_moment(partner):
    partner.subscribe()
    soon = datetime.now(UTC) + timedelta(seconds=1)
    partner.publish(title="soon", date_published=soon.isoformat())
    (first,) = partner.wait_for(1)
    assert titles(first) == ["soon"]
    assert datetime.now(UTC) >= soon


def test_delivery_that_fails_is_tried_again(partner):
    partner.receiver.tell(partner.path, take, answer(503), answer(500), take)
    partner.subscribe()
    partner.publish(title="Cầu")
    assert [titles(one) for one in partner.wait_for(3)] == [["Cầu"]] * 3


def test_callback_that_is_gone_ends_the_subscription(partner):
    partner.receiver.tell(partner.path, take, answer(410))
    partner.subscribe()
    partner.publish()
    wait_until(lambda: partner.path not in partner.list_subscriptions(), "it has ended")
    assert len(partner.deliveries) == 1


def test_redirect_is_not_followed(partner):
    inside = partner.receiver.tell(f"{partner.path}/inside", take)
    partner.receiver.tell(partner.path, take, answer(307, Location=inside), take)
    partner.subscribe()
    partner.publish()
    partner.wait_for(2)
    assert partner.receiver.at(f"{partner.path}/inside") == []


def test_callbacks_that_hang_do_not_delay_others(partner):
    """More of them than are called at once, for longer than it takes to go on without them."""
    with receive("127.0.0.2") as dead:
        for number in range(12):
            path = f"{partner.path}/dead/{number}"
            dead.tell(path, take, hang)
            Partner(partner.service, dead, partner.section, path).subscribe()
        partner.subscribe()
        partner.publish(title="Cầu")
        (first,) = partner.wait_for(1)
        assert titles(first) == ["Cầu"]
        assert "problem=no answer within 20 s" not in partner.service.log


def test_unsubscribing_is_verified_and_ends_it(partner):
    partner.subscribe()
    partner.ask(mode="unsubscribe")
    wait_until(lambda: partner.count_verified("unsubscribe"), "it is verified")
    asked = [one.query["hub.mode"] for one in partner.receiver.at(partner.path)]
    assert asked == ["subscribe", "unsubscribe"]
    assert partner.path not in partner.list_subscriptions()


def test_subscriber_is_told_its_lease(partner):
    partner.subscribe(lease_seconds="3600")
    (asked,) = partner.receiver.at(partner.path)
    assert asked.query["hub.lease_seconds"] == "3600"
    assert asked.query["hub.topic"] == partner.topic


def test_subscription_ends_with_its_lease(partner):
    partner.subscribe(lease_seconds="1")
    wait_until(lambda: partner.path not in partner.list_subscriptions(), "it has ended")
    partner.publish()
    assert partner.deliveries == []


def test_wish_whose_owner_answers_otherwise_is_forgotten(partner):
    partner.receiver.tell(partner.path, answer(200, b"something else"))
    partner.ask()
    problem = "answered without the challenge"
    wait_until(lambda: partner.count_verified(problem=problem), "it is dropped")
    assert partner.path not in partner.list_subscriptions()


def test_wish_is_verified_with_one_request(partner):
    partner.receiver.tell(partner.path, answer(500))
    partner.ask()
    wait_until(lambda: partner.count_verified(problem="answered 500"), "it is dropped")
    partner.receiver.tell(partner.path, take)
    partner.subscribe()
    assert len(partner.receiver.at(partner.path)) == 2


def test_private_feed_is_delivered_until_its_token_is_revoked(partner, shared_service):
    name = f"rieng-{partner.section}"
    of_feed = "--title", name, "--category", partner.section, "--private"
    command(shared_service, "feed", "add", name, *of_feed)
    token = command(shared_service, "feed", "add-token", name, "partner").strip()
    topic = f"{PUBLIC_URL}/private/{token}/{name}.atom"
    partner.ask(topic=topic)
    wait_until(lambda: partner.path in partner.list_subscriptions(), "it is subscribed")
    partner.publish(title="Cầu")
    (first,) = partner.wait_for(1)
    assert titles(first) == ["Cầu"]
    assert f'<{topic}>; rel="self"' in first.headers["link"]
    command(shared_service, "feed", "revoke-token", name, "partner")

    def denials():
        asked = partner.receiver.at(partner.path)
        return [one.query for one in asked if one.query.get("hub.mode") == "denied"]

    (denial,) = wait_until(denials, "it is told")
    assert denial["hub.topic"] == topic
    wait_until(lambda: partner.path not in partner.list_subscriptions(), "it has ended")
    partner.publish(title="Đường")
    assert len(partner.deliveries) == 1
    assert token not in shared_service.log


def test_rsscloud_subscriber_is_pinged(partner, shared_service):
    topic = f"{PUBLIC_URL}/feeds/{partner.section}.rss"
    said = {
        "notifyProcedure": "",
        "domain": "127.0.0.1",
        "port": str(partner.receiver.port),
        "path": partner.path,
        "protocol": "http-post",
        "url1": topic,
    }
    reply = shared_service.request("POST", "/rsscloud/pleaseNotify", urlencode(said).encode(), FORM)
    assert reply.status == 200, reply
    wait_until(lambda: partner.receiver.at(partner.path), "it is asked")
    assert partner.receiver.at(partner.path)[0].query["url"] == topic
    wait_until(lambda: partner.path in partner.list_subscriptions(), "it is subscribed")
    partner.publish()
    (ping,) = partner.wait_for(1)
    assert parse_qs(ping.body.decode()) == {"url": [topic]}


@pytest.fixture
def lone(serve, receiver):
    """A service of the test's own, that tells another hub; and its subscriber."""
    number = next(_numbers)
    hub = receiver.tell(f"/hub/push/{number}", take)
    partner = Partner(serve(FEEDSVC_HUBS=hub, **SETTINGS), receiver, "muc", f"/push/{number}")
    partner.publish("first")
    return partner


def test_other_hub_is_told_of_the_feeds_that_have_changed(lone):
    its_own = ("hub", "list", f"/hub{lone.path}")
    wait_until(lambda: f"/hub{lone.path}" in command(lone.service, *its_own), "it is known")
    lone.service.push(publish("elsewhere"))
    wait_until(lambda: f"{PUBLIC_URL}/feeds/xay-dung-dang.rss" in told(lone), "it is told")
    lone.publish()
    names = [f"{name}.{suffix}" for name in ("all", "muc") for suffix in ("atom", "json", "rss")]
    expected = {f"{PUBLIC_URL}/feeds/{name}" for name in names}
    wait_until(lambda: set(told(lone)[-6:]) == expected, "it is told of these")


def told(partner) -> list[str]:
    """The feeds that another hub was told of, in the order in which it was."""
    said = [parse_qs(one.body.decode()) for one in partner.receiver.at(f"/hub{partner.path}")]
    assert all(one["hub.mode"] == ["publish"] for one in said)
    return [url for one in said for url in one["hub.url"]]


def test_worker_that_is_killed_is_started_again(lone):
    lone.subscribe()
    os.kill(lone.service.find_hub_worker(), signal.SIGKILL)
    lone.publish(title="Cầu")
    (first,) = lone.wait_for(1)
    assert titles(first) == ["Cầu"]
    assert "worker has died" in lone.service.log


def test_keeper_that_is_killed_is_replaced_and_ends_with_the_service(lone):
    lone.subscribe()
    keeper = lone.service.find_hub_keeper()
    os.kill(keeper, signal.SIGKILL)
    wait_until(lambda: lone.service.log.count("the hub's worker begins") == 2, "another begins")
    lone.publish(title="Cầu")
    (first,) = lone.wait_for(1)
    assert titles(first) == ["Cầu"]
    lone.service.terminate()  # which sees that nothing is left of it


def test_worker_begins_anew_when_the_service_is_reloaded(lone):
    wait_until(lambda: "the hub's worker begins" in lone.service.log, "it is there")
    lone.service.process.send_signal(signal.SIGHUP)
    wait_until(lambda: lone.service.log.count("the hub's worker begins") == 2, "another begins")
    wait_until(lambda: "the hub's worker has ended" in lone.service.log, "the first has ended")


def test_worker_ends_with_the_service(lone):
    wait_until(lambda: "the hub's worker begins" in lone.service.log, "the worker is there")
    worker = lone.service.find_hub_worker()
    lone.service.terminate()
    assert not Path(f"/proc/{worker}").exists()
    assert "the hub's worker has ended" in lone.service.log
