"""`feedsvc withdraw`: taking articles out of every feed, by hand."""

import sys
from datetime import datetime
from typing import TYPE_CHECKING

import click

from feedsvc.articles.clean import UncleanError, clean_time
from feedsvc.articles.withdrawal import Chosen, Found, find_articles, withdraw_articles
from feedsvc.cli.console import open_for_command, print_table
from feedsvc.settings import load_settings

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

_SHOWN = 20
_TITLE_CHARS = 60


class _Moment(click.ParamType[datetime]):
    """A date, or a date and time; without an offset, in the newsroom's time zone."""

    name = "date"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            return clean_time(str(value), load_settings().timezone).value
        except UncleanError as error:
            self.fail(f"“{value}” {error}", param, ctx)


@click.command("withdraw")
@click.argument("ids", nargs=-1)
@click.option("--source", "source_name", help="Only those of this source; needed for ids.")
@click.option("--category", "categories", multiple=True, metavar="SLUG", help="In or below this.")
@click.option("--tag", "tags", multiple=True, help="With this tag.")
@click.option("--author", "authors", multiple=True, help="By this author.")
@click.option("--since", type=_Moment(), help="Published then or later.")
@click.option("--before", type=_Moment(), help="Published before that.")
@click.option("--dry-run", is_flag=True, help="Only show which.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def withdraw(  # noqa: PLR0917 (click hands them over by name)
    ids: tuple[str, ...],
    source_name: str | None,
    categories: tuple[str, ...],
    tags: tuple[str, ...],
    authors: tuple[str, ...],
    since: datetime | None,
    before: datetime | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Take articles out of every feed and forget what they said: by their ids, or by what they are.

    All that is named must be true of an article; of an option that is given again, one of them.
    """
    chosen = Chosen(source_name, ids, categories, tags, authors, since, before)
    if chosen == Chosen():
        raise click.UsageError("Name ids, or what the articles have in common.")
    if ids and source_name is None:
        raise click.UsageError("Ids are those of a source: name it with --source.")
    with open_for_command() as (database, _):
        found = find_articles(database, chosen)
        _print_found(found)
        missing = set(ids) - {one.external_id for one in found}
        if missing:
            click.echo(f"Not there, or withdrawn: {', '.join(sorted(missing))}", err=True)
        if not found or dry_run:
            sys.exit(1 if missing else 0)
        if not yes:
            click.confirm(f"Withdraw {_counted(len(found))}?", abort=True, err=True)
        done = 0
        shown: ProgressBar[int] = click.progressbar(
            length=len(found), label="Withdrawing", file=sys.stderr
        )
        with shown as bar:
            for count in withdraw_articles(database, found):
                done += count
                bar.update(count)
    click.echo(f"{_counted(done)} withdrawn.")
    sys.exit(1 if missing else 0)


def _print_found(found: list[Found]) -> None:
    rows = [("SOURCE", "ID", "PUBLISHED", "TITLE")]
    rows += [
        (
            one.source_name,
            one.external_id,
            f"{one.published_at:%Y-%m-%d %H:%M}",
            one.title[:_TITLE_CHARS],
        )
        for one in found[:_SHOWN]
    ]
    print_table(rows)
    if len(found) > _SHOWN:
        click.echo(f"and {len(found) - _SHOWN:,} more")


def _counted(count: int) -> str:
    return f"{count:,} article{'' if count == 1 else 's'}"
