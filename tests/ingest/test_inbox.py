"""The inbox: what came, what became of it, and doing it once more."""

from datetime import timedelta

import pytest

from feedsvc.cli import main
from feedsvc.errors import InboxError
from feedsvc.ingest import inbox
from feedsvc.ingest.receive import replay
from tests.newsroom import SECRET_KEY, publish, withdraw


@pytest.fixture
def kept(app):
    """The messages that are in the inbox, the newest first."""
    return lambda **options: inbox.list_kept(app.extensions["feedsvc"].database, 100, **options)


@pytest.fixture
def again(app, settings):
    """Do a message once more."""
    database = app.extensions["feedsvc"].database
    return lambda number, **changes: replay(database, number, settings.model_copy(update=changes))


@pytest.fixture
def run(runner, database_url):
    environment = {"FEEDSVC_DATABASE_URL": database_url, "FEEDSVC_SECRET_KEY": SECRET_KEY}
    return lambda *arguments: runner.invoke(main, ["inbox", *arguments], env=environment)


def age(app, days):
    """Let all that is in the inbox have come so many days earlier."""
    database = app.extensions["feedsvc"].database
    past = timedelta(days=days) // timedelta(microseconds=1)
    query = f"UPDATE inbox SET received_at = received_at - {past}"
    database.publish(lambda _: database.peewee.execute_sql(query))


def test_newest_message_is_first(newsroom, kept):
    newsroom.send(publish("a"), message_id="first")
    newsroom.send([publish("b"), publish("c")], message_id="second")
    found = kept()
    assert [one.message_id for one in found] == ["second", "first"]
    assert [event["status"] for event in found[0].answer.events] == ["created", "created"]
    assert found[0].source_name == "desk"
    assert found[0].duration_seconds > 0


def test_body_is_kept_as_it_came(newsroom, app, kept):
    body = b'{"type": "article.published",   "data": {"id": "\xc4\x91"}}'
    newsroom.send_raw(body)
    (one,) = kept()
    assert one.size_bytes == len(body)
    assert inbox.get_kept(app.extensions["feedsvc"].database, one.number)[1] == body


def test_refused_ones_can_be_told_from_the_others(newsroom, kept):
    newsroom.send(publish("good"))
    newsroom.send(publish("bad", title=""))
    newsroom.send([publish("good-too"), publish("bad-too", url="x")])
    assert len(kept(refused=True)) == 2
    assert len(kept()) == 3


def test_messages_of_another_source_are_not_listed_for_one(newsroom, kept):
    newsroom.send(publish("a"))
    assert kept(source_name="other") == []


def test_message_that_is_not_there_is_told(app):
    with pytest.raises(InboxError, match="no message number 7"):
        inbox.get_kept(app.extensions["feedsvc"].database, 7)


def test_message_that_was_refused_is_taken_when_the_limit_was_raised(newsroom, client, kept, again):
    newsroom.send(publish("a", title="x" * 2_000))
    (refused,) = kept(refused=True)
    assert again(refused.number, max_title_chars=3_000).status == 200
    assert len(client.get("/feeds/all.json").json["items"]) == 1
    assert kept(refused=True) == []
    assert [one.number for one in kept()] == [refused.number]


def test_doing_it_again_keeps_when_it_came(newsroom, app, kept, again):
    newsroom.send(publish("a"))
    age(app, 2)
    (before,) = kept()
    again(before.number)
    assert kept()[0].received_at == before.received_at


def test_doing_it_again_does_not_undo_what_was_said_since(newsroom, client, kept, again):
    newsroom.send(publish("a", title="Cũ", date_modified="2023-01-09T10:00:00Z"))
    first = kept()[0].number
    newsroom.send(publish("a", title="Mới", date_modified="2023-01-09T11:00:00Z"))
    newsroom.send(withdraw("b"))
    assert again(first).events[0]["status"] == "stale"
    assert client.get("/feeds/all.json").json["items"][0]["title"] == "Mới"


def test_old_messages_are_swept_out_as_new_ones_come(newsroom, app, kept):
    for number in range(25):
        newsroom.send(publish(f"old{number}"))
    age(app, 31)
    newsroom.send(publish("new1"))
    assert len(kept()) == 6
    newsroom.send(publish("new2"))
    assert len(kept()) == 2


def test_message_within_the_days_stays_and_is_known_by_its_id(newsroom, app, kept):
    newsroom.send(publish("a"), message_id="one")
    age(app, 29)
    newsroom.send(publish("b"))
    assert (
        newsroom.send(publish("a", title="Khác"), message_id="one").json["events"][0]["status"]
        == "created"
    )
    assert len(kept()) == 2


def test_list_is_a_table(newsroom, run):
    newsroom.send([publish("a"), publish("b", title="")])
    header, line = run("list").stdout.splitlines()
    assert header.split() == ["NUMBER", "RECEIVED", "SOURCE", "STATUS", "BYTES", "EVENTS"]
    assert line.endswith("1 created, 1 rejected")
    assert run("list", "--refused").stdout.splitlines()[1] == line


def test_show_says_what_became_of_it(newsroom, run, kept):
    newsroom.send(publish("a", title="x" * 2_000), message_id="msg_1")
    result = run("show", str(kept()[0].number))
    assert result.exit_code == 0
    assert "message id: msg_1" in result.stdout
    assert "rejected   a" in result.stdout
    assert "FEEDSVC_MAX_TITLE_CHARS" in result.stderr


def test_show_writes_the_body_alone(newsroom, run, kept):
    newsroom.send_raw(b"\xff not even text")
    assert run("show", "--body", str(kept()[0].number)).stdout_bytes == b"\xff not even text"


def test_replay_tells_in_its_exit_code_whether_all_was_taken(newsroom, run, kept):
    newsroom.send(publish("a"))
    newsroom.send(publish("b", title=""))
    bad, good = (one.number for one in kept())
    assert run("replay", str(good)).exit_code == 0
    assert run("replay", str(good), str(bad)).exit_code == 1
    assert run("replay", "99").exit_code == 1
