"""What was measured, for people and for programs."""

import os
import platform
import sqlite3
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.harness import Comparison, Fact, Result

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
        return (name, result.case, result.unit, f"{result.value:,.0f}", "", "", "", "")
    return (
        name,
        result.case,
        result.unit,
        _spread(result.product, ",.0f"),
        _spread(result.baseline, ",.0f"),
        f"{result.ratio:.3f}",
        _spread(result.paired_ratios, ".3f"),
        "" if result.target is None else f"{result.target:.2f}",
    )


def _spread(runs: Sequence[float], form: str) -> str:
    return f"{statistics.median(runs):{form}} ({min(runs):{form}}–{max(runs):{form}})"


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
