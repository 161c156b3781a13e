"""What the commands share: the database they work on, and how they print."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click

from feedsvc import migrations
from feedsvc.app import configure_logging, open_database
from feedsvc.db import Database
from feedsvc.errors import FeedsvcError
from feedsvc.ingest.inbox import Answer
from feedsvc.settings import load_settings
from feedsvc.vault import Vault, open_vault


@contextmanager
def open_for_command(*, create: bool = False) -> Iterator[tuple[Database, Vault]]:
    """The database, with the tables that this code needs, and its keys' vault; errors in a line."""
    with reported():
        settings = load_settings()
        configure_logging(settings)
        database = open_database(settings)
        try:
            if create:
                migrations.prepare(database, auto_migrate=settings.auto_migrate)
            yield database, open_vault(settings.secret_key, database.path)
        finally:
            database.close()


@contextmanager
def reported() -> Iterator[None]:
    try:
        yield
    except FeedsvcError as error:
        raise click.ClickException(str(error)) from error


def print_answer(answer: Answer, name: str) -> None:
    """What became of each event of a message, or why it was refused whole."""
    for event in answer.events:
        print_event(event)
    if not answer.events:
        click.echo(f"{name}: {answer.status} {answer.body.get('detail', '')}", err=True)


def print_event(event: Mapping[str, Any]) -> None:
    """What became of an event: a line, and what is to be noted below it, on standard error."""
    shown = " ".join(event["feeds"]) or (
        f"visible from {event['visible_at']}" if "visible_at" in event else "–"
    )
    click.echo(f"{event['status']:<10} {event['id'] or '?'}  {shown}")
    for kind, notes in (("warning", event["warnings"]), ("error", event["errors"])):
        for note in notes:
            click.echo(f"{kind:>10} {note['pointer']}: {note['message']}", err=True)


def print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())
