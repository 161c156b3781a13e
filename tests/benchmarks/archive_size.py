"""What does a feed that no cache has cost with a million articles stored, and what with a thousand?

The product against itself, on both databases, with the same sections. The document of the archive
is an hour's, the same in both.
"""

from functools import partial

from tests.benchmarks.archives import KINDS, SMALL
from tests.benchmarks.harness import Aim, Bench, Effort, Result, compare
from tests.benchmarks.load import IDENTITY
from tests.benchmarks.missed_feed import NO_ANSWERS
from tests.benchmarks.servers import feedsvc_on
from tests.benchmarks.timing import median_of

#: Of one feed, in one run.
_ANSWERS = {Effort.FULL: 100, Effort.QUICK: 15, Effort.TINY: 2}
_FEEDS = {
    "the whole paper": "/feeds/all.rss",
    "a section": "/feeds/kinh-te.rss",
    "a section without another": "/feeds/tin-tuc.rss?not-category=xa-hoi",
    "an hour of the archive": "/feeds/all/2021-12-20T15.rss",
}
_AIM = Aim(1.2, at_most=True)


def measure(bench: Bench) -> list[Result]:
    return [result for kind in KINDS for result in _measure(bench, kind)]


def _measure(bench: Bench, kind: str) -> list[Result]:
    large, small = (bench.archives.url(kind, size) for size in (bench.archives.large, SMALL))
    sizes = f"{bench.archives.large:,} articles against {SMALL:,}"
    with (
        feedsvc_on(bench.new_directory("large"), url=large, **NO_ANSWERS) as full,
        feedsvc_on(bench.new_directory("small"), url=small, **NO_ANSWERS) as sparse,
    ):
        times = _ANSWERS[bench.effort]
        return [
            compare(
                bench,
                f"{kind}, {name}, {sizes}",
                "ms",
                partial(median_of, full, path, IDENTITY, times),
                partial(median_of, sparse, path, IDENTITY, times),
                aim=_AIM,
            )
            for name, path in _FEEDS.items()
        ]
