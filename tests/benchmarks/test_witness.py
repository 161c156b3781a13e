"""The witness sees what is stale, torn or wrong, and nothing where nothing is."""

import gzip
from email.message import Message
from xml.sax.saxutils import escape

import pytest

from tests.benchmarks.articles import make_event
from tests.benchmarks.witness import Verdict, Witness
from tests.integration.server import Reply

NEWEST = 99
#: When each article was acknowledged: the last of those that are shown a moment before.
ACKNOWLEDGED = {number: float(number) for number in range(60, NEWEST + 1)}
ASKED_AT = NEWEST + 0.5


def feed(numbers, title=None):
    items = ""
    for number in numbers:
        data = make_event(number)["data"]
        items += f"<item><link>{data['url']}</link><title>{escape(title or data['title'])}</title>"
        items += "</item>"
    return f"<rss><channel>{items}</channel></rss>".encode()


SHOWN = range(NEWEST, NEWEST - 30, -1)


def answer(body, status=200, coding=None, etag='W/"a"'):
    headers = Message()
    headers["ETag"] = etag
    if coding:
        headers["Content-Encoding"] = coding
    return Reply(status, headers, body)


def judged(*replies):
    witness = Witness(None)
    witness._heard = [(ASKED_AT, reply) for reply in replies]
    return witness.judge(ACKNOWLEDGED)


@pytest.mark.parametrize(
    "reply",
    [answer(feed(SHOWN)), answer(gzip.compress(feed(SHOWN)), coding="gzip")],
    ids=["plain", "compressed"],
)
def test_newest_feed_is_right(reply):
    assert judged(reply) == Verdict(1, 0, 0)


def test_feed_that_shows_more_than_was_acknowledged_is_right():
    assert judged(answer(feed(range(NEWEST + 1, NEWEST - 29, -1)))) == Verdict(1, 0, 0)


def test_feed_without_the_newest_article_is_stale():
    assert judged(answer(feed(range(NEWEST - 1, NEWEST - 31, -1)))) == Verdict(1, 1, 0)


def test_feed_that_leaves_out_an_article_is_stale():
    numbers = [number for number in range(NEWEST, NEWEST - 31, -1) if number != NEWEST - 5]
    assert judged(answer(feed(numbers))) == Verdict(1, 1, 0)


@pytest.mark.parametrize(
    "reply",
    [
        None,
        answer(b"", status=503),
        answer(feed(SHOWN)[:-20]),
        answer(gzip.compress(feed(SHOWN))[:-20], coding="gzip"),
        answer(gzip.compress(feed(SHOWN))[:-8] + bytes(8), coding="gzip"),
        answer(feed(list(SHOWN)[:-1])),
        answer(feed(reversed(SHOWN))),
        answer(feed(SHOWN, title="Another")),
    ],
    ids=["none", "503", "torn", "torn-gzip", "wrong-sum", "too-few", "order", "title"],
)
def test_what_is_no_whole_feed_is_wrong(reply):
    assert judged(reply) == Verdict(1, 0, 1)


def test_other_bytes_by_the_same_name_are_wrong():
    other = feed(SHOWN).replace(b"<channel>", b"<channel> ")
    assert judged(answer(feed(SHOWN)), answer(other)) == Verdict(2, 0, 1)
