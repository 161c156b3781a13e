"""What is in memory is answered by the worker's loop itself, whatever its threads are doing."""

import contextlib
import socket

import pytest

from tests.integration.conftest import on_sqlite
from tests.integration.server import ANSWER_SECONDS, read_to_end, statuses
from tests.newsroom import publish

GET = b"GET /feeds/all.rss HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def single(serve):
    """A service with one process, and one thread in it."""
    service = serve(workers=1, FEEDSVC_THREADS="1")
    service.push(publish("a"))
    return service


@contextlib.contextmanager
def busy(service):
    """The one thread reads a body that does not come."""
    head = b"POST /ingest/desk HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), ANSWER_SECONDS) as line:
        line.sendall(head + b"x" * 100_000)
        yield


@on_sqlite
def test_what_is_in_memory_needs_no_thread(single):
    with contextlib.closing(single.connect()) as connection:
        first = single.get("/feeds/all.rss", connection=connection)
        with busy(single):
            again = single.get("/feeds/all.rss", connection=connection)
            head = single.request("HEAD", "/feeds/all.rss", connection=connection)
            mark = {"If-None-Match": first.headers["ETag"]}
            same = single.get("/feeds/all.rss?utm_source=x", headers=mark, connection=connection)
        assert (again.status, again.body) == (200, first.body)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["Content-Length"] == str(len(first.body))
        assert (same.status, same.body) == (304, b"")


@on_sqlite
def test_a_change_is_not_missed_by_the_loop(single):
    with contextlib.closing(single.connect()) as connection:
        for number in range(20):
            single.push(publish("a", title=f"Bản {number}", minor=True))
            for _ in range(3):
                reply = single.get("/feeds/all.rss", connection=connection)
                assert f"Bản {number}".encode() in reply.body


@on_sqlite
def test_requests_that_come_at_once_are_all_answered_in_their_order(single):
    """More of them than the interpreter could nest."""
    single.get("/feeds/all.rss")
    count = 1_200
    with socket.create_connection(("127.0.0.1", single.port), ANSWER_SECONDS) as line:
        line.sendall(GET * count)
        line.shutdown(socket.SHUT_WR)
        assert statuses(read_to_end(line)) == [200] * count
    assert single.get("/feeds/all.rss").status == 200


@on_sqlite
def test_a_client_that_takes_nothing_holds_nobody_up(single):
    for number in range(5):
        words = f"{number} xây dựng " * 60_000
        single.push(publish(f"long-{number}", content_html=f"<p>{words}</p>"))
    single.get("/feeds/all.rss")
    lines = [socket.create_connection(("127.0.0.1", single.port)) for _ in range(5)]
    try:
        for line in lines:
            line.sendall(GET)
        for _ in range(5):
            assert single.get("/feeds/all.rss", headers={"Accept-Encoding": "br"}).status == 200
    finally:
        for line in lines:
            line.close()
