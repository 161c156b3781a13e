"""Messages with a line for each event: done part by part, answered line by line."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from feedsvc.app import create_app
from feedsvc.ingest.sources import add_source
from feedsvc.models import Article, Message
from tests.conftest import make_settings
from tests.newsroom import VAULT, Newsroom, publish, signed, withdraw

NDJSON = "application/x-ndjson"


@pytest.fixture
def database(app):
    return app.extensions["feedsvc"].database


def lines(*events):
    return b"".join(
        event
        if isinstance(event, bytes)
        else json.dumps(event, ensure_ascii=False).encode() + b"\n"
        for event in events
    )


def post(newsroom, body, message_id=None, query="", at=None):
    headers = signed(newsroom.key, body, message_id, at) | {"Content-Type": NDJSON}
    return newsroom.client.post(f"/ingest/desk{query}", data=body, headers=headers)


def send(newsroom, *events, **options):
    """The results of the lines, and what the last one says of the whole."""
    response = post(newsroom, lines(*events), **options)
    assert response.status_code == 200, response.text
    assert response.content_type == NDJSON
    *results, summary = [json.loads(line) for line in response.text.splitlines()]
    return results, summary


def count(database, table):
    with database.read():
        return table.select().count()


def test_each_line_is_an_event_and_is_answered_by_a_line(newsroom, client):
    results, summary = send(newsroom, publish("a"), publish("b"), withdraw("a"), message_id="m")
    assert [(one["line"], one["id"], one["status"]) for one in results] == [
        (1, "a", "created"),
        (2, "b", "created"),
        (3, "a", "withdrawn"),
    ]
    assert summary == {
        "message_id": "m",
        "events": 3,
        "counts": {"created": 2, "withdrawn": 1},
    }
    (item,) = client.get("/feeds/all.json").json["items"]
    assert item["url"].endswith("/b")


def test_bad_line_among_good_ones_stops_none_of_them(newsroom, database):
    events = [publish(f"a-{number}") for number in range(999)]
    results, summary = send(newsroom, *events[:500], b"{nonsense\n", *events[500:])
    assert summary["counts"] == {"created": 999, "rejected": 1}
    assert results[500]["line"] == 501
    assert results[500]["errors"][0]["message"].startswith("The line is not JSON")
    assert count(database, Article) == 999


def test_blank_lines_are_passed_over_and_counted(newsroom):
    results, _ = send(newsroom, b"\n", publish("a"), b"  \r\n", publish("b"))
    assert [one["line"] for one in results] == [2, 4]


def test_last_line_needs_no_end(newsroom):
    results, _ = send(newsroom, lines(publish("a"), publish("b")).rstrip())
    assert len(results) == 2


def test_same_article_twice_in_a_message_ends_as_its_last_line_says(newsroom, client):
    first = publish("a", date_modified="2023-01-09T16:30:00+07:00")
    second = publish(
        "a", title="Mới", date_modified="2023-01-09T17:30:00+07:00", categories=["the-thao"]
    )
    results, _ = send(newsroom, first, second, first)
    assert [one["status"] for one in results] == ["created", "updated", "stale"]
    assert client.get("/feeds/the-thao.json").json["items"][0]["title"] == "Mới"
    assert client.get("/feeds/xay-dung-dang.json").json["items"] == []


def test_category_that_is_refused_takes_nothing_else_along(newsroom, database):
    circle = [{"slug": "a", "parent": {"slug": "b", "parent": {"slug": "a"}}}]
    results, _ = send(newsroom, publish("x"), publish("y", categories=circle), publish("z"))
    assert [one["status"] for one in results] == ["created", "rejected", "created"]
    with database.read():
        assert {row.external_id for row in Article.select()} == {"x", "z"}


def test_taken_guid_is_refused_within_a_message_too(newsroom):
    results, _ = send(newsroom, publish("x", guid="g"), publish("y", guid="g"))
    assert [one["status"] for one in results] == ["created", "rejected"]
    assert results[1]["errors"][0]["pointer"] == "/data/guid"


def test_message_that_is_sent_again_is_answered_as_before_and_done_once(newsroom, database):
    events = [publish(f"a-{number}") for number in range(450)]
    first = send(newsroom, *events, message_id="m")
    before = database.read_counter().change
    assert send(newsroom, *events, message_id="m") == first
    assert database.read_counter().change == before
    assert count(database, Message) == 3


def test_message_that_broke_off_goes_on_where_it_was(newsroom, database):
    events = [publish(f"a-{number}") for number in range(450)]
    response = post(newsroom, lines(*events), "m")
    iterator = response.response
    next(iter(iterator))
    response.close()
    done = count(database, Article)
    results, summary = send(newsroom, *events, message_id="m")
    assert summary["counts"] == {"created": 450}
    assert done <= 450
    assert [one["id"] for one in results] == [event["data"]["id"] for event in events]


def test_what_was_said_meanwhile_is_not_undone_by_a_message_that_is_sent_again(newsroom, client):
    send(newsroom, publish("a", title="Cũ"), message_id="m")
    newsroom.push(publish("a", title="Mới"))
    send(newsroom, publish("a", title="Cũ"), message_id="m")
    assert client.get("/feeds/all.json").json["items"][0]["title"] == "Mới"


def test_rehearsal_changes_nothing(newsroom, database):
    results, summary = send(newsroom, publish("a"), b"[]\n", query="?dry-run=1")
    assert [one["status"] for one in results] == ["created", "rejected"]
    assert summary["events"] == 2
    assert (count(database, Article), count(database, Message)) == (0, 0)


def test_message_under_another_key_is_refused_whole(newsroom, database):
    body = lines(publish("a"))
    headers = signed("whsec_" + "A" * 43 + "=", body) | {"Content-Type": NDJSON}
    response = newsroom.client.post("/ingest/desk", data=body, headers=headers)
    assert response.status_code == 401
    assert count(database, Message) == 0


def test_message_that_is_too_old_is_refused_whole(newsroom):
    response = post(newsroom, lines(publish("a")), at=datetime.now(UTC) - timedelta(hours=1))
    assert response.status_code == 401


@pytest.mark.parametrize("body", [b"", b"\n", b" \n\r\n"])
def test_message_without_an_event_is_refused(newsroom, body):
    response = post(newsroom, body)
    assert (response.status_code, response.json["detail"]) == (
        400,
        "The body has no line with an event.",
    )


@pytest.mark.parametrize(
    ("limit", "events", "words"),
    [
        ({"max_batch_bytes": 600}, 2, "over 600 bytes (FEEDSVC_MAX_BATCH_BYTES)"),
        ({"max_body_bytes": 300}, 1, "Line 1 is over 300 bytes (FEEDSVC_MAX_BODY_BYTES)"),
        ({"max_batch_lines": 2}, 3, "more than 2 lines (FEEDSVC_MAX_BATCH_LINES)"),
    ],
)
def test_message_over_a_limit_is_refused_whole(sqlite_url, limit, events, words):
    app = create_app(make_settings(sqlite_url, **limit))
    database = app.extensions["feedsvc"].database
    newsroom = Newsroom(app.test_client(), add_source(database, VAULT, "desk"))
    response = post(newsroom, lines(*[publish(f"a-{number}") for number in range(events)]))
    assert response.status_code == 413
    assert words in response.json["detail"]
    assert count(database, Article) == 0
    database.close()


def test_each_part_is_kept_in_the_inbox_and_can_be_run_again(newsroom, database, settings):
    from feedsvc.ingest import inbox
    from feedsvc.ingest.receive import replay

    send(newsroom, *[publish(f"a-{number}") for number in range(250)], message_id="m")
    newest, oldest = inbox.list_kept(database, 10)
    assert newest.message_id.startswith("m#201-")
    assert oldest.message_id.startswith("m#1-")
    assert len(newest.answer.events) == 50
    answer = replay(database, newest.number, settings)
    assert {one["status"] for one in answer.events} == {"unchanged"}


def test_lines_of_other_dialects_are_their_items(app, client):
    database = app.extensions["feedsvc"].database
    from feedsvc.ingest.sources import Registration

    key = add_source(database, VAULT, "site", Registration("jsonfeed"))
    items = [
        {"id": f"https://x.example/{n}", "title": "t", "content_text": "x", "date_published": d}
        for n, d in enumerate(("2023-01-09T16:30:00+07:00", "not a date"))
    ]
    response = client.post(
        "/ingest/site",
        data=lines(*items),
        headers={"Authorization": f"Bearer {key}", "Content-Type": NDJSON},
    )
    results = [json.loads(line) for line in response.text.splitlines()][:-1]
    assert [one["status"] for one in results] == ["created", "rejected"]
    assert results[1]["errors"][0]["pointer"] == "/date_published"


def test_database_that_goes_away_midway_is_told_in_the_last_line(sqlite_newsroom):
    newsroom, app = sqlite_newsroom
    database = app.extensions["feedsvc"].database
    body = lines(*[publish(f"a-{number}") for number in range(450)])
    response = post(newsroom, body, "m")
    chunks = iter(response.response)
    first = next(chunks)
    import sqlite3

    blocker = sqlite3.connect(database.path, isolation_level=None, check_same_thread=False)
    blocker.execute("BEGIN IMMEDIATE")
    told = b"".join([first, *chunks]).decode().splitlines()
    blocker.rollback()
    blocker.close()
    last = json.loads(told[-1])
    assert (last["status"], last["title"]) == (503, "The database can't be used just now")
    assert len(told) == 201
    _, summary = send(newsroom, body, message_id="m")
    assert summary["counts"] == {"created": 450}


def test_plain_list_of_events_is_a_batch_too(newsroom):
    response = newsroom.send(json.dumps([publish("a"), publish("b", url="x")]).encode())
    assert [one["status"] for one in response.json["events"]] == ["created", "rejected"]
    assert response.json["events"][1]["errors"][0]["pointer"] == "/1/data/url"


def test_message_that_can_not_be_put_aside_is_told_to_come_again(newsroom, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    response = post(newsroom, lines(publish("a")))
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
