"""Which of gunicorn's workers, and which of its parsers, suits best?

A help for choosing, with no aim: under each, a warm feed against a bare WSGI function that has the
same bytes and fields in memory. What is not installed is left out, saying so.
"""

import importlib.util
from collections.abc import Iterator
from functools import partial

from tests.benchmarks.harness import Bench, Comparison, Result, compare, say
from tests.benchmarks.load import GZIP, answers_a_second, warm
from tests.benchmarks.newspaper import FEED, fill
from tests.benchmarks.recorded import BARE, record
from tests.benchmarks.servers import baseline_on, feedsvc_on

_PRODUCT = "feedsvc.app:create_app()"
#: What each adds to the settings that are shipped, and the module that it takes.
_CHOICES = {
    "as configured": ((), "gunicorn"),
    "gthread": (("--worker-class", "gthread"), "gunicorn"),
    # With threads, gunicorn would take it for gthread.
    "sync": (("--worker-class", "sync", "--threads", "1"), "gunicorn"),
    "gevent": (("--worker-class", "gevent"), "gevent"),
    "the fast parser": (("--http-parser", "fast"), "gunicorn_h1c"),
}


def measure(bench: Bench) -> list[Result]:
    with feedsvc_on(bench.new_directory("filled")) as product:
        fill(product)
        answer = record(warm(product, FEED, GZIP), bench.directory / "answer.json")
    return [
        _compare(bench, name, options, answer, product.database_url)
        for name, options in _list_choices()
    ]


def _list_choices() -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, (options, module) in _CHOICES.items():
        if importlib.util.find_spec(module) is None:
            say(f"{name}: left out, since {module} is not installed")
        else:
            yield name, options


def _compare(
    bench: Bench, name: str, options: tuple[str, ...], answer: dict[str, str], url: str
) -> Comparison:
    feedsvc, bare = (bench.new_directory(kind) for kind in ("product", "bare"))
    with (
        baseline_on(feedsvc, _PRODUCT, options=options, FEEDSVC_DATABASE_URL=url) as product,
        baseline_on(bare, BARE, options=options, **answer) as baseline,
    ):
        warm(product, FEED, GZIP)
        return compare(
            bench,
            f"{name}, a warm feed against a bare WSGI function",
            "answers/s",
            partial(answers_a_second, bench, product, FEED, GZIP),
            partial(answers_a_second, bench, baseline, FEED, GZIP),
        )
