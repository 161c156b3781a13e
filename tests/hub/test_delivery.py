"""Calls to callbacks that behave well, and to those that do not."""

import asyncio
import random
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from feedsvc.hub.delivery import Caller, Outcome, sign
from tests.conftest import make_settings
from tests.hub import receiver as behaviours
from tests.hub.loops import on_a_loop
from tests.hub.receiver import ALLOW, answer, receive, say, take

BODY = "<feed>Đảng ủy</feed>".encode()
HEADERS = {"Content-Type": "application/atom+xml"}
#: Short, for what is waited for to the end; it is never expected to be enough.
SHORT_SECONDS = 0.5
DAY_SECONDS = 86_400


@pytest.fixture(scope="module")
def receiver():
    with receive() as one:
        yield one


def run(do, resolver=None, **settings):
    """What comes of something that is done with a caller, on a loop of its own."""

    @on_a_loop
    async def main():
        chosen = make_settings("sqlite:///unused.db", **(ALLOW | settings))
        async with Caller(chosen, resolver) as caller:
            return await do(caller)

    return main()


def post(url, body=BODY, headers=HEADERS, **settings) -> Outcome:
    return run(lambda caller: caller.post(url, body, headers), **settings)


def get(url, **settings) -> Outcome:
    return run(lambda caller: caller.get(url), **settings)


def test_body_arrives_as_it_is(receiver):
    outcome = post(receiver.url("/plain"), headers=HEADERS | {"Link": '<https://h>; rel="hub"'})
    (received,) = receiver.at("/plain")
    assert (outcome.status, outcome.problem, outcome.is_forbidden) == (204, "", False)
    assert received.method == "POST"
    assert received.body == BODY
    assert received.headers["content-type"] == "application/atom+xml"
    assert received.headers["link"] == '<https://h>; rel="hub"'
    assert received.headers["content-length"] == str(len(BODY))


def test_caller_says_who_it_is(receiver):
    post(receiver.url("/who"))
    (received,) = receiver.at("/who")
    assert received.headers["user-agent"].startswith("feedsvc/")
    assert received.headers["user-agent"].endswith(" (+https://feeds.example)")


def test_address_is_sent_as_it_is_written(receiver):
    target = "/a%2Fb/../c%20d?x=1&y=%C4%90&&z"
    get(receiver.url(target))
    assert receiver.received[-1].target == target


def test_answer_to_a_question_is_given(receiver):
    outcome = get(receiver.url("/ask?hub.challenge=abc"))
    assert (outcome.status, outcome.body) == (200, b"abc")


def test_answer_to_a_delivery_is_given(receiver):
    url = receiver.tell("/said", answer(200, b'<notifyResult success="true"/>'))
    assert post(url).body == b'<notifyResult success="true"/>'


def test_connections_are_used_again(receiver):
    async def twice(caller):
        for _ in range(5):
            await caller.post(receiver.url("/kept"), BODY, HEADERS)

    run(twice)
    assert len({one.connection for one in receiver.at("/kept")}) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 410, 429, 500, 503])
def test_refusal_is_told(receiver, status):
    outcome = post(receiver.tell(f"/{status}", answer(status, b"no")))
    assert (outcome.status, outcome.problem) == (status, f"answered {status}")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_success_is_one(receiver, status):
    outcome = post(receiver.tell(f"/{status}", answer(status)))
    assert (outcome.status, outcome.problem) == (status, "")


# What hangs, trickles, or sends too much.


@pytest.mark.parametrize("name", ["hang", "trickle_head", "flood_interim"])
def test_call_without_an_answer_ends_in_time(receiver, name):
    url = receiver.tell(f"/{name}", getattr(behaviours, name))
    outcome = post(url, hub_timeout_seconds=SHORT_SECONDS)
    assert (outcome.status, outcome.problem) == (None, "no answer within 0.5 s")
    assert outcome.seconds >= SHORT_SECONDS


def test_status_counts_though_its_body_trickles(receiver):
    url = receiver.tell("/trickle", behaviours.trickle_body)
    outcome = post(url, hub_timeout_seconds=SHORT_SECONDS)
    assert (outcome.status, outcome.problem) == (200, "")
    assert set(outcome.body) <= set(b".")
    assert outcome.seconds >= SHORT_SECONDS


@pytest.mark.parametrize("name", ["flood_head", "flood_field"])
def test_head_without_end_is_not_read(receiver, name):
    url = receiver.tell(f"/{name}", getattr(behaviours, name))
    outcome = post(url)
    assert (outcome.status, outcome.problem) == (None, "answered what is no HTTP")


def test_long_answer_is_cut(receiver):
    outcome = post(receiver.tell("/flood", behaviours.flood_body), hub_max_response_bytes=1_000)
    assert (outcome.status, outcome.problem, len(outcome.body)) == (200, "", 1_000)


def test_answer_of_the_greatest_length_is_whole(receiver):
    url = receiver.tell("/full", answer(200, b"y" * 1_000))
    assert get(url, hub_max_response_bytes=1_000).body == b"y" * 1_000


def test_connection_of_a_long_answer_is_not_used_again(receiver):
    url = receiver.tell("/flood-again", behaviours.flood_body, take)

    async def twice(caller):
        return [await caller.post(url, BODY, HEADERS) for _ in range(2)]

    first, second = run(twice)
    assert (first.status, second.status) == (200, 204)
    assert len({one.connection for one in receiver.at("/flood-again")}) == 2


def test_coding_is_not_undone(receiver):
    outcome = get(receiver.tell("/bomb", behaviours.bomb))
    assert outcome.body[:2] == b"\x1f\x8b"
    assert len(outcome.body) < 65_536
    assert receiver.at("/bomb")[0].headers["accept-encoding"] == "identity"


def test_connection_that_nobody_reads_from_is_given_up():
    """What was to be sent over it is thrown away: to wait until it is read could take for ever."""

    async def main(caller):
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            before = count_files()
            url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
            assert (await caller.post(url, bytes(20_000_000), HEADERS)).status is None
            await asyncio.sleep(0)
            return count_files() - before

    assert run(main, hub_timeout_seconds=SHORT_SECONDS) == 0


# What breaks off.


@pytest.mark.parametrize("name", ["close", "close_in_head"])
def test_connection_closed_without_an_answer_is_told(receiver, name):
    outcome = post(receiver.tell(f"/{name}", getattr(behaviours, name)))
    assert outcome.status is None
    assert outcome.problem == "the connection was closed without an answer"


def test_broken_connection_is_told(receiver):
    outcome = post(receiver.tell("/reset", behaviours.reset))
    assert (outcome.status, outcome.problem) == (
        None,
        "the connection broke: Connection reset by peer",
    )


def test_status_counts_though_its_body_breaks_off(receiver):
    outcome = post(receiver.tell("/half", behaviours.close_in_body))
    assert (outcome.status, outcome.problem, outcome.body) == (200, "", b"half")


def test_no_http_is_told(receiver):
    outcome = post(receiver.tell("/babble", behaviours.babble))
    assert (outcome.status, outcome.problem) == (None, "answered what is no HTTP")


def test_nobody_there_is_told():
    with receive() as gone:
        pass
    outcome = post(gone.url())
    assert outcome.problem == "no connection could be made: Connection refused"
    assert not outcome.is_forbidden


def test_delivery_goes_again_where_a_kept_connection_was_given_up(receiver):
    url = receiver.tell("/idle", take, behaviours.close, take)

    async def twice(caller):
        return [await caller.post(url, BODY, HEADERS) for _ in range(2)]

    assert [outcome.status for outcome in run(twice)] == [204, 204]
    assert [one.body for one in receiver.at("/idle")] == [BODY] * 3


def test_delivery_goes_once_on_a_new_connection(receiver):
    url = receiver.tell("/new", behaviours.close)
    post(url)
    assert len(receiver.at("/new")) == 1


def test_delivery_goes_once_where_an_answer_had_begun(receiver):
    url = receiver.tell("/begun", take, behaviours.close_in_head)

    async def twice(caller):
        return [await caller.post(url, BODY, HEADERS) for _ in range(2)]

    assert [outcome.status for outcome in run(twice)] == [204, None]
    assert len(receiver.at("/begun")) == 2


def test_long_body_arrives_whole(receiver):
    body = random.Random(7).randbytes(5_000_001)
    assert post(receiver.url("/long"), body).status == 204
    (received,) = receiver.at("/long")
    assert received.body == body
    assert received.headers["content-length"] == "5000001"
    assert "transfer-encoding" not in received.headers


def test_answer_before_the_body_is_read_counts(receiver):
    receiver.hasty.add("/hasty")
    assert post(receiver.tell("/hasty", answer(413)), bytes(20_000_000)).status == 413


# Where it leads.


def test_redirect_is_not_followed(receiver):
    inside = receiver.url("/inside")
    outcome = post(receiver.tell("/away", answer(307, Location=inside)))
    assert (outcome.status, outcome.problem) == (307, "answered 307, which is not followed")
    assert receiver.at("/inside") == []


def test_cookies_are_not_kept(receiver):
    url = receiver.tell("/cookie", answer(200, Set_Cookie="a=b; Path=/"))

    async def twice(caller):
        for _ in range(2):
            await caller.post(url, BODY, HEADERS)

    run(twice)
    assert [one.headers.get("cookie") for one in receiver.at("/cookie")] == [None, None]


def test_proxies_of_the_environment_are_not_used(receiver, monkeypatch):
    with receive() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url())
        assert post(receiver.url("/direct")).status == 204
        assert proxy.received == []


def test_netrc_is_not_read(receiver, monkeypatch, tmp_path):
    path = tmp_path / "netrc"
    path.write_text("default login desk password secret\n")
    monkeypatch.setenv("NETRC", str(path))
    post(receiver.url("/netrc"))
    assert "authorization" not in receiver.at("/netrc")[0].headers


# What is said of the next try.


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("120", 120, 120),
        ("0", 0, 0),
        ("007", 7, 7),
        (timedelta(hours=1), 3_000, 3_600),
        (timedelta(hours=-1), 0, 0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0, 0),
        ("Sun Nov  6 08:49:37 1994", 0, 0),
        ("999999999999", 3 * DAY_SECONDS, 3 * DAY_SECONDS),
        (timedelta(days=4_000), 3 * DAY_SECONDS, 3 * DAY_SECONDS),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_next_try_is_told(receiver, text, least, most, status):
    if isinstance(text, timedelta):
        text = format_datetime(datetime.now(UTC) + text, usegmt=True)
    url = receiver.tell("/later", answer(status, Retry_After=text))
    retry_after = post(url).retry_after
    assert retry_after is not None
    assert least <= retry_after <= most


@pytest.mark.parametrize(
    "text",
    [
        "-5",
        "+5",
        "1.5",
        "1e3",
        "soon",
        "",
        "9" * 400,
        "٣٠",
        "Fri, 31 Dec 99999 23:59:59 GMT",
        "Fri, 99 Dec 2026 99:99:99 GMT",
        "120, 60",
    ],
)
def test_what_can_not_be_read_says_nothing_of_the_next_try(receiver, text):
    raw = f"HTTP/1.1 503 Later\r\nRetry-After: {text}\r\nContent-Length: 0\r\n\r\n"
    outcome = post(receiver.tell("/riddle", say(raw.encode())))
    assert (outcome.status, outcome.retry_after) == (503, None)


def test_success_says_nothing_of_the_next_try(receiver):
    assert post(receiver.tell("/fine", answer(200, Retry_After="60"))).retry_after is None


# What must not come out of an address or a field.


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/a\r\nX-Injected: 1",
        "http://127.0.0.1:{port}/a b",
        "http://127.0.0.1:{port}/a\x00",
        "ftp://127.0.0.1:{port}/",
        "file:///etc/passwd",
        "http://",
        "http:///path",
        "http://[::1:{port}/",
        "http://127.0.0.1:99999/",
        "127.0.0.1:{port}",
        "",
    ],
)
def test_what_is_no_address_is_not_called(receiver, url):
    count = len(receiver.received)
    outcome = get(url.format(port=receiver.port))
    assert outcome.status is None
    assert outcome.problem == "its address is none that can be called"
    assert len(receiver.received) == count


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "a\nb", "a\x00b"])
def test_field_with_a_line_break_is_not_sent(receiver, value):
    outcome = post(receiver.url("/field"), headers=HEADERS | {"Link": value})
    assert outcome.status is None
    assert receiver.at("/field") == []


def count_files():
    return len(list(Path("/proc/self/fd").iterdir()))


# Signatures.


@pytest.mark.parametrize(
    ("method", "digest"),
    [
        ("sha1", "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9"),
        ("sha256", "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"),
        (
            "sha512",
            "b42af09057bac1e2d41708e48a902e09b5ff7f12ab428a4fe86653c73dd248fb"  # noqa: ISC004
            "82f948a549f7b791a5b41915ee4d1ec3935357e4e2317250d0372afa2ebeeb3a",
        ),
    ],
)
def test_signature_is_an_hmac_of_the_body(method, digest):
    """The best-known example there is of each."""
    body = b"The quick brown fox jumps over the lazy dog"
    assert sign(b"key", body, method) == f"{method}={digest}"
