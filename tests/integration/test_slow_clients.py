"""Clients that dawdle, many at once: others are answered meanwhile, and each is given up in time.

Nothing is expected to take as long as `ANSWER_SECONDS`; if threads waited for such clients, others
would wait for longer.
"""

import contextlib
import resource
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.integration.conftest import shared_on_sqlite
from tests.integration.server import ANSWER_SECONDS, WORKERS, Service, articles_in, wait_until
from tests.newsroom import dumped, publish, signed

#: Several times as many as the workers have threads.
MANY = WORKERS * 8 * 3
SETTINGS = {
    "FEEDSVC_HEAD_TIMEOUT_SECONDS": "3",
    "FEEDSVC_BODY_TIMEOUT_SECONDS": "4",
    "FEEDSVC_ANSWER_TIMEOUT_SECONDS": "3",
}
GET = b"GET /feeds/all.json HTTP/1.1\r\nHost: feeds.example\r\n"
POST = b"POST /ingest/desk HTTP/1.1\r\nHost: feeds.example\r\n"
#: More than the system takes from the server for a client that takes nothing.
LARGE = {"content_html": f"<p>{'Ngày hội. ' * 90_000}</p>"}
LARGE_ARTICLES = 10

pytestmark = [pytest.mark.slow, shared_on_sqlite]


@pytest.fixture(scope="module", autouse=True)
def _files_for_many_connections():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@pytest.fixture
def steady(shared_service) -> Service:
    if not shared_service.read_change():
        shared_service.push(publish("a-1"))
    return shared_service


@contextmanager
def lines(
    service: Service, count: int = MANY, *, takes_bytes: int = 0
) -> Iterator[list[socket.socket]]:
    """Connections that are not closed meanwhile, whatever the service does."""
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(count):
            line = stack.enter_context(socket.socket())
            if takes_bytes:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, takes_bytes)
            line.settimeout(ANSWER_SECONDS)
            line.connect(("127.0.0.1", service.port))
            opened.append(line)
        yield opened


@contextmanager
def trickling(opened: list[socket.socket], byte: bytes = b"a") -> Iterator[None]:
    """Each sends a byte a second, as long as it can."""
    stop = threading.Event()

    def trickle() -> None:
        while not stop.wait(1):
            for line in opened:
                with contextlib.suppress(OSError):
                    line.sendall(byte)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(trickle)
        try:
            yield
        finally:
            stop.set()


def check_others_are_answered(service: Service) -> None:
    """On new connections and on kept ones, those who read and those who push."""
    started = time.monotonic()
    with contextlib.closing(service.connect()) as kept:
        for number in range(8):
            assert "a-1" in articles_in(service.get("/feeds/all.json"), "json")
            assert service.get("/healthz", connection=kept).status == 200
            service.push(publish("b-1", title=f"Tin {number}"))
    assert time.monotonic() - started < ANSWER_SECONDS


def is_ended(line: socket.socket) -> bool:
    """Whether the service has ended a connection, whatever it said before."""
    line.settimeout(0)
    try:
        while line.recv(1_000_000):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True


def test_a_thousand_idle_connections_keep_nobody_waiting(steady):
    """Half of them have never said anything; half are kept after an answer."""
    with lines(steady, 500) as silent, lines(steady, 500) as kept:
        for line in kept:
            line.sendall(GET.replace(b"feeds/all.json", b"healthz") + b"\r\n")
        for line in kept:
            assert line.recv(1000).startswith(b"HTTP/1.1 200 ")
        check_others_are_answered(steady)
        assert not any(is_ended(line) for line in silent + kept)


def test_more_idle_connections_than_there_is_room_for_keep_nobody_out(steady):
    with lines(steady, WORKERS * 1000 + 100):
        check_others_are_answered(steady)


def test_clients_that_do_not_hang_up_keep_nobody_waiting(steady):
    """They were told that the connection ends, and have all of their answer."""
    with lines(steady) as opened:
        for line in opened:
            line.sendall(GET + b"Connection: close\r\n\r\n")
        check_others_are_answered(steady)


@pytest.mark.parametrize(
    "begun",
    [
        GET + b"X-Slow: ",
        POST + b"Content-Length: 1000\r\n\r\n",
        POST + b"Content-Length: 1000000\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n100\r\n",
        GET.replace(b"GET", b"DELETE") + b"Content-Length: 1000000\r\n\r\n",
    ],
    ids=["head", "short body", "long body", "chunks", "body that nobody wants"],
)
def test_requests_that_trickle_in_keep_nobody_waiting_and_are_given_up(steady, begun):
    with lines(steady) as opened:
        for line in opened:
            line.sendall(begun)
        with trickling(opened):
            check_others_are_answered(steady)
            wait_until(lambda: all(map(is_ended, opened)), "all are given up")
    check_others_are_answered(steady)


def test_long_body_that_comes_slowly_is_read_while_others_dawdle(steady):
    """A few threads are all that those who dawdle get."""
    body = dumped(publish("c-1", content_html=f"<p>{'x' * 100_000}</p>"))
    with lines(steady, 3) as opened, trickling(opened):
        for line in opened:
            line.sendall(POST + b"Content-Length: 1000000\r\n\r\n")
        parts = [body[at : at + 30_000] for at in range(0, len(body), 30_000)]
        reply = steady.request("POST", "/ingest/desk", iter(parts), signed(steady.key, body))
    assert reply.json["events"][0]["status"] in ("created", "unchanged")


def test_answers_that_are_not_taken_keep_nobody_waiting_and_are_given_up(steady):
    for number in range(LARGE_ARTICLES):
        steady.push(publish(f"large-{number}", categories=["Large"], **LARGE))
    request = GET.replace(b"all.json", b"large.json") + b"\r\n"
    with lines(steady, takes_bytes=2048) as opened:
        for line in opened:
            line.sendall(request)
        taken = [line.recv(1) for line in opened]
        assert taken == [b"H"] * len(opened)
        check_others_are_answered(steady)
        for line in opened:
            wait_until(lambda line=line: is_reset(line), "it is given up")
    assert "Traceback" not in steady.log


def is_reset(line: socket.socket) -> bool:
    """Whether the rest of the answer will never come; asked without taking much of it."""
    return bool(line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)) or _is_broken(line)


def _is_broken(line: socket.socket) -> bool:
    try:
        line.send(b"\r\n")
    except ConnectionError:
        return True
    return False


def test_slow_reader_who_takes_it_in_time_gets_all_of_a_large_answer(steady):
    for number in range(LARGE_ARTICLES):
        steady.push(publish(f"large-{number}", categories=["Large"], **LARGE))
    whole = steady.get("/feeds/large.json").body
    heard = bytearray()
    with lines(steady, 1, takes_bytes=65_536) as (line,):
        line.sendall(GET.replace(b"all.json", b"large.json") + b"Connection: close\r\n\r\n")
        while block := line.recv(50_000):
            heard += block
    assert heard.partition(b"\r\n\r\n")[2] == whole
