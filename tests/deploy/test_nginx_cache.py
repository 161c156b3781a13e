"""What deploy/nginx.conf keeps, for whom, and what it tells feedsvc: in front of an echo."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from tests.deploy.nginx import echoed, received, send_raw
from tests.integration.server import PROBLEM, wait_until

TOKEN = "t0psecret"
EXPIRED_SECONDS = 2.1
#: From then on nothing old is given while feedsvc is there.
NIGHT_SECONDS = 3.1


def test_answer_is_asked_for_once_however_many_ask(echo, keeping_front):
    def respond(headers, path):
        time.sleep(0.3)  # all of them ask meanwhile
        return echoed(headers, path)

    echo.respond = respond
    started = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: keeping_front.get("/feeds/all.rss"), range(20)))
    assert {reply.status for reply in replies} == {200}
    assert time.monotonic() - started < 1
    assert echo.asked == {"GET /feeds/all.rss": 1}


def test_no_reader_gets_what_was_made_for_another(echo, keeping_front):
    """Each answer shows what feedsvc was told of who asked: that must be what its asker said."""
    languages = ["vi", "en", "en, vi;q=0.5", ""]
    kinds = ["text/html", "*/*", "application/json", "vi|text/html"]
    matrix = list(itertools.product(languages, kinds, ["gzip", ""]))
    for language, kind, coding in matrix + matrix[::-1]:
        headers = {"Accept-Language": language, "Accept": kind, "Accept-Encoding": coding}
        told = received(keeping_front.get("/", headers=headers))
        for name, value in headers.items():
            assert told.get(name.lower(), "") == value
    assert echo.asked["GET /"] == len(matrix)


def test_field_that_is_sent_twice_deceives_nobody(echo, keeping_front):
    """nginx sees the first; were both passed on, the answer could be filed under the wrong one."""
    for first, second in (("vi", "en"), ("en", "vi")):
        lines = "".join(
            f"{name}: {first}\r\n{name}: {second}\r\n" for name in ("Accept-Language", "Accept")
        )
        request = f"GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode()
        told = received(send_raw(keeping_front, request))
        assert told["accept-language"] == told["accept"] == first
        single = {"Accept-Language": first, "Accept": first}
        assert received(keeping_front.get("/", headers=single))["accept-language"] == first
    assert echo.asked == {"GET /": 2}


def test_parts_of_the_key_can_not_be_taken_for_one_another(echo, keeping_front):
    for headers in (
        {"Accept-Language": "vi", "Accept": "x"},
        {"Accept-Language": "vi|/ x", "Accept": ""},
        {"Accept-Language": "", "Accept": "x"},
        {"Accept-Encoding": "gzip", "Accept-Language": "vi", "Accept": "x"},
    ):
        told = received(keeping_front.get("/", headers=headers))
        assert told.get("accept", "") == headers["Accept"]
    assert echo.asked["GET /"] == 4


def test_feed_is_the_same_for_every_language_and_type(echo, keeping_front):
    for language, kind in itertools.product(["vi", "en"], ["text/html", "*/*"]):
        headers = {"Accept-Language": language, "Accept": kind, "Host": f"{language}.example"}
        told = received(keeping_front.get("/feeds/all.rss?limit=3", headers=headers))
        assert "accept" not in told
        assert "accept-language" not in told
    assert echo.asked == {"GET /feeds/all.rss?limit=3": 1}


@pytest.mark.parametrize(
    "fields",
    [
        {"Vary": "Cookie"},
        {"Vary": "Accept, Origin"},
        {"Vary": "*"},
        {"Cache-Control": "no-store"},
        {"Cache-Control": "private, max-age=60"},
        {"Set-Cookie": "a=b"},
    ],
    ids=str,
)
def test_answer_for_one_reader_is_not_kept(echo, front, fields):
    echo.respond = lambda _headers, _path: (200, fields, b"for you")
    for count in (1, 2):
        assert front.get("/new").body == b"for you"
        assert echo.asked["GET /new"] == count


@pytest.mark.parametrize("status", [201, 302, 400, 410, 500, 503])
def test_other_answers_are_not_kept(echo, front, status):
    echo.respond = lambda _headers, _path: (status, {}, b"said")
    for count in (1, 2):
        assert front.get("/feeds/all.rss").status == status
        assert echo.asked["GET /feeds/all.rss"] == count


def test_cache_control_goes_on_to_readers_as_it_is(echo, keeping_front):
    said = "public, max-age=300, stale-while-revalidate=300, stale-if-error=86400"
    echo.respond = lambda _headers, _path: (200, {"Cache-Control": said}, b"feed")
    for _ in range(2):
        assert keeping_front.get("/feeds/all.rss").headers.get_all("Cache-Control") == [said]
    assert echo.asked["GET /feeds/all.rss"] == 1


def test_time_to_keep_a_feed_shrinks_though_the_feed_is_the_same(echo, front):
    """When the next article is due, readers' caches must not keep the feed past that moment."""
    seconds = iter((300, 20))

    def respond(headers, _path):
        fields = {"ETag": 'W/"same"', "Cache-Control": f"public, max-age={next(seconds)}"}
        if headers.get("If-None-Match") == 'W/"same"':
            return 304, fields, b""
        return 200, fields, b"feed"

    echo.respond = respond
    assert front.get("/feeds/all.rss").headers["Cache-Control"] == "public, max-age=300"
    time.sleep(EXPIRED_SECONDS)
    assert front.get("/feeds/all.rss").headers["Cache-Control"] == "public, max-age=20"


def test_no_reader_gets_last_nights_feed_in_the_morning(echo, front):
    """Not the first who asks again, nor those who ask while that one waits."""
    echo.respond = lambda _headers, _path: (200, {}, b"last night")
    assert front.get("/feeds/all.rss").body == b"last night"
    time.sleep(NIGHT_SECONDS)

    def respond(_headers, _path):
        time.sleep(0.3)
        return 200, {}, b"this morning"

    echo.respond = respond
    with ThreadPoolExecutor(10) as pool:
        bodies = set(pool.map(lambda _: front.get("/feeds/all.rss").body, range(10)))
    assert bodies == {b"this morning"}


def test_feed_that_is_in_demand_is_asked_for_once_when_its_second_is_over(echo, front):
    """Those who come meanwhile get what is only just too old, and need not wait."""
    echo.respond = lambda _headers, _path: (200, {}, b"before")
    time.sleep(1.05 - time.time() % 1)  # nginx counts whole seconds
    assert front.get("/feeds/all.rss").body == b"before"
    time.sleep(EXPIRED_SECONDS)
    asked, answer = Event(), Event()

    def respond(_headers, _path):
        asked.set()
        assert answer.wait(20)
        return 200, {}, b"after"

    echo.respond = respond
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(front.get, "/feeds/all.rss")
        try:
            assert asked.wait(20)
            assert front.get("/feeds/all.rss").body == b"before"
        finally:
            answer.set()
        assert first.result().body == b"after"
    assert front.get("/feeds/all.rss").body == b"after"
    assert echo.asked == {"GET /feeds/all.rss": 2}


FORGED = {
    "X-Forwarded-For": "192.0.2.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "444",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Protocol": "ssl",
    "X-Forwarded-Server": "evil.example",
    "X-Forwarded-Ssl": "on",
    "X-Real-IP": "192.0.2.1",
    "X-Script-Name": "/evil",
    "Forwarded": "for=192.0.2.1;proto=https;host=evil.example",
    "Proxy": "http://evil.example",
    "Host": "evil.example",
    "SCRIPT_NAME": "/evil",
    "PATH_INFO": "/evil",
    "X_Forwarded_For": "192.0.2.1",
    "Accept_Language": "evil",
}


@pytest.mark.parametrize("path", ["/", "/feeds/all.rss", "/ingest/desk", "/private/t/all.rss"])
def test_forged_fields_do_not_get_through(front, path):
    told = received(front.get(path, headers=FORGED))
    assert told["x-forwarded-for"] == "127.0.0.1"
    assert told["x-forwarded-proto"] == "http"
    assert not {name: value for name, value in told.items() if "evil" in value}
    assert not {name for name in told if "_" in name}
    assert set(told) <= {"host", "x-forwarded-for", "x-forwarded-proto", "accept-encoding"}


def test_fields_of_a_push_get_through(front):
    headers = {"webhook-id": "msg_1", "webhook-signature": "v1,x", "Content-Type": "a/b"}
    told = received(front.request("POST", "/ingest/desk", b"body", headers))
    assert headers.items() <= {**told, "Content-Type": told["content-type"]}.items()


def test_answers_to_a_source_are_not_kept(echo, front):
    for count in (1, 2):
        assert front.get("/ingest/desk").status == 200
        assert echo.asked["GET /ingest/desk"] == count


def test_burst_of_pushes_is_asked_to_slow_down(echo, front):
    with ThreadPoolExecutor(10) as pool:
        replies = list(pool.map(lambda _: front.request("POST", "/ingest/desk", b"{}"), range(100)))
    refused = [reply for reply in replies if reply.status == 429]
    assert {reply.status for reply in replies} == {200, 429}
    assert len(replies) - len(refused) >= 40
    assert echo.asked["POST /ingest/desk"] == len(replies) - len(refused)
    for reply in refused:
        assert reply.headers["Content-Type"] == PROBLEM
        assert reply.headers["Retry-After"] == "1"
        assert reply.headers["Cache-Control"] == "no-store"
    time.sleep(1)
    assert front.request("POST", "/ingest/desk", b"{}").status == 200


def test_push_is_never_sent_twice(echo, front):
    """Whatever became of it: only its sender may say that it is to be sent again."""
    echo.respond = lambda _headers, _path: None
    reply = front.request("POST", "/ingest/desk", b"{}")
    assert reply.status == 502
    assert reply.headers["Content-Type"] == PROBLEM
    assert reply.headers["Retry-After"] == "5"
    assert echo.asked == {"POST /ingest/desk": 1}


def private_paths():
    yield from (
        f"/private/{TOKEN}/all.rss",
        f"/private/{TOKEN}/all.rss?limit=3",
        f"//private//{TOKEN}/all.rss",
        f"/feeds/../private/{TOKEN}/all.rss",
        f"/%70rivate/{TOKEN}/all.rss",
        f"/private%2F{TOKEN}/all.rss",
        f"http://feeds.example/private/{TOKEN}/all.rss",
    )


def test_private_feed_is_not_kept(echo, front):
    fields = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    fields["Referrer-Policy"] = "no-referrer"
    echo.respond = lambda _headers, _path: (200, fields, TOKEN.encode() * 100_000)
    for path in private_paths():
        for _ in range(2):
            reply = front.get(path)
            assert reply.headers["Cache-Control"] == "no-store"
            assert reply.headers.get_all("Referrer-Policy") == ["no-referrer"]
            assert reply.headers.get_all("Vary") == ["Accept-Encoding"]
            assert reply.headers["Content-Encoding"] is None
    assert sum(echo.asked.values()) == 2 * len(list(private_paths()))
    assert TOKEN.encode() not in front.kept


def test_who_shows_a_token_gets_what_feedsvc_says_and_leaves_nothing(echo, keeping_front):
    """At the address at which everybody else gets a 404, which nginx keeps."""
    token = {"Authorization": "Basic cmVhZGVyOnNlY3JldA=="}

    def respond(headers, _path):
        if headers.get("Authorization") != token["Authorization"]:
            return 404, {"Cache-Control": "no-store"}, b"nothing"
        return 200, {"Cache-Control": "private, no-store"}, b"for you"

    echo.respond = respond
    for _ in range(2):
        assert keeping_front.get("/feeds/partner-b.rss").body == b"nothing"
        reply = keeping_front.get("/feeds/partner-b.rss", headers=token)
        assert (reply.status, reply.body) == (200, b"for you")
    assert keeping_front.get("/feeds/partner-b.rss").body == b"nothing"
    assert echo.asked == {"GET /feeds/partner-b.rss": 3}
    assert b"for you" not in keeping_front.kept


def test_answer_to_who_shows_a_token_is_not_kept_even_if_it_could_be(echo, keeping_front):
    for count in (1, 2):
        headers = {"Authorization": f"Bearer {count}"}
        assert keeping_front.get("/feeds/all.rss", headers=headers).status == 200
        assert echo.asked["GET /feeds/all.rss"] == count
    assert received(keeping_front.get("/feeds/all.rss")).get("authorization") is None


def test_question_for_a_token_gets_through(echo, front):
    challenge = {"WWW-Authenticate": "Basic", "Cache-Control": "private, no-store"}
    echo.respond = lambda _headers, _path: (401, challenge, b"{}")
    reply = front.get("/private/partner-b.rss")
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "Basic")


def test_reader_of_a_private_feed_is_judged_by_feedsvc(front):
    told = received(front.get("/private/t/all.rss", headers={"If-None-Match": 'W/"x"'}))
    assert told["if-none-match"] == 'W/"x"'


@pytest.mark.parametrize("trouble", ["none", "down", "burst", "refused"])
def test_private_feeds_token_is_in_no_log(echo, front, trouble):
    statuses = set()
    if trouble == "down":
        echo.respond = lambda _headers, _path: None
    for path in list(private_paths()) * (20 if trouble == "burst" else 1):
        body = b"x" * 20_000 if trouble == "refused" else None
        statuses.add(front.request("POST" if body else "GET", path, body).status)
    referer = {"Referer": f"http://feeds.example/private/{TOKEN}/all.rss"}
    if trouble == "none":
        front.get("/static/feed.css", headers=referer)
    front.stop()
    wanted = {"none": {200}, "down": {502}, "burst": {200, 429}, "refused": {413}}
    assert statuses == wanted[trouble]
    assert "/private/-" in front.logs
    assert TOKEN not in front.logs


def test_who_asks_is_not_logged_by_name(front):
    front.get("/feeds/all.rss", headers={"Authorization": "Basic cmVhZGVyOnNlY3JldA=="})
    front.stop()
    assert '"GET /feeds/all.rss" 200' in front.logs
    assert "reader" not in front.logs


def test_log_says_what_the_cache_did(keeping_front):
    for _ in range(2):
        keeping_front.get("/feeds/all.rss")
    keeping_front.stop()
    assert "cache=MISS upstream=200 " in keeping_front.logs
    assert "cache=HIT upstream=- " in keeping_front.logs


def test_kept_feed_is_served_when_feedsvc_fails(echo, front):
    front.get("/feeds/all.rss")
    time.sleep(EXPIRED_SECONDS)
    for failure in (None, (500, {}, b""), (503, {"Retry-After": "5"}, b"")):
        echo.respond = lambda _headers, _path, failure=failure: failure
        assert front.get("/feeds/all.rss").status == 200
    echo.reset()
    wait_until(lambda: front.get("/feeds/all.rss") and echo.asked, "feedsvc is asked again")


@pytest.mark.parametrize("path", ["/inbox", "/inbox?refused=1", "/inbox/7", "/inbox/7/body"])
def test_inbox_is_asked_for_by_each_program_with_its_own_token(echo, keeping_front, path):
    for token in ("one", "another"):
        headers = {"Authorization": f"Bearer {token}"}
        assert received(keeping_front.get(path, headers=headers))["authorization"] == (
            f"Bearer {token}"
        )
    assert echo.asked == {f"GET {path}": 2}
