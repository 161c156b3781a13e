"""How long does a search of a million articles take, newest first, on both databases?

For a word that a third of them have, for that and one that all have, for the two as a phrase, and
for a word that none has; of a feed that no cache has.
"""

import statistics

from tests.benchmarks.archives import KINDS
from tests.benchmarks.harness import Aim, Bench, Effort, Fact, Result
from tests.benchmarks.load import IDENTITY
from tests.benchmarks.missed_feed import NO_ANSWERS
from tests.benchmarks.servers import feedsvc_on
from tests.benchmarks.timing import ask_often

#: Of each, enough for the 95th of a hundred to say something.
_ANSWERS = {Effort.FULL: 400, Effort.QUICK: 40, Effort.TINY: 4}
_SEARCHES = {
    "a word of a third of them": "nhieu",
    "two words": "tin+nhieu",
    "a phrase": "%22tin+nhieu%22",
    "a word of none": "nowhere",
}
_AIM = Aim(50, at_most=True)


def measure(bench: Bench) -> list[Result]:
    return [result for kind in KINDS for result in _measure(bench, kind)]


def _measure(bench: Bench, kind: str) -> list[Result]:
    url = bench.archives.url(kind, bench.archives.large)
    case = f"{kind}, {bench.archives.large:,} articles"
    with feedsvc_on(bench.new_directory("product"), url=url, **NO_ANSWERS) as product:
        found = []
        for name, query in _SEARCHES.items():
            path = f"/feeds/all.rss?q={query}"
            taken = ask_often(product, path, IDENTITY, _ANSWERS[bench.effort])
            slow = statistics.quantiles(taken, n=20)[-1]
            found.append(Fact(f"{case}, {name}, 95 of 100 within", "ms", slow, _AIM))
        return found
