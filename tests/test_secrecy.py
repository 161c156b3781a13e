"""Tokens are kept as hashes, and no log has one."""

import logging
from urllib.parse import quote

import pytest

from feedsvc.app import configure_logging
from feedsvc.secrecy import hash_token, is_any_of, make_token, redact
from tests.conftest import make_settings

TOKEN = "t0p-secret_token"


@pytest.mark.parametrize(
    "text",
    [
        f"/private/{TOKEN}/all.rss",
        f'"GET /private/{TOKEN}/all.rss?limit=3 HTTP/1.1"',
        f"//private//{TOKEN}/all.rss",
        f"/feeds/../private/{TOKEN}/all.rss",
        f"/%70rivate/{TOKEN}/all.rss",
        f"/PRIVATE%2f{TOKEN}/all.rss",
        f"https://feeds.example/private/{TOKEN}",
        f"/private/{quote('/')}{TOKEN}/all.rss",
    ],
)
def test_token_in_an_address_is_left_out(text):
    assert TOKEN not in redact(text)


@pytest.mark.parametrize("text", ["/feeds/private.rss", "/feeds/all.rss", "/privately/x", "no"])
def test_other_text_is_left_alone(text):
    assert redact(text) == text


def test_what_stands_behind_an_address_stays():
    assert redact(f"GET '/private/{TOKEN}/a.rss' failed") == "GET '/private/-' failed"


def test_log_of_a_mistake_has_no_token(capsys, monkeypatch):
    logger = logging.getLogger("feedsvc")
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "propagate", False)
    configure_logging(make_settings("sqlite:///none.db"))
    try:
        raise ValueError(f"/private/{TOKEN}/all.rss")
    except ValueError:
        logging.getLogger("feedsvc.test").exception("at %s", f"/private/{TOKEN}/all.rss")
    written = capsys.readouterr().err
    assert "Traceback" in written
    assert "/private/-" in written
    assert TOKEN not in written


def test_token_is_known_by_its_hash_alone():
    tokens = [make_token() for _ in range(3)]
    hashes = [hash_token(token) for token in tokens]
    assert all(is_any_of(token, hashes) for token in tokens)
    assert not is_any_of(make_token(), hashes)
    assert not is_any_of(hashes[0], hashes)
    assert not is_any_of("", [])
