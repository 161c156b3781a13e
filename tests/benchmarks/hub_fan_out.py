"""How fast does a change go out to 10,000 subscribers, each with a signature of its own?

From its commit until the last has it, against a bare aiohttp loop that posts the same body with the
same header fields to the same receiver, over as many connections, and writes nothing down.
"""

import statistics
from itertools import count

from tests.benchmarks.bare_sender import Spent, send
from tests.benchmarks.harness import Aim, Bench, Effort, Fact, Result, compare
from tests.benchmarks.subscribers import AT_ONCE, Hub, hub_on

_SUBSCRIBERS = {Effort.FULL: 10_000, Effort.QUICK: 2_000, Effort.TINY: 20}
_AIM = Aim(0.6)


def measure(bench: Bench) -> list[Result]:
    subscribers = _SUBSCRIBERS[bench.effort]
    case = f"a change to {subscribers:,} subscribers"
    with hub_on(bench.new_directory("hub"), subscribers) as hub:
        load = _Load(hub)
        load.send()  # connects, and writes the first parcel
        load.spent.clear()
        compared = compare(bench, case, "deliveries/s", load.send, load.send_bare, aim=_AIM)
    return [
        compared,
        Fact("processor's time for each", "µs", load.read_cost(load.spent)),
        Fact("the same of the bare loop", "µs", load.read_cost(load.spent_bare)),
    ]


class _Load:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._articles = count()
        self.spent: list[Spent] = []
        self.spent_bare: list[Spent] = []

    def send(self) -> float:
        of_cpu = self._hub.read_cpu_seconds()
        sent = self._hub.push(next(self._articles))
        times = self._hub.wait_for(sent)
        assert len(times) == self._hub.subscribers
        seconds = max(times) - sent.written_at
        self.spent.append(Spent(seconds, self._hub.read_cpu_seconds() - of_cpu))
        return self._hub.subscribers / seconds

    def send_bare(self) -> float:
        hub = self._hub
        last = hub.receiver.read_last()
        self.spent_bare.append(
            send(hub.receiver, last, hub.subscribers, AT_ONCE, hub.read_niceness())
        )
        return hub.subscribers / self.spent_bare[-1].seconds

    def read_cost(self, spent: list[Spent]) -> float:
        """Microseconds for each subscriber."""
        return statistics.median(one.cpu_seconds for one in spent) / self._hub.subscribers * 1e6
