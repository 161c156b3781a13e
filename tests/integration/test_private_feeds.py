"""A private feed's token is in no log, whatever is asked, and however the log is set up."""

import base64
import shutil
import subprocess
from urllib.parse import quote

import pytest

from feedsvc.feeds.saved import store
from feedsvc.feeds.saved.feed import SavedFeed
from tests.conftest import make_settings
from tests.integration.conftest import on_sqlite
from tests.integration.server import Service
from tests.newsroom import publish

#: All that gunicorn's format can say of a request.
_EVERYTHING = (
    "%(r)s %(U)s %(q)s %(f)s %(u)s %({raw_uri}e)s %({path_info}e)s %({authorization}i)s "
    "%({http_authorization}e)s %({referer}i)s %({www-authenticate}o)s"
)
_FORMAT = f"--access-logformat '{_EVERYTHING}'"


def subscribe(service: Service, name: str = "partner-b") -> str:
    """A private feed with an article, and a subscriber's token."""
    service.push(publish())
    settings = make_settings(service.database_url)
    with service.database() as database:
        store.add_feed(database, settings, SavedFeed(name, "Riêng B", is_private=True))
        return store.add_token(database, settings, name, "Báo B")


def basic(user: str, password: str) -> dict[str, str]:
    sent = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {sent}"}


def test_token_is_in_no_log(serve):
    service = serve(
        FEEDSVC_LOG_LEVEL="DEBUG",
        GUNICORN_CMD_ARGS=f"--access-logfile - --log-level debug {_FORMAT}",
    )
    token = subscribe(service)
    path = f"/private/{token}/partner-b.rss"
    referer = {"Referer": f"https://feeds.example{path}"}
    for method, asked, headers, status in (
        ("GET", path, {}, 200),
        ("HEAD", path, {}, 200),
        ("POST", path, {}, 405),
        ("GET", f"{path}?limit=0", {}, 400),
        ("GET", f"/private/{token}/partner-x.rss", {}, 404),
        ("GET", f"/private/{token}", {}, 401),
        ("GET", f"/%70rivate/{token}/partner-b.rss", {}, 200),
        ("GET", f"/private{quote('/', safe='')}{token}/partner-b.rss", {}, 200),
        ("GET", f"//private//{token}/partner-b.rss", {}, 404),
        ("GET", "/feeds/partner-b.rss", basic("reader", token), 200),
        ("GET", "/private/partner-b.rss", basic(token, token), 200),
        ("GET", "/private/partner-b.rss", basic(token, ""), 401),
        ("GET", "/feeds/all.rss", referer, 200),
    ):
        reply = service.request(method, asked, headers=headers)
        assert reply.status == status, asked
        assert token.encode() not in reply.body
    service.exchange(f"GET {path} HTTP/9.9\r\n\r\n".encode())
    service.exchange(f"GET {path} nonsense HTTP/1.1\r\n\r\n".encode())
    service.exchange(f"GET {path} HTTP/1.1\r\nbad header\r\n\r\n".encode())
    service.terminate()
    assert "/private/-" in service.log
    assert token not in service.log
    for sent in (basic("reader", token), basic(token, token), basic(token, "")):
        assert sent["Authorization"].removeprefix("Basic ") not in service.log


@on_sqlite
def test_token_is_in_no_log_of_a_database_in_trouble(serve, tmp_path):
    service = serve(FEEDSVC_BUSY_TIMEOUT_SECONDS="0.2")
    token = subscribe(service)
    path = service.database_url.removeprefix("sqlite:///")
    shutil.move(path, tmp_path / "away.db")
    assert service.get(f"/private/{token}/partner-b.rss").status == 503
    assert service.get("/private/partner-b.rss", headers=basic("a", token)).status == 503
    shutil.move(tmp_path / "away.db", path)
    assert "/private/-" in service.log
    assert token not in service.log


@on_sqlite
@pytest.mark.parametrize("way", ["address", "password"])
def test_newsboat_reads_a_private_feed(serve, tmp_path, way):
    program = shutil.which("newsboat")
    if program is None:
        pytest.skip("newsboat is not installed")
    service = serve()
    token = subscribe(service)
    at = f"127.0.0.1:{service.port}"
    urls = {
        "address": f"http://{at}/private/{token}/partner-b.atom",
        "password": f"http://reader:{token}@{at}/private/partner-b.atom",
    }
    (tmp_path / "urls").write_text(urls[way] + "\n")
    (tmp_path / "config").write_text("")
    cache = tmp_path / "cache.db"
    options = ["-u", "urls", "-C", "config", "-c", str(cache)]
    for command in (["-x", "reload"], ["-x", "print-unread"]):
        done = subprocess.run(
            [program, *options, *command],
            cwd=tmp_path,
            env={"HOME": str(tmp_path), "LANG": "C.UTF-8", "TERM": "dumb"},
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.stdout.startswith("1 ")
