"""How many readers a second get a feed that has not changed, compressed: 30 articles of 4 kB?

Under the same server settings, against a bare WSGI function that has the same bytes and fields in
memory, which nothing in Python can outdo; against a Flask view that has them; and against Django's
feeds of the same articles behind its own caching and compression. And on PostgreSQL, where now and
then a server has to be asked whether anything was changed, against SQLite.
"""

from functools import partial

from tests.benchmarks.archives import POSTGRES, SQLITE
from tests.benchmarks.django_site.server import django_on
from tests.benchmarks.harness import Aim, Bench, Result, compare
from tests.benchmarks.load import GZIP, answers_a_second, warm
from tests.benchmarks.newspaper import FEED, fill
from tests.benchmarks.recorded import BARE, FLASK, record
from tests.benchmarks.servers import baseline_on, feedsvc_on

_ARTICLES = 1_000
#: What the tests have otherwise: that each request asks.
_DEFAULT_TTL = ""


def measure(bench: Bench) -> list[Result]:
    return [*_compare_with_others(bench), _compare_databases(bench)]


def _compare_with_others(bench: Bench) -> list[Result]:
    with feedsvc_on(bench.new_directory("product")) as product:
        fill(product)
        answer = record(warm(product, FEED, GZIP), bench.directory / "answer.json")
        with (
            baseline_on(bench.new_directory("bare"), BARE, **answer) as bare,
            baseline_on(bench.new_directory("flask"), FLASK, **answer) as flask,
            django_on(bench.new_directory("django"), product, is_cached=True) as django,
        ):
            return [
                compare(
                    bench,
                    f"a warm feed, against {name}",
                    "answers/s",
                    partial(answers_a_second, bench, product, FEED, GZIP),
                    partial(answers_a_second, bench, baseline, FEED, GZIP),
                    aim=Aim(aim),
                )
                for name, baseline, aim in (
                    ("a bare WSGI function", bare, 0.95),
                    ("a Flask view", flask, 2.5),
                    ("Django's cached feed", django, 5.0),
                )
            ]


def _compare_databases(bench: Bench) -> Result:
    urls = [bench.archives.url(kind, _ARTICLES) for kind in (POSTGRES, SQLITE)]
    directory, options = bench.new_directory("databases"), {"FEEDSVC_REVISION_TTL": _DEFAULT_TTL}
    with (
        feedsvc_on(directory, url=urls[0], **options) as postgres,
        feedsvc_on(directory, url=urls[1], **options) as sqlite,
    ):
        for product in (postgres, sqlite):
            warm(product, FEED, GZIP)
        return compare(
            bench,
            "a warm feed on PostgreSQL, against SQLite",
            "answers/s",
            partial(answers_a_second, bench, postgres, FEED, GZIP),
            partial(answers_a_second, bench, sqlite, FEED, GZIP),
            aim=Aim(0.8),
        )
