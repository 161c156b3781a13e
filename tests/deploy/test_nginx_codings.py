"""In which coding deploy/nginx.conf asks feedsvc, and to whom it gives what: before an echo."""

import gzip
import itertools

import pytest

from tests.deploy.nginx import received, send_raw

CODINGS = [
    ("gzip", "gzip"),
    ("gzip, deflate", "gzip"),
    ("deflate,gzip;q=1.000", "gzip"),
    ("GZIP", "gzip"),
    ("x-gzip", "gzip"),
    ("gzip ; q=0.001", "gzip"),
    ("gzip, br;q=0, zstd;q=0.0", "gzip"),
    ("zstd, gzip", "zstd"),
    ("gzip, deflate, zstd;q=0.1", "zstd"),
    ("br;q=0, zstd", "zstd"),
    ("br", "br"),
    ("gzip, deflate, br, zstd", "br"),
    ("br;q=1.0, gzip;q=0.8, *;q=0.1", "br"),
    ("zstd, gzip, BR;q=0.5", "br"),
    ("gzip;q=0.000, br", "br"),
    ("", ""),
    ("identity", ""),
    ("*", ""),
    ("gzip;q=0", ""),
    ("br;q=0, gzip;q=0.0, zstd;q=0.000", ""),
    ("xgzip, brotli, xzstd", ""),
    ("gzipped, bro", ""),
]


@pytest.mark.parametrize("wanted", ["gzip", "br", "zstd", ""])
def test_all_who_take_a_coding_share_one_answer(echo, keeping_front, wanted):
    """Real clients name dozens of combinations; each would be kept for itself."""
    for accepted in [accepted for accepted, coding in CODINGS if coding == wanted]:
        reply = keeping_front.get("/feeds/all.rss", headers={"Accept-Encoding": accepted})
        assert received(reply).get("accept-encoding", "") == wanted
    assert echo.asked == {"GET /feeds/all.rss": 1}


def test_old_proxies_share_the_answers_of_all_others(echo, keeping_front):
    for version, accepted in itertools.product((b"1.0", b"1.1"), (b"gzip", b"br", b"")):
        fields = b"Host: a\r\nVia: 1.0 old\r\nConnection: close\r\nAccept-Encoding: " + accepted
        reply = send_raw(
            keeping_front,
            b"GET /feeds/all.rss HTTP/" + version + b"\r\n" + fields + b"\r\n\r\n",
        )
        assert received(reply).get("accept-encoding", "") == accepted.decode()
    assert echo.asked == {"GET /feeds/all.rss": 3}


def test_answer_in_a_coding_goes_to_those_alone_who_take_it(echo, keeping_front):
    """As it is, with its fields; the bytes need not be what they say for that."""
    plain = b"<rss/>" * 500

    def respond(headers, _path):
        coding = headers.get("Accept-Encoding", "")
        fields = {"Content-Type": "application/rss+xml", "Vary": "Accept-Encoding"}
        if not coding:
            return 200, fields, plain
        fields |= {"Content-Encoding": coding, "X-By": "feedsvc", "ETag": 'W/"x"'}
        return 200, fields, f"in {coding}".encode() * 500

    echo.respond = respond
    for accepted, coding in CODINGS * 2:
        reply = keeping_front.get("/feeds/all.rss", headers={"Accept-Encoding": accepted})
        assert (reply.headers["Content-Encoding"] or "") == coding
        assert reply.body == (f"in {coding}".encode() * 500 if coding else plain)
        assert reply.headers["X-By"] == ("feedsvc" if coding else None)
        assert reply.headers.get_all("Vary") == ["Accept-Encoding"]
    assert echo.asked == {"GET /feeds/all.rss": 4}


def test_answer_that_feedsvc_did_not_compress_is_compressed_for_who_takes_gzip(echo, keeping_front):
    plain = b"<rss/>" * 500
    echo.respond = lambda _headers, _path: (200, {"Content-Type": "application/rss+xml"}, plain)
    for accepted in ("gzip", "gzip, br", "zstd, gzip") * 2:
        reply = keeping_front.get("/feeds/all.rss", headers={"Accept-Encoding": accepted})
        assert reply.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(reply.body) == plain
