"""`python -m tests.benchmarks [--quick] [NAME…]`: measure, print a table, write it as JSON."""

import json
import tempfile
from pathlib import Path

import click

from tests.benchmarks.harness import Bench, Effort, Result, say
from tests.benchmarks.questions import QUESTIONS
from tests.benchmarks.report import as_json, as_text, describe_machine


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(QUESTIONS)))
@click.option("--quick", is_flag=True, help="Fewer runs of less: in two minutes.")
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path("bench.json"), show_default=True
)
def main(names: tuple[str, ...], quick: bool, output: Path) -> None:  # noqa: FBT001 (click's)
    """Measure feedsvc against the barest thing that does the same, in turn."""
    effort = Effort.QUICK if quick else Effort.FULL
    machine = describe_machine()
    results: dict[str, list[Result]] = {}
    for name in names or QUESTIONS:
        say(f"{name} …")
        with tempfile.TemporaryDirectory(prefix="feedsvc-bench-") as directory:
            results[name] = QUESTIONS[name](Bench(effort, Path(directory)))
    record = as_json(machine, effort.value, results)
    output.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n")
    click.echo(as_text(machine, results))
    say(f"written to {output}")


if __name__ == "__main__":
    main()
