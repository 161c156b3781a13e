"""`feedsvc source`: the editorial systems that may push, and their keys."""

import click

from feedsvc.cli.console import open_for_command, print_table
from feedsvc.ingest import sources
from feedsvc.ingest.dialects import DIALECTS, NATIVE
from feedsvc.ingest.schemes import SCHEMES


@click.group()
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
    "--category",
    "categories",
    metavar="SLUG",
    multiple=True,
    help="Its key may file articles only in or below this one; may be given again.",
)
@click.option(
    "--url-template",
    metavar="URL",
    help="Where its articles are, if it does not say: https://news.example/{slug}-{id}",
)
def add_source(  # noqa: PLR0917 (click hands them over by name)
    name: str,
    dialect: str,
    scheme: str | None,
    timezone: str | None,
    url_template: str | None,
    categories: tuple[str, ...],
) -> None:
    """Allow a source to push, and print its signing key."""
    registration = sources.Registration(dialect, scheme, timezone, url_template, categories)
    with open_for_command(create=True) as (database, vault):
        key = sources.add_source(database, vault, name, registration)
    _print_key(name, key)


@source.command("add-key")
@click.argument("name")
@click.option(
    "--category",
    "categories",
    metavar="SLUG",
    multiple=True,
    help="It may file articles only in or below this one; may be given again.",
)
def add_key(name: str, categories: tuple[str, ...]) -> None:
    """Give a source one more key, and print it."""
    with open_for_command() as (database, vault):
        key = sources.add_key(database, vault, name, categories)
    _print_key(name, key)


@source.command("list")
def list_sources() -> None:
    """Show the sources and their active keys, without the secrets."""
    with open_for_command() as (database, vault):
        rows = sources.list_sources(database)
        unreadable = sources.list_unreadable(database, vault)
    table: list[tuple[str, ...]] = [
        ("SOURCE", "DIALECT", "SCHEME", "TIME ZONE", "KEY", "SINCE", "UNTIL", "ONLY IN")
    ]
    for one, keys in rows:
        head = (one.name, one.dialect, one.scheme, one.timezone or "–")
        table += [
            (
                *head,
                str(key.id),
                f"{key.created_at:%Y-%m-%d %H:%M}",
                f"{key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else "–",
                " ".join(key.categories) or "–",
            )
            for key in keys
        ] or [(*head, "none", "", "", "")]
    print_table(table)
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
@click.option("--key", "key_id", type=int, help="Only in place of this key, by its number.")
def rotate_source(name: str, overlap_hours: float, key_id: int | None) -> None:
    """Give a source a new key in place of those it has, and print it."""
    with open_for_command() as (database, vault):
        key = sources.rotate_key(database, vault, name, round(overlap_hours * 3600), key_id)
    _print_key(name, key)


@source.command("revoke")
@click.argument("name")
@click.option("--key", "key_id", type=int, help="Only this key, by its number in the list.")
def revoke_source(name: str, key_id: int | None) -> None:
    """End a source's keys at once; without a key it can't push."""
    with open_for_command() as (database, _):
        ended = sources.revoke_keys(database, name, key_id)
    click.echo(f"{ended} key{'' if ended == 1 else 's'} of {name} ended.", err=True)


def _print_key(name: str, key: str) -> None:
    click.echo(f"The key of {name}, shown only now; keep it secret:", err=True)
    click.echo(key)
