"""What is in memory is answered by the worker's loop itself, whatever its threads are doing."""

import contextlib
import http.client
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


@contextlib.contextmanager
def lines_to(service, count):
    with contextlib.ExitStack() as stack:
        address = ("127.0.0.1", service.port)
        yield [
            stack.enter_context(socket.create_connection(address, ANSWER_SECONDS))
            for _ in range(count)
        ]


@on_sqlite
@pytest.mark.parametrize("request_", [GET, GET.replace(b"GET", b"HEAD")])
def test_all_who_ask_at_once_after_a_change_get_what_is_new(single, request_):
    single.get("/feeds/all.rss")
    with lines_to(single, 30) as lines:
        for number in range(10):
            single.push(publish("a", title=f"Bản {number}"))
            for line in lines:
                line.sendall(request_)
            tags = set()
            for line in lines:
                reply = http.client.HTTPResponse(line, method=request_.split()[0].decode())
                reply.begin()
                body = reply.read()
                assert reply.status == 200
                assert f"Bản {number}".encode() in body or request_ is not GET
                tags.add(reply.headers["ETag"])
            assert tags == {single.get("/feeds/all.rss").headers["ETag"]}


@on_sqlite
def test_who_waits_for_an_answer_that_does_not_come_is_answered_in_the_end(single):
    """The thread that was to make it has another request to do first."""
    single.get("/feeds/all.rss")
    single.push(publish("b"))
    with lines_to(single, 5) as lines:
        with busy(single):
            for line in lines:
                line.sendall(GET)
            lines[0].shutdown(socket.SHUT_WR)
            lines.pop(1).close()
        for line in lines:
            reply = http.client.HTTPResponse(line)
            reply.begin()
            assert (reply.status, reply.read().count(b"</item>")) == (200, 2)


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
