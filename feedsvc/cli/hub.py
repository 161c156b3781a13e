"""`feedsvc hub`: who has subscribed, and how far each has come."""

from datetime import UTC, datetime
from itertools import islice

import click

from feedsvc.cli.console import open_for_command, print_table
from feedsvc.hub import subscriptions
from feedsvc.hub.subscriptions import Info
from feedsvc.models.push import Kind, Standing

_KINDS = {Kind.WEBSUB: "WebSub", Kind.RSSCLOUD: "rssCloud", Kind.HUB: "hub"}
_STANDINGS = {Standing.ACTIVE: "active", Standing.SUSPENDED: "suspended"}
_ALL = "all that is public"


@click.group("hub")
def hub_group() -> None:
    """Who has subscribed, and how far each has come."""


@hub_group.command("list")
@click.argument("text", default="")
@click.option("--suspended", is_flag=True, help="Only those that are not tried any more.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=100, show_default=True)
def list_subscriptions(text: str, suspended: bool, limit: int) -> None:
    """Show subscriptions; with TEXT, those whose feed or callback has it in its address."""
    standing = Standing.SUSPENDED if suspended else None
    with open_for_command() as (database, _):
        found = subscriptions.list_infos(database, text=text, standing=standing)
        infos = list(islice(found, limit))
    rows: list[tuple[str, ...]] = [
        ("NUMBER", "KIND", "STATE", "DELIVERED", "FAILED", "LAG", "UNTIL", "FEED", "CALLBACK")
    ]
    rows += [
        (
            str(one.id),
            _KINDS[one.kind],
            _state(one),
            str(one.delivered),
            str(one.failed),
            _lag(one),
            _moment(one.expires_at),
            one.topic_url or _ALL,
            one.callback,
        )
        for one in infos
    ]
    print_table(rows)


@hub_group.command("show")
@click.argument("number", type=int)
def show_subscription(number: int) -> None:
    """Show one subscription."""
    with open_for_command() as (database, _):
        one = subscriptions.get_info(database, number)
    for name, value in (
        ("kind", _KINDS[one.kind]),
        ("feed", one.topic_url or _ALL),
        ("callback", one.callback),
        ("signed", "yes" if one.has_secret else "no"),
        ("state", _state(one)),
        ("change", f"{one.change} is the last that was acknowledged"),
        ("since", _moment(one.created_at)),
        ("renewed", _moment(one.renewed_at)),
        ("until", _moment(one.expires_at)),
        ("delivered", f"{one.delivered}, last {_moment(one.delivered_at)}, lag {_lag(one)}"),
        ("failed", f"{one.failed}, {one.attempt} in a row, since {_moment(one.failing_since)}"),
        ("next try", _moment(one.next_at) if one.attempt else "–"),
        ("last error", one.last_error or "–"),
    ):
        click.echo(f"{name + ':':<12}{value}")


@hub_group.command("resume")
@click.argument("number", type=int)
def resume_subscription(number: int) -> None:
    """Have a subscription tried again at once, from where it stands."""
    with open_for_command() as (database, _):
        subscriptions.resume(database, number, datetime.now(UTC))
    click.echo(f"Subscription {number} is tried again.", err=True)


@hub_group.command("remove")
@click.argument("number", type=int)
def remove_subscription(number: int) -> None:
    """End a subscription; its subscriber is not told."""
    with open_for_command() as (database, _):
        subscriptions.remove(database, number)
    click.echo(f"Subscription {number} is no more.", err=True)


def _state(one: Info) -> str:
    state = _STANDINGS[one.standing]
    return "failing" if one.standing == Standing.ACTIVE and one.attempt else state


def _lag(one: Info) -> str:
    return "–" if one.lag_seconds is None else f"{one.lag_seconds:.1f} s"


def _moment(moment: datetime | None) -> str:
    return "–" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"
