"""How much memory does a worker have of its own when it has been asked for every feed once?

With a million articles stored against a thousand, and the same sections: in every format, plain and
compressed.
"""

from functools import partial

from tests.benchmarks.archives import SMALL, SQLITE
from tests.benchmarks.harness import Aim, Bench, Result, compare
from tests.benchmarks.load import GZIP, IDENTITY
from tests.benchmarks.memory import read_megabytes
from tests.benchmarks.servers import feedsvc_on
from tests.integration.server import PUBLIC_URL

_AIM = Aim(1.2, at_most=True)


def measure(bench: Bench) -> list[Result]:
    large = bench.archives.large
    return [
        compare(
            bench,
            f"memory of a worker, {large:,} articles against {SMALL:,}",
            "MB",
            partial(_read_memory, bench, large),
            partial(_read_memory, bench, SMALL),
            aim=_AIM,
        )
    ]


def _read_memory(bench: Bench, articles: int) -> float:
    url = bench.archives.url(SQLITE, articles)
    with feedsvc_on(bench.new_directory("product"), workers=1, url=url) as product:
        (worker,) = product.list_workers()
        feeds = product.get("/feeds.json").json["feeds"]
        addresses = [address for feed in feeds for address in feed["urls"].values()]
        assert addresses
        for address in addresses:
            for headers in (IDENTITY, GZIP):
                reply = product.get(address.removeprefix(PUBLIC_URL), headers=headers)
                assert reply.status == 200, reply
        return read_megabytes(worker, "RssAnon")
