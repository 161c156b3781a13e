"""deploy/nginx.conf while feedsvc is away, or being restarted."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

import pytest

from tests.deploy.nginx import send_raw
from tests.integration.server import PROBLEM, SUFFIXES
from tests.newsroom import publish

EXPIRED_SECONDS = 2.1
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PATHS = [f"/feeds/all.{suffix}" for suffix in SUFFIXES]


def test_feeds_are_served_while_feedsvc_is_stopped(own_site):
    own_site.service.push(publish())
    seen = {path: own_site.nginx.get(path) for path in PATHS}
    own_site.service.terminate()
    time.sleep(EXPIRED_SECONDS)
    for path, before in seen.items():
        reply = own_site.nginx.get(path)
        assert (reply.status, reply.body) == (200, before.body)
        condition = {"If-None-Match": before.headers["ETag"]}
        assert own_site.nginx.get(path, headers=condition).status == 304
    own_site.service.start()
    own_site.service.push(publish("a-2"))
    for path in PATHS:
        assert b"a-2" in own_site.nginx.get(path).body


@pytest.mark.parametrize("coding", ["", "gzip", "br", "zstd"])
def test_feeds_are_served_in_every_coding_when_feedsvc_is_killed(own_site, coding):
    own_site.service.push(publish(content_html="<p>Ngày hội.</p>" * 50))
    headers = {"Accept-Encoding": coding}
    seen = {path: own_site.nginx.get(path, headers=headers) for path in PATHS}
    own_site.service.kill()
    time.sleep(EXPIRED_SECONDS)
    for path, before in seen.items():
        reply = own_site.nginx.get(path, headers=headers)
        assert (reply.status, reply.body) == (200, before.body)
        assert reply.headers["Content-Encoding"] == before.headers["Content-Encoding"]
        assert reply.headers["Cache-Control"] == before.headers["Cache-Control"]


@pytest.mark.slow
def test_no_reader_of_kept_feeds_notices_restarts(own_site):
    own_site.service.push(publish())
    for path in PATHS:
        assert own_site.nginx.get(path).status == 200
    stop = Event()

    def read(reader: int) -> set[int]:
        statuses = set()
        with closing(own_site.nginx.connect()) as connection:
            while not stop.is_set():
                path = PATHS[reader % len(PATHS)]
                statuses.add(own_site.nginx.get(path, connection=connection).status)
        return statuses

    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(read, number) for number in range(6)]
        try:
            for _ in range(2):
                own_site.service.terminate()
                own_site.service.start()
                time.sleep(EXPIRED_SECONDS)
        finally:
            stop.set()
    assert [reader.result() for reader in readers] == [{200}] * 6


def test_what_is_not_kept_is_a_problem_while_feedsvc_is_stopped(own_site):
    own_site.service.terminate()
    programs = (
        "/news-sitemap.xml",
        "/robots.txt",
        "/private/t/all.rss",
        "/healthz",
        "/ingest/a",
        "/inbox",
        "/inbox/7",
    )
    for path in ("/feeds/all.rss", "/feeds.opml", *programs):
        reply = own_site.nginx.get(path, headers=HTML)
        assert reply.status == 502
        assert reply.headers["Content-Type"] == PROBLEM
        assert reply.headers["Retry-After"] == "5"
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.json["status"] == 502
    with closing(own_site.nginx.connect()) as connection:
        push = own_site.service.send(publish(), connection=connection)
    assert (push.status, push.headers["Content-Type"]) == (502, PROBLEM)


def test_scripts_of_other_sites_are_told_while_feedsvc_is_stopped(own_site):
    own_site.service.terminate()
    for path in ("/feeds/all.json?limit=5", "/feeds.json", "/feeds.opml", "/feeds/a/2023.json"):
        reply = own_site.nginx.get(path)
        assert reply.status == 502
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
    for path in ("/feeds/all.rss", "/private/t/all.json", "/inbox", "/ingest/a", "/?/feeds.json"):
        reply = own_site.nginx.get(path)
        assert reply.status == 502
        assert reply.headers["Access-Control-Allow-Origin"] is None


def test_people_are_told_in_their_languages_while_feedsvc_is_stopped(own_site):
    own_site.service.terminate()
    page = own_site.nginx.get("/", headers=HTML)
    assert page.status == 502
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Retry-After"] == "5"
    assert "Xin quay lại sau ít phút" in page.body.decode()
    assert "Nothing is lost" in page.body.decode()
    program = own_site.nginx.get("/", headers={"Accept": "*/*"})
    assert program.headers["Content-Type"] == PROBLEM


def test_slow_sender_holds_up_no_thread(own_site):
    """feedsvc hears of a push when nginx has all of it."""
    head = b"POST /ingest/desk HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
    with ThreadPoolExecutor(15) as pool:
        slow = [pool.submit(send_raw, own_site.nginx, head + b"slow") for _ in range(15)]
        time.sleep(0.5)  # all of them are connected, and there are 16 threads
        started = time.monotonic()
        with closing(own_site.nginx.connect()) as connection:
            result = own_site.service.push(publish(), connection=connection)
        assert result["status"] == "created"
        assert time.monotonic() - started < 5
        for answer in slow:  # after client_body_timeout, without an answer
            with pytest.raises(ConnectionError):
                answer.result()
    assert "/ingest/desk' refused" not in own_site.service.log
