"""How long does the first answer take after one of a feed's 30 articles has changed?

The article is pushed to one worker, and the other is asked, which has seen nothing of it. Against
the same feed from a product that keeps no rendered entry, and so has feedgen write all of it; and
against a Flask view in the same server that has feedgen write the same articles, of which it says
less. Each is asked after as many changes; and compressed, in milliseconds.
"""

import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from http.client import HTTPConnection
from itertools import count

from tests.benchmarks.articles import make_event, published_at
from tests.benchmarks.feedgen_service import FEEDGEN
from tests.benchmarks.harness import Aim, Bench, Effort, Fact, Result, compare
from tests.benchmarks.load import GZIP, IDENTITY
from tests.benchmarks.newspaper import ARTICLES, ENTRIES, FEED, fill
from tests.benchmarks.servers import baseline_on, feedsvc_on
from tests.benchmarks.timing import ask
from tests.integration.server import Service

#: In one run.
_CHANGES = {Effort.FULL: 30, Effort.QUICK: 15, Effort.TINY: 2}
_AIM = Aim(0.25, at_most=True)
_COMPRESSED_AIM = Aim(3.0, at_most=True)
#: Every entry is rendered each time.
_NO_FRAGMENTS = {"FEEDSVC_FRAGMENT_BYTES": "0"}


def measure(bench: Bench) -> list[Result]:
    with feedsvc_on(bench.new_directory("product")) as product:
        fill(product)
        url = product.database_url
        with (
            feedsvc_on(bench.new_directory("whole"), url=url, **_NO_FRAGMENTS) as whole,
            baseline_on(
                bench.new_directory("feedgen"), FEEDGEN, FEEDSVC_DATABASE_URL=url
            ) as feedgen,
            closing(whole.connect()) as to_whole,
            closing(feedgen.connect()) as to_feedgen,
            _changed_newspaper(product) as (change, to_product),
        ):
            times = range(_CHANGES[bench.effort])

            def time_product(headers: Mapping[str, str]) -> float:
                change()
                return ask(product, to_product, FEED, headers)

            def time_whole() -> float:
                change()
                return ask(whole, to_whole, FEED, IDENTITY)

            def time_feedgen() -> float:
                change()
                return ask(feedgen, to_feedgen, FEED, IDENTITY)

            compressed = [
                _median(lambda: time_product(GZIP), times) for _ in range(bench.effort.runs)
            ]
            return [
                *(
                    compare(
                        bench,
                        f"first answer after a change, against {name}",
                        "ms",
                        lambda: _median(lambda: time_product(IDENTITY), times),
                        partial(_median, time_baseline, times),
                        aim=aim,
                    )
                    for name, time_baseline, aim in (
                        ("rendering the whole feed with feedgen", time_whole, _AIM),
                        ("Flask with feedgen, of less", time_feedgen, None),
                    )
                ),
                Fact(
                    "the same compressed",
                    "ms",
                    statistics.median(compressed),
                    _COMPRESSED_AIM,
                ),
            ]


@contextmanager
def _changed_newspaper(product: Service) -> Iterator[tuple[Callable[[], None], HTTPConnection]]:
    """What changes an article, and a connection to a worker that has not seen it."""
    edits = count(1)
    with product.connection_to_each_worker() as (to_pushed, to_asked):

        def change() -> None:
            product.push(_edited(next(edits)), connection=to_pushed)

        for _ in range(2):  # what is first asked for comes from nowhere
            change()
            ask(product, to_asked, FEED, IDENTITY)
        yield change, to_asked


def _edited(edit: int) -> dict[str, object]:
    """One of the articles that the feed shows, later than it was; each in its turn."""
    number = ARTICLES - 1 - edit % ENTRIES
    event = make_event(number)
    event["data"]["title"] = f"{edit}: {event['data']['title']}"
    event["data"]["date_modified"] = (published_at(number) + timedelta(hours=edit)).isoformat()
    return event | {"type": "article.updated", "timestamp": event["data"]["date_modified"]}


def _median(measured: Callable[[], float], times: range) -> float:
    return statistics.median(measured() for _ in times)
