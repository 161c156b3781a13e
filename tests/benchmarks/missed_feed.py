"""How many readers a second get a feed that no cache has: 30 articles of 4 kB, not compressed?

The product's cache of answers is off; what it keeps of each article stays, as with every miss that
a change makes. Against Django's feed without its cache, and against a Flask view that has feedgen
write the whole feed each time; all three read the same articles from SQLite.
"""

from functools import partial

from tests.benchmarks.django_site.server import django_on
from tests.benchmarks.feedgen_service import FEEDGEN
from tests.benchmarks.harness import Aim, Bench, Result, compare
from tests.benchmarks.load import IDENTITY, answers_a_second
from tests.benchmarks.newspaper import FEED, fill
from tests.benchmarks.servers import baseline_on, feedsvc_on

#: No answer is kept.
NO_ANSWERS = {"FEEDSVC_CACHE_BYTES": "0"}


def measure(bench: Bench) -> list[Result]:
    with feedsvc_on(bench.new_directory("product"), **NO_ANSWERS) as product:
        fill(product)
        url = product.database_url
        with (
            django_on(bench.new_directory("django"), product, is_cached=False) as django,
            baseline_on(
                bench.new_directory("feedgen"), FEEDGEN, FEEDSVC_DATABASE_URL=url
            ) as feedgen,
        ):
            return [
                compare(
                    bench,
                    f"a feed that no cache has, against {name}",
                    "answers/s",
                    partial(answers_a_second, bench, product, FEED, IDENTITY),
                    partial(answers_a_second, bench, baseline, FEED, IDENTITY),
                    aim=Aim(aim),
                )
                for name, baseline, aim in (
                    ("Django's feed", django, 4.0),
                    ("Flask with feedgen", feedgen, 3.0),
                )
            ]
