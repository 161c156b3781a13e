"""deploy/nginx.conf in front of a real service: what readers and editorial systems get."""

import gzip
import http.client
import re
import socket
import ssl
import subprocess
from contextlib import closing

import pytest

from feedsvc.settings import Settings
from tests.deploy.nginx import CONFIGURATION, Nginx, free_port, put, require, running, send_raw
from tests.integration.server import PROBLEM, SUFFIXES, articles_in, wait_until
from tests.newsroom import publish

#: nginx counts whole seconds: what is kept for one is kept for up to two.
CACHE_SECONDS = 2
GZIP = {"Accept-Encoding": "gzip"}
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
LIMIT_BYTES = 100_000_000


@pytest.fixture(scope="module")
def articles(site):
    """Feeds that are long enough to be compressed, and older than the time that has no date."""
    for number in range(5):
        site.service.push(publish(f"a-{number}", content_html="<p>Ngày hội.</p>" * 50))

    def is_settled() -> bool:
        date = site.service.get("/feeds/all.rss").headers["Last-Modified"]
        headers = {"If-Modified-Since": date}
        return site.service.get("/feeds/all.rss", headers=headers).status == 304

    wait_until(is_settled, "the feed can be judged by its date")
    return site


def test_configuration_is_valid(tmp_path):
    said = Nginx(tmp_path, 8000).check()
    assert said.returncode == 0, said.stderr
    assert "warn" not in said.stderr
    assert "emerg" not in said.stderr


def test_limits_are_those_of_feedsvc():
    shipped = CONFIGURATION.read_text(encoding="utf-8")
    fields = Settings.model_fields
    for pattern, field in (
        (r"client_max_body_size (\d+);  # FEEDSVC_MAX_BATCH_BYTES", "max_batch_bytes"),
        (r"client_body_timeout (\d+)s;  # FEEDSVC_SILENCE_T", "silence_timeout_seconds"),
        (r'"~\^50\[234\]" (\d+);  # FEEDSVC_RETRY_AFTER_SECONDS', "retry_after_seconds"),
    ):
        (written,) = re.findall(pattern, shipped)
        assert int(written) == fields[field].default
    (hours,) = re.findall(r"inactive=(\d+)h .*# FEEDSVC_STALE_SECONDS", shipped)
    assert int(hours) * 3600 == fields["stale_seconds"].default


@pytest.mark.parametrize("headers", [{}, GZIP], ids=["plain", "gzip"])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_feed_is_the_same_byte_for_byte(articles, suffix, headers):
    direct = articles.service.get(f"/feeds/all.{suffix}")
    for _ in range(2):  # from feedsvc, then from the cache
        reply = articles.nginx.get(f"/feeds/all.{suffix}", headers=headers)
        assert reply.headers["Content-Encoding"] == ("gzip" if headers else None)
        body = gzip.decompress(reply.body) if headers else reply.body
        assert body == direct.body
        for name in ("Content-Type", "ETag", "Cache-Control", "Last-Modified"):
            assert reply.headers.get_all(name) == direct.headers.get_all(name)
        (vary,) = reply.headers.get_all("Vary")
        xml = "" if suffix == "json" else ", Sec-Fetch-Dest"
        assert vary == f"Accept-Encoding{xml}"


def test_browser_gets_a_feed_as_xml_and_a_reader_as_a_feed(articles):
    shown, read = "application/xml; charset=utf-8", "application/rss+xml; charset=utf-8"
    for _ in range(2):  # from feedsvc, then from the cache
        for destination, expected in (("document", shown), ("empty", read), ("", read)):
            headers = GZIP | {"Sec-Fetch-Dest": destination}
            reply = articles.nginx.get("/feeds/tin-tuc.rss", headers=headers)
            assert reply.headers["Content-Type"] == expected
            assert reply.headers["Content-Encoding"] == "gzip"


def test_scripts_of_other_sites_may_read_through_nginx(articles):
    headers = {"Origin": "https://partner.example"}
    preflight = headers | {"Access-Control-Request-Method": "GET"}
    asked = articles.nginx.request("OPTIONS", "/feeds/all.json", headers=preflight)
    assert (asked.status, asked.headers["Access-Control-Allow-Methods"]) == (200, "GET, HEAD")
    for path, status in (("/feeds/all.json", 200), ("/feeds.json", 200), ("/feeds/no.json", 404)):
        for _ in range(2):
            reply = articles.nginx.get(path, headers=headers)
            assert reply.status == status
            assert reply.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["/", "/static/pages.css", "/favicon.ico"])
def test_what_people_look_at_is_compressed_and_says_so(articles, path):
    direct = articles.service.get(path)
    reply = articles.nginx.get(path, headers=GZIP)
    if path != "/favicon.ico":  # small
        assert reply.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(reply.body) == direct.body
    (vary,) = reply.headers.get_all("Vary")
    assert "accept-encoding" in vary.lower()
    for part in direct.headers.get("Vary", "").split(", "):
        assert part in vary


def test_head_is_the_answer_without_a_body(articles):
    get = articles.nginx.get("/feeds/all.atom")
    head = articles.nginx.request("HEAD", "/feeds/all.atom")
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control", "Vary"):
        assert head.headers[name] == get.headers[name]


CONDITIONS = {
    "etag": {"If-None-Match": 'W/"{mark}"'},
    "strong": {"If-None-Match": '"{mark}"'},
    "list": {"If-None-Match": '"old", W/"{mark}", W/"other"'},
    "marked": {"If-None-Match": 'W/"{mark}-gzip"'},
    "any": {"If-None-Match": "*"},
    "date": {"If-Modified-Since": "{date}"},
    "both": {"If-None-Match": 'W/"{mark}"', "If-Modified-Since": "{date}"},
}


@pytest.mark.parametrize("coding", [{}, GZIP], ids=["plain", "gzip"])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_reader_who_has_the_feed_is_told_so(articles, condition, coding):
    seen = articles.nginx.get("/feeds/all.rss", headers=coding)
    mark, date = seen.headers["ETag"][3:-1], seen.headers["Last-Modified"]
    conditions = {
        name: value.format(mark=mark, date=date) for name, value in CONDITIONS[condition].items()
    }
    reply = articles.nginx.get("/feeds/all.rss", headers=coding | conditions)
    assert (reply.status, reply.body) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary"):
        assert reply.headers[name] == seen.headers[name]


@pytest.mark.parametrize("tag", ['"other"', 'W/"other-gzip"', "other"])
def test_reader_who_has_another_feed_gets_this_one(articles, tag):
    reply = articles.nginx.get("/feeds/all.rss", headers={"If-None-Match": tag})
    assert reply.status == 200
    assert len(articles_in(reply, "rss")) >= 5


def test_push_is_seen_when_the_caches_second_is_over(site):
    for number in range(2):
        path = "/feeds/pushed.json"
        assert site.nginx.get(path).status == (200 if number else 404)  # it is kept, either way
        with closing(site.nginx.connect()) as connection:
            event = publish(f"pushed-{number}", categories=["Pushed"])
            assert site.service.push(event, connection=connection)["status"] == "created"

        def shows(path=path, number=number) -> bool:
            reply = site.nginx.get(path)
            return reply.status == 200 and f"pushed-{number}" in articles_in(reply, "json")

        wait_until(shows, "the article is in the feed", CACHE_SECONDS + 1)


def _chunks(size: int):
    for _ in range(size // 100_000):
        yield b"x" * 100_000


@pytest.mark.parametrize("in_chunks", [False, True], ids=["length", "chunked"])
def test_body_of_the_largest_size_goes_through(site, in_chunks):
    body = _chunks(LIMIT_BYTES) if in_chunks else b"x" * LIMIT_BYTES
    headers = {"Content-Type": "application/x-ndjson"}
    reply = site.nginx.request("POST", "/ingest/desk", body, headers)
    assert reply.status == 401  # by feedsvc, for want of a signature


@pytest.mark.parametrize("in_chunks", [False, True], ids=["length", "chunked"])
def test_body_over_the_limit_is_a_problem(site, in_chunks):
    body = _chunks(LIMIT_BYTES + 100_000) if in_chunks else b"x" * (LIMIT_BYTES + 1)
    with closing(site.nginx.connect()) as connection:
        reply = site.nginx.request("POST", "/ingest/desk", body, connection=connection)
        assert reply.status == 413
        assert reply.headers["Content-Type"] == PROBLEM
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.json["status"] == 413
        # It ends there; a client that goes on gets a new one.
        assert site.nginx.get("/healthz", connection=connection).status == 200


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /feeds/all.rss?q=" + b"x" * 4_100 + b" HTTP/1.1\r\nHost: a", 414),
        (b"GET /feeds/all.rss HTTP/1.1\r\nHost: a\r\nCookie: " + b"x" * 5_000, 431),
        (b"GET /feeds/all.rss HTTP/1.1\r\nHost: a b", 400),
        (b"GET /feeds/all.rss HTTP/1.1\r\nX: no host", 400),
        (b"TRACE /feeds/all.rss HTTP/1.1\r\nHost: a", 405),
        (b"POST /feeds/all.rss HTTP/1.1\r\nHost: a\r\nContent-Length: 20000", 413),
        (b'GET /feeds/all.rss HTTP/1.1\r\nHost: a\r\nIf-Match: W/"x"', 412),
        (b"GET /feeds/none.rss HTTP/1.1\r\nHost: a", 404),
        (b"GET /feeds/all.rss?limit=0 HTTP/1.1\r\nHost: a", 400),
        (b"GET /feeds/all.rss?limit=" + b"1" * 3_900 + b" HTTP/1.1\r\nHost: a", 400),
        (b"GET /-/problem HTTP/1.1\r\nHost: a", 404),
    ],
    ids=str,
)  # fmt: skip
def test_error_of_a_feed_is_a_problem_whatever_is_accepted(articles, head, status):
    request = head + b"\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
    reply = send_raw(articles.nginx, request)
    assert reply.status == status
    assert reply.headers.get_content_type() == PROBLEM, reply
    assert reply.json["status"] == status


def test_nobody_gets_the_page_in_the_language_of_another(articles):
    def language(asked: str) -> str:
        reply = articles.nginx.get("/", headers={"Accept-Language": asked} | HTML)
        (found,) = re.findall(rb'<html lang="(\w+)"', reply.body)
        assert reply.headers["Content-Language"] == found.decode()
        return found.decode()

    for _ in range(3):
        assert language("vi") == "vi"
        assert language("en") == "en"
        assert language("en;q=0.1, vi") == "vi"


def test_nobody_gets_an_error_in_the_form_of_another(articles):
    for _ in range(3):
        for accepted, kind in (("text/html", "text/html"), ("*/*", PROBLEM), ("", PROBLEM)):
            reply = articles.nginx.get("/nowhere", headers={"Accept": accepted})
            assert reply.status == 404
            assert reply.headers.get_content_type() == kind


def test_probes_are_never_kept(site):
    for path in ("/healthz", "/readyz"):
        assert site.nginx.get(path).headers["Cache-Control"] == "no-store"
    assert b"readyz" not in site.nginx.kept


def test_metrics_are_for_this_machine(site):
    assert site.nginx.get("/metrics").status == 404  # by feedsvc
    other = http.client.HTTPConnection(
        "127.0.0.1", site.nginx.port, timeout=10, source_address=("127.0.0.2", 0)
    )
    with closing(other):
        reply = site.nginx.get("/metrics", connection=other, headers=HTML)
    assert reply.status == 403
    assert reply.headers["Content-Type"] == PROBLEM


def test_answers_do_not_say_which_nginx_it_is(site):
    assert site.nginx.get("/healthz").headers["Server"] == "nginx"


def test_certbot_finds_the_place_of_its_answers(site):
    place = site.nginx.directory / "html" / ".well-known" / "acme-challenge"
    place.mkdir(parents=True)
    (place / "token").write_text("answer")
    assert site.nginx.get("/.well-known/acme-challenge/token").body == b"answer"
    assert site.nginx.get("/.well-known/acme-challenge/other").json["status"] == 404


def bind(line: socket.socket) -> int:
    """Take a port for a socket; gives which."""
    line.bind(("127.0.0.1", 0))
    port: int = line.getsockname()[1]
    return port


def test_commented_lines_make_it_speak_tls(tmp_path):
    """As the comment above them says to do it, with a certificate made here."""
    plain_port, certificate = free_port(), tmp_path / "fullchain.pem"
    command = [require("openssl"), *["req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"]]
    command += ["-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=feeds.example"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(certificate)]
    command += ["-keyout", str(tmp_path / "privkey.pem")]
    subprocess.run(command, capture_output=True, timeout=30, check=True)

    def edit(text: str, port: int) -> str:
        head, server, rest = text.partition("# server {\n")
        redirect, end, rest = rest.partition("# }\n")
        text = head + re.sub("(?m)^# ", "", server + redirect + end) + rest
        text = put(text, "    listen 80;\n    listen [::]:80;\n    # listen", "    # listen")
        for line in ("listen 443", "ssl_", "add_header Strict"):
            text = put(text, f"    # {line}", f"    {line}")
        text = put(text, "    # listen [::]:443 ssl http2;\n", "")
        text = put(text, "    listen [::]:80;\n", "")
        text = put(text, "listen 80;", f"listen 127.0.0.1:{plain_port};")
        text = put(text, "listen 443 ", f"listen 127.0.0.1:{port} ")
        return put(text, "/etc/letsencrypt/live/feeds.example", str(tmp_path))

    # Nobody listens there, and nobody else can while the test runs.
    with socket.socket() as nobody, running(Nginx(tmp_path, bind(nobody), edit)) as nginx:
        context = ssl.create_default_context(cafile=str(certificate))
        line = http.client.HTTPSConnection("127.0.0.1", nginx.port, timeout=10, context=context)
        with closing(line):
            reply = nginx.get("/feeds/all.rss", connection=line)
        assert reply.json["status"] == 502  # there is nothing behind it
        plain = http.client.HTTPConnection("127.0.0.1", plain_port, timeout=10)
        with closing(plain):
            reply = nginx.get("/feeds/all.rss?limit=3", connection=plain)
        assert reply.status == 308
        assert reply.headers["Location"] == "https://feeds.example/feeds/all.rss?limit=3"
