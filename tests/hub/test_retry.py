"""Pauses between tries: they grow, are never the same, and come to an end."""

from datetime import UTC, datetime, timedelta

import pytest

from feedsvc.hub.retry import plan_retry
from tests.conftest import make_settings

NOW = datetime(2026, 1, 9, 10, 0, tzinfo=UTC)
SETTINGS = make_settings("sqlite:///x.db", hub_retry_seconds=10, hub_retry_days=3)
END = NOW + timedelta(days=3)


def pause(attempt, now=NOW, retry_after=None):
    """In seconds, after a first failure at `NOW`."""
    planned = plan_retry(SETTINGS, now, attempt, NOW, retry_after)
    assert planned is not None
    return (planned - now).total_seconds()


@pytest.mark.parametrize(("attempt", "seconds"), [(0, 10), (1, 20), (5, 320), (20, 21_600)])
def test_pauses_double_up_to_six_hours(attempt, seconds):
    assert 0.75 * seconds <= pause(attempt) <= 1.25 * seconds


def test_those_that_failed_together_come_one_by_one():
    assert len({pause(3) for _ in range(20)}) > 10


def test_first_failure_begins_the_three_days():
    assert plan_retry(SETTINGS, NOW, 0, None, None) is not None


def test_retry_after_makes_a_pause_longer_and_never_shorter():
    assert pause(0, retry_after=3_600) == 3_600
    assert pause(0, retry_after=0) >= 7.5


def test_last_try_is_at_the_end():
    assert plan_retry(SETTINGS, END - timedelta(minutes=1), 20, NOW, None) == END
    assert plan_retry(SETTINGS, NOW, 0, NOW, 1e9) == END


def test_after_the_end_there_is_none():
    assert plan_retry(SETTINGS, END, 20, NOW, 60) is None
