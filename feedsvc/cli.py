"""The command line: each command a few lines over a room's verb.

Exit codes: 0 done; 1 refused or failed, with the reason on standard error; 2 wrong usage.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from feedsvc import __version__, migrations
from feedsvc.app import configure_logging, create_app, open_database
from feedsvc.db import Database
from feedsvc.demo.fill import NotEmptyError, carry_out, plan
from feedsvc.errors import FeedsvcError, SourceError
from feedsvc.ingest import inbox, sources
from feedsvc.ingest.dialects import DIALECTS, NATIVE
from feedsvc.ingest.receive import replay
from feedsvc.ingest.schemes import SCHEMES
from feedsvc.ingest.vault import Vault, open_vault
from feedsvc.push import Reply, push, read_message
from feedsvc.settings import Settings, load_settings

_HERE = Path(__file__).resolve().parent


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Take signed articles from editorial systems and publish them as RSS, Atom and JSON Feed."""


@main.command()
@click.option("--bind", metavar="HOST:PORT", help="Where to listen. Default: 127.0.0.1 and PORT.")
@click.option("--workers", type=click.IntRange(min=1), help="Server processes.")
def serve(bind: str | None, workers: int | None) -> None:
    """Serve over HTTP; an empty database gets its tables first."""
    with _reported():
        settings = _settings_for(bind)
        database = open_database(settings)
        migrations.prepare(database, auto_migrate=settings.auto_migrate)
        has_keys = any(keys for _, keys in sources.list_sources(database))
        database.close()
    _greet(settings, has_keys=has_keys)
    command = [sys.executable, "-m", "gunicorn", "--config", str(_server_settings())]
    command += ["--bind", bind] if bind else []
    command += ["--workers", str(workers)] if workers else []
    # The tables are there now. A worker that starts later and finds none must not make new ones:
    # the disk they are on may only be gone for a while.
    passed_on = {"FEEDSVC_AUTO_MIGRATE": "false", "PORT": str(settings.port)}
    os.execve(  # noqa: S606 (in place of this process, so that signals reach it)
        sys.executable, [*command, "feedsvc.app:create_app()"], {**os.environ, **passed_on}
    )


@main.command()
def migrate() -> None:
    """Bring the database's tables up to date."""
    with _database() as (database, _):
        names = migrations.migrate(database)
    for name in names:
        click.echo(f"applied {name}")
    if not names:
        click.echo("The tables are up to date.")


@main.command()
@click.option(
    "--if-empty", is_flag=True, help="Where there are other articles, do nothing and say nothing."
)
def demo(if_empty: bool) -> None:
    """Fill an empty database with sample news, to look at and to try things with."""
    with _reported():
        settings = load_settings()
        # Progress is shown; that each of its messages came is no news.
        quiet = {"log_level": "WARNING"} if settings.log_level == "INFO" else {}
        app = create_app(settings.model_copy(update=quiet))
        services = app.extensions["feedsvc"]
        database, vault = services.database, services.vault
        try:
            todo = plan(database, vault, settings)
            if todo.events:
                with click.progressbar(todo.events, label="Sample news", file=sys.stderr) as events:
                    carry_out(app, database, todo, events)
        except NotEmptyError:
            if not if_empty:
                raise
        finally:
            database.close()


@main.group()
def source() -> None:
    """The editorial systems that may push, and their keys."""


@source.command("add")
@click.argument("name")
@click.option(
    "--dialect",
    type=click.Choice(list(DIALECTS)),
    default=NATIVE,
    show_default=True,
    help="What its system sends.",
)
@click.option(
    "--scheme",
    type=click.Choice(list(SCHEMES)),
    help="How it proves who it is. Default: as systems of its dialect do.",
)
@click.option(
    "--timezone", help="Where its times without an offset are meant, e.g. Asia/Ho_Chi_Minh."
)
@click.option(
    "--url-template",
    metavar="URL",
    help="Where its articles are, if it does not say: https://news.example/{slug}-{id}",
)
def add_source(
    name: str, dialect: str, scheme: str | None, timezone: str | None, url_template: str | None
) -> None:
    """Allow a source to push, and print its signing key."""
    registration = sources.Registration(dialect, scheme, timezone, url_template)
    with _database(create=True) as (database, vault):
        key = sources.add_source(database, vault, name, registration)
    _print_key(name, key)


@source.command("list")
def list_sources() -> None:
    """Show the sources and their active keys, without the secrets."""
    with _database() as (database, vault):
        rows = sources.list_sources(database)
        unreadable = sources.list_unreadable(database, vault)
    table: list[tuple[str, ...]] = [
        ("SOURCE", "DIALECT", "SCHEME", "TIME ZONE", "KEY", "SINCE", "UNTIL")
    ]
    for one, keys in rows:
        head = (one.name, one.dialect, one.scheme, one.timezone or "–")
        table += [
            (
                *head,
                str(key.id),
                f"{key.created_at:%Y-%m-%d %H:%M}",
                f"{key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else "–",
            )
            for key in keys
        ] or [(*head, "none", "", "")]
    _print_table(table)
    for name in unreadable:
        click.echo(
            f"A key of {name} was sealed with another FEEDSVC_SECRET_KEY and is of no use; "
            f"`feedsvc source rotate {name}` makes a new one.",
            err=True,
        )


@source.command("rotate")
@click.argument("name")
@click.option(
    "--overlap-hours",
    type=click.FloatRange(min=0),
    default=24.0,
    show_default=True,
    help="How long the keys it has stay valid.",
)
def rotate_source(name: str, overlap_hours: float) -> None:
    """Give a source a new key, and print it."""
    with _database() as (database, vault):
        key = sources.rotate_key(database, vault, name, round(overlap_hours * 3600))
    _print_key(name, key)


@source.command("revoke")
@click.argument("name")
@click.option("--key", "key_id", type=int, help="Only this key, by its number in the list.")
def revoke_source(name: str, key_id: int | None) -> None:
    """End a source's keys at once; without a key it can't push."""
    with _database() as (database, _):
        ended = sources.revoke_keys(database, name, key_id)
    click.echo(f"{ended} key{'' if ended == 1 else 's'} of {name} ended.", err=True)


@main.group("inbox")
def inbox_group() -> None:
    """The messages that came, and what became of each."""


@inbox_group.command("list")
@click.option("--source", "source_name", help="Only those of this source.")
@click.option("--refused", is_flag=True, help="Only those of which something was refused.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
def list_inbox(source_name: str | None, refused: bool, limit: int) -> None:
    """Show the newest messages, the newest first."""
    with _database() as (database, _):
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
    _print_table(table)


@inbox_group.command("show")
@click.argument("number", type=int)
@click.option("--body", "with_body", is_flag=True, help="Write the body, as it came, and only it.")
def show_message(number: int, with_body: bool) -> None:
    """Show one message and what became of each of its events."""
    with _database() as (database, _):
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
    _print_reply(Path(kept.message_id), Reply(kept.answer.status, kept.answer.body), "")


@inbox_group.command("replay")
@click.argument("numbers", nargs=-1, required=True, type=int)
def replay_messages(numbers: tuple[int, ...]) -> None:
    """Do what messages say once more, for example when their source has been mended."""
    failed = False
    with _database() as (database, _):
        settings = load_settings()
        for number in numbers:
            answer = replay(database, number, settings)
            reply = Reply(answer.status, answer.body)
            failed |= not reply.accepted
            _print_reply(Path(f"message {number}"), reply, "")
    sys.exit(1 if failed else 0)


def _counted(answer: inbox.Answer) -> str:
    """`2 created, 1 rejected`"""
    counts = Counter(event["status"] for event in answer.events)
    return ", ".join(f"{count} {status}" for status, count in counts.items())


@main.command("push")
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
    with _reported():
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
        _print_reply(path, answer, trouble)
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


def _print_reply(path: Path, reply: Reply | None, trouble: str) -> None:
    if reply is None:
        click.echo(f"{path}: {trouble}", err=True)
        return
    for event in reply.events:
        shown = " ".join(event["feeds"]) or (
            f"visible from {event['visible_at']}" if "visible_at" in event else "–"
        )
        click.echo(f"{event['status']:<10} {event['id'] or '?'}  {shown}")
        for kind, notes in (("warning", event["warnings"]), ("error", event["errors"])):
            for note in notes:
                click.echo(f"{kind:>10} {note['pointer']}: {note['message']}", err=True)
    if not reply.events:
        click.echo(f"{path}: {reply.status} {reply.body.get('detail', '')}", err=True)


def _print_key(name: str, key: str) -> None:
    click.echo(f"The key of {name}, shown only now; keep it secret:", err=True)
    click.echo(key)


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


def _settings_for(bind: str | None) -> Settings:
    """The settings; links that are not told otherwise name the port that is listened on."""
    port = (bind or "").rpartition(":")[2]
    return load_settings(PORT=int(port)) if port.isdigit() else load_settings()


def _server_settings() -> Path:
    """gunicorn's settings: in the checkout, or where the installed package put them."""
    in_checkout = _HERE.parent / "deploy" / "gunicorn.conf.py"
    installed = Path(sys.prefix) / "share" / "feedsvc" / "gunicorn.conf.py"
    return in_checkout if in_checkout.exists() else installed


def _greet(settings: Settings, *, has_keys: bool) -> None:
    click.echo(f"All feeds: {settings.public_url}/", err=True)
    if has_keys:
        return
    program = Path(sys.argv[0])
    name = os.path.relpath(program) if program.is_relative_to(Path.cwd()) else str(program)
    click.echo(
        "No editorial system may push yet. To add one and push a sample article, in this folder:\n"
        f"  {name} source add desk > desk.key && "
        f"{name} push deploy/sample-article.json --source desk --key-file desk.key "
        f"--url {settings.public_url}",
        err=True,
    )


@contextmanager
def _database(*, create: bool = False) -> Iterator[tuple[Database, Vault]]:
    """The database, with the tables that this code needs, and its keys' vault; errors in a line."""
    with _reported():
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
def _reported() -> Iterator[None]:
    try:
        yield
    except FeedsvcError as error:
        raise click.ClickException(str(error)) from error
