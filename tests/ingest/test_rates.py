"""How many messages a source may send."""

import logging
import uuid

import pytest

from feedsvc.app import create_app
from feedsvc.errors import ConfigurationError, RateLimitError
from feedsvc.ingest.rates import Rates
from feedsvc.ingest.sources import add_source
from feedsvc.settings import load_settings
from tests.conftest import make_settings
from tests.newsroom import VAULT, Newsroom, publish

REDIS = "redis://127.0.0.1:6379/9"


@pytest.fixture
def limited(sqlite_url):
    """Newsrooms `desk` and `other`, of which each may send two messages a minute."""
    app = create_app(make_settings(sqlite_url, ingest_rate="2/minute"))
    database = app.extensions["feedsvc"].database
    desk, other = (
        Newsroom(app.test_client(), add_source(database, VAULT, n)) for n in ("desk", "o")
    )
    yield desk, other
    database.close()


@pytest.fixture
def redis_url():
    redis = pytest.importorskip("redis", reason="the redis extra is not installed")
    try:
        redis.Redis.from_url(REDIS, socket_timeout=2).ping()
    except redis.RedisError:
        import os

        if os.environ.get("CI"):
            pytest.fail(f"CI must have Redis at {REDIS}")
        pytest.skip(f"no Redis answers at {REDIS}")
    return REDIS


def test_message_too_many_is_told_when_to_come_again(limited):
    desk, _ = limited
    for number in range(2):
        assert desk.send(publish(f"a-{number}")).status_code == 200
    response = desk.send(publish("a-2"))
    assert response.status_code == 429
    assert response.content_type == "application/problem+json"
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert "FEEDSVC_INGEST_RATE" in response.json["detail"]


def test_another_source_is_not_held_up(limited):
    desk, other = limited
    for number in range(3):
        desk.send(publish(f"a-{number}"))
    body = b"{}"
    from tests.newsroom import signed

    response = other.client.post("/ingest/o", data=body, headers=signed(other.key, body))
    assert response.status_code == 422


def test_messages_of_strangers_do_not_count(limited):
    desk, _ = limited
    for _ in range(5):
        response = desk.client.post("/ingest/desk", data=b"{}", headers={"webhook-id": "x"})
        assert response.status_code == 401
    assert desk.send(publish("a")).status_code == 200


def test_batch_counts_as_one_message(limited):
    desk, _ = limited
    assert desk.send([publish(f"a-{n}") for n in range(9)]).status_code == 200
    assert desk.send(publish("b")).status_code == 200


def test_unlimited_is_no_limit():
    rates = Rates("unlimited", "memory://")
    for _ in range(10_000):
        rates.count("desk")


def test_processes_count_together_in_redis(redis_url):
    name = uuid.uuid4().hex
    one, another = Rates("2/minute", redis_url), Rates("2/minute", redis_url)
    one.count(name)
    another.count(name)
    with pytest.raises(RateLimitError) as caught:
        one.count(name)
    assert 1 <= caught.value.retry_after_seconds <= 60


def test_messages_are_taken_when_redis_is_away_which_is_said_once(caplog):
    pytest.importorskip("redis", reason="the redis extra is not installed")
    rates = Rates("2/minute", "redis://127.0.0.1:1")
    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            rates.count("desk")
    assert caplog.text.count("messages are not counted") == 1


@pytest.mark.parametrize("rate", ["many", "5", "5/fortnight", "-1/minute"])
def test_rate_that_is_none_is_told_by_its_name(rate):
    with pytest.raises(ConfigurationError, match="FEEDSVC_INGEST_RATE"):
        load_settings(ingest_rate=rate)


@pytest.mark.parametrize("url", ["nowhere://", "x"])
def test_place_to_count_in_that_is_none_is_told_by_its_name(url):
    with pytest.raises(ConfigurationError, match="FEEDSVC_RATE_STORAGE_URL"):
        Rates("1/minute", url)
