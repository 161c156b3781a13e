"""`feedsvc inbox`: the messages that came, and what became of each."""

import sys
from collections import Counter

import click

from feedsvc.cli.console import open_for_command, print_answer, print_table
from feedsvc.ingest import inbox
from feedsvc.ingest.receive import replay
from feedsvc.settings import load_settings


@click.group("inbox")
def inbox_group() -> None:
    """The messages that came, and what became of each."""


@inbox_group.command("list")
@click.option("--source", "source_name", help="Only those of this source.")
@click.option("--refused", is_flag=True, help="Only those of which something was refused.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
def list_inbox(source_name: str | None, refused: bool, limit: int) -> None:
    """Show the newest messages, the newest first."""
    with open_for_command() as (database, _):
        rows = inbox.list_kept(database, limit, source_name=source_name, refused=refused)
    table: list[tuple[str, ...]] = [("NUMBER", "RECEIVED", "SOURCE", "STATUS", "BYTES", "EVENTS")]
    table += [
        (
            str(kept.number),
            f"{kept.received_at:%Y-%m-%d %H:%M:%S}",
            kept.source_name,
            str(kept.answer.status),
            str(kept.size_bytes),
            _counted(kept.answer) or "–",
        )
        for kept in rows
    ]
    print_table(table)


@inbox_group.command("show")
@click.argument("number", type=int)
@click.option("--body", "with_body", is_flag=True, help="Write the body, as it came, and only it.")
def show_message(number: int, with_body: bool) -> None:
    """Show one message and what became of each of its events."""
    with open_for_command() as (database, _):
        kept, body = inbox.get_kept(database, number)
    if with_body:
        click.echo(body, nl=False)
        return
    for name, value in (
        ("source", kept.source_name),
        ("message id", kept.message_id),
        ("received", f"{kept.received_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("body", f"{kept.size_bytes:,} bytes, SHA-256 {kept.digest}"),
        ("answered", f"{kept.answer.status} after {kept.duration_seconds:.3f} s"),
    ):
        click.echo(f"{name + ':':<12}{value}")
    print_answer(kept.answer, kept.message_id)


@inbox_group.command("replay")
@click.argument("numbers", nargs=-1, required=True, type=int)
def replay_messages(numbers: tuple[int, ...]) -> None:
    """Do what messages say once more, for example when their source has been mended."""
    failed = False
    with open_for_command() as (database, _):
        settings = load_settings()
        for number in numbers:
            answer = replay(database, number, settings)
            failed |= answer.has_refused
            print_answer(answer, f"message {number}")
    sys.exit(1 if failed else 0)


def _counted(answer: inbox.Answer) -> str:
    """`2 created, 1 rejected`"""
    counts = Counter(event["status"] for event in answer.events)
    return ", ".join(f"{count} {status}" for status, count in counts.items())
