"""How a question is measured: the product and a baseline in turn, several times, on one machine.

A speed says little about code on another machine, or on this one an hour later. What is kept is
the ratio of two speeds taken one after the other. Nothing here fails for being slow.
"""

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Effort(Enum):
    """How much is measured; `TINY` only shows that a question can be asked."""

    FULL = "full"
    QUICK = "quick"
    TINY = "tiny"

    @property
    def runs(self) -> int:
        return {Effort.FULL: 5, Effort.QUICK: 3, Effort.TINY: 1}[self]


@dataclass(frozen=True, slots=True)
class Bench:
    """What a question is handed: how much to measure, and where its files may lie."""

    effort: Effort
    directory: Path

    def new_directory(self, name: str) -> Path:
        """An empty directory, for one run."""
        number = sum(1 for _ in self.directory.iterdir())
        path = self.directory / f"{number:03}-{name}"
        path.mkdir()
        return path


@dataclass(frozen=True, slots=True)
class Comparison:
    """The speeds of product and baseline, run by run; more is better."""

    case: str
    unit: str
    product: tuple[float, ...]
    baseline: tuple[float, ...]
    #: The ratio that is aimed at. It is told beside the others, and nothing fails below it.
    target: float | None = None

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return statistics.median(self.product) / statistics.median(self.baseline)

    @property
    def paired_ratios(self) -> tuple[float, ...]:
        """Of each run of the product and the baseline's after it."""
        pairs = zip(self.product, self.baseline, strict=True)
        return tuple(product / baseline for product, baseline in pairs)


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure that is worth knowing, and has no baseline."""

    case: str
    unit: str
    value: float


Result = Comparison | Fact
Question = Callable[[Bench], list[Result]]


def compare(
    bench: Bench,
    case: str,
    unit: str,
    product: Callable[[], float],
    baseline: Callable[[], float],
    *,
    target: float | None = None,
) -> Comparison:
    """Measure both in turn; each gives its speed, in `unit`, having set up what it needs."""
    products, baselines = [], []
    for run in range(1, bench.effort.runs + 1):
        products.append(product())
        baselines.append(baseline())
        say(f"{case}, run {run}: {products[-1]:,.0f} against {baselines[-1]:,.0f} {unit}")
    return Comparison(case, unit, tuple(products), tuple(baselines), target)


def say(text: str) -> None:
    """Progress, beside the table."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201
