"""What was acknowledged is in the next answer of every worker, and so is what time brings."""

import contextlib
import gzip
import hashlib
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import brotli
import pytest

from feedsvc.models import Article
from tests.integration.conftest import on_postgres
from tests.integration.server import SUFFIXES, Service, articles_in
from tests.newsroom import publish, withdraw

ROUNDS = 24


def newest(article_id: str, **fields):
    """A push that goes to the top of every feed."""
    return publish(article_id, date_published=datetime.now(UTC).isoformat(), **fields)


def test_article_is_in_the_next_answer_of_every_other_worker(shared_service):
    """Each worker takes pushes in turn; the connections, kept alive, tell the workers apart."""
    with shared_service.connection_to_each_worker() as connections:
        for number in range(ROUNDS):
            article_id = f"kept-{number:03}"
            pushed = connections[number % len(connections)]
            assert shared_service.push(newest(article_id), connection=pushed)["status"] == "created"
            suffix = SUFFIXES[number % len(SUFFIXES)]
            for connection in connections:
                reply = shared_service.get(f"/feeds/all.{suffix}?limit=3", connection=connection)
                assert articles_in(reply, suffix)[0] == article_id


def test_article_is_in_every_answer_that_follows_its_acknowledgement(shared_service):
    """However the system spreads 20 connections over the workers, at once."""
    with ThreadPoolExecutor(10) as pool:
        for number in range(ROUNDS):
            article_id = f"fresh-{number:03}"
            shared_service.push(newest(article_id))
            suffixes = [SUFFIXES[(number + at) % len(SUFFIXES)] for at in range(20)]
            answers = pool.map(lambda suffix: shared_service.shown(suffix, limit=2), suffixes)
            assert {shown[0] for shown in answers} == {article_id}


def test_correction_and_withdrawal_are_in_the_next_answer_of_every_worker(shared_service):
    path = "/feeds/corrected.json"
    with shared_service.connection_to_each_worker() as connections:
        for number in range(9):
            event = publish("corrected", title=f"Bản {number}", categories=["Corrected"])
            shared_service.push(event, connection=connections[number % len(connections)])
            for connection in connections:
                reply = shared_service.get(path, connection=connection)
                assert [item["title"] for item in reply.json["items"]] == [f"Bản {number}"]
        shared_service.push(withdraw("corrected"), connection=connections[0])
        for connection in connections:
            assert shared_service.get(path, connection=connection).json["items"] == []


def test_validator_of_one_worker_is_judged_right_by_every_other(shared_service):
    path = "/feeds/validated.atom"

    def push(number, connection):
        event = publish("validated", title=f"Bản {number}", categories=["Validated"])
        shared_service.push(event, connection=connection)

    with shared_service.connection_to_each_worker() as connections:
        push(0, connections[0])
        for number in range(1, 10):
            kept, asked = connections[number % 3], connections[(number + 1) % 3]
            condition = {"If-None-Match": shared_service.get(path, connection=kept).headers["ETag"]}
            reply = shared_service.get(path, headers=condition, connection=asked)
            assert (reply.status, reply.body) == (304, b"")
            push(number, kept)
            reply = shared_service.get(path, headers=condition, connection=asked)
            assert reply.status == 200
            assert f"Bản {number}".encode() in reply.body


@dataclass(frozen=True)
class Sight:
    """What one answer showed, and when it was asked for and heard."""

    asked_at: datetime
    heard_at: datetime
    articles: set[str]
    max_age_seconds: int


def look(service: Service, name: str, suffix: str) -> Sight:
    asked_at = datetime.now(UTC)
    reply = service.get(f"/feeds/{name}.{suffix}?limit=10")
    heard_at = datetime.now(UTC)
    age = re.search(r"max-age=(\d+)", reply.headers["Cache-Control"])
    assert age is not None
    return Sight(asked_at, heard_at, set(articles_in(reply, suffix)), int(age[1]))


@pytest.mark.slow
def test_article_appears_when_its_time_comes_and_not_before(shared_service):
    """No write comes between; many readers at once take one change number for each article."""
    filed = {"categories": [{"slug": "timed", "parent": {"slug": "timed-above"}}]}
    shared_service.push(publish("now", **filed))
    tag = shared_service.get("/feeds/timed.rss").headers["ETag"]
    moment = datetime.now(UTC) + timedelta(seconds=2)
    later = {f"later-{number}" for number in range(3)}
    for article_id in sorted(later):
        event = publish(article_id, date_published=moment.isoformat(), **filed)
        result = shared_service.push(event)
        assert result["feeds"] == []
        assert datetime.fromisoformat(result["visible_at"]) == moment
    change = shared_service.read_change()
    end = moment + timedelta(seconds=0.5)

    def watch(reader: int) -> list[Sight]:
        name, suffix = ("all", "timed", "timed-above")[reader % 3], SUFFIXES[reader // 3]
        sights = []
        while not sights or sights[-1].asked_at < end:
            sights.append(look(shared_service, name, suffix))
        return sights

    with ThreadPoolExecutor(9) as pool:
        sights = [sight for watched in pool.map(watch, range(9)) for sight in watched]

    before = [sight for sight in sights if sight.heard_at < moment]
    after = [sight for sight in sights if sight.asked_at >= moment]
    assert len(before) >= 9
    assert len(after) >= 9
    assert not any(sight.articles & later for sight in before)
    assert all(sight.articles >= later for sight in after)
    for sight in before:  # no cache may keep an answer past the moment
        assert sight.max_age_seconds <= (moment - sight.asked_at).total_seconds()
    reply = shared_service.get("/feeds/timed.rss", headers={"If-None-Match": tag})
    assert reply.status == 200
    assert set(articles_in(reply, "rss")) == later | {"now"}
    with shared_service.database() as database, database.read():
        changes = [row.change for row in Article.select().where(Article.external_id.in_(later))]
    assert sorted(changes) == [change + 1, change + 2, change + 3]
    assert shared_service.read_change() == change + 3


@pytest.mark.slow
def test_each_of_many_moments_is_kept_by_every_worker(shared_service):
    start = datetime.now(UTC) + timedelta(seconds=1.5)
    moments = {f"m-{n}": start + timedelta(milliseconds=250 * n) for n in range(6)}
    events = [
        publish(id_, date_published=at.isoformat(), categories=["Moments"])
        for id_, at in moments.items()
    ]
    assert shared_service.send(events).status == 200
    with shared_service.connection_to_each_worker() as connections:
        for at in moments.values():
            # Nothing tells that a moment has come but the clock.
            time.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds()))
            for connection in connections:
                asked_at = datetime.now(UTC)
                reply = shared_service.get("/feeds/moments.json", connection=connection)
                heard_at = datetime.now(UTC)
                shown = set(articles_in(reply, "json"))
                assert shown >= {id_ for id_, due in moments.items() if due <= asked_at}
                assert not shown & {id_ for id_, due in moments.items() if due > heard_at}


@on_postgres
def test_a_push_is_in_every_workers_answers_after_the_time_that_is_set(serve):
    ttl = 1.5
    service = serve(FEEDSVC_REVISION_TTL=str(ttl))
    with service.connection_to_each_worker() as connections:
        for connection in connections:
            service.get("/feeds/all.json", connection=connection)
        service.push(newest("a"), connection=connections[0])
        assert shown(service, connections[0]) == ["a"]
        time.sleep(ttl)
        assert [shown(service, connection) for connection in connections] == [["a"]] * 3


def shown(service, connection):
    return articles_in(service.get("/feeds/all.json", connection=connection), "json")


CODINGS = {"identity": bytes, "gzip": gzip.decompress, "br": brotli.decompress}


@pytest.mark.slow
def test_no_answer_is_stale_or_torn_while_articles_are_written(shared_service):
    """Read by many, in every format and coding, from memory and while it changes there."""
    acknowledged = [0]
    rounds, stop = 150, threading.Event()
    told = [f"{'x' * 200}-{number:04}-{'y' * 200}" for number in range(rounds)]
    shared_service.push(edited(told[0]))

    def read(reader: int) -> int:
        suffix = SUFFIXES[reader % 3]
        coding = list(CODINGS)[reader // 3 % 3]
        answers, mark, last = 0, "", -1
        with contextlib.closing(shared_service.connect()) as connection:
            while not stop.is_set():
                least = acknowledged[0]
                headers = {"Accept-Encoding": coding, "If-None-Match": mark}
                reply = shared_service.get(
                    f"/feeds/torn.{suffix}", headers=headers, connection=connection
                )
                answers += 1
                if reply.status == 304:
                    assert last >= least
                    continue
                body = CODINGS[reply.headers.get("Content-Encoding", "identity")](reply.body)
                (seen,) = set(re.findall(rb"x{200}-(\d{4})-y{200}", body))
                last, mark = int(seen), reply.headers["ETag"]
                assert last >= least
                assert mark == f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
        return answers

    with ThreadPoolExecutor(9) as pool:
        reading = [pool.submit(read, reader) for reader in range(9)]
        try:
            for number in range(1, rounds):
                shared_service.push(edited(told[number], number))
                acknowledged[0] = number
        finally:
            stop.set()
        assert all(answers.result() > 10 for answers in reading)


def edited(text: str, second: int = 0):
    at = datetime(2023, 1, 9, 10, tzinfo=UTC) + timedelta(seconds=second)
    return publish("torn", title=text, categories=["torn"], date_modified=at.isoformat())
