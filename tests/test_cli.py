"""The command line: what it prints where, and its exit codes."""

import json
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from feedsvc.cli import main
from feedsvc.db import bound
from tests.newsroom import SECRET_KEY, article, publish

SAMPLE = Path(__file__).resolve().parent.parent / "deploy" / "sample-article.json"


@pytest.fixture
def run(runner, monkeypatch, database_url):
    """Run a command against the test's database."""
    monkeypatch.setenv("FEEDSVC_DATABASE_URL", database_url)
    monkeypatch.setenv("FEEDSVC_SECRET_KEY", SECRET_KEY)

    def invoke(*arguments, **options):
        before = bound.obj
        result = runner.invoke(main, list(arguments), **options)
        if before is not None:  # a command is a process of its own, elsewhere
            bound.initialize(before)
        return result

    return invoke


def test_source_add_prints_the_key_alone_on_standard_output(run):
    result = run("source", "add", "desk")
    assert result.exit_code == 0
    key = result.stdout.removesuffix("\n")
    assert key.startswith("whsec_")
    assert "\n" not in key
    assert "keep it secret" in result.stderr


def test_source_list_shows_keys_without_their_secrets(run):
    key = run("source", "add", "desk", "--timezone", "Asia/Ho_Chi_Minh").stdout.strip()
    result = run("source", "list")
    assert "desk" in result.stdout
    assert "Asia/Ho_Chi_Minh" in result.stdout
    assert key.removeprefix("whsec_")[:8] not in result.stdout


def test_source_of_another_system_gets_a_key_for_its_settings_page(run):
    result = run(
        *("source", "add", "sd", "--dialect", "superdesk"),
        *("--url-template", "https://news.example/{slug}-{id}"),
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.strip().isalnum()
    assert "superdesk  superdesk" in run("source", "list").stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--dialect", "ghost", "--scheme", "bearer"), "is not verified by “bearer”, but by ghost"),
        (("--url-template", "news.example/{id}"), "must be an http or https address"),
        (("--url-template", "https://news.example/a"), "with {id} or {guid}"),
        (("--url-template", "https://news.example/{nr}"), "has {nr}; there are {guid}, {id}"),
        (("--url-template", "https://news.example/{id"), "is no address template"),
        (("--url-template", "https://news.example/{id.__class__}"), "has {id.__class__}"),
    ],
)
def test_registration_that_can_not_work_is_refused(run, options, words):
    result = run("source", "add", "desk", *options)
    assert result.exit_code == 1
    assert words in result.stderr
    assert "desk" not in run("source", "list").stdout


def test_without_a_secret_no_key_is_made(run, monkeypatch, postgres_url):
    monkeypatch.setenv("FEEDSVC_DATABASE_URL", postgres_url)
    monkeypatch.delenv("FEEDSVC_SECRET_KEY")
    result = run("source", "add", "desk")
    assert result.exit_code == 1
    assert "set FEEDSVC_SECRET_KEY" in result.stderr


def test_list_names_the_sources_whose_keys_are_lost(run, monkeypatch):
    run("source", "add", "desk")
    monkeypatch.setenv("FEEDSVC_SECRET_KEY", "quite-another-secret")
    assert "`feedsvc source rotate desk`" in run("source", "list").stderr


def test_rotating_gives_a_new_key_and_an_end_to_the_old(run):
    first = run("source", "add", "desk").stdout
    second = run("source", "rotate", "desk", "--overlap-hours", "1").stdout
    assert second.startswith("whsec_")
    assert second != first
    rows = run("source", "list").stdout.splitlines()[1:]
    assert len(rows) == 2
    until = run("source", "list").stdout.splitlines()[0].index("UNTIL")
    assert [row[until] == "–" for row in rows] == [False, True]


def test_revoking_ends_the_keys(run):
    run("source", "add", "desk")
    result = run("source", "revoke", "desk")
    assert result.exit_code == 0
    assert "1 key of desk ended" in result.stderr
    assert "none" in run("source", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("source", "add", "Desk!"), "can't name a source"),
        (("source", "add", "desk2", "--timezone", "Mars/Base"), "not a time zone"),
        (("source", "rotate", "nobody"), "no source “nobody”"),
        (("source", "revoke", "nobody"), "no source “nobody”"),
        (("source", "revoke", "desk", "--key", "999"), "no active key number 999"),
        (("source", "add", "desk"), "already"),
    ],
)
def test_refusal_is_a_line_on_standard_error_and_a_code(run, arguments, reason):
    run("source", "add", "desk")
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert reason in result.stderr


def test_migrate_says_what_it_did(runner, monkeypatch, empty_database_url):
    monkeypatch.setenv("FEEDSVC_DATABASE_URL", empty_database_url)
    assert "0001_create_tables" in runner.invoke(main, ["migrate"]).stdout
    assert "up to date" in runner.invoke(main, ["migrate"]).stdout


def test_database_that_is_not_there_is_told_in_a_line(runner, monkeypatch):
    monkeypatch.setenv("FEEDSVC_DATABASE_URL", "sqlite:////no/such/place.db")
    for command in (["source", "list"], ["migrate"], ["serve"]):
        result = runner.invoke(main, command)
        assert result.exit_code == 1
        assert "/no/such/place.db" in result.stderr
        assert "Traceback" not in result.output


def test_wrong_setting_is_told_by_its_name(runner, monkeypatch):
    monkeypatch.setenv("FEEDSVC_MAX_EVENTS", "many")
    result = runner.invoke(main, ["serve"])
    assert result.exit_code == 1
    assert "FEEDSVC_MAX_EVENTS" in result.stderr


@pytest.fixture
def service(app, newsroom):  # noqa: ARG001 (its source must be there)
    """The service on a port of this machine."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def push(run, newsroom, service, tmp_path):
    """Push files with a value each; gives the command's result."""
    key_file = tmp_path / "desk.key"
    key_file.write_text(newsroom.key)

    def invoke(*values):
        paths = []
        for number, value in enumerate(values):
            path = tmp_path / f"{number}.json"
            path.write_text(value if isinstance(value, str) else json.dumps(value))
            paths.append(str(path))
        options = ["--source", "desk", "--url", service, "--key-file", str(key_file)]
        return run("push", *paths, *options)

    return invoke


def test_push_prints_what_became_of_each_event(push, client):
    result = push(publish("a"), {"events": [publish("b"), publish("b")]}, article("c"))
    assert result.exit_code == 0, result.output
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [
        ["created", "a"],
        ["created", "b"],
        ["unchanged", "b"],
        ["created", "c"],
    ]
    assert len(client.get("/feeds/all.json").json["items"]) == 3


def test_push_of_a_refused_article_fails_and_names_the_field(push):
    result = push(publish("a", url="ftp://x/"), publish("b"))
    assert result.exit_code == 1
    assert "rejected" in result.stdout
    assert "/data/url: must be an http or https address" in result.stderr
    assert "created    b" in result.stdout


def test_push_shows_warnings(push):
    result = push(publish("a", title="<b>x</b>"))
    assert result.exit_code == 0
    assert "/data/title" in result.stderr


def test_push_of_a_file_that_is_no_json_goes_on_with_the_next(push):
    result = push("{", publish("b"))
    assert result.exit_code == 1
    assert "0.json is not JSON" in result.stderr
    assert "created    b" in result.stdout


def test_push_with_a_wrong_key_says_that_it_was_not_verified(tmp_path, run, service):
    (tmp_path / "wrong.key").write_text("whsec_" + "A" * 44)
    result = run(
        "push", str(SAMPLE), "--source", "desk", "--url", service,
        "--key-file", str(tmp_path / "wrong.key"),
    )  # fmt: skip
    assert result.exit_code == 1
    assert "401" in result.stderr


def test_push_without_a_key_says_how_to_name_one(run):
    result = run("push", str(SAMPLE), "--source", "desk")
    assert result.exit_code == 1
    assert "--key-file" in result.stderr


def test_push_to_where_nothing_listens_is_told_in_a_line(run, monkeypatch, newsroom):
    monkeypatch.setattr("feedsvc.push.sending._ATTEMPTS", 1)
    monkeypatch.setenv("FEEDSVC_PUSH_KEY", newsroom.key)
    result = run("push", str(SAMPLE), "--source", "desk", "--url", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "can't be reached" in result.stderr


def test_push_of_many_tells_what_was_refused_and_how_many_were_not(push):
    events = [publish(f"a-{number}") for number in range(99)]
    result = push([*events, publish("bad", url="ftp://x/")])
    assert result.exit_code == 1
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["rejected", "bad", "–"],
        ["created", "99"],
        ["rejected", "1"],
    ]
    assert "0.json, 100" in result.stderr
    assert "/data/url: must be an http or https address" in result.stderr


def test_push_that_was_broken_off_goes_on_where_it_was(tmp_path, run, service, newsroom):
    (tmp_path / "desk.key").write_text(newsroom.key)
    path = tmp_path / "archive.ndjson"
    path.write_text("".join(json.dumps(publish(f"a-{n}")) + "\n" for n in range(1_100)))
    options = (
        *("push", str(path), "--source", "desk", "--url", service, "--connections", "2"),
        *("--key-file", str(tmp_path / "desk.key"), "--state", str(tmp_path / "state")),
    )
    assert "1,100 events in" in run(*options).stderr
    again = run(*options)
    assert again.exit_code == 0
    assert "1,100 events were acknowledged before." in again.stderr
    name, first, _ = (tmp_path / "state").read_text().split()
    (tmp_path / "state").write_text(f"{name}\n{first}\n")
    assert "created    100" in run(*options).stdout  # as it was answered the first time


# withdraw


def test_withdraw_shows_which_and_asks(run, newsroom, client):
    newsroom.send([publish("a"), publish("b", title="Bài khác")])
    asked = run("withdraw", "b", "--source", "desk")
    assert asked.exit_code == 1
    assert "Bài khác" in asked.stdout
    assert "Withdraw 1 article?" in asked.stderr
    assert len(client.get("/feeds/all.json").json["items"]) == 2
    done = run("withdraw", "b", "--source", "desk", input="y\n")
    assert done.exit_code == 0, done.output
    assert "1 article withdrawn." in done.stdout
    (item,) = client.get("/feeds/all.json").json["items"]
    assert item["url"].endswith("/a")


def test_withdraw_in_bulk_by_what_articles_have_in_common(run, newsroom, client, app):
    sport = {"categories": [{"slug": "bong-da", "parent": {"slug": "the-thao"}}]}
    newsroom.send([publish(f"s-{n}", **sport) for n in range(30)] + [publish("a")])
    database = app.extensions["feedsvc"].database
    before = database.read_counter().change
    result = run("withdraw", "--category", "the-thao", "--yes")
    assert result.exit_code == 0, result.output
    assert "and 10 more" in result.stdout
    assert "30 articles withdrawn." in result.stdout
    assert len(client.get("/feeds/all.json").json["items"]) == 1
    assert database.read_counter().change == before + 30


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (("--tag", "Thời tiết"), {"a", "c"}),
        (("--author", "a.t"), {"b", "c"}),
        (("--since", "2023-01-10"), {"a", "b"}),
        (("--before", "2023-01-10"), {"c"}),
        (("--before", "2023-01-10", "--tag", "thời tiết"), {"a", "c"}),
        (("--category", "khong-co"), {"a", "b", "c"}),
        (("--source", "other", "--since", "2000-01-01"), {"a", "b", "c"}),
    ],
)
def test_withdraw_takes_what_all_is_true_of(run, newsroom, client, options, left):
    newsroom.send(
        [
            publish("a", authors=[{"name": "A.T"}]),
            publish("b", tags=["thời tiết"]),
            publish("c", date_published="2023-01-10T16:30:00+07:00"),
        ]
    )
    assert run("withdraw", *options, "--yes").exit_code == 0
    items = client.get("/feeds/all.json").json["items"]
    assert {item["url"][-1] for item in items} == left


def test_withdraw_for_show_withdraws_nothing(run, newsroom, client):
    newsroom.push(publish("a"))
    assert run("withdraw", "--source", "desk", "--dry-run").exit_code == 0
    assert len(client.get("/feeds/all.json").json["items"]) == 1


def test_withdraw_names_ids_that_are_not_there(run, newsroom):
    newsroom.push(publish("a"))
    result = run("withdraw", "a", "x", "--source", "desk", "--yes")
    assert result.exit_code == 1
    assert "Not there, or withdrawn: x" in result.stderr
    assert "1 article withdrawn." in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((), "Name ids"), (("a",), "--source"), (("--since", "soon"), "is not a date and time")],
)
def test_withdraw_needs_to_know_which(run, arguments, words):
    result = run("withdraw", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_what_was_withdrawn_by_hand_comes_back_only_newer(run, newsroom):
    old = {"date_modified": "2023-01-09T16:30:00+07:00"}
    newsroom.push(publish("a", **old))
    run("withdraw", "a", "--source", "desk", "--yes")
    assert newsroom.push(publish("a", **old))["status"] == "stale"
    later = datetime.now(UTC) + timedelta(seconds=5)
    assert newsroom.push(publish("a"), at=later)["status"] == "updated"


def test_commands_do_not_wait_until_the_workers_client_is_loaded():
    said = "import sys, feedsvc.cli; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said], timeout=60, check=False).returncode == 0
