"""Places for calls: who is slow gives its own to others, and who has failed has others."""

import asyncio
from contextlib import ExitStack

import pytest

from feedsvc.hub import lanes as module
from feedsvc.hub.lanes import Lane, Lanes

HOST, OTHER = "slow.example", "other.example"


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.01)


def run(script, most=4):
    """What a script gives that is handed places; and how often one became free."""
    freed = []

    async def play():
        return await script(Lanes(most, lambda: freed.append(1)))

    return asyncio.run(play()), len(freed)


def all_of(lanes, lane, stack, host=HOST):
    """Have every place that is free."""
    for _ in range(lanes.count_free(lane)):
        stack.enter_context(lanes.place(lane, host))


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (nothing tells)
            await asyncio.sleep(0.002)


def test_place_is_free_again_after_a_call():
    async def script(lanes):
        with lanes.place(Lane.FRESH, HOST):
            during = lanes.count_free(Lane.FRESH)
        return during, lanes.count_free(Lane.FRESH)

    assert run(script) == ((3, 4), 1)


def test_call_that_is_slow_gives_its_place_up():
    async def script(lanes):
        with ExitStack() as stack:
            all_of(lanes, Lane.FRESH, stack)
            full = lanes.count_free(Lane.FRESH)
            await until(lambda: lanes.count_free(Lane.FRESH) == 4)
        return full, lanes.count_free(Lane.FRESH)

    assert run(script) == ((0, 4), 4)


def test_as_many_wait_beside_as_there_is_room_for():
    async def script(lanes):
        with ExitStack() as stack:
            for _ in range(4):
                all_of(lanes, Lane.FRESH, stack)
                await until(lambda: lanes.count_free(Lane.FRESH) == 4)
            all_of(lanes, Lane.FRESH, stack)
            await asyncio.sleep(0.1)
            full = lanes.count_free(Lane.FRESH)
        return full, lanes.count_free(Lane.FRESH)

    assert run(script)[0] == (0, 4)


def test_those_that_have_failed_take_no_place_of_others():
    async def script(lanes):
        with ExitStack() as stack:
            all_of(lanes, Lane.FAILING, stack)
            return lanes.count_free(Lane.FRESH), lanes.count_free(Lane.FAILING)

    assert run(script)[0] == (4, 0)


def silence(answering: str | None):
    """Whether a host is silent that many wait for; and whether another is."""

    async def script(lanes):
        with ExitStack() as stack:
            all_of(lanes, Lane.FRESH, stack)
            await until(lambda: lanes.count_free(Lane.FRESH) == 4)
            if answering is not None:
                lanes.note_answer(answering)
            return lanes.is_silent(HOST), lanes.is_silent(OTHER)

    return run(script)[0]


def test_host_that_many_wait_for_in_vain_is_silent():
    assert silence(None) == (True, False)


def test_host_that_answers_some_is_not_silent(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.2)
    assert silence(HOST) == (False, False)


def test_host_is_not_silent_for_the_answers_of_another():
    assert silence(OTHER) == (True, False)
