"""The command line: each command a few lines over a room's verb.

Exit codes: 0 done; 1 refused or failed, with the reason on standard error; 2 wrong usage.
"""

import os
import sys
from pathlib import Path

import click

from feedsvc import __version__, migrations
from feedsvc.app import create_app, open_database
from feedsvc.cli.console import open_for_command, reported
from feedsvc.cli.feeds import feed_group
from feedsvc.cli.hub import hub_group
from feedsvc.cli.inbox import inbox_group
from feedsvc.cli.pushing import push_files
from feedsvc.cli.sources import source
from feedsvc.cli.withdrawing import withdraw
from feedsvc.cli.working import worker
from feedsvc.demo.fill import NotEmptyError, carry_out, plan
from feedsvc.ingest import sources
from feedsvc.settings import Settings, load_settings

_PACKAGE = Path(__file__).resolve().parent.parent


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Take signed articles from editorial systems and publish them as RSS, Atom and JSON Feed."""


@main.command()
@click.option("--bind", metavar="HOST:PORT", help="Where to listen. Default: 127.0.0.1 and PORT.")
@click.option("--workers", type=click.IntRange(min=1), help="Server processes.")
@click.option("--no-worker", is_flag=True, help="Without the hub's worker; run it elsewhere.")
def serve(bind: str | None, workers: int | None, no_worker: bool) -> None:
    """Serve over HTTP, with the hub's worker beside; an empty database gets its tables first."""
    with reported():
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
    passed_on |= {"FEEDSVC_WORKER": "false"} if no_worker else {}
    os.execve(  # noqa: S606 (in place of this process, so that signals reach it)
        sys.executable, [*command, "feedsvc.app:create_app()"], {**os.environ, **passed_on}
    )


@main.command()
def migrate() -> None:
    """Bring the database's tables up to date."""
    with open_for_command() as (database, _):
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
    with reported():
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


def _settings_for(bind: str | None) -> Settings:
    """The settings; links that are not told otherwise name the port that is listened on."""
    port = (bind or "").rpartition(":")[2]
    return load_settings(PORT=int(port)) if port.isdigit() else load_settings()


def _server_settings() -> Path:
    """gunicorn's settings: in the checkout, or where the installed package put them."""
    in_checkout = _PACKAGE.parent / "deploy" / "gunicorn.conf.py"
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


main.add_command(source)
main.add_command(feed_group)
main.add_command(hub_group)
main.add_command(inbox_group)
main.add_command(push_files)
main.add_command(withdraw)
main.add_command(worker)
