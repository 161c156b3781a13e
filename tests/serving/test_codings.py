"""Which content coding a client gets (RFC 9110, section 12.5.3)."""

import sys
import zlib

import brotli
import pytest

from feedsvc.serving.bodies import Bodies
from feedsvc.serving.codings import accepted_codings

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DECODE = {
    "gzip": lambda body: zlib.decompress(body, 31),
    "br": brotli.decompress,
    "zstd": zstd.decompress,
    "identity": bytes,
}
TEXT = "Đảng ủy Khối triển khai nhiệm vụ năm 2023. ".encode() * 200


@pytest.mark.parametrize(
    ("header", "codings"),
    [
        ("", ()),
        ("gzip", ("gzip",)),
        ("GZIP", ("gzip",)),
        ("x-gzip", ("gzip",)),
        ("gzip, deflate", ("gzip",)),
        ("gzip, deflate, br, zstd", ("zstd", "br", "gzip")),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", ("br",)),
        ("gzip;q=0.5, br;q=0.5", ("br", "gzip")),
        ("gzip;q=0", ()),
        ("gzip;q=0.000", ()),
        ("*", ("zstd", "br", "gzip")),
        ("*;q=0", ()),
        ("gzip;q=0, *", ("zstd", "br")),
        ("identity", ()),
        ("identity;q=0.5, gzip;q=0.4", ()),
        ("identity;q=0.5, gzip", ("gzip",)),
        ("identity;q=0", ()),
        ("deflate", ()),
        ("gzip; q=0.7", ("gzip",)),
        ("gzip ;q=0.7 , br ; q=0.7", ("br", "gzip")),
        ("gzip;q=2", ()),
        ("gzip;q=-1", ()),
        ("gzip;q=NaN", ()),
        ("gzip;q", ()),
        (",,;;q==,gzip", ("gzip",)),
        ("gzip\x00", ()),
        ("gz ip", ()),
        ("đ, gzip", ("gzip",)),
        ("gzip," * 2_000, ("gzip",)),
    ],
)
def test_client_is_understood(header, codings):
    assert accepted_codings(header) == codings


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_every_coding_can_be_read_when_it_is_quick_and_when_it_is_small(coding):
    bodies = Bodies(TEXT)
    name, quick = bodies.pick((coding,))
    assert name == coding
    assert DECODE[coding](quick) == TEXT
    bodies.improve(coding)
    _, small = bodies.pick((coding,))
    assert DECODE[coding](small) == TEXT
    assert len(small) <= len(quick) < len(TEXT)


def test_first_answer_takes_the_quickest_coding():
    assert Bodies(TEXT).pick(("zstd", "br", "gzip"))[0] == "zstd"
    assert Bodies(TEXT).pick(("br", "gzip"))[0] == "br"


def test_what_is_there_is_taken_before_another_one_is_made():
    bodies = Bodies(TEXT)
    bodies.pick(("gzip",))
    assert bodies.pick(("zstd", "br", "gzip"))[0] == "gzip"


def test_what_is_short_is_sent_as_it_is():
    assert Bodies(b"<rss/>").pick(("gzip",)) == ("identity", b"<rss/>")


def test_each_coding_is_improved_once():
    bodies = Bodies(TEXT)
    assert bodies.find_improvement(("br", "gzip")) == "br"
    bodies.improve("br")
    assert bodies.find_improvement(("br", "gzip")) is None
    assert bodies.find_improvement(("gzip",)) == "gzip"


def test_every_body_is_counted():
    bodies = Bodies(TEXT)
    _, packed = bodies.pick(("gzip",))
    assert bodies.size_bytes == len(TEXT) + len(packed)
