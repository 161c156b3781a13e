"""Counters in memory: what has expired is forgotten, by a thread that is not started for each."""

import threading
import time

import pytest

from feedsvc.incoming.rates import Counters, parse_rate
from feedsvc.settings import Settings


@pytest.fixture
def counters(monkeypatch):
    monkeypatch.setattr("feedsvc.incoming.rates._TIDY_SECONDS", 0.2)
    return Counters(Settings(rate_storage_url="memory://"))


def test_hits_that_come_one_after_the_other_start_no_thread_each(counters, monkeypatch):
    started = []
    begin = threading.Thread.start
    monkeypatch.setattr(
        threading.Thread, "start", lambda thread: (started.append(thread), begin(thread))
    )
    limits = parse_rate("1000/minute")
    for _ in range(8):
        assert counters.find_wait(limits, ("message", "desk")) is None
        time.sleep(0.02)
    assert len(started) <= 2


def test_what_has_expired_is_forgotten(counters):
    limits, storage = parse_rate("1000/second"), counters._limiter.storage
    for number in range(50):
        counters.find_wait(limits, ("client", str(number)))
    assert len(storage.storage) == 50
    deadline = time.monotonic() + 10
    while len(storage.storage) > 5 and time.monotonic() < deadline:
        counters.find_wait(limits, ("client", "again"))
        time.sleep(0.05)
    assert len(storage.storage) <= 5
