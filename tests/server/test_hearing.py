"""When a thread is given a request."""

import pytest

from feedsvc.server.hearing import MAX_HEAD_BYTES, MAX_SHORT_BYTES, Heard, judge

GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    ("heard", "judged"),
    [
        (b"", Heard.PART_OF_HEAD),
        (b"G", Heard.PART_OF_HEAD),
        (GET, Heard.PART_OF_HEAD),
        (GET + b"\r", Heard.PART_OF_HEAD),
        (GET + b"\r\n", Heard.WHOLE),
        (GET + b"\r\nGET / HT", Heard.WHOLE),
        (b"GET / HTTP/1.1\nHost: a\n", Heard.WHOLE),  # the parser refuses it
        (POST + b"Content-Length: 5\r\n\r\nhell", Heard.PART_OF_BODY),
        (POST + b"content-length:5\r\n\r\nhello", Heard.WHOLE),
        (POST + b"Content-Length: 5\r\n\r\nhello, again", Heard.WHOLE),
        (POST + b"Content-Length: 0\r\n\r\n", Heard.WHOLE),
        (POST + b"Content-Length: 65536\r\n\r\n", Heard.HEAD_OF_LONG),
        (POST + b"Content-Length: 9999999999\r\n\r\n", Heard.HEAD_OF_LONG),
        (POST + b"Content-Length: -1\r\n\r\n", Heard.HEAD_OF_LONG),
        (POST + b"Content-Length : 5\r\n\r\n", Heard.HEAD_OF_LONG),
        (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", Heard.HEAD_OF_LONG),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Heard.HEAD_OF_LONG),
        (POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n", Heard.HEAD_OF_LONG),
        (GET + b"X-A: " + b"a" * MAX_HEAD_BYTES, Heard.TOO_MUCH),
        (GET + b"X-A: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n", Heard.TOO_MUCH),
    ],
    ids=lambda value: value[-40:].decode() if isinstance(value, bytes) else value.name,
)
def test_request_is_judged_by_what_is_there(heard, judged):
    assert judge(heard) is judged


def test_fields_named_in_the_body_are_none_of_the_head():
    body = b"\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"
    head = POST + b"Content-Length: %d\r\n" % len(body)
    assert judge(head + b"\r\n" + body[:-1]) is Heard.PART_OF_BODY
    assert judge(head + b"\r\n" + body) is Heard.WHOLE


def test_short_request_is_short_with_its_head():
    for extra, judged in ((0, Heard.PART_OF_BODY), (1, Heard.HEAD_OF_LONG)):
        head = POST + b"Content-Length: 00000\r\n\r\n"
        length = MAX_SHORT_BYTES - len(head) + extra
        assert judge(head.replace(b"00000", b"%05d" % length)) is judged
