"""What deploy/nginx.conf keeps is bounded, and no flood of questions drives out the feeds."""

import itertools
import random
import re
from collections.abc import Iterator
from contextlib import closing

import pytest

from feedsvc.feeds.parameters import list_parameters
from feedsvc.settings import Settings
from tests.deploy.nginx import CONFIGURATION, Nginx, listen_plainly, put, running
from tests.integration.server import wait_until

QUESTIONS = 1_500
BODY = b"<rss/>" * 2_000
#: What the cache of all but feeds may hold in these tests: far less than the questions bring.
MOST_BYTES = 1_000_000
FEEDS = ("/feeds/all.rss", "/feeds/kinh-te.atom", "/feeds.opml", "/feeds/all/2023-01.json")
KNOWN = [parameter.name for parameter in list_parameters(Settings())]


@pytest.fixture
def small_front(echo, tmp_path) -> Iterator[Nginx]:
    """As it is shipped, but with less room, and with a minute instead of a second."""

    def edit(text: str, port: int) -> str:
        text = put(listen_plainly(text, port), "200 404 1s;", "200 404 1m;")
        return put(text, "max_size=128m", "max_size=1m manager_sleep=50ms")

    echo.respond = lambda _headers, _path: (200, {"Content-Type": "application/rss+xml"}, BODY)
    with running(Nginx(tmp_path, echo.port, edit)) as nginx:
        yield nginx


def ask(nginx: Nginx, paths: Iterator[str]) -> None:
    with closing(nginx.connect()) as connection:
        for path in paths:
            assert nginx.get(path, connection=connection).status == 200


def kept_bytes(nginx: Nginx, name: str) -> int:
    sizes = 0
    for path in (nginx.directory / name).rglob("*"):
        try:
            sizes += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # it is just being dropped
            continue
    return sizes


def test_names_that_mean_something_are_those_of_feedsvc():
    (written,) = re.findall(r"\(\?!\(\[\^&\]\*&\)\*\(([-a-z|]+)\)", CONFIGURATION.read_text())
    assert written.split("|") == sorted(KNOWN)


def test_flood_of_names_that_mean_nothing_is_one_question(echo, small_front):
    numbers = random.Random(1)
    queries = (f"?x={numbers.random()}&utm_{number}" for number in range(QUESTIONS))
    ask(small_front, (f"/feeds/all.rss{query}" for query in queries))
    assert sum(echo.asked.values()) == 1


@pytest.mark.parametrize("name", KNOWN)
def test_name_that_means_something_is_a_question_of_its_own(echo, small_front, name):
    queries = ("", f"?{name}=1", f"?{name}", f"?x=1&{name}=2", f"?x&&{name}=2&y", f"?X={name}")
    ask(small_front, (f"/feeds/all.rss{query}" for query in queries * 2))
    assert len(echo.asked) == 5  # the last one is the first


def test_name_that_is_written_in_another_way_is_looked_at_by_feedsvc(echo, small_front):
    queries = ("", "?l%69mit=1", "?x=1&li%6dit=2", "?x=%26limit=3", "?limit+=4")
    ask(small_front, (f"/feeds/all.rss{query}" for query in queries * 2))
    assert len(echo.asked) == 5


@pytest.mark.slow
@pytest.mark.parametrize(
    "flood",
    ["/feeds/all.rss?q={}", "/feeds/all.rss?x%79={}", "/feeds/%61ll.rss?x={}%20", "/x/{}", "/?{}"],
)
def test_flood_of_questions_is_kept_within_its_bound_and_leaves_the_feeds(echo, small_front, flood):
    ask(small_front, iter(FEEDS))
    ask(small_front, (flood.format(number) for number in range(QUESTIONS)))
    assert sum(echo.asked.values()) >= QUESTIONS
    wait_until(
        lambda: kept_bytes(small_front, "cache-others") <= MOST_BYTES,
        "the cache is as small as it is to be",
    )
    echo.respond = lambda _headers, _path: None
    for path in FEEDS:
        assert small_front.get(path).body == BODY


def test_flood_of_languages_leaves_the_feeds(echo, small_front):
    ask(small_front, iter(FEEDS))
    for number, path in itertools.product(range(200), ("/", "/feeds/all.rss")):
        headers = {"Accept-Language": f"x-{number}", "Accept": f"a/{number}"}
        assert small_front.get(path, headers=headers).status == 200
    assert echo.asked["GET /feeds/all.rss"] == 1
    assert kept_bytes(small_front, "cache") < (len(FEEDS) + 1) * (len(BODY) + 1_000)
