"""How many signed pushes a second, while each is sent on to 10,000 subscribers of its feed?

Against the same service with its worker and nobody to send to.
"""

from functools import partial

from tests.benchmarks.articles import dumped_event
from tests.benchmarks.client import encode_post, send_all
from tests.benchmarks.harness import Aim, Bench, Effort, Fact, Result, compare
from tests.benchmarks.subscribers import hub_on
from tests.newsroom import signed

_SUBSCRIBERS = {Effort.FULL: 10_000, Effort.QUICK: 10_000, Effort.TINY: 20}
_PUSHES = {Effort.FULL: 2_000, Effort.QUICK: 500, Effort.TINY: 6}
_CONNECTIONS = 8
_WARMING = 32
_AIM = Aim(0.8)


def measure(bench: Bench) -> list[Result]:
    load, subscribers = _Load(bench), _SUBSCRIBERS[bench.effort]
    compared = compare(
        bench,
        f"pushes with {subscribers:,} subscribers, against none",
        "pushes/s",
        partial(load.push, subscribers),
        partial(load.push, 0),
        aim=_AIM,
    )
    return [
        compared,
        Fact("delivered meanwhile", "deliveries/s", load.delivered / load.seconds),
    ]


class _Load:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        #: With subscribers, in all runs.
        self.delivered = 0
        self.seconds = 0.0

    def push(self, subscribers: int) -> float:
        pushes = _PUSHES[self._bench.effort]
        events = [dumped_event(number) for number in range(_WARMING + pushes)]
        with hub_on(self._bench.new_directory("hub"), subscribers) as hub:
            port, key = hub.service.port, hub.service.key
            messages = [encode_post("/ingest/desk", signed(key, one), one) for one in events]
            send_all(port, messages[:_WARMING], _WARMING)
            hub.rest()
            before = hub.receiver.count()
            sent = send_all(port, messages[_WARMING:], _CONNECTIONS)
            if subscribers:
                self.delivered += hub.receiver.count() - before
                self.seconds += sent.seconds
        return pushes / sent.seconds
