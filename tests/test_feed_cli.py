"""`feedsvc feed`: what it prints where, its exit codes, and what it makes of its options."""

import re

import pytest

from feedsvc.feeds.saved import store
from feedsvc.feeds.saved.feed import Podcast, SavedFeed
from feedsvc.rendering.terms import Rsl, Terms
from tests.newsroom import publish
from tests.test_cli import run  # noqa: F401 (a fixture)

ALL = (
    *("--title", "Đối tác A", "--description", "Tin chọn lọc"),
    *("--category", "tin-tuc", "--category", "xay-dung-dang", "--not-category", "xay-dung-dang"),
    *("--tag", "hội nghị", "--not-tag", "nội bộ", "--author", "B.H", "--lang", "vi"),
    *("--q", "đảng ủy", "--content", "summary", "--limit", "50", "--delay", "15m"),
    *("--rights", "© Báo", "--license", "https://creativecommons.org/licenses/by/4.0/"),
    *("--attribution", "Nguồn: Báo", "--rsl-permits", "search", "--rsl-prohibits", "ai-train"),
    *("--rsl-payment", "attribution", "--private", "--podcast-author", "Báo"),
    *("--podcast-email", "a@b.vn", "--podcast-image", "https://news.example/bia.jpg"),
    *("--podcast-category", "News", "--podcast-subcategory", "Daily News"),
    *("--podcast-explicit", "--podcast-type", "serial"),
)
WHOLE = SavedFeed(
    "partner-a",
    "Đối tác A",
    "Tin chọn lọc",
    "category=tin-tuc&category=xay-dung-dang&not-category=xay-dung-dang&tag=h%E1%BB%99i+ngh%E1%BB%8B"
    "&not-tag=n%E1%BB%99i+b%E1%BB%99&author=B.H&lang=vi&q=%C4%91%E1%BA%A3ng+%E1%BB%A7y"
    "&content=summary&limit=50",
    900,
    Terms(
        "© Báo",
        "https://creativecommons.org/licenses/by/4.0/",
        "Nguồn: Báo",
        Rsl(("search",), ("ai-train",), "attribution"),
    ),
    Podcast(
        "Báo",
        "https://news.example/bia.jpg",
        "News",
        "Daily News",
        is_explicit=True,
        kind="serial",
        owner_email="a@b.vn",
    ),
    is_private=True,
)


@pytest.fixture
def kept(app):
    """What is kept of a feed."""
    return lambda name="partner-a": store.get_feed(app.extensions["feedsvc"].database, name).feed


@pytest.fixture
def do(run, newsroom):  # noqa: F811
    """Run a command that is expected to be carried out, in a paper with an article."""
    newsroom.push(publish())

    def invoke(*arguments, **options):
        result = run("feed", *arguments, **options)
        assert result.exit_code == 0, result.output
        return result

    return invoke


def test_every_option_is_kept(do, kept):
    do("add", "partner-a", *ALL)
    assert kept() == WHOLE


def test_adding_a_public_feed_prints_its_addresses(do, client):
    result = do("add", "partner-a", "--title", "Đối tác A")
    addresses = result.stdout.split()
    assert [address.rpartition(".")[2] for address in addresses] == ["rss", "atom", "json"]
    for address in addresses:
        assert client.get(address.removeprefix("http://127.0.0.1:8000")).status_code == 200


def test_adding_a_private_feed_says_how_it_is_opened(do):
    result = do("add", "partner-a", "--title", "A", "--private")
    assert result.stdout == ""
    assert "feedsvc feed add-token partner-a LABEL" in result.stderr


def test_editing_changes_only_what_is_given(do, kept):
    do("add", "partner-a", *ALL)
    do("edit", "partner-a", "--title", "Đối tác B", "--limit", "20", "--public")
    assert kept().title == "Đối tác B"
    assert kept().query == WHOLE.query.replace("limit=50", "limit=20")
    assert (kept().is_private, kept().terms, kept().podcast) == (False, WHOLE.terms, WHOLE.podcast)
    do("edit", "partner-a", "--rsl-payment", "free", "--podcast-clean", "--category", "tin-tuc")
    assert kept().terms.rsl == Rsl(("search",), ("ai-train",), "free")
    assert not kept().podcast.is_explicit
    assert kept().query.startswith("category=tin-tuc&not-category=")


def test_empty_values_take_away(do, kept):
    do("add", "partner-a", *ALL)
    several = ("category", "not-category", "tag", "not-tag", "author", "lang", "q", "limit")
    texts = ("description", "rights", "license", "attribution", "rsl-permits", "rsl-prohibits")
    empty = [word for name in (*several, *texts, "rsl-payment") for word in (f"--{name}", "")]
    do("edit", "partner-a", *empty, "--content", "full", "--delay", "0", "--no-podcast", "--public")
    assert kept() == SavedFeed("partner-a", "Đối tác A")


@pytest.mark.parametrize(
    ("said", "seconds"), [("0", 0), ("90", 90), ("90s", 90), ("15m", 900), ("2h", 7_200)]
)
def test_delay_is_a_number_and_a_unit(do, kept, said, seconds):
    do("add", "partner-a", "--title", "A", "--delay", said)
    assert kept().delay_seconds == seconds


def test_editing_what_is_like_that_already_says_so(do):
    do("add", "partner-a", "--title", "A")
    assert "changed" in do("edit", "partner-a", "--title", "B").stderr
    assert "is like that already" in do("edit", "partner-a", "--title", "B").stderr


def test_list_shows_each_feed_in_a_line(do):
    do("add", "partner-a", "--title", "Đối tác A", "--limit", "5", "--delay", "15m")
    do("add", "partner-b", "--title", "Riêng B", "--private")
    do("add-token", "partner-b", "Báo B")
    header, *rows = do("list").stdout.splitlines()
    assert header.split() == ["FEED", "TITLE", "FILTERS", "DELAY", "READ", "BY"]
    assert [row.split()[0] for row in rows] == ["partner-a", "partner-b"]
    assert "limit=5" in rows[0]
    assert "15m" in rows[0]
    assert rows[0].endswith("everybody")
    assert rows[1].endswith("1 token")


def test_show_says_all(do):
    do("add", "partner-a", *ALL)
    shown = do("show", "partner-a").stdout
    for value in ALL:
        if not value.startswith("--"):
            assert value in shown
    assert "http://127.0.0.1:8000/private/partner-a.rss" in shown
    assert "who has a token" in shown


def test_removing_asks_first(do, run, client):  # noqa: F811
    do("add", "partner-a", "--title", "Đối tác A")
    asked = run("feed", "remove", "partner-a")
    assert asked.exit_code == 1
    assert "Remove partner-a, “Đối tác A”?" in asked.stderr
    assert client.get("/feeds/partner-a.rss").status_code == 200
    do("remove", "partner-a", input="y\n")
    assert client.get("/feeds/partner-a.rss").status_code == 404
    do("add", "partner-a", "--title", "Đối tác A")
    do("remove", "partner-a", "--yes")
    assert "partner-a" not in do("list").stdout


def test_token_is_alone_on_standard_output(do, client):
    do("add", "partner-b", "--title", "Riêng B", "--private")
    result = do("add-token", "partner-b", "Báo B")
    token = result.stdout.removesuffix("\n")
    assert "\n" not in token
    assert token not in result.stderr
    assert "/private/TOKEN/partner-b.rss" in result.stderr
    assert client.get(f"/private/{token}/partner-b.rss").status_code == 200
    do("revoke-token", "partner-b", "Báo B")
    assert client.get(f"/private/{token}/partner-b.rss").status_code == 404


def test_tokens_are_listed_without_themselves(do, client):
    do("add", "partner-b", "--title", "Riêng B", "--private")
    token = do("add-token", "partner-b", "Báo B").stdout.strip()
    do("add-token", "partner-b", "Báo C")
    do("revoke-token", "partner-b", "Báo C")
    client.get(f"/private/{token}/partner-b.rss")
    listed = do("list-tokens", "partner-b").stdout
    _, used, revoked = (re.split(" {2,}", line) for line in listed.splitlines())
    assert (used[0], used[2] == "–", used[3] == "–") == ("Báo B", False, True)
    assert (revoked[0], revoked[2] == "–", revoked[3] == "–") == ("Báo C", True, False)
    assert token[:8] not in listed


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("add", "tin-tuc", "--title", "A"), "“tin-tuc” is a section's feed"),
        (("add", "all", "--title", "A"), "“all” is the feed of everything"),
        (("add", "A!", "--title", "A"), "can't name a feed"),
        (("add", "partner-a", "--title", "A"), "already"),
        (("add", "b"), "title: a feed must have one"),
        (("add", "b", "--title", "B", "--limit", "many"), "limit: must be a whole number"),
        (("add", "b", "--title", "B", "--category", "x"), "No section has the slug “x”"),
        (("add", "b", "--title", "B", "--podcast-category", "News"), "podcast-image"),
        (("edit", "b", "--title", "B"), "no saved feed “b”"),
        (("edit", "partner-a", "--license", "x"), "license: must be an http or https address"),
        (("show", "b"), "no saved feed “b”"),
        (("remove", "b", "--yes"), "no saved feed “b”"),
        (("add-token", "b", "B"), "no saved feed “b”"),
        (("add-token", "partner-a", "B"), "is public"),
        (("list-tokens", "b"), "no saved feed “b”"),
        (("revoke-token", "partner-a", "B"), "no valid token for “B”"),
    ],
)
def test_refusal_is_a_line_and_a_code(do, run, arguments, reason):  # noqa: F811
    do("add", "partner-a", "--title", "A")
    result = run("feed", *arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert reason in result.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("edit", "partner-a"), "Say what is to change"),
        (("add", "b", "--title", "B", "--delay", "soon"), "“soon” is no duration"),
        (("add", "b", "--title", "B", "--content", "most"), "'most' is not one of"),
        (("add", "b", "--title", "B", "--no-podcast"), "is for a feed that is one"),
        (("add",), "Missing argument"),
    ],
)
def test_wrong_use_is_told_apart(run, arguments, reason):  # noqa: F811
    result = run("feed", *arguments)
    assert result.exit_code == 2
    assert reason in result.stderr
