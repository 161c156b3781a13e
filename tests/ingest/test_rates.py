"""How many messages a source may send."""

import logging
import os
import socket
import sys
import uuid

import pytest

from feedsvc.app import create_app
from feedsvc.errors import ConfigurationError, RateLimitError
from feedsvc.incoming import rates
from feedsvc.incoming.rates import Counters
from feedsvc.ingest.rates import Rates
from feedsvc.ingest.sources import add_source
from feedsvc.settings import load_settings
from tests.conftest import make_settings
from tests.newsroom import JSON, VAULT, Newsroom, dumped, publish, signed

REDIS = "redis://127.0.0.1:6379/9"
NDJSON = "application/x-ndjson"


@pytest.fixture
def make_newsroom(sqlite_url):
    """Makes the newsroom `desk` of a service that has such limits."""
    databases = []

    def make(**limits):
        app = create_app(make_settings(sqlite_url, **limits))
        databases.append(app.extensions["feedsvc"].database)
        return Newsroom(app.test_client(), add_source(databases[-1], VAULT, "desk"))

    yield make
    for database in databases:
        database.close()


@pytest.fixture
def limited(make_newsroom):
    """A source may send two messages a minute."""
    return make_newsroom(ingest_rate="2/minute")


@pytest.fixture
def redis_url():
    redis = pytest.importorskip("redis", reason="the redis extra is not installed")
    try:
        redis.Redis.from_url(REDIS, socket_timeout=2).ping()
    except redis.RedisError:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have Redis at {REDIS}")
        pytest.skip(f"no Redis answers at {REDIS}")
    return REDIS


@pytest.fixture
def silent_url():
    """What takes connections and never says a word."""
    pytest.importorskip("redis", reason="the redis extra is not installed")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}"


def make_rates(**limits):
    settings = load_settings(**({"ingest_rate": "2/minute"} | limits))
    return Rates(settings, Counters(settings))


def guess(newsroom, source="desk", client="203.0.113.1", **options):
    """Send what can't be verified."""
    headers = {"Content-Type": JSON, "X-Forwarded-For": client}
    options = {"data": b"{}"} | options
    return newsroom.client.post(f"/ingest/{source}", headers=headers, **options)


def test_message_too_many_is_told_when_to_come_again(limited):
    for number in range(2):
        assert limited.send(publish(f"a-{number}")).status_code == 200
    response = limited.send(publish("a-2"))
    assert response.status_code == 429
    assert response.content_type == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert "FEEDSVC_INGEST_RATE" in response.json["detail"]


def test_message_too_many_is_not_done(limited):
    for number in range(3):
        limited.send(publish(f"a-{number}"))
    assert len(limited.client.get("/feeds/all.json").json["items"]) == 2


def test_another_source_is_not_held_up(limited):
    key = add_source(limited.client.application.extensions["feedsvc"].database, VAULT, "other")
    for number in range(3):
        limited.send(publish(f"a-{number}"))
    body = dumped(publish("b"))
    response = limited.client.post("/ingest/other", data=body, headers=signed(key, body))
    assert response.status_code == 200


def test_messages_of_strangers_do_not_count(limited):
    for _ in range(5):
        assert guess(limited).status_code == 401
    assert limited.send(publish("a")).status_code == 200


def test_batch_counts_as_one_message(limited):
    assert limited.send([publish(f"a-{n}") for n in range(9)]).status_code == 200
    assert limited.send(publish("b")).status_code == 200


def test_batch_of_lines_counts_as_one_message(limited):
    lines = b"\n".join(dumped(publish(f"a-{n}")) for n in range(9))
    for status in (200, 200, 429):
        assert limited.send(lines, headers={"Content-Type": NDJSON}).status_code == status


def test_message_that_comes_again_counts_like_any_other(limited):
    for status in (200, 200, 429):
        assert limited.send(publish("a"), message_id="m").status_code == status


def test_dry_run_counts_too(limited):
    body = dumped(publish("a"))
    for status in (200, 200, 429):
        headers = signed(limited.key, body)
        response = limited.client.post("/ingest/desk?dry-run=1", data=body, headers=headers)
        assert response.status_code == status


def test_of_several_rates_each_holds():
    several = make_rates(ingest_rate="100/minute; 2/hour")
    several.count_message("desk")
    several.count_message("desk")
    with pytest.raises(RateLimitError, match="2 per 1 hour"):
        several.count_message("desk")


def test_unlimited_is_no_limit():
    unlimited = make_rates(ingest_rate="unlimited")
    for _ in range(10_000):
        unlimited.count_message("desk")


# Where it is counted


def test_processes_count_together_in_redis(redis_url):
    name = uuid.uuid4().hex
    one, another = (make_rates(rate_storage_url=redis_url) for _ in range(2))
    one.count_message(name)
    another.count_message(name)
    with pytest.raises(RateLimitError) as caught:
        one.count_message(name)
    assert 1 <= caught.value.retry_after_seconds <= 60


@pytest.mark.parametrize("name", ["nobody", "silent"])
def test_messages_are_taken_when_redis_is_away(make_newsroom, silent_url, name):
    url = silent_url if name == "silent" else "redis://127.0.0.1:1"
    newsroom = make_newsroom(ingest_rate="2/minute", rate_storage_url=url)
    for number in range(4):
        assert newsroom.send(publish(f"a-{number}")).status_code == 200


def test_that_nothing_is_counted_is_said_once_a_minute(monkeypatch, caplog):
    pytest.importorskip("redis", reason="the redis extra is not installed")
    monkeypatch.setattr(rates, "_REST_SECONDS", 0.0)
    away = make_rates(rate_storage_url="redis://:a-password@127.0.0.1:1")
    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            away.count_message("desk")
    assert caplog.text.count("requests are not counted") == 1
    assert "a-password" not in caplog.text


# How it is set


@pytest.mark.parametrize("rate", ["many", "5", "5/fortnight", "-1/minute", "0/minute"])
def test_rate_that_is_none_is_told_by_its_name(rate):
    with pytest.raises(ConfigurationError, match="FEEDSVC_INGEST_RATE: must be a rate"):
        load_settings(ingest_rate=rate)


@pytest.mark.parametrize(
    "url",
    [
        "x",
        "redsi://:a-password@127.0.0.1",
        "redis+sentinel://:a-password@127.0.0.1/name",
        "redis://:a-password@127.0.0.1:port",
        "redis://[:a-password",
        "redis://127.0.0.1?a-password=1",
        "redis://127.0.0.1?socket_timeout=a-password",
    ],
)
def test_place_to_count_in_that_is_none_is_told_without_its_password(url):
    pytest.importorskip("redis", reason="the redis extra is not installed")
    with pytest.raises(ConfigurationError, match="FEEDSVC_RATE_STORAGE_URL: ") as caught:
        make_rates(rate_storage_url=url)
    assert "a-password" not in str(caught.value)


def test_redis_without_its_package_is_told_with_the_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'feedsvc\[redis\]'"):
        make_rates(rate_storage_url="redis://127.0.0.1")
