"""`feedsvc feed`: feeds that the newsroom puts together itself, and who may read them."""

from typing import Any
from urllib.parse import unquote_plus

import click

from feedsvc.cli.console import open_for_command, print_table
from feedsvc.cli.feed_options import apply_options, feed_options, is_said
from feedsvc.cli.tokens import add_token, list_tokens, revoke_token
from feedsvc.feeds.channels import feed_url, private_feed_url
from feedsvc.feeds.saved import store
from feedsvc.feeds.saved.feed import SavedFeed
from feedsvc.rendering.document import FORMATS
from feedsvc.settings import Settings, load_settings


@click.group("feed")
def feed_group() -> None:
    """Feeds that you put together yourself, for partners and purposes; private ones, too."""


@feed_group.command("add")
@click.argument("name")
@feed_options
def add_feed(name: str, no_podcast: bool, **options: Any) -> None:
    """Add a feed under a name that no section has, and print its addresses."""
    if no_podcast:
        raise click.UsageError("--no-podcast is for a feed that is one.")
    feed = apply_options(SavedFeed(name, options["title"] or ""), options)
    with open_for_command(create=True) as (database, _):
        settings = load_settings()
        store.add_feed(database, settings, feed)
    if feed.is_private:
        click.echo(
            f"It is private. `feedsvc feed add-token {name} LABEL` gives a subscriber a token.",
            err=True,
        )
    else:
        for address in _addresses(feed, settings):
            click.echo(address)


@feed_group.command("edit")
@click.argument("name")
@feed_options
def edit_feed(name: str, no_podcast: bool, **options: Any) -> None:
    """Change what is given of a feed; an empty value (--rights "") takes it away."""
    if not no_podcast and not is_said(options):
        raise click.UsageError("Say what is to change.")
    said = options | ({"no_podcast": True} if no_podcast else {})
    with open_for_command() as (database, _):
        changed = store.edit_feed(
            database, load_settings(), name, lambda feed: apply_options(feed, said)
        )
    click.echo(f"{name} {'changed' if changed else 'is like that already'}.", err=True)


@feed_group.command("list")
def list_feeds() -> None:
    """Show the feeds that were added."""
    with open_for_command() as (database, _):
        kept = store.list_feeds(database)
    rows = [("FEED", "TITLE", "FILTERS", "DELAY", "READ BY")]
    rows += [
        (
            one.feed.name,
            one.feed.title,
            unquote_plus(one.feed.query) or "–",
            _duration(one.feed.delay_seconds),
            f"{tokens} token{'' if tokens == 1 else 's'}" if one.feed.is_private else "everybody",
        )
        for one, tokens in kept
    ]
    print_table(rows)


@feed_group.command("show")
@click.argument("name")
def show_feed(name: str) -> None:
    """Show all that was said of a feed."""
    with open_for_command() as (database, _):
        kept = store.get_feed(database, name)
    feed, terms, podcast = kept.feed, kept.feed.terms, kept.feed.podcast
    said: list[tuple[str, str]] = [
        ("title", feed.title),
        ("description", feed.description),
        *feed.filters,
        ("delay", _duration(feed.delay_seconds)),
        ("rights", terms.rights),
        ("license", terms.license_url),
        ("attribution", terms.attribution),
    ]
    if terms.rsl is not None:
        said += [
            ("rsl-permits", " ".join(terms.rsl.permits)),
            ("rsl-prohibits", " ".join(terms.rsl.prohibits)),
            ("rsl-payment", terms.rsl.payment),
        ]
    if podcast is not None:
        said += [
            ("podcast-author", podcast.author),
            ("podcast-email", podcast.owner_email or ""),
            ("podcast-image", podcast.image),
            ("podcast-category", podcast.category),
            ("podcast-subcategory", podcast.subcategory or ""),
            ("podcast-explicit", "yes" if podcast.is_explicit else "no"),
            ("podcast-type", podcast.kind),
        ]
    said += [
        ("read by", "who has a token" if feed.is_private else "everybody"),
        ("changed", f"{kept.changed_at:%Y-%m-%d %H:%M}"),
        *(("address", address) for address in _addresses(feed, load_settings())),
    ]
    print_table([(name, value or "–") for name, value in said])


@feed_group.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove_feed(name: str, yes: bool) -> None:
    """Take a feed away, with its tokens; its readers get a 404 from then on."""
    with open_for_command() as (database, _):
        kept = store.get_feed(database, name)
        if not yes:
            click.confirm(f"Remove {name}, “{kept.feed.title}”?", abort=True, err=True)
        store.remove_feed(database, name)
    click.echo(f"{name} removed.", err=True)


def _addresses(feed: SavedFeed, settings: Settings) -> list[str]:
    address = (private_feed_url if feed.is_private else feed_url)(feed.name, settings)
    return [f"{address}.{name}" for name in FORMATS]


def _duration(seconds: int) -> str:
    """As `--delay` takes it: 90s, 15m, 2h, 1d."""
    if not seconds:
        return "–"
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


for _command in (add_token, list_tokens, revoke_token):
    feed_group.add_command(_command)
