"""`python -m tests.benchmarks [--quick] [NAME…]`: measure, print a table, write it as JSON."""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from tests.benchmarks.archives import Archives
from tests.benchmarks.harness import Bench, Effort, Result, say
from tests.benchmarks.programs import ProgramMissingError
from tests.benchmarks.questions import QUESTIONS
from tests.benchmarks.report import as_json, as_text, describe_machine


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(QUESTIONS)))
@click.option("--quick", is_flag=True, help="Fewer runs of less: in five minutes.")
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path("bench.json"), show_default=True
)
def main(names: tuple[str, ...], quick: bool, output: Path) -> None:  # noqa: FBT001 (click's)
    """Measure feedsvc against the barest thing that does the same, in turn."""
    effort = Effort.QUICK if quick else Effort.FULL
    asked = {name: QUESTIONS[name] for name in names or QUESTIONS}
    try:
        for question in asked.values():
            question.require_all()
    except ProgramMissingError as error:
        raise click.ClickException(str(error)) from error
    machine = describe_machine()
    results: dict[str, list[Result]] = {}
    try:
        with _new_directory() as shared, closing(Archives(effort, shared)) as archives:
            for name, question in asked.items():
                say(f"{name} …")
                started = time.monotonic()
                with _new_directory() as directory:
                    results[name] = question.measure(Bench(effort, directory, archives))
                say(f"{name} took {time.monotonic() - started:.0f} seconds")
    finally:  # what was measured before something went wrong is worth having, too
        record = as_json(machine, effort.value, results)
        output.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n")
        click.echo(as_text(machine, results))
        say(f"written to {output}")


@contextmanager
def _new_directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="feedsvc-bench-") as directory:
        yield Path(directory)


if __name__ == "__main__":
    main()
