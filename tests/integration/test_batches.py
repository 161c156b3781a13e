"""Batches with a line for each event, against a real server that is killed meanwhile."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor

from feedsvc.models import Article
from feedsvc.push.sending import Sender, push_lines
from tests.integration.server import wait_until
from tests.integration.test_crashes import kill
from tests.newsroom import publish, signed

NDJSON = "application/x-ndjson"


def make_body(prefix, count):
    events = (publish(f"{prefix}-{number:05}") for number in range(count))
    return b"".join(json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in events)


def count_articles(service, prefix):
    with service.database() as database, database.read():
        return Article.select().where(Article.external_id.startswith(f"{prefix}-")).count()


def test_results_come_while_the_rest_is_being_done(service):
    body = make_body("early", 1_000)
    line = service.connect()
    headers = signed(service.key, body) | {"Content-Type": NDJSON}
    line.request("POST", "/ingest/desk", body, headers)
    response = line.getresponse()
    assert response.headers["Content-Type"] == NDJSON
    assert json.loads(response.readline())["status"] == "created"
    lines = response.read().splitlines()
    assert json.loads(lines[-1])["counts"] == {"created": 1_000}
    line.close()


def test_body_in_chunks_is_taken(service):
    body = make_body("chunks", 50)
    headers = signed(service.key, body) | {"Content-Type": NDJSON}
    parts = (body[at : at + 1_000] for at in range(0, len(body), 1_000))
    reply = service.request("POST", "/ingest/desk", parts, headers)
    assert json.loads(reply.body.splitlines()[-1])["counts"] == {"created": 50}


def test_batch_that_is_broken_off_by_kills_is_done_once_when_it_is_sent_again(service):
    count = 4_000
    body = make_body("killed", count)
    before = service.read_change()
    results = []
    sender = Sender(f"http://127.0.0.1:{service.port}", "desk", service.key)
    with ThreadPoolExecutor(1) as pool:
        pushing = pool.submit(push_lines, sender, "msg_killed", body, results.append)
        for goal in (300, 1_200):
            wait_until(lambda goal=goal: len(results) >= goal or pushing.done(), f"{goal} results")
            for worker in service.list_workers():
                kill(worker)
        assert pushing.result(120) is None
    assert [result["line"] for result in results] == list(range(1, count + 1))
    assert {result["status"] for result in results} == {"created"}
    assert count_articles(service, "killed") == count
    # Each article took one number, however often its part was sent.
    assert service.read_change() - before in (count, count + 2)  # two sections, if they are new


def test_sender_that_goes_away_leaves_whole_parts(service):
    body = make_body("gone", 2_000)
    line = service.connect()
    headers = signed(service.key, body, "msg_gone") | {"Content-Type": NDJSON}
    line.request("POST", "/ingest/desk", body, headers)
    response = line.getresponse()
    response.readline()
    response.close()
    line.close()
    assert count_articles(service, "gone") % 200 == 0
    reply = service.request(
        "POST",
        "/ingest/desk",
        body,
        signed(service.key, body, "msg_gone") | {"Content-Type": NDJSON},
    )
    assert json.loads(reply.body.splitlines()[-1])["counts"] == {"created": 2_000}
    assert count_articles(service, "gone") == 2_000


def test_body_longer_than_the_limit_is_refused_before_it_has_come(service):
    line = service.connect()
    line.putrequest("POST", "/ingest/desk")
    line.putheader("Content-Type", NDJSON)
    line.putheader("Content-Length", "100000001")
    line.endheaders()
    response = line.getresponse()
    assert response.status == http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert "FEEDSVC_MAX_BATCH_BYTES" in response.read().decode()
    line.close()
