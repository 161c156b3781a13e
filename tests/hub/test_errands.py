"""What claimed subscriptions are to be told: rendered once, each judged alone, pings in time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedsvc.feeds.fragments import Fragments
from feedsvc.feeds.selection import Cursor
from feedsvc.hub.delivery import Outcome
from feedsvc.hub.errands import Denial, Errand, judge, prepare
from feedsvc.hub.jobs import Job
from feedsvc.hub.outcomes import Delivered, Ended, Failed, Passed
from feedsvc.hub.payload import Packing
from feedsvc.models.push import Kind
from tests.newsroom import publish

HOME = "https://feeds.example/feeds"
NOW = datetime.now(UTC)
ALL = 10**9


@pytest.fixture
def prepared(house):
    """What is to be done about jobs."""
    packing = Packing(house.database, house.settings, Fragments(1_000_000))
    return lambda *jobs, readable=ALL: prepare(packing, house.settings, jobs, readable, NOW)


@pytest.fixture
def job(house):
    """Make a job that stands at a change, or now."""

    def make(change=None, **said):
        counter = house.database.read_counter()
        cursor = Cursor(counter.change if change is None else change, epoch=counter.epoch)
        plain = Job(
            id=1,
            kind=Kind.WEBSUB,
            topic_id=1,
            topic_url=f"{HOME}/all.json",
            spelling=None,
            callback="https://partner.example/push",
            host="partner.example",
            secret=None,
            token_id=None,
            cursor=cursor,
            attempt=0,
            failing_since=None,
            renewed_at=NOW,
            next_at=NOW,
            claimed_until=NOW + timedelta(minutes=1),
        )
        return replace(plain, **said)

    return make


def test_who_stands_before_the_same_changes_gets_the_same_bytes(newsroom, job, prepared):
    jobs = [job(id=1)]
    newsroom.push(publish("elsewhere", categories=["Thể thao"]))
    jobs.append(job(id=2))
    newsroom.push(publish("here", categories=["Kinh tế"]))
    jobs = [replace(one, topic_url=f"{HOME}/kinh-te.json") for one in jobs]
    first, second = prepared(*jobs)
    assert first.parcel is second.parcel


def test_who_has_seen_some_of_it_gets_the_rest(newsroom, job, prepared):
    jobs = [job(id=1)]
    newsroom.push(publish("one"))
    jobs.append(job(id=2))
    newsroom.push(publish("two"))
    first, second = prepared(*jobs)
    assert b"/one" in first.parcel.body
    assert b"/one" not in second.parcel.body


def test_topic_that_is_gone_is_denied_and_no_other(newsroom, job, prepared):
    jobs = job(topic_url=f"{HOME}/gone.json"), job(id=2)
    newsroom.push(publish())
    denial, errand = prepared(*jobs)
    assert isinstance(denial, Denial)
    assert isinstance(errand, Errand)


def test_job_that_can_not_be_written_fails_alone(newsroom, job, prepared, caplog):
    jobs = job(topic_url=f"{HOME}/all.json", cursor=None), job(id=2)
    newsroom.push(publish())
    failed, errand = prepared(*jobs)
    assert isinstance(failed, Failed)
    assert isinstance(errand, Errand)
    assert "subscription 1 can't be sent anything" in caplog.text


@pytest.fixture(params=[Kind.RSSCLOUD, Kind.HUB])
def told(request, job):
    """A job of whom reads the feed when told."""
    if request.param is Kind.HUB:
        return job(kind=Kind.HUB, topic_id=None, topic_url=None)
    return job(kind=Kind.RSSCLOUD)


def test_who_reads_the_feed_is_told_when_everybody_gets_the_change(newsroom, told, prepared):
    newsroom.push(publish())
    (waiting,) = prepared(told, readable=told.cursor.change)
    assert isinstance(waiting, Passed)
    assert waiting.cursor == told.cursor
    assert waiting.due_at > NOW
    (errand,) = prepared(told)
    assert isinstance(errand, Errand)


def test_who_reads_the_feed_is_told_again_of_what_came_since(newsroom, told, prepared):
    newsroom.push(publish("one"))
    readable = told.cursor.change + 1
    newsroom.push(publish("two"))
    (errand,) = prepared(told, readable=readable)
    assert errand.cursor.change == readable


def test_who_has_all_is_passed(newsroom, told, job, prepared):
    newsroom.push(publish())
    there = replace(told, cursor=job().cursor)
    (passed,) = prepared(there)
    assert isinstance(passed, Passed)
    assert passed.cursor == there.cursor


# What an answer means


@pytest.fixture
def judged(house, job):
    """What becomes of an errand that is answered so."""

    def give(status=None, problem="", kind=Kind.WEBSUB, *, is_forbidden=False, retry_after=None):
        errand = Errand(job(0, kind=kind), Cursor(3, epoch="e"), NOW - timedelta(seconds=2))
        outcome = Outcome(status, problem, is_forbidden, retry_after, b"", 0.1)
        return judge(house.settings, errand, outcome, NOW)

    return give


def test_success_moves_a_subscription_on(judged):
    result = judged(204)
    assert isinstance(result, Delivered)
    assert (result.cursor.change, result.lag_seconds) == (3, 2.0)


def test_gone_ends_a_subscription(judged):
    assert isinstance(judged(410, "answered 410"), Ended)


def test_other_hub_that_answers_gone_is_tried_again(judged):
    assert judged(410, "answered 410", Kind.HUB).next_at > NOW


def test_address_that_may_not_be_called_suspends(judged):
    result = judged(None, "its address 10.0.0.1 is private", is_forbidden=True)
    assert isinstance(result, Failed)
    assert result.next_at is None


def test_failure_is_tried_again_when_it_asks_for_it(judged):
    assert judged(503, "answered 503", retry_after=7_200).next_at == NOW + timedelta(hours=2)
