"""Starting and stopping: what `serve` refuses, what another server may run, how it ends."""

import http.client
import re
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from feedsvc import migrations
from feedsvc.db import Database
from tests.integration.conftest import on_sqlite
from tests.integration.server import (
    ANSWER_SECONDS,
    PROGRAM,
    REPOSITORY,
    Service,
    bare_environment,
    read_to_end,
)
from tests.newsroom import SECRET_KEY, dumped, publish, signed


def run(*arguments: str, **settings: str):
    return subprocess.run(
        [PROGRAM, *arguments],
        env=bare_environment(FEEDSVC_SECRET_KEY=SECRET_KEY, **settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_serve_makes_the_tables_of_an_empty_database_and_takes_pushes(serve, empty_database_url):
    service = serve()
    added = run("source", "add", "radio", FEEDSVC_DATABASE_URL=empty_database_url)
    assert added.returncode == 0, added.stderr
    body = dumped(publish())
    headers = signed(added.stdout.strip(), body)
    reply = service.request("POST", "/ingest/radio", body, headers)
    assert reply.json["events"][0]["status"] == "created"
    assert service.shown() == ["a-1"]


def test_serve_refuses_a_database_that_is_newer(empty_database_url):
    database = Database(empty_database_url)
    with closing(database):
        migrations.migrate(database)
        database.publish(
            lambda _: database.peewee.execute_sql(
                "INSERT INTO schema_migration (name, applied)"
                " VALUES ('9999_from_the_future', '2030-01-01 00:00:00')"
            )
        )
    refused = run("serve", "--bind", "127.0.0.1:0", FEEDSVC_DATABASE_URL=empty_database_url)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "newer feedsvc" in refused.stderr
    assert "9999_from_the_future" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_serve_refuses_a_database_that_lacks_its_tables(empty_database_url):
    if empty_database_url.startswith("sqlite"):
        Path(empty_database_url.removeprefix("sqlite:///")).touch()
    settings = {"FEEDSVC_DATABASE_URL": empty_database_url, "FEEDSVC_AUTO_MIGRATE": "false"}
    refused = run("serve", "--bind", "127.0.0.1:0", **settings)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "lacks 0001_create_tables, " in refused.stderr
    assert "run `feedsvc migrate`" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert run("migrate", **settings).returncode == 0


@on_sqlite
def test_any_wsgi_server_may_run_it(serve):
    """As `gunicorn wsgi:app`, without our settings: each worker finds the database empty."""
    command = (sys.executable, "-m", "gunicorn", "--no-control-socket", "wsgi:app")
    service: Service = serve(command=command, workers=2)
    service.push(publish())
    with service.connection_to_each_worker() as connections:
        assert len(connections) == 2
    assert [service.shown(suffix) for suffix in ("json", "rss", "atom")] == [["a-1"]] * 3
    assert service.terminate() == 0


@on_sqlite
def test_stop_answers_the_push_that_is_under_way_and_leaves_no_process(service):
    service.push(publish("before"))
    body = dumped(publish("under-way"))
    head = "".join(
        f"{name}: {value}\r\n"
        for name, value in {
            "Host": "feeds.example",
            "Content-Length": str(len(body)),
            "Expect": "100-continue",
            **signed(service.key, body),
        }.items()
    )
    idle = service.connect()  # a kept connection, on which nothing is under way
    with (
        closing(idle),
        socket.create_connection(("127.0.0.1", service.port), ANSWER_SECONDS) as line,
    ):
        service.get("/healthz", connection=idle)
        line.sendall(f"POST /ingest/desk HTTP/1.1\r\n{head}\r\n".encode())
        # It asks for the body: the push is under way (RFC 9110, section 10.1.1).
        assert line.recv(100).startswith(b"HTTP/1.1 100 ")
        assert service.process is not None
        service.process.terminate()
        line.sendall(body)
        answer = read_to_end(line)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"status":"created"' in answer
    assert service.terminate() == 0  # and no process of its group is left
    with pytest.raises((OSError, http.client.HTTPException)):
        service.get("/healthz")
    service.start()
    assert service.shown() == ["under-way", "before"]


#: A worker that is told to end at one moment of its beginning, the first time.
TOLD_EARLY = """
import os, signal
from pathlib import Path
settings = Path({settings!r})
exec(compile(settings.read_text(), settings, "exec"))
begin, mark = post_fork, Path({mark!r})
def post_fork(server, worker):
    is_first = not mark.exists()
    mark.touch()
    for when in ("before", "after"):
        if is_first and when == {when!r}:
            os.kill(os.getpid(), signal.SIGTERM)
        if when == "before":
            begin(server, worker)
"""


@on_sqlite
@pytest.mark.parametrize("when", ["before", "after"])
def test_worker_that_is_told_to_end_while_it_begins_ends(serve, tmp_path, when):
    """It still has the main process's way with signals then, which is to put them into a queue."""
    conf = tmp_path / "gunicorn.conf.py"
    names = {
        "settings": str(REPOSITORY / "deploy" / "gunicorn.conf.py"),
        "mark": str(tmp_path / "mark"),
        "when": when,
    }
    conf.write_text(TOLD_EARLY.format(**names))
    gunicorn = [sys.executable, "-m", "gunicorn", "feedsvc.app:create_app()", "--config", str(conf)]
    service = serve(command=gunicorn, workers=1)  # another worker took its place
    began = re.findall(r"Booting worker with pid: (\d+)", service.log)
    assert len(began) == 2
    assert f"Worker exiting (pid: {began[0]})" in service.log
