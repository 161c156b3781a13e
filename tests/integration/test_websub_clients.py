"""The hub among programs by others: Flask-WebSub 0.4.1 (Marten de Vries, MIT), used as it is.

It has a subscriber, which finds a feed's hub, subscribes, answers the challenge, checks what it is
sent against its secret, renews and ends a subscription; and a hub, which is told that a feed has
changed, reads it, and sends it to its own subscribers. Of the hub's task queue only the two calls
that it makes are here.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from flask import Flask, request
from flask_websub.hub import Hub, SQLite3HubStorage
from flask_websub.subscriber import (
    SQLite3SubscriberStorage,
    SQLite3TempSubscriberStorage,
    Subscriber,
    discover,
)
from werkzeug.serving import make_server

from feedsvc.hub.subscriptions import list_infos
from feedsvc.models.push import Kind
from tests.hub.crowd import read_entries
from tests.integration.conftest import end, on_sqlite
from tests.integration.server import PATIENCE_SECONDS, Service, wait_until
from tests.newsroom import publish, withdraw

SETTINGS = {
    "FEEDSVC_WORKER": "true",
    "FEEDSVC_HUB_WINDOW_SECONDS": "0.1",
    "FEEDSVC_HUB_PING_DELAY_SECONDS": "0",
    "FEEDSVC_HUB_ALLOW": "127.0.0.0/8",
    "FEEDSVC_HUB_PORTS": "1-65535",
}
#: What these programs see of the service has nothing to do with its database.
pytestmark = on_sqlite
LEASE_SECONDS = 3_600
SECRET = "bí mật"


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve an application; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE_SECONDS)


class Reader:
    """Flask-WebSub's subscriber, and what it was told."""

    def __init__(self, folder) -> None:
        path = str(folder / "subscriber.db")
        self.storage = SQLite3SubscriberStorage(path)
        self.subscriber = Subscriber(self.storage, SQLite3TempSubscriberStorage(path))
        self.bodies: list[bytes] = []
        self.confirmed: list[str] = []
        self.subscriber.add_listener(lambda _topic, _id, body: self.bodies.append(body))
        self.subscriber.add_success_handler(lambda _topic, _id, mode: self.confirmed.append(mode))
        self.app = Flask("reader")
        self.app.register_blueprint(self.subscriber.build_blueprint("/callbacks"))
        self.url = ""

    def do(self, verb: str, *args, **options) -> str:
        """Subscribe, renew or unsubscribe, and wait until the hub has verified it."""
        count = len(self.confirmed)
        with self.app.test_request_context(base_url=self.url):
            name = getattr(self.subscriber, verb)(*args, **options)
        wait_until(lambda: len(self.confirmed) > count, f"the hub verifies: {verb}")
        return name

    def titles(self, number: int, media_type: str = "atom") -> list[str | None]:
        """What the entries of a delivery are called."""
        wait_until(lambda: len(self.bodies) > number, f"delivery {number}")
        return [title for _, title in read_entries(media_type, self.bodies[number])]


@pytest.fixture
def reader(tmp_path):
    reader = Reader(tmp_path)
    with serving(reader.app) as reader.url:
        yield reader


@pytest.fixture
def start(empty_database_url, tmp_path_factory):
    """Start a service that can be reached at its public address."""
    log_path = tmp_path_factory.mktemp("log") / "service.log"
    started = []

    def start(**settings: str) -> Service:
        service = Service(empty_database_url, log_path, workers=1, **SETTINGS | settings)
        service.environment["FEEDSVC_PUBLIC_URL"] = f"http://127.0.0.1:{service.port}"
        started.append(service)
        service.start()
        return service

    yield start
    for service in started:
        end(service)


def feed_of(service: Service, suffix: str = "atom") -> str:
    return f"http://127.0.0.1:{service.port}/feeds/all.{suffix}"


def wait_until_subscribed(service: Service, count: int = 1) -> None:
    """The subscriber knows before the hub that it was verified."""
    wait_until(lambda: service.log.count("verified: mode=") >= count, "it is written down")


@pytest.mark.parametrize("suffix", ["atom", "rss", "json"])
def test_subscriber_by_others_finds_the_hub_and_follows(start, reader, suffix):
    service = start()
    service.push(publish("truoc", title="Trước"))
    found = discover(feed_of(service, suffix))
    assert found == {
        "hub_url": f"http://127.0.0.1:{service.port}/hub",
        "topic_url": feed_of(service, suffix),
    }
    reader.do("subscribe", **found)
    wait_until_subscribed(service)
    service.push(publish("cau", title="Cầu mới thông xe"))
    assert reader.titles(0, suffix) == ["Cầu mới thông xe"]
    service.push(publish("cau", title="Cầu mới đã thông xe", date_modified="2026-01-02T00:00:00Z"))
    assert reader.titles(1, suffix) == ["Cầu mới đã thông xe"]


def test_subscriber_by_others_is_given_its_lease(start, reader):
    service = start()
    name = reader.do("subscribe", **discover(feed_of(service)), lease_seconds=LEASE_SECONDS)
    assert reader.storage[name]["lease_seconds"] == LEASE_SECONDS


def test_subscriber_by_others_renews(start, reader):
    service = start()
    name = reader.do("subscribe", **discover(feed_of(service)))
    wait_until_subscribed(service)
    reader.do("renew", name)
    wait_until_subscribed(service, 2)
    service.push(publish("cau", title="Cầu"))
    assert reader.titles(0) == ["Cầu"]
    assert reader.confirmed == ["subscribe", "subscribe"]
    service.push(withdraw("cau"))
    assert reader.titles(1) == [None]
    assert len(reader.bodies) == 2  # it is one subscription, not two


def test_subscriber_by_others_leaves(start, reader):
    service = start()
    name = reader.do("subscribe", **discover(feed_of(service)))
    wait_until_subscribed(service)
    service.push(publish("cau", title="Cầu"))
    assert reader.titles(0) == ["Cầu"]
    reader.do("unsubscribe", name)
    assert reader.confirmed == ["subscribe", "unsubscribe"]
    wait_until_subscribed(service, 2)
    with pytest.raises(KeyError):
        reader.storage[name]


@pytest.mark.parametrize("method", ["sha1", "sha256"])
def test_subscriber_by_others_checks_the_signature(start, reader, method, monkeypatch):
    """It gives secrets to hubs with TLS alone; that the one here has none is kept from it."""
    monkeypatch.setattr("flask_websub.subscriber.is_secure", lambda _: True)
    service = start(FEEDSVC_HUB_SIGNATURE_METHOD=method)
    name = reader.do("subscribe", **discover(feed_of(service)), secret=SECRET)
    assert reader.storage[name]["secret"] == SECRET
    wait_until_subscribed(service)
    service.push(publish("cau", title="Cầu"))
    assert reader.titles(0) == ["Cầu"]  # what is signed wrongly is not shown to a listener


class Tasks:
    """What the hub by others wants of a task queue: each task runs on a thread."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def task(self, *, bind: bool = False, **_: object):
        def make(verb):
            def delay(*args, **options) -> None:
                own = (SimpleNamespace(request=SimpleNamespace(retries=0)),) if bind else ()
                thread = threading.Thread(target=verb, args=(*own, *args), kwargs=options)
                thread.start()
                self._threads.append(thread)  # started first: `join` may come at any time

            return SimpleNamespace(delay=delay)

        return make

    def join(self) -> None:
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)


@pytest.fixture
def other_hub(tmp_path):
    """Flask-WebSub's hub: its address, the feeds that it was told of, and its subscribers.

    How hubs are told is no part of WebSub. Most take `hub.url`, this one `hub.topic`.
    """
    tasks = Tasks()
    hub = Hub(SQLite3HubStorage(str(tmp_path / "hub.db")), tasks)
    app = Flask("hub")
    told: list[str] = []

    @app.before_request
    def take_publication():
        if request.form.get("hub.mode") != "publish":
            return None
        urls = request.form.getlist("hub.url")
        for url in urls:
            hub.send_change_notification.delay(url)
        told.extend(urls)  # last: who sees them finds their tasks begun
        return "", 204

    app.register_blueprint(hub.build_blueprint("/hub"))
    with serving(app) as url:
        yield f"{url}/hub", told, hub.storage
        tasks.join()


def wait_until_hubs_are_known(service: Service) -> None:
    """From then on they are told of what changes."""

    def are_known() -> bool:
        with service.database() as database:
            return any(one.kind == Kind.HUB for one in list_infos(database))

    wait_until(are_known, "the worker knows the other hubs")


def test_hub_by_others_is_told_and_sends_the_change_on(start, reader, other_hub):
    hub_url, told, storage = other_hub
    service = start(FEEDSVC_HUBS=hub_url)
    wait_until_hubs_are_known(service)
    topic = feed_of(service)
    reader.do("subscribe", hub_url=hub_url, topic_url=topic)
    wait_until(lambda: list(storage.get_callbacks(topic)), "it is written down")
    service.push(publish("cau", title="Cầu mới thông xe"))
    wait_until(lambda: topic in told, "the hub is told")
    assert reader.titles(0) == ["Cầu mới thông xe"]


def test_hub_by_others_is_told_of_exactly_what_changed(start, other_hub):
    hub_url, told, _ = other_hub
    service = start(FEEDSVC_HUBS=hub_url)
    wait_until_hubs_are_known(service)
    service.push(publish("cau", categories=["Giao thông"]))
    wait_until(lambda: len(told) >= 6, "the hub is told")
    service.push(publish("mua", categories=["Thời tiết"]))
    wait_until(lambda: len(told) >= 12, "the hub is told again")
    home, suffixes = f"http://127.0.0.1:{service.port}/feeds", ("atom", "json", "rss")
    for part, slug in ((told[:6], "giao-thong"), (told[6:], "thoi-tiet")):
        changed = {f"{home}/{name}.{suffix}" for name in ("all", slug) for suffix in suffixes}
        assert set(part) == changed
