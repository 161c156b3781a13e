"""`feedsvc push`: the sender's side."""

import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from feedsvc.cli.console import print_event, reported
from feedsvc.errors import SourceError
from feedsvc.push.files import Batch, Entry, list_events, put_together
from feedsvc.push.progress import Progress
from feedsvc.push.sending import PushError, Reply, Sender, push_lines
from feedsvc.settings import Settings, load_settings

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

#: Events of which each is told what became of it; of more, only what was refused.
_FEW = 50
_MOST_REFUSED = 1_000


@dataclass(slots=True)
class _Report:
    """What became of the events, as far as it is told: it does not grow with their number."""

    counts: Counter[str] = field(default_factory=Counter)
    first: list[dict[str, Any]] = field(default_factory=list)
    refused: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    warnings: int = 0
    skipped: int = 0

    def add(self, entry: Entry, result: dict[str, Any]) -> None:
        self.counts[result["status"]] += 1
        self.warnings += bool(result["warnings"])
        if len(self.first) <= _FEW:
            self.first.append(result)
        if result["status"] == "rejected" and len(self.refused) < _MOST_REFUSED:
            self.refused.append((f"{entry.path}, {entry.number}", result))

    @property
    def has_failed(self) -> bool:
        return bool(self.troubles or self.counts["rejected"])


@click.command("push")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--source", "source_name", required=True, help="The source to push as.")
@click.option("--url", help="The service's address. Default: the public address.")
@click.option(
    "--key-file", type=click.Path(path_type=Path), help="Holds the key. Default: FEEDSVC_PUSH_KEY."
)
@click.option("--dry-run", is_flag=True, help="Only tell what would become of each event.")
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keeps how far it came: given again after a break, the push goes on from there.",
)
@click.option(
    "--connections",
    type=click.IntRange(1, 32),
    default=1,
    show_default=True,
    help="Messages at once; the order of what they hold is then that of its dates.",
)
def push_files(  # noqa: PLR0917 (click hands them over by name)
    files: tuple[Path, ...],
    source_name: str,
    url: str | None,
    key_file: Path | None,
    dry_run: bool,
    state: Path | None,
    connections: int,
) -> None:
    """Sign and send the articles, events or batches in JSON or NDJSON files."""
    report = _Report()
    started = time.monotonic()
    with reported():
        settings = load_settings()
        key = _push_key(settings, key_file)
        sender = Sender(url or settings.public_url, source_name, key, dry_run)
        progress = Progress(None if dry_run else state)
        total_bytes = sum(path.stat().st_size for path in files if path.exists())
        shown: ProgressBar[Batch] = click.progressbar(
            length=total_bytes,
            label="Pushing",
            file=sys.stderr,
            item_show_func=lambda _: _rate(report, started),
        )
        with shown as bar:
            for batch in _pushed(sender, progress, files, connections, report):
                bar.update(batch.size_bytes, batch)
    _print_report(report, time.monotonic() - started)
    sys.exit(1 if report.has_failed else 0)


def _pushed(
    sender: Sender, progress: Progress, files: tuple[Path, ...], connections: int, report: _Report
) -> Iterator[Batch]:
    """Each message when it has been dealt with; as many at once as there are connections."""
    under_way: deque[tuple[Batch, Future[_Told]]] = deque()
    with ThreadPoolExecutor(connections) as pool:
        for batch in put_together(_events(files, report)):
            if progress.is_done(batch):
                report.skipped += len(batch.entries)
                yield batch
                continue
            under_way.append((batch, pool.submit(_push, sender, progress, batch)))
            if len(under_way) > connections:
                yield _settle(*under_way.popleft(), progress, report)
        while under_way:
            yield _settle(*under_way.popleft(), progress, report)


def _events(files: tuple[Path, ...], report: _Report) -> Iterator[Entry]:
    """The events of all files; one that can't be read does not stop the others."""
    for path in files:
        try:
            yield from list_events(path)
        except PushError as error:
            report.troubles.append(str(error))


#: The results of a message's events, and its refusal or what kept it from being sent.
_Told = tuple[list[dict[str, Any]], Reply | PushError | None]


def _push(sender: Sender, progress: Progress, batch: Batch) -> _Told:
    results: list[dict[str, Any]] = []
    try:
        refusal = push_lines(sender, progress.message_id(batch), batch.body, results.append)
    except PushError as error:
        return results, error
    return results, refusal


def _settle(batch: Batch, future: "Future[_Told]", progress: Progress, report: _Report) -> Batch:
    results, trouble = future.result()
    for result in results:
        report.add(batch.entries[result["line"] - 1], result)
    place = batch.entries[0].path
    if isinstance(trouble, Reply):
        detail = trouble.body.get("detail", "")
        report.troubles.append(f"{place}: {trouble.status} {detail}")
    elif trouble is not None:
        report.troubles.append(f"{place}: {trouble}")
    else:
        progress.note_done(batch)
    return batch


def _rate(report: _Report, started: float) -> str:
    count = report.counts.total()
    return f"{count:,} events, {count / max(0.001, time.monotonic() - started):,.0f}/s"


def _push_key(settings: Settings, key_file: Path | None) -> str:
    if key_file is not None:
        try:
            return key_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"{key_file} can't be read: {error}") from error
    if not settings.push_key:
        raise SourceError("No key: name its file with --key-file, or set FEEDSVC_PUSH_KEY.")
    return settings.push_key


def _print_report(report: _Report, seconds: float) -> None:
    total = report.counts.total()
    if total <= _FEW:
        for result in report.first:
            print_event(result)
    else:
        for place, result in report.refused:
            click.echo(place, err=True)
            print_event(result)
        for status, count in report.counts.most_common():
            click.echo(f"{status:<10} {count:,}")
        rate = f"{total:,} events in {seconds:,.1f} s, {total / max(0.001, seconds):,.0f}/s"
        click.echo(f"{rate}; {report.warnings:,} with warnings.", err=True)
    if report.skipped:
        click.echo(f"{report.skipped:,} events were acknowledged before.", err=True)
    for trouble in report.troubles:
        click.echo(trouble, err=True)
