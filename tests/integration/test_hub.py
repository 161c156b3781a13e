"""Subscribing, and being sent what changes: `feedsvc serve` with its worker, real callbacks."""

import hashlib
import hmac
import os
import signal
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.hub.receiver import ALLOW, Received, answer, receive, take
from tests.integration.server import PUBLIC_URL, wait_until
from tests.newsroom import publish, withdraw

SETTINGS = {
    "FEEDSVC_WORKER": "true",
    "FEEDSVC_HUB_WINDOW_SECONDS": "0.1",
    "FEEDSVC_HUB_RETRY_SECONDS": "0.2",
    **{f"FEEDSVC_{name.upper()}": value for name, value in ALLOW.items()},
}
TOPIC = f"{PUBLIC_URL}/feeds/all.atom"
ATOM = "{http://www.w3.org/2005/Atom}"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def receiver():
    with receive() as receiver:
        yield receiver


@pytest.fixture
def service(serve):
    return serve(**SETTINGS)


def ask(service, callback: str, mode: str = "subscribe", topic: str = TOPIC, **more: str):
    said = {"mode": mode, "topic": topic, "callback": callback} | more
    body = urlencode({f"hub.{name}": value for name, value in said.items()}).encode()
    reply = service.request("POST", "/hub", body, FORM)
    assert reply.status == 202, reply


def subscribe(service, receiver, path: str = "/push", **more: str) -> None:
    """Subscribe, and wait until that is verified."""
    before = len(receiver.at(path))
    ask(service, receiver.url(path), **more)
    wait_until(lambda: len(receiver.at(path)) > before, "the callback is asked")
    wait_until(lambda: "verified: mode=subscribe" in service.log, "it is subscribed")


def deliveries(receiver, path: str = "/push") -> list[Received]:
    return [one for one in receiver.at(path) if one.method == "POST"]


def titles(received: Received) -> list[str]:
    root = ET.fromstring(received.body)
    return [entry.findtext(f"{ATOM}title", "") for entry in root.iter(f"{ATOM}entry")]


def wait_for(receiver, count: int, path: str = "/push") -> list[Received]:
    wait_until(lambda: len(deliveries(receiver, path)) >= count, f"{count} deliveries")
    return deliveries(receiver, path)


def test_change_reaches_a_subscriber(service, receiver):
    service.push(publish("before", title="Trước"))
    subscribe(service, receiver, secret="bí mật")
    service.push(publish("cau", title="Cầu mới thông xe"))
    (first,) = wait_for(receiver, 1)
    assert titles(first) == ["Cầu mới thông xe"]
    assert first.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert f'<{PUBLIC_URL}/hub>; rel="hub"' in first.headers["link"]
    assert f'<{TOPIC}>; rel="self"' in first.headers["link"]
    signature = hmac.new("bí mật".encode(), first.body, hashlib.sha256).hexdigest()
    assert first.headers["x-hub-signature"] == f"sha256={signature}"


def test_withdrawal_reaches_a_subscriber(service, receiver):
    service.push(publish("cau"))
    subscribe(service, receiver)
    service.push(withdraw("cau"))
    (first,) = wait_for(receiver, 1)
    assert titles(first) == []
    assert b"deleted-entry" in first.body


def test_delivery_that_fails_is_tried_again(service, receiver):
    receiver.tell("/push", take, answer(503), answer(500), take)
    subscribe(service, receiver)
    service.push(publish("cau", title="Cầu"))
    all_ = wait_for(receiver, 3)
    assert [titles(one) for one in all_] == [["Cầu"]] * 3


def test_callback_that_is_gone_ends_the_subscription(service, receiver):
    receiver.tell("/push", take, answer(410))
    subscribe(service, receiver)
    service.push(publish("cau"))
    wait_for(receiver, 1)
    wait_until(lambda: "ended: subscription=" in service.log, "it has ended")
    service.push(publish("duong"))
    assert len(deliveries(receiver)) == 1


def test_unsubscribing_is_verified_and_ends_it(service, receiver):
    subscribe(service, receiver)
    ask(service, receiver.url("/push"), mode="unsubscribe")
    wait_until(lambda: "verified: mode=unsubscribe" in service.log, "it is verified")
    modes = [one.query["hub.mode"] for one in receiver.at("/push")]
    assert modes == ["subscribe", "unsubscribe"]


def test_wish_that_nobody_has_is_forgotten(service, receiver):
    receiver.tell("/push", answer(200, b"something else"))
    ask(service, receiver.url("/push"))
    wait_until(lambda: "problem=answered without the challenge" in service.log, "it is dropped")


def test_worker_that_is_killed_is_started_again(service, receiver):
    subscribe(service, receiver)
    os.kill(service.find_hub_worker(), signal.SIGKILL)
    service.push(publish("cau", title="Cầu"))
    (first,) = wait_for(receiver, 1)
    assert titles(first) == ["Cầu"]
    assert "worker has died" in service.log


def test_worker_ends_with_the_service(service):
    worker = wait_until(service.find_hub_worker, "the worker is there")
    service.terminate()
    assert not Path(f"/proc/{worker}").exists()
    assert "the hub's worker has ended" in service.log
