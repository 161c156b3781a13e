"""Whose turn it is to be called."""

import asyncio

import pytest

from feedsvc.hub import turns
from feedsvc.hub.turns import Turns
from tests.integration.server import PATIENCE_SECONDS


class Calls:
    """Calls that go on until they are ended; which of them have begun, in order."""

    def __init__(self, most):
        self.turns = Turns(most)
        self.begun = []
        self.ends = {}
        self.tasks = {}

    def start(self, *names):
        """Each name begins with its host's."""
        for name in names:
            self.ends[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._call(name))

    async def _call(self, name):
        async with self.turns.of(name[0]):
            self.begun.append(name)
            await self.ends[name].wait()

    async def end(self, *names):
        for name in names:
            self.ends[name].set()
            await self.tasks[name]

    async def wait_for(self, count):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.begun) < count:  # noqa: ASYNC110 (nothing tells of it)
                await asyncio.sleep(0)

    async def settle(self):
        """Whatever can go on has gone on."""
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
def run():
    def go(most, do):
        async def main():
            calls = Calls(most)
            await do(calls)
            for task in calls.tasks.values():
                task.cancel()
            await asyncio.gather(*calls.tasks.values(), return_exceptions=True)

        asyncio.run(main())

    return go


@pytest.fixture
def quick_to_be_long(monkeypatch):
    monkeypatch.setattr(turns, "_LONG_SECONDS", 0.001)


def test_no_more_begin_than_may(run):
    async def do(calls):
        calls.start("a1", "b1", "c1", "d1", "e1")
        await calls.settle()
        assert calls.begun == ["a1", "b1", "c1", "d1"]
        await calls.end("b1")
        await calls.settle()
        assert calls.begun[4:] == ["e1"]

    run(4, do)


def test_one_host_leaves_a_quarter_to_others(run):
    async def do(calls):
        calls.start("a1", "a2", "a3", "a4", "b1")
        await calls.settle()
        assert calls.begun == ["a1", "a2", "a3", "b1"]
        await calls.end("a1")
        await calls.settle()
        assert calls.begun[4:] == ["a4"]

    run(4, do)


def test_one_at_a_time_may_be_of_any_host(run):
    async def do(calls):
        calls.start("a1", "b1")
        await calls.settle()
        await calls.end("a1")
        await calls.settle()
        assert calls.begun == ["a1", "b1"]

    run(1, do)


def test_who_gives_up_waiting_takes_no_turn(run):
    async def do(calls):
        calls.start("a1", "b1", "c1")
        await calls.settle()
        calls.tasks["b1"].cancel()
        await calls.settle()
        await calls.end("a1")
        await calls.settle()
        assert calls.begun == ["a1", "c1"]

    run(1, do)


@pytest.mark.usefixtures("quick_to_be_long")
def test_what_takes_long_makes_way_for_others(run):
    async def do(calls):
        calls.start("a1", "b1")
        await calls.wait_for(2)

    run(1, do)


@pytest.mark.usefixtures("quick_to_be_long")
def test_what_takes_long_is_not_without_number(run):
    """Of two at once, two go on beside two others, and no more."""

    async def do(calls):
        calls.start("a1", "a2", "a3", "b1", "c1")
        await calls.wait_for(4)
        await asyncio.sleep(0.02)
        assert sorted(calls.begun) == ["a1", "a2", "b1", "c1"]
        await calls.end("a1")
        await calls.wait_for(5)
        assert calls.begun[4:] == ["a3"]

    run(2, do)
