"""Places for calls: who is slow gives its own to others, and who has failed has others."""

import pytest

from feedsvc.hub import lanes as module
from feedsvc.hub.lanes import PATIENCE_SECONDS, Lane, Lanes

HOST, OTHER = "slow.example", "other.example"
MOST = 4


class Clock:
    """What the lanes take for the time."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def freed():
    return []


@pytest.fixture
def lanes(freed):
    return Lanes(MOST, lambda: freed.append(1))


def fill(lanes, lane=Lane.FRESH, host=HOST):
    """Have every place that is free."""
    return [lanes.take(lane, host) for _ in range(lanes.count_free(lane))]


def lose_patience(lanes, clock):
    clock.now += PATIENCE_SECONDS + 0.1
    lanes.step_aside()


def test_place_is_free_again_after_a_call(lanes, freed):
    place = lanes.take(Lane.FRESH, HOST)
    assert lanes.count_free(Lane.FRESH) == MOST - 1
    lanes.leave(place, has_answered=True)
    assert lanes.count_free(Lane.FRESH) == MOST
    assert freed == [1]


def test_call_that_is_slow_gives_its_place_up(lanes, clock, freed):
    places = fill(lanes)
    lanes.step_aside()
    assert lanes.count_free(Lane.FRESH) == 0
    lose_patience(lanes, clock)
    assert lanes.count_free(Lane.FRESH) == MOST
    for place in places:
        lanes.leave(place, has_answered=False)
    assert lanes.count_free(Lane.FRESH) == MOST
    assert freed == [1] * MOST


def test_no_more_wait_beside_than_there_is_room_for(lanes, clock):
    for _ in range(4):
        fill(lanes)
        lose_patience(lanes, clock)
    places = fill(lanes)
    lose_patience(lanes, clock)
    assert lanes.count_free(Lane.FRESH) == 0
    lanes.leave(places[0], has_answered=True)
    assert lanes.count_free(Lane.FRESH) == 1


def test_those_that_have_failed_take_no_place_of_others(lanes):
    fill(lanes, Lane.FAILING)
    assert lanes.count_free(Lane.FAILING) == 0
    assert lanes.count_free(Lane.FRESH) == MOST


def test_host_that_many_wait_for_in_vain_is_silent_but_for_a_call_now_and_then(lanes, clock):
    fill(lanes)
    lose_patience(lanes, clock)
    assert not lanes.is_silent(HOST)
    lanes.take(Lane.FRESH, HOST)
    assert lanes.is_silent(HOST)
    assert not lanes.is_silent(OTHER)
    lose_patience(lanes, clock)
    assert not lanes.is_silent(HOST)


def test_host_that_has_just_answered_is_not_silent(lanes, clock):
    fill(lanes)
    lose_patience(lanes, clock)
    lanes.leave(lanes.take(Lane.FRESH, HOST), has_answered=True)
    lanes.take(Lane.FRESH, HOST)
    assert not lanes.is_silent(HOST)


def test_host_is_as_others_when_nobody_waits_for_it(lanes, clock):
    places = fill(lanes)
    lose_patience(lanes, clock)
    lanes.take(Lane.FRESH, HOST)
    for place in places:
        lanes.leave(place, has_answered=False)
    assert not lanes.is_silent(HOST)
