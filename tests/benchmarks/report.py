"""What was measured, for people and for programs."""

import os
import platform
import sqlite3
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.harness import Aim, Comparison, Fact, Result, figure

Results = Mapping[str, Sequence[Result]]
_HEADINGS = (
    *("question", "case", "unit", "product", "baseline"),
    *("ratio", "ratio of each pair", "aim"),
)


def describe_machine() -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def as_json(machine: Mapping[str, Any], effort: str, results: Results) -> dict[str, Any]:
    questions = {name: [_as_record(one) for one in found] for name, found in results.items()}
    return {"machine": dict(machine), "effort": effort, "questions": questions}


def as_text(machine: Mapping[str, Any], results: Results) -> str:
    """One table; of each series of runs the median, and from which to which they went."""
    head = ", ".join(f"{name}: {value}" for name, value in machine.items())
    rows = [_row(name, one) for name, found in results.items() for one in found]
    return "\n".join([head, "", *_aligned([_HEADINGS, *rows])])


def _row(name: str, result: Result) -> tuple[str, ...]:
    if isinstance(result, Fact):
        told = figure(result.value)
        return (name, result.case, result.unit, told, "", "", "", _aim(result.aim, figure))
    return (
        name,
        result.case,
        result.unit,
        _spread(result.product, figure),
        _spread(result.baseline, figure),
        _ratio(result.ratio),
        _spread(result.paired_ratios, _ratio),
        _aim(result.aim, "{:.2f}".format),
    )


def _ratio(value: float) -> str:
    return f"{value:.3f}"


def _aim(aim: Aim | None, told: Callable[[float], str]) -> str:
    if aim is None:
        return ""
    return f"{'≤' if aim.at_most else '≥'} {told(aim.value)}"


def _spread(runs: Sequence[float], told: Callable[[float], str]) -> str:
    return f"{told(statistics.median(runs))} ({told(min(runs))}–{told(max(runs))})"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _as_record(result: Result) -> dict[str, Any]:
    record = asdict(result)
    if isinstance(result, Comparison):
        record |= {
            "product_median": statistics.median(result.product),
            "baseline_median": statistics.median(result.baseline),
            "ratio": result.ratio,
            "paired_ratios": result.paired_ratios,
            "paired_ratio_median": statistics.median(result.paired_ratios),
        }
    return record


def _cpu_model() -> str:
    """As Linux names it; elsewhere, what there is."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
