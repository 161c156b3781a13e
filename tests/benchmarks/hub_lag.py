"""How long after its commit does a change come to those who have subscribed?

To each of 100 of them; and to one who is alone, of a worker that has been idle, which is how soon
it notices.
"""

import statistics
import time
from itertools import count

from tests.benchmarks.harness import Aim, Bench, Effort, Fact, Result, say
from tests.benchmarks.subscribers import hub_on

_SUBSCRIBERS = 100
_PUSHES = {Effort.FULL: 30, Effort.QUICK: 10, Effort.TINY: 2}
#: A worker that nothing was for so long looks less often.
_IDLE_SECONDS = 2.5
_AIM_MS = Aim(1_000, at_most=True)
_ALONE_AIM_MS = Aim(200, at_most=True)


def measure(bench: Bench) -> list[Result]:
    lags = _measure_lags(bench, _SUBSCRIBERS, 0.0)
    alone = _measure_lags(bench, 1, _IDLE_SECONDS)
    case = f"from a change's commit to each of {_SUBSCRIBERS} subscribers"
    return [
        Fact(f"{case}, median", "ms", statistics.median(lags)),
        Fact(f"{case}, 95 of 100 within", "ms", _read_p95(lags), _AIM_MS),
        Fact("to the only subscriber, median", "ms", statistics.median(alone), _ALONE_AIM_MS),
        Fact("to the only subscriber, 95 of 100 within", "ms", _read_p95(alone)),
    ]


def _measure_lags(bench: Bench, subscribers: int, pause_seconds: float) -> list[float]:
    """Milliseconds from each push's commit to each subscriber."""
    lags = []
    articles = count()
    with hub_on(bench.new_directory("hub"), subscribers) as hub:
        hub.wait_for(hub.push(next(articles)))  # connects
        for _ in range(_PUSHES[bench.effort]):
            time.sleep(pause_seconds)
            sent = hub.push(next(articles))
            lags += [(at - sent.written_at) * 1000 for at in hub.wait_for(sent)]
    say(f"{subscribers} subscribers: from {min(lags):.0f} to {max(lags):.0f} ms")
    return lags


def _read_p95(lags: list[float]) -> float:
    return statistics.quantiles(lags, n=20, method="inclusive")[-1]
