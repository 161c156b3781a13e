"""Which requests are plain, and what is read of them: no more than gunicorn's parser would take."""

import pytest

from feedsvc.server.plain import read_plain

GET = b"GET /feeds/all.rss HTTP/1.1\r\nHost: a\r\n"
END = b"\r\n"


def test_plain_request_is_read_as_the_environment_has_it():
    line = b"HEAD /feeds/a-b.json?q=%C4%91&x HTTP/1.1\r\n"
    fields = b"Host: a:80\r\nAccept-Encoding:gzip, br \r\nX-Empty:\r\nConnection: Keep-Alive\r\n"
    assert read_plain(line + fields + END) == {
        "REQUEST_METHOD": "HEAD",
        "PATH_INFO": "/feeds/a-b.json",
        "QUERY_STRING": "q=%C4%91&x",
        "HTTP_HOST": "a:80",
        "HTTP_ACCEPT_ENCODING": "gzip, br",
        "HTTP_X_EMPTY": "",
        "HTTP_CONNECTION": "Keep-Alive",
    }


@pytest.mark.parametrize(
    "heard",
    [
        GET,
        GET + END + GET + END,
        GET + b"Content-Length: 0\r\n" + END,
        GET + b"Transfer-Encoding: chunked\r\n" + END,
        GET + b"Expect: 100-continue\r\n" + END,
        GET + b"Connection: close\r\n" + END,
        GET + b"Connection: upgrade\r\nUpgrade: websocket\r\n" + END,
        GET + b"Host: b\r\n" + END,
        GET + b"Accept: a\r\nACCEPT: b\r\n" + END,
        GET + b" folded\r\n" + END,
        GET + b"Name : a\r\n" + END,
        GET + b"If_None_Match: a\r\n" + END,
        GET + b"nothing\r\n" + END,
        GET + b"X: \x00\r\n" + END,
        GET + b"X: a\nY: b\r\n" + END,
        GET + b"X: \xc4\x91\r\n" + END,
        GET + b"X: " + b"a" * 10_000 + b"\r\n" + END,
        GET + b"".join(b"X-%d: a\r\n" % number for number in range(100)) + END,
        b"GET / HTTP/1.1\r\nAccept: a\r\n" + END,
        b"GET /%66eeds/all.rss HTTP/1.1\r\nHost: a\r\n" + END,
        b"GET /feeds/all.rss#x HTTP/1.1\r\nHost: a\r\n" + END,
        b"GET /feeds/all.rss?a#x HTTP/1.1\r\nHost: a\r\n" + END,
        b"GET http://a/feeds/all.rss HTTP/1.1\r\nHost: a\r\n" + END,
        b"GET / HTTP/1.0\r\nHost: a\r\n" + END,
        b"get / HTTP/1.1\r\nHost: a\r\n" + END,
        b"POST / HTTP/1.1\r\nHost: a\r\n" + END,
        b"GET /a b HTTP/1.1\r\nHost: a\r\n" + END,
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n" + END,
        b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\nHost: a\r\n" + END,
        b"\r\n" + GET + END,
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(heard):
    assert read_plain(heard) is None
