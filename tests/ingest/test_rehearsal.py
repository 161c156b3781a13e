"""A dry run: what would become of a message, and nothing done."""

import pytest

from feedsvc.ingest import inbox
from tests.newsroom import dumped, publish, signed, withdraw


@pytest.fixture
def rehearse(newsroom):
    """Send a message as a dry run; gives the answer."""

    def send(message, message_id=None, flag="1"):
        body = dumped(message)
        headers = signed(newsroom.key, body, message_id)
        path = f"/ingest/desk?dry-run={flag}"
        return newsroom.client.post(path, data=body, headers=headers)

    return send


def test_it_is_answered_what_the_message_would_be(newsroom, rehearse):
    newsroom.push(publish("a"))
    message = [
        publish("a"),
        publish("b", title="&lt;b&gt;Mới"),
        publish("c", title=""),
        withdraw("a"),
        publish("d", categories=[{"slug": "x", "parent": "x"}]),
    ]
    rehearsed = rehearse(message, "msg_1")
    assert rehearsed.json == newsroom.send(message, "msg_1").json
    assert {event["status"] for event in rehearsed.json["events"]} == {
        *("unchanged", "created", "rejected", "withdrawn")
    }


def test_nothing_is_done_or_kept(newsroom, rehearse, app, client):
    newsroom.push(publish("a", title="Cũ"))
    database = app.extensions["feedsvc"].database
    feed, counter = client.get("/feeds/all.atom").data, database.read_counter()
    assert rehearse([publish("a", title="Mới"), publish("b")]).status_code == 200
    assert client.get("/feeds/all.atom").data == feed
    assert database.read_counter() == counter
    assert len(inbox.list_kept(database, 10)) == 1


def test_its_id_is_free_afterwards(newsroom, rehearse):
    rehearse(publish("a"), "msg_1")
    assert newsroom.push(publish("a"), message_id="msg_1")["status"] == "created"


def test_same_id_as_a_message_that_was_done_rehearses_anew(newsroom, rehearse):
    newsroom.send(publish("a"), "msg_1")
    assert rehearse(publish("a"), "msg_1").json["events"][0]["status"] == "unchanged"


def test_message_that_can_not_be_read_is_refused_as_it_would_be(rehearse, newsroom):
    assert rehearse(b"{").status_code == newsroom.send(b"{").status_code == 400
    assert rehearse(publish("a", title="")).status_code == 422


def test_it_must_be_signed(client):
    assert client.post("/ingest/desk?dry-run=1", data=b"{}").status_code == 401


@pytest.mark.parametrize("flag", ["yes", "", "1&dry-run=0"])
def test_word_that_may_mean_either_is_refused(rehearse, client, flag):
    response = rehearse(publish("a"), flag=flag)
    assert response.status_code == 400
    assert response.json["parameter"] == "dry-run"
    assert client.get("/feeds/all.json").json["items"] == []


def test_zero_is_no_dry_run(rehearse, client):
    assert rehearse(publish("a"), flag="0").status_code == 200
    assert len(client.get("/feeds/all.json").json["items"]) == 1
