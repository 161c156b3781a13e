"""What no honest client sends: it is refused, in words, and disturbs nobody else."""

import contextlib
import http.client
import re
import select
import socket
import time

import pytest

from feedsvc.ingest.signatures import make_key
from tests.integration.conftest import on_sqlite, shared_on_sqlite
from tests.integration.server import (
    ANSWER_SECONDS,
    PATIENCE_SECONDS,
    PROBLEM,
    WORKERS,
    articles_in,
    read_to_end,
    statuses,
)
from tests.newsroom import publish, signed

LIMIT_BYTES = 100_000
SETTINGS = {
    "FEEDSVC_MAX_BODY_BYTES": str(LIMIT_BYTES),
    "FEEDSVC_SILENCE_TIMEOUT_SECONDS": "3",
}
HEAD = b"Host: feeds.example\r\n"
SMUGGLED = b"GET /feeds/all.json HTTP/1.1\r\nHost: feeds.example\r\n\r\n"
EVIL = "evil.example"


@pytest.fixture
def steady(shared_service):
    """A service that answers others before and after, and did nothing wrong by its own account."""
    if not shared_service.read_change():
        shared_service.push(publish("a-1"))
    before = len(shared_service.log)
    yield shared_service
    assert shared_service.shown() == ["a-1"]
    told = shared_service.log[before:]
    assert "Traceback" not in told
    assert "failed" not in told


def post(*headers: bytes, target: bytes = b"/ingest/desk") -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    return b"POST " + target + b" HTTP/1.1\r\n" + HEAD + lines + b"\r\n"


def get(target: bytes, *headers: bytes) -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    return b"GET " + target + b" HTTP/1.1\r\n" + HEAD + lines + b"\r\n"


CHUNKED = b"Transfer-Encoding: chunked"
MALFORMED = {
    "length that is no number": post(b"Content-Length: ten"),
    "negative length": post(b"Content-Length: -1"),
    "length with a sign": post(b"Content-Length: +5") + b"hello",
    "length with an underscore": post(b"Content-Length: 1_0") + b"hellohello",
    "length in other digits": post("Content-Length: ٥".encode()) + b"hello",
    "length beyond all bounds": post(b"Content-Length: " + b"9" * 5_000),
    "two lengths": post(b"Content-Length: 5", b"Content-Length: 6") + b"hello!",
    "length that is not kept": post(b"Content-Length: 50") + b"{}",
    "length and chunks": post(b"Content-Length: 5", CHUNKED) + b"0\r\n\r\n",
    "chunk without a size": post(CHUNKED) + b"zz\r\nhello\r\n0\r\n\r\n",
    "chunk of negative size": post(CHUNKED) + b"-5\r\nhello\r\n0\r\n\r\n",
    "chunk of vast size": post(CHUNKED) + b"F" * 40 + b"\r\nhello\r\n0\r\n\r\n",
    "chunk that lies": post(CHUNKED) + b"2\r\nhello\r\n0\r\n\r\n",
    "chunk cut short": post(CHUNKED) + b"5\r\nhe",
    "chunks that never end": post(CHUNKED) + b"5\r\nhello\r\n",
    "chunks twice": post(CHUNKED, CHUNKED) + b"0\r\n\r\n",
    "unknown transfer coding": post(b"Transfer-Encoding: xchunked") + b"0\r\n\r\n",
    "no host": b"GET /feeds/all.rss HTTP/1.1\r\n\r\n",
    "two hosts": get(b"/feeds/all.rss", b"Host: " + EVIL.encode()),
    "header without a colon": get(b"/feeds/all.rss", b"nonsense"),
    "header that is folded": get(b"/feeds/all.rss", b"X-A: 1", b" 2"),
    "header with a NUL": get(b"/feeds/all.rss", b"X-A: \0"),
    "header with a space in its name": get(b"/feeds/all.rss", b"Content-Length : 5"),
    "many headers": get(b"/feeds/all.rss", *(b"X-%d: 1" % n for n in range(1_000))),
    "long header": get(b"/feeds/all.rss", b"X-A: " + b"a" * 100_000),
    "no version": b"GET /feeds/all.rss\r\n\r\n",
    "unknown version": b"GET /feeds/all.rss HTTP/9.9\r\n" + HEAD + b"\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 9,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 500,
    "no request": b"\r\n" * 50,
    "half a request": b"GET /feeds/all.rss HTTP/1.1\r\nHost: feeds",
    "NUL in the path": get(b"/feeds/a\0ll.rss"),
    "space in the path": get(b"/feeds/all .rss"),
    "non-ASCII path": get("/feeds/đảng.rss".encode()),
    "path that is not UTF-8": get(b"/feeds/\xff\xfe.rss"),
    "long path": get(b"/feeds/" + b"a" * 10_000 + b".rss"),
    "long query": get(b"/feeds/all.rss?limit=" + b"1" * 10_000),
    "query that is not ASCII": get("/feeds/all.rss?limit=٥".encode()),
    "unknown method": b"BREW /feeds/all.rss HTTP/1.1\r\n" + HEAD + b"\r\n",
    "method of the wrong kind": b"DELETE /feeds/all.rss HTTP/1.1\r\n" + HEAD + b"\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\n" + HEAD + b"\r\n",
    "tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\n" + HEAD + b"\r\n",
    "path from a header": get(b"/feeds/all.rss", b"PATH_INFO: /ingest/desk"),
    "prefix from a header": get(b"/feeds/all.rss", b"SCRIPT_NAME: /evil"),
    "expectation that can't be met": post(b"Content-Length: 2", b"Expect: magic") + b"{}",
    "bad conditions": get(
        b"/feeds/all.rss",
        b'If-None-Match: \xff\xfe, W/, "',
        b"If-Modified-Since: Sun, 99 Foo 99999 99:99:99 GMT",
        b"Range: bytes=9-1,-,a",
        b"If-Range: \xff",
        b"Accept-Encoding: \xff;q=nan",
    ),
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_malformed_request_is_no_fault_of_the_server(steady, raw):
    """It may be refused without an answer, but is never taken for a bug."""
    answered = statuses(steady.exchange(raw))
    # 501 and 505 name what was asked for and is not there; 500 would be a bug of ours.
    assert all(status < 500 or status in (501, 505) for status in answered), answered
    assert len(answered) <= 1


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"//feeds//all.rss", 404),
        (b"/feeds//all.rss", 404),
        (b"//evil.example/feeds/all.rss", 404),
        (b"/feeds/all.rss/", 404),
        (b"/feeds/%2e%2e/x", 404),
        (b"/feeds/../feeds/x.rss", 404),
        (b"/feeds/..%2fall.rss", 404),
        (b"/feeds/all%00.rss", 404),
        (b"/feeds/%00.rss", 404),
        (b"/feeds/%ff%fe.rss", 404),
        (b"/feeds/%ED%A0%80.rss", 404),
        (b"/feeds/ALL.rss", 404),
        (b"/feeds/all.RSS", 404),
        (b"/feeds/.rss", 404),
        (b"/feeds/all.", 404),
        (b"/feeds/all.rss%0d%0aX-Evil:1", 404),
        (b"/feeds/all'--.rss", 404),
        (b"/feeds/" + b"a" * 3_000 + b".rss", 404),
        (b"/ingest/desk", 405),
        (b"/feeds/all.rss?limit=%00", 400),
        (b"/feeds/all.rss?limit=%ff", 400),
        (b"/feeds/all.rss?limit=-1", 400),
        (b"/feeds/all.rss?limit=1&limit=2", 400),
        (b"/feeds/all.rss?limit=" + b"9" * 3_000, 400),
        (b"/feeds/all.rss?limit=%D9%A5", 400),
        (b"/feeds/all.rss?%00=%ff&&&=&x", 200),
        (b"/feeds/all.rss?" + b"x=1&" * 900, 200),
    ],
    ids=lambda value: value[:40].decode(errors="replace") if isinstance(value, bytes) else None,
)
def test_odd_address_gets_an_answer_in_words(steady, target, status):
    heard = steady.exchange(get(target, b"Host-Header-Ignored: 1", b"Connection: close"))
    assert statuses(heard) == [status]
    head, _, body = heard.partition(b"\r\n\r\n")
    assert b"Location" not in head
    assert b"X-Evil" not in head
    if status != 200:
        assert f"Content-Type: {PROBLEM}".encode() in head
        assert b"<" not in body


@pytest.mark.parametrize(
    "headers",
    [
        (b"webhook-signature: v1,\xff\xfe",),
        ("webhook-signature: v1,Đảng".encode(),),
        (b"webhook-id: \xc4\x90",),
        ("webhook-timestamp: ١٢٣".encode(),),
        (b"webhook-timestamp: 99999999999",),
        (b"webhook-timestamp: -1",),
        (b"webhook-signature: " + b"v1,AAAA " * 900,),
        (b"webhook-signature:",),
        (b"webhook-id: other",),  # a second one, beside the first
        (b"webhook_signature: v1,AAAA",),
    ],
    ids=lambda headers: headers[0][:40].decode(errors="replace"),
)
def test_odd_signature_headers_are_not_verified(steady, headers):
    """Signed with a key that is not the source's, and the header in question beside or instead."""
    body = b"{}"
    said = {name: value.encode() for name, value in signed(make_key(), body, "msg_1").items()}
    name = headers[0].partition(b":")[0].decode()
    if headers[0] != b"webhook-id: other":
        said.pop(name, None)
    lines = [f"{known}: ".encode() + value for known, value in said.items()]
    heard = steady.exchange(post(*lines, *headers, b"Content-Length: 2") + body)
    assert statuses(heard) == [401]
    assert PROBLEM.encode() in heard


@pytest.mark.parametrize("suffix", ["rss", "atom", "json"])
@pytest.mark.parametrize(
    "raw",
    [
        b"GET %s HTTP/1.1\r\nHost: evil.example\r\n",
        b"GET %s HTTP/1.1\r\nHost: evil.example:99999\r\n",
        b'GET %s HTTP/1.1\r\nHost: \xff"><evil.example\r\n',
        b"GET http://evil.example%s HTTP/1.1\r\nHost: evil.example\r\n",
        b"GET %s HTTP/1.1\r\nHost: feeds.example\r\nX-Forwarded-Host: evil.example\r\n",
        b"GET %s HTTP/1.1\r\nHost: feeds.example\r\nX-Forwarded-Prefix: /evil.example\r\n",
        b"GET %s HTTP/1.1\r\nHost: feeds.example\r\nForwarded: host=evil.example;proto=gopher\r\n",
        b"GET %s HTTP/1.1\r\nHost: feeds.example\r\nX-Forwarded-Proto: https\r\n",
        b"GET %s HTTP/1.0\r\n",
    ],
)
def test_host_a_client_names_changes_nothing_in_a_feed(steady, raw, suffix):
    path = f"/feeds/all.{suffix}"
    heard = steady.exchange(raw % path.encode() + b"Connection: close\r\n\r\n")
    (status,) = statuses(heard)
    assert EVIL.encode() not in heard
    assert status in (200, 400)  # what is no host at all may be refused
    if status == 200:
        assert heard.partition(b"\r\n\r\n")[2] == steady.get(path).body


def too_long(length: int) -> bytes:
    return post(b"Content-Type: application/json", f"Content-Length: {length}".encode())


def check_refused_as_too_long(line: socket.socket) -> None:
    with contextlib.closing(http.client.HTTPResponse(line)) as answer:
        answer.begin()
        assert answer.status == 413
        assert answer.headers["Content-Type"] == PROBLEM
        assert b"FEEDSVC_MAX_BODY_BYTES" in answer.read()


@pytest.mark.parametrize("length", [LIMIT_BYTES + 1, 10**10, 10**18])
def test_body_that_says_it_is_too_long_is_not_waited_for(steady, length):
    """The answer comes while the connection is open and most of the body is still to come."""
    with socket.create_connection(("127.0.0.1", steady.port), ANSWER_SECONDS) as line:
        line.sendall(too_long(length) + b"{" * 1_000)
        check_refused_as_too_long(line)
        assert steady.answers("/feeds/all.rss")


def test_body_that_turns_out_too_long_is_not_read_on(steady):
    """A body in chunks says nothing of its length; it is answered before it ends."""
    chunk = b"2000\r\n" + b"a" * 0x2000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", steady.port), ANSWER_SECONDS) as line:
        line.sendall(post(b"Content-Type: application/json", CHUNKED))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not select.select([line], [], [], 0)[0]:
            assert time.monotonic() < deadline, "no answer while the body goes on"
            try:
                line.sendall(chunk)
            except ConnectionError:  # it has heard enough
                break
        check_refused_as_too_long(line)


def json_text(length: int) -> bytes:
    return b'"' + b"a" * (length - 2) + b'"'


def whole(body: bytes) -> bytes:
    return body


def in_chunks(body: bytes):
    return [body[at : at + 10_000] for at in range(0, len(body), 10_000)]


@pytest.mark.parametrize("sent", [whole, in_chunks])
def test_sender_that_sends_all_of_a_body_that_is_too_long_hears_why(steady, sent):
    """As common clients do: they listen when they have sent everything."""
    body = json_text(LIMIT_BYTES + 1)
    reply = steady.request("POST", "/ingest/desk", sent(body), signed(steady.key, body))
    assert reply.status == 413
    assert reply.headers["Content-Type"] == PROBLEM
    assert "FEEDSVC_MAX_BODY_BYTES" in reply.json["detail"]


@pytest.mark.parametrize("sent", [whole, in_chunks])
def test_body_at_the_limit_is_read(steady, sent):
    body = json_text(LIMIT_BYTES)
    reply = steady.request("POST", "/ingest/desk", sent(body), signed(steady.key, body))
    assert reply.status == 422  # JSON, but no event


@pytest.mark.parametrize(
    "target", [b"/ingest/desk", b"/ingest/nobody", b"/nowhere", b"/feeds/all.rss"]
)
@pytest.mark.parametrize("size", [len(SMUGGLED), LIMIT_BYTES + len(SMUGGLED)])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_refused_body_is_not_taken_for_the_next_request(steady, target, size, is_chunked):
    """What is left of a body that nobody read must not be read as a request."""
    body = (SMUGGLED * (size // len(SMUGGLED) + 1))[:size]
    if is_chunked:
        raw = post(CHUNKED, target=target) + f"{size:x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    else:
        raw = post(f"Content-Length: {size}".encode(), target=target) + body
    answered = statuses(steady.exchange(raw))
    assert len(answered) <= 1
    assert not {200, 500} & set(answered)


def test_requests_sent_ahead_are_answered_in_their_order(steady):
    raw = get(b"/feeds/all.json") + get(b"/feeds/none.rss") + get(b"/healthz")
    heard = steady.exchange(raw)
    assert statuses(heard) == [200, 404, 200]
    assert heard.endswith(b"alive\n")


@pytest.mark.slow
@shared_on_sqlite
def test_clients_that_say_nothing_more_keep_nobody_waiting_for_long(steady):
    """More than the workers have threads (FEEDSVC_THREADS) begin a request and stop."""
    unfinished = (b"GET /feeds/all.rss HTT", post(b"Content-Length: 50") + b"{")
    with contextlib.ExitStack() as stack:
        for _ in range(WORKERS * 8):
            for raw in unfinished:
                address = ("127.0.0.1", steady.port)
                line = stack.enter_context(socket.create_connection(address, ANSWER_SECONDS))
                line.sendall(raw)
        try:
            reply = steady.get("/feeds/all.json")
        except TimeoutError:
            pytest.fail(f"no thread was free for another client in {ANSWER_SECONDS} seconds")
    assert articles_in(reply, "json") == ["a-1"]


def test_no_answer_names_the_server_software_by_version(steady):
    for path in ("/feeds/all.rss", "/nowhere", "/healthz"):
        assert not re.search(r"\d", steady.get(path).headers.get("Server", ""))


def test_head_has_no_body(steady):
    with socket.create_connection(("127.0.0.1", steady.port), ANSWER_SECONDS) as line:
        head = b"HEAD /feeds/all.rss HTTP/1.1\r\n" + HEAD + b"Connection: close\r\n\r\n"
        line.sendall(head)
        heard = read_to_end(line)
    assert heard.endswith(b"\r\n\r\n")
    length = len(steady.get("/feeds/all.rss").body)
    assert f"Content-Length: {length}\r\n".encode() in heard


@pytest.mark.slow
@on_sqlite
def test_body_that_trickles_in_is_given_up(serve):
    service = serve(FEEDSVC_BODY_TIMEOUT_SECONDS="2")
    with socket.create_connection(("127.0.0.1", service.port), ANSWER_SECONDS) as line:
        line.sendall(post(b"Content-Length: 1000"))
        line.settimeout(0.2)
        heard = b""
        for _ in range(100):
            line.sendall(b"x")
            try:
                heard = line.recv(65_536)
            except TimeoutError:
                continue
            line.settimeout(ANSWER_SECONDS)
            while b"}" not in heard and (more := line.recv(65_536)):
                heard += more
            break
    assert heard.startswith(b"HTTP/1.1 408"), heard
    assert b"FEEDSVC_BODY_TIMEOUT_SECONDS" in heard
