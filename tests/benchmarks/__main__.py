"""`python -m tests.benchmarks [--quick] [NAME…]`: measure, print a table, write it as JSON."""

import sys
from pathlib import Path

import click

from tests.benchmarks import batch_ingest, single_push
from tests.benchmarks.harness import FULL, QUICK, Figure, describe_machine, render_table, write_json

QUESTIONS = {"batch_ingest": batch_ingest.measure, "single_push": single_push.measure}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(QUESTIONS)))
@click.option("--quick", is_flag=True, help="Fewer runs of less: in two minutes.")
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path("bench.json"), show_default=True
)
def main(names: tuple[str, ...], quick: bool, output: Path) -> None:  # noqa: FBT001 (click's)
    """Measure feedsvc against what it is compared to, in the same run."""
    scale = QUICK if quick else FULL
    figures: list[Figure] = []
    for name in names or QUESTIONS:
        click.echo(f"{name} …", err=True)
        figures += QUESTIONS[name](scale)
    click.echo(render_table(figures))
    click.echo(describe_machine())
    write_json(figures, output)
    click.echo(f"written to {output}", err=True)
    sys.exit(0)


if __name__ == "__main__":
    main()
