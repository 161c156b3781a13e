"""What became of deliveries is written down together, and soon."""

import asyncio

from feedsvc.errors import DatabaseUnavailableError
from feedsvc.hub import books as module
from feedsvc.hub.books import Books
from tests.hub.loops import on_a_loop

MOST_TOGETHER = module._MOST_TOGETHER
MOST_UNWRITTEN = module._MOST_UNWRITTEN
PATIENCE_SECONDS = 10


class Writing:
    """Takes down what is written at once, as soon as it may."""

    def __init__(self, *failures: Exception) -> None:
        self.together: list[list[int]] = []
        self.failures = list(failures)
        self.may = asyncio.Event()
        self.may.set()
        self.rooms, self.has_room = 0, asyncio.Event()
        self.books = Books(self.write, self.note_room)

    async def write(self, results) -> None:
        await self.may.wait()
        if self.failures:
            raise self.failures.pop()
        self.together.append(list(results))

    def note_room(self) -> None:
        assert not self.books.is_full
        self.rooms += 1
        self.has_room.set()

    def add(self, numbers) -> None:
        for number in numbers:
            self.books.add(number)

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.count() < count:
                self.has_room.clear()
                await self.has_room.wait()

    def count(self) -> int:
        return sum(map(len, self.together))


@on_a_loop
async def test_what_comes_within_a_moment_is_written_at_once():
    writing = Writing()
    writing.add([1])
    await asyncio.sleep(0)
    writing.add([2, 3])
    await writing.wait_for(3)
    assert writing.together == [[1, 2, 3]]


@on_a_loop
async def test_many_wait_for_no_others(monkeypatch):
    monkeypatch.setattr(module, "_TOGETHER_SECONDS", PATIENCE_SECONDS * 2)
    writing = Writing()
    writing.add(range(MOST_TOGETHER - 1))
    await asyncio.sleep(0.01)
    assert writing.together == []
    writing.add([0])
    await writing.wait_for(MOST_TOGETHER)


@on_a_loop
async def test_no_more_is_to_be_delivered_until_some_is_written():
    writing = Writing()
    writing.may.clear()
    writing.add(range(MOST_UNWRITTEN - 1))
    assert not writing.books.is_full
    writing.add([0])
    assert writing.books.is_full
    await asyncio.sleep(0.01)
    assert (writing.books.is_full, writing.rooms) == (True, 0)
    writing.may.set()
    await writing.wait_for(MOST_UNWRITTEN)
    assert not writing.books.is_full
    assert writing.rooms == len(writing.together)


@on_a_loop
async def test_what_a_missing_database_could_not_take_is_written_later(monkeypatch):
    monkeypatch.setattr(module, "_REST_SECONDS", 0.01)
    writing = Writing(DatabaseUnavailableError("gone"))
    writing.add([1, 2])
    await writing.wait_for(2)
    assert writing.together == [[1, 2]]


@on_a_loop
async def test_one_that_cannot_be_written_takes_no_others_along(caplog):
    writing = Writing(ValueError("of the first alone"), ValueError("together"))
    writing.add([1, 2, 3])
    await writing.wait_for(2)
    assert writing.together == [[2], [3]]
    assert [line.message for line in caplog.records][-1].endswith("can't be written down: 1")


@on_a_loop
async def test_what_is_left_at_the_end_is_written_without_waiting(monkeypatch):
    monkeypatch.setattr(module, "_TOGETHER_SECONDS", PATIENCE_SECONDS * 2)
    writing = Writing()
    writing.add([1])
    await asyncio.sleep(0.01)
    await writing.books.close()
    assert writing.together == [[1]]
