"""Jobs: found when they stand behind, claimed by one worker, settled only as they were claimed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from feedsvc.articles.statements import execute, insert_rows
from feedsvc.db import Database
from feedsvc.feeds.selection import Cursor
from feedsvc.hub import jobs, subscriptions
from feedsvc.hub.jobs import claim, find_next_moment, find_topics
from feedsvc.hub.outcomes import Delivered, Ended, Failed, Passed, Released, settle
from feedsvc.hub.subscriptions import confirm
from feedsvc.models.push import Kind, Standing, Subscription, Topic
from tests.hub.conftest import CALLBACK, NOW, TOPIC
from tests.newsroom import publish

SECOND = timedelta(seconds=1)
UNTIL = NOW + 60 * SECOND
LATER = NOW + 30 * SECOND
HUB = "https://hub.example/"


@pytest.fixture
def subscribe(house, wish_for):
    """Subscribe, or renew; each callback has a number."""

    def make(*numbers, now=NOW, **said):
        for number in numbers or (0,):
            wish = wish_for(now, callback=f"{CALLBACK}&n={number}", **said)
            assert confirm(house.database, wish, now)

    return make


@pytest.fixture
def claim_all(house):
    """What a worker gets at a moment."""

    def take(now=NOW, until=UNTIL, limit=100):
        return [
            job
            for topic in find_topics(house.database, now)
            for failing in (False, True)
            for job in claim(house.database, topic, limit, until, now, failing=failing)
        ]

    return take


@pytest.fixture
def end_of_stream(house):
    counter = house.database.read_counter
    return lambda: Cursor(counter().change, epoch=counter().epoch)


def read(house, table=Subscription):
    with house.database.read():
        return list(table.select().order_by(table.id))


def stand(house, **columns):
    house.database.write(lambda: Subscription.update(**columns).execute())


# Finding and claiming


def test_nobody_is_found_who_has_all(house, newsroom, subscribe):
    newsroom.push(publish())
    subscribe()
    assert not find_topics(house.database, NOW)


def test_who_stands_behind_is_found_by_topic_furthest_back_first(house, newsroom, subscribe):
    newsroom.push(publish())
    subscribe(1)
    newsroom.push(publish("a-2"))
    subscribe(2, topic_url=TOPIC.replace("atom", "rss"))
    newsroom.push(publish("a-3"))
    first, second = find_topics(house.database, NOW)
    assert (first.url, second.url) == (TOPIC, TOPIC.replace("atom", "rss"))
    assert first.change < second.change < house.database.read_counter().change


def test_job_has_what_sending_wants(newsroom, subscribe, claim_all, end_of_stream):
    subscribe(spelling="sealed")
    before = end_of_stream()
    newsroom.push(publish())
    (job,) = claim_all()
    assert (job.kind, job.topic_url, job.callback) == (Kind.WEBSUB, TOPIC, f"{CALLBACK}&n=0")
    assert (job.spelling, job.secret, job.host) == ("sealed", "a secret", "partner.example")
    assert (job.cursor, job.attempt, job.failing_since) == (before, 0, None)
    assert (job.renewed_at, job.next_at, job.claimed_until) == (NOW, NOW, UNTIL)


def test_claimed_job_is_nobody_elses_until_it_lapses(newsroom, subscribe, claim_all):
    subscribe(1, 2, 3)
    newsroom.push(publish())
    assert len(claim_all(limit=2)) == 2
    assert len(claim_all()) == 1
    assert not claim_all(UNTIL - SECOND, UNTIL + 60 * SECOND)
    assert len(claim_all(UNTIL, UNTIL + 60 * SECOND)) == 3


def test_who_stands_furthest_back_is_claimed_first(house, newsroom, subscribe, claim_all):
    for number in (1, 2, 3):
        newsroom.push(publish(f"a-{number}"))
        subscribe(number)
    newsroom.push(publish("a-4"))
    epoch = house.database.read_counter().epoch
    middle = {"change": 3, "article_id": 7}
    house.database.write(
        lambda: (
            Subscription.update(**middle)
            .where(Subscription.callback == f"{CALLBACK}&n=1")
            .execute()
        )
    )
    claimed = claim_all(limit=2)
    assert [job.cursor for job in claimed] == sorted(
        (job.cursor for job in claimed), key=lambda one: one.change
    )
    assert Cursor(4, 7, epoch) in [job.cursor for job in claimed]


@pytest.mark.parametrize(
    "columns",
    [
        {"state": Standing.SUSPENDED},
        {"next_at": NOW + SECOND},
        {"claimed_until": NOW + SECOND},
        {"expires_at": NOW},
    ],
)
def test_what_may_not_be_tried_now_is_not_found(house, newsroom, subscribe, columns):
    subscribe()
    newsroom.push(publish())
    (topic,) = find_topics(house.database, NOW)
    stand(house, **columns)
    assert not find_topics(house.database, NOW)
    assert not claim(house.database, topic, 10, UNTIL, NOW)


def test_who_has_seen_what_a_restore_took_back_is_found(house, subscribe, claim_all):
    subscribe()
    stand(house, epoch="another", change=9)
    (topic,) = find_topics(house.database, NOW)
    assert topic.change == 0
    (job,) = claim_all()
    assert job.cursor == Cursor(9, epoch="another")


def test_claiming_takes_no_change_number(house, newsroom, subscribe, claim_all):
    subscribe()
    newsroom.push(publish())
    before = house.database.read_counter()
    (job,) = claim_all()
    settle(house.database, [Failed(job, "x", LATER)], NOW)
    assert house.database.read_counter() == before


def test_workers_of_several_machines_share_the_jobs(postgres_url):
    """Each holds a claim that is not committed yet; none waits for another, none has the same."""
    database = Database(postgres_url, busy_timeout_seconds=2.0)
    try:
        topic = fill(database, 10)

        def first() -> None:
            mine = claim(database, topic, 4, UNTIL, NOW)
            other = Database(postgres_url, busy_timeout_seconds=2.0)
            try:
                theirs = claim(other, topic, 10, UNTIL, NOW)
            finally:
                other.close()
            assert (len(mine), len(theirs)) == (4, 6)
            assert not {job.id for job in mine} & {job.id for job in theirs}

        database.write(first)
    finally:
        database.close()


# Settling


def test_delivered_job_has_moved_on(house, newsroom, subscribe, claim_all, end_of_stream):
    subscribe()
    stand(house, attempt=3, failing_since=NOW, last_error="x", failed=3)
    newsroom.push(publish())
    (job,) = claim_all()
    settle(house.database, [Delivered(job, end_of_stream(), 1.5)], LATER)
    (row,) = read(house)
    assert (row.epoch, row.change) == (end_of_stream().epoch, end_of_stream().change)
    assert (row.delivered, row.delivered_at, row.lag_seconds) == (1, LATER, 1.5)
    assert (row.attempt, row.failing_since, row.last_error, row.failed) == (0, None, "", 3)
    assert not find_topics(house.database, LATER)


def test_cursor_within_a_change_is_kept_and_stands_behind(
    house, newsroom, subscribe, claim_all, end_of_stream
):
    subscribe()
    newsroom.push(publish())
    (job,) = claim_all()
    within = replace(end_of_stream(), article_id=3)
    settle(house.database, [Delivered(job, within, 1.0)], NOW)
    (again,) = claim_all()
    assert again.cursor == within


def test_what_had_nothing_to_send_only_goes_on(
    house, newsroom, subscribe, claim_all, end_of_stream
):
    subscribe()
    stand(house, attempt=3, failing_since=NOW, last_error="x", failed=3)
    newsroom.push(publish())
    (job,) = claim_all()
    settle(house.database, [Passed(job, end_of_stream(), due_at=LATER)], NOW)
    (row,) = read(house)
    assert (row.change, row.next_at, row.delivered) == (end_of_stream().change, LATER, 0)
    assert (row.attempt, row.failing_since, row.last_error) == (3, NOW, "x")


def test_those_that_are_failing_are_claimed_apart(house, newsroom, subscribe):
    subscribe()
    stand(house, attempt=1)
    newsroom.push(publish())
    (topic,) = find_topics(house.database, NOW)
    assert not claim(house.database, topic, 10, UNTIL, NOW)
    assert len(claim(house.database, topic, 10, UNTIL, NOW, failing=True)) == 1


def test_failed_job_is_tried_again_at_its_time(house, newsroom, subscribe, claim_all):
    subscribe()
    newsroom.push(publish())
    (job,) = claim_all()
    settle(house.database, [Failed(job, "answered 503\x00\ud800" + "x" * 900, LATER)], NOW)
    (row,) = read(house)
    assert (row.attempt, row.failed, row.failing_since, row.next_at) == (1, 1, NOW, LATER)
    assert row.last_error.startswith("answered 503  xxx")
    assert len(row.last_error) == 500
    assert not claim_all(LATER - SECOND)
    (again,) = claim_all(LATER)
    settle(house.database, [Failed(again, "answered 500", UNTIL)], LATER)
    (row,) = read(house)
    assert (row.attempt, row.failing_since, row.last_error) == (2, NOW, "answered 500")
    assert (row.change, row.delivered) == (job.cursor.change, 0)


def test_suspended_job_is_not_tried_any_more_and_goes_on_when_it_is_renewed(
    house, newsroom, subscribe, claim_all
):
    subscribe()
    newsroom.push(publish())
    (job,) = claim_all()
    settle(house.database, [Failed(job, "answered 503", None)], NOW)
    (row,) = read(house)
    assert (row.state, row.attempt, row.last_error) == (Standing.SUSPENDED, 1, "answered 503")
    assert not claim_all(LATER)
    subscribe(now=LATER)
    (again,) = claim_all(LATER)
    assert again.cursor == job.cursor


def test_ended_job_goes_with_its_topic(house, newsroom, subscribe, claim_all):
    subscribe(1, 2)
    newsroom.push(publish())
    one, other = claim_all()
    settle(house.database, [Ended(one)], NOW)
    assert [row.id for row in read(house)] == [other.id]
    assert len(read(house, Topic)) == 1
    settle(house.database, [Ended(other)], NOW)
    assert not read(house)
    assert not read(house, Topic)


def test_released_job_is_free_at_once(newsroom, house, subscribe, claim_all):
    subscribe()
    newsroom.push(publish())
    (job,) = claim_all()
    settle(house.database, [Released(job)], NOW)
    assert [again.cursor for again in claim_all()] == [job.cursor]


@pytest.mark.parametrize("kind", ["delivered", "passed", "failed", "ended", "released"])
def test_job_that_another_has_by_now_is_left_alone(
    house, newsroom, subscribe, claim_all, end_of_stream, kind
):
    subscribe()
    newsroom.push(publish())
    (job,) = claim_all()
    claim_all(UNTIL, UNTIL + 60 * SECOND)
    before = [row.__data__ for row in read(house)]
    settle(house.database, [result_of(kind, job, end_of_stream())], UNTIL)
    assert [row.__data__ for row in read(house)] == before


@pytest.mark.parametrize("kind", ["failed", "suspended", "ended"])
@pytest.mark.parametrize("how", ["renewed", "resumed"])
def test_renewal_meanwhile_wins(house, newsroom, subscribe, claim_all, end_of_stream, kind, how):
    subscribe()
    newsroom.push(publish())
    (job,) = claim_all()
    if how == "renewed":
        subscribe(now=LATER, secret="another")
    else:
        subscriptions.resume(house.database, job.id, LATER)
    settle(house.database, [result_of(kind, job, end_of_stream())], LATER)
    (row,) = read(house)
    assert (row.state, row.attempt, row.last_error) == (Standing.ACTIVE, 0, "")
    (again,) = claim_all(LATER)
    assert again.secret == ("another" if how == "renewed" else "a secret")


def test_delivery_counts_though_it_was_renewed_meanwhile(
    house, newsroom, subscribe, claim_all, end_of_stream
):
    subscribe()
    newsroom.push(publish())
    (job,) = claim_all()
    subscribe(now=LATER, secret="another")
    settle(house.database, [Delivered(job, end_of_stream(), 1.0)], LATER)
    (row,) = read(house)
    assert (row.change, row.delivered, row.secret) == (end_of_stream().change, 1, "another")
    assert row.renewed_at == LATER


@pytest.mark.parametrize("kind", ["delivered", "failed", "ended", "released"])
def test_job_that_was_removed_meanwhile_stays_away(
    house, newsroom, subscribe, claim_all, end_of_stream, kind
):
    subscribe()
    newsroom.push(publish())
    (job,) = claim_all()
    subscriptions.remove(house.database, job.id)
    settle(house.database, [result_of(kind, job, end_of_stream())], NOW)
    assert not read(house)


def test_results_of_each_kind_are_settled_together(
    house, newsroom, subscribe, claim_all, end_of_stream
):
    subscribe(*range(12))
    newsroom.push(publish())
    claimed = claim_all()
    kinds = ["delivered", "passed", "failed", "suspended", "ended", "released"] * 2
    end = end_of_stream()
    results = [result_of(kind, job, end) for kind, job in zip(kinds, claimed, strict=True)]
    settle(house.database, results, NOW)
    rows = {row.id: row for row in read(house)}
    assert len(rows) == 10
    for kind, job in zip(kinds, claimed, strict=True):
        if kind != "ended":
            assert rows[job.id].claimed_until == NOW
            assert (rows[job.id].change == end.change) == (kind in ("delivered", "passed"))
            assert rows[job.id].failed == (kind in ("failed", "suspended"))


def test_nothing_is_settled_where_there_is_nothing(house):
    settle(house.database, [], NOW)


def result_of(kind, job, cursor):
    return {
        "delivered": Delivered(job, cursor, 0.5),
        "passed": Passed(job, cursor),
        "failed": Failed(job, "answered 503", UNTIL),
        "suspended": Failed(job, "answered 503", None),
        "ended": Ended(job),
        "released": Released(job),
    }[kind]


# Moments


def test_there_is_no_moment_where_nothing_waits(house):
    assert find_next_moment(house.database, NOW) is None


def test_next_moment_is_that_of_a_retry(house, newsroom, subscribe, claim_all):
    subscribe()
    newsroom.push(publish())
    (job,) = claim_all()
    settle(house.database, [Failed(job, "x", LATER)], NOW)
    assert find_next_moment(house.database, NOW) == LATER


def test_next_moment_is_that_of_a_claim_that_lapses(house, newsroom, subscribe, claim_all):
    subscribe()
    newsroom.push(publish())
    claim_all()
    assert find_next_moment(house.database, NOW) == UNTIL


def test_next_moment_is_that_of_what_appears_by_itself(
    house, newsroom, subscribe, claim_all, end_of_stream
):
    subscribe()
    newsroom.push(publish())
    newsroom.push(publish("a-2"))
    (job,) = claim_all()
    held = replace(end_of_stream(), change=end_of_stream().change - 1)
    settle(house.database, [Passed(job, held, due_at=LATER)], NOW)
    assert find_next_moment(house.database, NOW) == LATER


def test_next_moment_is_the_end_of_a_lease(house, subscribe):
    subscribe()
    assert find_next_moment(house.database, NOW) == NOW + timedelta(seconds=3600)


def test_next_moment_is_that_of_a_verification_that_lapses(house, wish_for):
    wish_for()
    assert find_next_moment(house.database, NOW) is None
    jobs.claim_verifications(house.database, 10, UNTIL, NOW)
    assert find_next_moment(house.database, NOW) == UNTIL


def test_suspended_has_no_moment_but_its_lease(house, newsroom, subscribe, claim_all):
    subscribe()
    newsroom.push(publish())
    (job,) = claim_all()
    settle(house.database, [Failed(job, "x", None)], LATER)
    assert find_next_moment(house.database, NOW) == NOW + timedelta(seconds=3600)


# Verifications and leases


def test_new_subscription_begins_where_it_is_told(house, newsroom, wish_for, claim_all):
    newsroom.push(publish())
    within = Cursor(3, 7, house.database.read_counter().epoch)
    assert confirm(house.database, wish_for(), NOW, within)
    assert [job.cursor for job in claim_all()] == [within]


def test_verifications_are_claimed_oldest_first_with_their_topics(house, wish_for):
    for number in range(3):
        wish_for(callback=f"{CALLBACK}&n={number}")
    first = jobs.claim_verifications(house.database, 2, UNTIL, NOW)
    assert [one.callback for one in first] == [f"{CALLBACK}&n={number}" for number in (0, 1)]
    assert {one.topic.url for one in first} == {TOPIC}
    assert len(jobs.claim_verifications(house.database, 9, UNTIL, NOW)) == 1
    assert len(jobs.claim_verifications(house.database, 9, UNTIL + SECOND, UNTIL)) == 3
    assert confirm(house.database, first[0], NOW)


def test_lease_that_is_over_ends_the_subscription(house, subscribe):
    subscribe(1)
    subscribe(2, lease_seconds=7200)
    end = NOW + timedelta(seconds=3600)
    assert jobs.end_lapsed(house.database, end - SECOND) == 0
    assert jobs.end_lapsed(house.database, end) == 1
    assert [row.callback for row in read(house)] == [f"{CALLBACK}&n=2"]
    assert jobs.end_lapsed(house.database, end + timedelta(days=1)) == 1
    assert not read(house, Topic)


# Other hubs


def test_each_other_hub_has_one_subscription(house, newsroom):
    newsroom.push(publish())
    jobs.keep_other_hubs(house.database, [HUB, "https://b.example/hub", HUB], NOW)
    newsroom.push(publish("a-2"))
    jobs.keep_other_hubs(house.database, [HUB, "https://c.example/hub"], LATER)
    old, new = read(house)
    assert (old.callback, new.callback) == (HUB, "https://c.example/hub")
    assert (old.created_at, new.created_at) == (NOW, LATER)
    assert old.change < new.change == house.database.read_counter().change
    jobs.keep_other_hubs(house.database, [], LATER)
    assert not read(house)


def test_other_hub_is_claimed_when_anything_changes(house, newsroom, claim_all, end_of_stream):
    jobs.keep_other_hubs(house.database, [HUB], NOW)
    assert not claim_all()
    newsroom.push(publish())
    (job,) = claim_all()
    assert (job.kind, job.topic_id, job.topic_url, job.host) == (
        Kind.HUB,
        None,
        None,
        "hub.example",
    )
    settle(house.database, [Delivered(job, end_of_stream(), 0.1, seen_at=NOW)], NOW)
    assert not claim_all()


def test_other_hub_is_claimed_when_something_appears_by_itself(
    house, newsroom, claim_all, end_of_stream
):
    jobs.keep_other_hubs(house.database, [HUB], NOW)
    newsroom.push(publish())
    (job,) = claim_all()
    passed = Passed(job, end_of_stream(), due_at=LATER, seen_at=NOW)
    settle(house.database, [passed], NOW)
    assert find_next_moment(house.database, NOW) == LATER
    assert not claim_all(LATER - SECOND)
    (job,) = claim_all(LATER)
    assert job.renewed_at == NOW
    settle(house.database, [Delivered(job, end_of_stream(), 0.1, seen_at=LATER)], LATER)
    assert not claim_all(UNTIL)
    assert find_next_moment(house.database, LATER) is None


# At scale


def fill(database, count, failing=0):
    """Subscribers of one topic who all stand behind, of whom some wait for a retry."""
    counter = database.read_counter()
    names = (
        *("kind", "topic", "callback", "host", "state", "epoch", "change", "created_at"),
        *("renewed_at", "next_at", "claimed_until", "attempt", "last_error", "delivered", "failed"),
        "expires_at",
    )

    def write():
        topic = Topic.create(url=TOPIC)
        rows = [
            (
                *(Kind.WEBSUB, topic.id, f"https://{number}.example/", "x", Standing.ACTIVE),
                *(counter.epoch, counter.change - 1, NOW, NOW),
                NOW + timedelta(days=1) if number < failing else NOW,
                *(NOW, int(number < failing), "", 0, 0, NOW + timedelta(days=9)),
            )
            for number in range(count)
        ]
        insert_rows(Subscription, names, rows)
        return topic

    database.write(write)
    (topic,) = find_topics(database, NOW)
    return topic


@pytest.fixture
def crowd(database):
    """A topic that ten thousand have subscribed to, beside a thousand that nobody has."""
    topic = fill(database, 10_000, failing=1_000)
    database.write(lambda: Topic.insert_many([{"url": str(n)} for n in range(1_000)]).execute())
    return topic


@pytest.fixture
def plans(database, monkeypatch):
    """Collects how the database goes about each statement of a verb."""

    def collect(verb):
        said = []
        if database.peewee.for_update:
            database.write(lambda: execute("ANALYZE subscription"))
            database.write(lambda: execute("ANALYZE topic"))

        def explain(sql, params=None, *args, **kwargs):
            if sql.startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
                start = "EXPLAIN " if database.peewee.for_update else "EXPLAIN QUERY PLAN "
                rows = run(start + sql, params).fetchall()
                said.append("\n".join(str(row[-1]) for row in rows))
            return run(sql, params, *args, **kwargs)

        run = database.peewee.execute_sql
        with monkeypatch.context() as patch:
            patch.setattr(database.peewee, "execute_sql", explain)
            verb()
        return said

    return collect


def walks_all(plan, table="subscription"):
    return f"Seq Scan on {table}" in plan or f"SCAN {table}" in plan


@pytest.mark.slow
def test_thousands_are_claimed_and_settled_along_indexes(crowd, database, plans):
    claimed = []
    said = plans(lambda: find_topics(database, NOW))
    said += plans(lambda: claimed.extend(claim(database, crowd, 50, UNTIL, NOW)))
    end = Cursor(crowd.change + 1, epoch=claimed[0].cursor.epoch)
    results = [Delivered(job, end, 0.1) for job in claimed[:25]]
    results += [Failed(job, "x", LATER) for job in claimed[25:]]
    said += plans(lambda: settle(database, results, NOW))
    assert len(said) >= 5
    assert not [plan for plan in said if walks_all(plan)]
    assert any("subscription_standing" in plan for plan in said)


@pytest.mark.slow
def test_moments_of_thousands_are_found_along_indexes(crowd, database, plans):
    """Where few stand behind, as mostly."""
    all_but_some = Subscription.update(change=crowd.change + 1).where(Subscription.id > 100)
    database.write(all_but_some.execute)
    said = plans(lambda: find_next_moment(database, NOW))
    said += plans(lambda: jobs.end_lapsed(database, NOW + timedelta(days=8)))
    assert len(said) >= 6
    assert not [plan for plan in said if walks_all(plan)]
