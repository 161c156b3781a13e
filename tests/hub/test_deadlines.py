"""Many pieces of work, each with as much time."""

import asyncio

import pytest

from feedsvc.hub.deadlines import Deadlines
from tests.hub.loops import on_a_loop

SHORT_SECONDS = 0.05
PATIENCE_SECONDS = 10


async def wait(deadlines, seconds=PATIENCE_SECONDS):
    with deadlines.watch():
        await asyncio.sleep(seconds)


@on_a_loop
async def test_what_takes_too_long_ends():
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(TimeoutError):
        await wait(Deadlines(SHORT_SECONDS))
    assert SHORT_SECONDS * 0.9 <= loop.time() - began < PATIENCE_SECONDS


@on_a_loop
async def test_what_ends_in_time_is_left_alone():
    deadlines = Deadlines(SHORT_SECONDS)
    await wait(deadlines, 0)
    await asyncio.sleep(SHORT_SECONDS * 3)


@on_a_loop
async def test_each_has_its_own_time():
    """Who begins later ends later, by the one timer."""
    loop, deadlines, ends = asyncio.get_running_loop(), Deadlines(SHORT_SECONDS), []

    async def begin_after(seconds):
        await asyncio.sleep(seconds)
        began = loop.time()
        with pytest.raises(TimeoutError):
            await wait(deadlines)
        ends.append(loop.time() - began)

    await asyncio.gather(*(begin_after(number * SHORT_SECONDS / 3) for number in range(6)))
    assert len(ends) == 6
    assert min(ends) >= SHORT_SECONDS * 0.9


@on_a_loop
async def test_many_that_are_late_at_once_all_end():
    deadlines = Deadlines(SHORT_SECONDS)
    waits = (wait(deadlines) for _ in range(100))
    errors = await asyncio.gather(*waits, return_exceptions=True)
    assert {type(error) for error in errors} == {TimeoutError}


@on_a_loop
async def test_who_is_cancelled_is_not_late():
    task = asyncio.create_task(wait(Deadlines(PATIENCE_SECONDS)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@on_a_loop
async def test_who_is_cancelled_while_late_is_cancelled():
    """Whoever cancels it waits for that."""
    deadlines = Deadlines(SHORT_SECONDS)

    async def end_slowly():
        with deadlines.watch():
            try:
                await asyncio.sleep(PATIENCE_SECONDS)
            finally:
                await asyncio.sleep(SHORT_SECONDS * 3)

    task = asyncio.create_task(end_slowly())
    await asyncio.sleep(SHORT_SECONDS * 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


@on_a_loop
async def test_error_of_the_work_is_told():
    with pytest.raises(ZeroDivisionError), Deadlines(PATIENCE_SECONDS).watch():
        1 / 0  # noqa: B018


@on_a_loop
async def test_task_goes_on_after_it_was_late():
    with pytest.raises(TimeoutError):
        await wait(Deadlines(SHORT_SECONDS))
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()
    await asyncio.sleep(0)
