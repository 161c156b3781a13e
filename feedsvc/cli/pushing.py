"""`feedsvc push`: the sender's side."""

import sys
from pathlib import Path

import click

from feedsvc.cli.console import print_reply, reported
from feedsvc.errors import FeedsvcError, SourceError
from feedsvc.push import Reply, push, read_message
from feedsvc.settings import Settings, load_settings


@click.command("push")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--source", "source_name", required=True, help="The source to push as.")
@click.option("--url", help="The service's address. Default: the public address.")
@click.option(
    "--key-file", type=click.Path(path_type=Path), help="Holds the key. Default: FEEDSVC_PUSH_KEY."
)
@click.option("--dry-run", is_flag=True, help="Only tell what would become of each event.")
def push_files(
    files: tuple[Path, ...],
    source_name: str,
    url: str | None,
    key_file: Path | None,
    dry_run: bool,
) -> None:
    """Sign articles, events or batches in JSON files, and send each as a message."""
    failed = False
    with reported():
        settings = load_settings()
        key = _push_key(settings, key_file)
        with click.progressbar(
            files, label="Pushing", file=sys.stderr, item_show_func=_shown
        ) as waiting:
            replies: list[tuple[Path, Reply | None, str]] = []
            for path in waiting:
                try:
                    body = read_message(path)
                    reply = push(
                        url or settings.public_url, source_name, key, body, dry_run=dry_run
                    )
                except FeedsvcError as error:
                    replies.append((path, None, str(error)))
                else:
                    replies.append((path, reply, ""))
    for path, answer, trouble in replies:
        failed |= answer is None or not answer.accepted
        print_reply(path, answer, trouble)
    sys.exit(1 if failed else 0)


def _shown(path: Path | None) -> str | None:
    return None if path is None else path.name


def _push_key(settings: Settings, key_file: Path | None) -> str:
    if key_file is not None:
        try:
            return key_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"{key_file} can't be read: {error}") from error
    if not settings.push_key:
        raise SourceError("No key: name its file with --key-file, or set FEEDSVC_PUSH_KEY.")
    return settings.push_key
