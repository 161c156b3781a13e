"""What does a worker take of a processor that has 10,000 subscribers and nothing to send them?"""

import time

from tests.benchmarks.harness import Aim, Bench, Effort, Fact, Result
from tests.benchmarks.subscribers import hub_on

_SUBSCRIBERS = {Effort.FULL: 10_000, Effort.QUICK: 10_000, Effort.TINY: 20}
_SECONDS = {Effort.FULL: 60, Effort.QUICK: 20, Effort.TINY: 1}
_AIM = Aim(0.5, at_most=True)


def measure(bench: Bench) -> list[Result]:
    subscribers = _SUBSCRIBERS[bench.effort]
    with hub_on(bench.new_directory("hub"), subscribers) as hub:
        hub.wait_for(hub.push(0))
        began, of_cpu = time.monotonic(), hub.read_cpu_seconds()
        time.sleep(_SECONDS[bench.effort])
        share = (hub.read_cpu_seconds() - of_cpu) / (time.monotonic() - began)
    case = f"the worker's share of a processor, {subscribers:,} subscribers and no change"
    return [Fact(case, "%", share * 100, _AIM)]
