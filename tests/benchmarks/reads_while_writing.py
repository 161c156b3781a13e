"""Do readers notice that articles are being pushed, 50 a second?

How many of them get the feed in a second, against as many when nothing is pushed; and of some
answers, whether they show what was acknowledged before they were asked for, whole and right.
"""

from functools import partial

from tests.benchmarks.harness import Aim, Bench, Effort, Fact, Result, compare
from tests.benchmarks.load import GZIP, answers_a_second, warm
from tests.benchmarks.newspaper import FEED, fill
from tests.benchmarks.servers import feedsvc_on
from tests.benchmarks.witness import Verdict, Witness
from tests.benchmarks.writing import PUSHES_A_SECOND, Stream, prepare
from tests.integration.server import Service

#: Articles for so many seconds; if they are pushed no faster, the load of a run is over by then.
_SECONDS = {Effort.FULL: 12, Effort.QUICK: 5, Effort.TINY: 3}
_AIM = Aim(0.7)
_NONE = Aim(0, at_most=True)


def measure(bench: Bench) -> list[Result]:
    with feedsvc_on(bench.new_directory("product")) as product:
        fill(product)
        warm(product, FEED, GZIP)
        load = _Load(bench, product)
        compared = compare(
            bench,
            "a warm feed while articles are pushed, against the same without",
            "answers/s",
            load.read_while_writing,
            load.read,
            aim=_AIM,
        )
    verdict = load.verdict
    return [
        compared,
        Fact(f"pushed meanwhile, of {PUSHES_A_SECOND}", "pushes/s", load.pushes_a_second),
        Fact("answers looked at meanwhile", "answers", verdict.answers),
        Fact("of them stale", "answers", verdict.stale, _NONE),
        Fact("of them torn or wrong", "answers", verdict.wrong, _NONE),
    ]


class _Load:
    def __init__(self, bench: Bench, product: Service) -> None:
        self._bench = bench
        self._product = product
        self.read = partial(answers_a_second, bench, product, FEED, GZIP)
        self._pushed = 0
        self._seconds = 0.0
        self.verdict = Verdict()

    @property
    def pushes_a_second(self) -> float:
        return self._pushed / self._seconds

    def read_while_writing(self) -> float:
        prepared = prepare(self._product.key, _SECONDS[self._bench.effort] * PUSHES_A_SECOND)
        with Stream(self._product, prepared) as stream, Witness(self._product) as witness:
            speed = self.read()
        self._pushed += len(stream.acknowledged)
        self._seconds += stream.seconds
        self.verdict += witness.judge(stream.acknowledged)
        return speed
