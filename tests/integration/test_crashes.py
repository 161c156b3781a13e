"""What was acknowledged outlives processes that are killed, and is done once."""

import os
import signal
from collections import Counter
from contextlib import suppress

import pytest

from feedsvc.models import Article, Message, State
from tests.integration.pushers import Pushers
from tests.integration.server import SUFFIXES
from tests.newsroom import publish
from tests.search_index import read_index


def check_nothing_is_lost_or_done_twice(service, acknowledged, change):
    """`change` is where the counter stood before; each push was of one new article."""
    assert {result["status"] for result in acknowledged.values()} == {"created"}
    with service.database() as database:
        with database.read():
            newest_first = Article.visible_at.desc(), Article.id.desc()
            rows = list(Article.select().order_by(*newest_first))
            messages = Counter(row.message_id for row in Message.select())
            assert read_index().keys() == {row.id for row in rows}
        if service.database_url.startswith("sqlite"):
            with database.read():
                check = database.peewee.execute_sql("PRAGMA integrity_check").fetchall()
            assert check == [("ok",)]
    kept = {row.external_id: row for row in rows if row.external_id != "first"}
    assert kept.keys() == acknowledged.keys()
    assert {(row.state, row.version) for row in kept.values()} == {(State.LIVE, 1)}
    assert len({row.change for row in kept.values()}) == len(kept)
    assert service.read_change() == change + len(kept)
    assert messages.keys() >= {f"msg_{article_id}" for article_id in acknowledged}
    assert len(messages) == len(acknowledged) + 1
    assert set(messages.values()) == {1}
    expected = [row.external_id for row in rows][:200]
    for suffix in SUFFIXES:
        assert service.shown(suffix) == expected


def kill(pid: int) -> None:
    """One that was killed before may still be listed when it is already gone."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def push_first(service) -> int:
    """Make the categories, which take change numbers too; gives where the counter stands."""
    service.push(publish("first"), message_id="msg_first")
    return service.read_change()


@pytest.mark.slow
def test_killed_workers_lose_nothing_and_repeat_nothing(service):
    change = push_first(service)
    with Pushers(service) as pushers:
        for number in range(8):
            pushers.wait_for_more()
            workers = service.list_workers()
            kill(workers[number % len(workers)])
        for worker in service.list_workers():  # now all of them at once
            kill(worker)
        pushers.wait_for_more()
    service.wait_until_ready()  # with as many workers as before, by itself
    check_nothing_is_lost_or_done_twice(service, pushers.acknowledged, change)


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_every_process_is_killed(service):
    """As a power cut; the system's own cache outlives it, so the disk's part is not shown here."""
    change = push_first(service)
    with Pushers(service) as pushers:
        for _ in range(2):
            pushers.wait_for_more(20)
            service.kill()
            service.start()
        pushers.wait_for_more()
    check_nothing_is_lost_or_done_twice(service, pushers.acknowledged, change)
