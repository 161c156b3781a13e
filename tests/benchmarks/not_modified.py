"""How many readers a second hear that the feed they have is still good (304)?

Against a bare WSGI function under the same server settings that always says so.
"""

from functools import partial
from http import HTTPStatus

from tests.benchmarks.harness import Aim, Bench, Result, compare
from tests.benchmarks.load import GZIP, answers_a_second, warm
from tests.benchmarks.newspaper import FEED, fill
from tests.benchmarks.recorded import BARE, record
from tests.benchmarks.servers import baseline_on, feedsvc_on

_AIM = Aim(0.9)


def measure(bench: Bench) -> list[Result]:
    with feedsvc_on(bench.new_directory("product")) as product:
        fill(product)
        asked = GZIP | {"If-None-Match": warm(product, FEED, GZIP).headers["ETag"]}
        answer = record(product.get(FEED, headers=asked), bench.directory / "answer.json")
        with baseline_on(bench.new_directory("bare"), BARE, **answer) as bare:
            load = partial(
                answers_a_second, bench, path=FEED, headers=asked, status=HTTPStatus.NOT_MODIFIED
            )
            case = "304 for a warm feed, against a bare WSGI function"
            return [
                compare(
                    bench,
                    case,
                    "answers/s",
                    partial(load, service=product),
                    partial(load, service=bare),
                    aim=_AIM,
                )
            ]
