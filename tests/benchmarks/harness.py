"""What all benchmarks share: product and baseline in turn, medians, and the table of them.

A figure alone says little on a machine that does other things besides. What is compared is
measured in the same run, alternately, and told as a ratio.
"""

import json
import os
import platform
import sqlite3
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: everything, or enough to see that it runs."""

    runs: int
    articles: int
    pushes: int


FULL = Scale(runs=5, articles=5_000, pushes=1_000)
QUICK = Scale(runs=3, articles=1_500, pushes=300)
TINY = Scale(runs=1, articles=30, pushes=10)


@dataclass(slots=True)
class Figure:
    """One question's answer: rates of the product and of what it is compared to."""

    question: str
    baseline_name: str
    unit: str
    product: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)
    #: The ratio that is to be reached.
    target: float | None = None
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        return statistics.median(self.product) / statistics.median(self.baseline)

    @property
    def ratios(self) -> list[float]:
        """Of each run, product and baseline one after the other."""
        return [ours / theirs for ours, theirs in zip(self.product, self.baseline, strict=True)]


def alternate(
    figure: Figure, runs: int, product: Callable[[], float], baseline: Callable[[], float]
) -> Figure:
    """Measure both `runs` times, in turn; the functions give a rate."""
    for _ in range(runs):
        figure.product.append(product())
        figure.baseline.append(baseline())
    return figure


def render_table(figures: Sequence[Figure]) -> str:
    rows = [("question", "product", "against", "baseline", "ratio", "at least")]
    rows += [
        (
            figure.question,
            f"{_spread(figure.product)} {figure.unit}",
            figure.baseline_name,
            _spread(figure.baseline),
            f"{figure.ratio:.2f} ({min(figure.ratios):.2f}–{max(figure.ratios):.2f})",
            "" if figure.target is None else f"{figure.target:.2f}",
        )
        for figure in figures
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines += [
        f"{figure.question}: {name} {value:,.1f}"
        for figure in figures
        for name, value in figure.notes.items()
    ]
    return "\n".join(lines)


def write_json(figures: Sequence[Figure], path: Path) -> None:
    path.write_text(
        json.dumps(
            {
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "machine": describe_machine(),
                "figures": [asdict(figure) | {"ratio": figure.ratio} for figure in figures],
            },
            ensure_ascii=False,
            indent=1,
        )
        + "\n"
    )


def describe_machine() -> str:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    model = models[0] if models else platform.machine()
    return (
        f"{os.cpu_count()} cores of {model}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}"
    )


def _spread(rates: Sequence[float]) -> str:
    return f"{statistics.median(rates):,.0f} ({min(rates):,.0f}–{max(rates):,.0f})"
