"""`feedsvc feed add-token|list-tokens|revoke-token`: who may read a private feed."""

import click

from feedsvc.cli.console import open_for_command, print_table
from feedsvc.feeds.channels import private_feed_url
from feedsvc.feeds.saved import store
from feedsvc.settings import load_settings


@click.command("add-token")
@click.argument("name")
@click.argument("label")
def add_token(name: str, label: str) -> None:
    """Give a subscriber a token for a private feed, and print it. LABEL says whose it is."""
    with open_for_command() as (database, _):
        settings = load_settings()
        token = store.add_token(database, settings, name, label)
    click.echo(
        f"The token of “{label}” for {name}, shown only now. With it in the place of TOKEN, the "
        f"feed's address is\n  {settings.public_url}/private/TOKEN/{name}.rss (or .atom, .json).\n"
        f"Or {private_feed_url(name, settings)}.rss, with any user name and the token as password.",
        err=True,
    )
    click.echo(token)


@click.command("list-tokens")
@click.argument("name")
def list_tokens(name: str) -> None:
    """Show a feed's tokens, without the tokens, and on which day each was used last."""
    with open_for_command() as (database, _):
        tokens = store.list_tokens(database, name)
    rows = [("LABEL", "SINCE", "USED", "REVOKED")]
    rows += [
        (
            one.label,
            f"{one.created_at:%Y-%m-%d %H:%M}",
            f"{one.used_at:%Y-%m-%d}" if one.used_at else "–",
            f"{one.revoked_at:%Y-%m-%d %H:%M}" if one.revoked_at else "–",
        )
        for one in tokens
    ]
    print_table(rows)


@click.command("revoke-token")
@click.argument("name")
@click.argument("label")
def revoke_token(name: str, label: str) -> None:
    """End a subscriber's token at once."""
    with open_for_command() as (database, _):
        store.revoke_token(database, name, label)
    click.echo(f"The token of “{label}” for {name} opens nothing any more.", err=True)
