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
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # archives are as large as the effort says, which is from here
    from tests.benchmarks.archives import Archives


class Effort(Enum):
    """How much is measured; `TINY` only shows that a question can be asked."""

    FULL = "full"
    QUICK = "quick"
    TINY = "tiny"

    @property
    def runs(self) -> int:
        return {Effort.FULL: 5, Effort.QUICK: 2, Effort.TINY: 1}[self]


@dataclass(frozen=True, slots=True)
class Bench:
    """What a question is handed: how much to measure, and where its files may lie."""

    effort: Effort
    directory: Path
    archives: "Archives"

    def new_directory(self, name: str) -> Path:
        """An empty directory, for one run."""
        number = sum(1 for _ in self.directory.iterdir())
        path = self.directory / f"{number:03}-{name}"
        path.mkdir()
        return path


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure should come to. It is told beside the others, and nothing fails for it."""

    value: float
    #: Whether less is better: of times and sizes, not of speeds.
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """What product and baseline came to, run by run: speeds, or times or sizes."""

    case: str
    unit: str
    product: tuple[float, ...]
    baseline: tuple[float, ...]
    #: Of the ratio.
    aim: Aim | None = None

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
    aim: Aim | None = None


Result = Comparison | Fact


def compare(
    bench: Bench,
    case: str,
    unit: str,
    product: Callable[[], float],
    baseline: Callable[[], float],
    *,
    aim: Aim | None = None,
) -> Comparison:
    """Measure both in turn; each gives a figure in `unit`, having set up what it needs."""
    products, baselines = [], []
    for run in range(1, bench.effort.runs + 1):
        products.append(product())
        baselines.append(baseline())
        say(f"{case}, run {run}: {figure(products[-1])} against {figure(baselines[-1])} {unit}")
    return Comparison(case, unit, tuple(products), tuple(baselines), aim)


def figure(value: float) -> str:
    """A number for people: as many places as say something."""
    places = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:,.{places}f}"


def say(text: str) -> None:
    """Progress, beside the table."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201
