"""The options that say what a saved feed is, and what they make of one."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import click

from feedsvc.articles.article import Policy
from feedsvc.feeds.saved.checks import PODCAST_KINDS
from feedsvc.feeds.saved.feed import FILTER_NAMES, SavedFeed, read_query, write_query
from feedsvc.rendering.podcast import Podcast
from feedsvc.rendering.terms import RSL_PAYMENTS, RSL_USES, Rsl

F = TypeVar("F", bound=Callable[..., Any])

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"([0-9]{1,9})([smhd]?)")


class _Duration(click.ParamType[int]):
    """So many seconds: 90s, 15m, 2h, 1d."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        found = _DURATION.fullmatch(str(value))
        if found is None:
            self.fail(f"“{value}” is no duration, such as 15m, 2h or 1d", param, ctx)
        return int(found[1]) * _SECONDS[found[2]]


def _several(option: str, meaning: str, metavar: str = "SLUG") -> Callable[[F], F]:
    return click.option(option, multiple=True, metavar=metavar, help=f"{meaning}; may be repeated.")


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--title", help="What readers call it."),
    click.option("--description", help="A sentence about it. Default: its title."),
    _several("--category", "Articles in or below this section"),
    _several("--not-category", "None in or below this section"),
    _several("--tag", "Articles with this tag", "TAG"),
    _several("--not-tag", "None with this tag", "TAG"),
    _several("--author", "Articles by this author", "NAME"),
    _several("--lang", "Articles in this language", "TAG"),
    click.option("--q", metavar="WORDS", help="Articles with these words."),
    click.option(
        "--content",
        type=click.Choice([policy.value for policy in Policy]),
        help="How much of each it shows.",
    ),
    click.option("--limit", metavar="N", help="How many articles it has at the most."),
    click.option(
        "--delay", type=_Duration(), help="How much later articles appear in it: 15m, 2h, 1d."
    ),
    click.option("--rights", help="Who has the rights: “© Báo tỉnh”."),
    click.option("--license", metavar="URL", help="The licence that it is under."),
    click.option("--attribution", help="A line below each text: “Nguồn: Báo tỉnh”."),
    _several("--rsl-permits", f"What machines may do (RSL: {', '.join(RSL_USES)})", "USE"),
    _several("--rsl-prohibits", "What machines may not do", "USE"),
    click.option("--rsl-payment", type=click.Choice(["", *RSL_PAYMENTS]), help="What they owe."),
    click.option("--private/--public", default=None, help="Whether it takes a token to read it."),
    click.option("--podcast-author", help="Whose podcast it is. Default: the newspaper."),
    click.option("--podcast-email", help="Its owner's address, for Apple's questions."),
    click.option("--podcast-image", metavar="URL", help="Its cover; a podcast must have one."),
    click.option("--podcast-category", metavar="NAME", help="Apple's: News, Sports, …"),
    click.option("--podcast-subcategory", metavar="NAME", help="Apple's, below it."),
    click.option("--podcast-explicit/--podcast-clean", default=None, help="Not for children."),
    click.option("--podcast-type", type=click.Choice(PODCAST_KINDS), help="Its order."),
    click.option("--no-podcast", is_flag=True, help="It is no podcast any more."),
)
#: Fields of a podcast by their options' names.
_PODCAST = {
    "podcast_author": "author",
    "podcast_email": "owner_email",
    "podcast_image": "image",
    "podcast_category": "category",
    "podcast_subcategory": "subcategory",
    "podcast_explicit": "is_explicit",
    "podcast_type": "kind",
}
_FIELDS = {
    "title": "title",
    "description": "description",
    "delay": "delay_seconds",
    "private": "is_private",
}
_TERMS = {"rights": "rights", "license": "license_url", "attribution": "attribution"}
_RSL = {"rsl_permits": "permits", "rsl_prohibits": "prohibits", "rsl_payment": "payment"}


def feed_options(command: F) -> F:
    """Give a command all options of a saved feed; it gets them by name, None if not given."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def is_said(options: Mapping[str, Any]) -> bool:
    return any(value is not None and value != () for value in options.values())


def apply_options(feed: SavedFeed, options: Mapping[str, Any]) -> SavedFeed:
    """The feed as the options have it; what they do not say stays. An empty value takes away."""
    said = {
        name: tuple(filter(None, value)) if isinstance(value, tuple) else value
        for name, value in options.items()
        if value is not None and value != ()
    }
    return replace(
        feed,
        **_fields(said, _FIELDS),
        query=_filtered(feed.query, said),
        terms=replace(
            feed.terms,
            **_fields(said, _TERMS),
            rsl=replace(feed.terms.rsl or Rsl(), **_fields(said, _RSL)),
        ),
        podcast=_podcast(feed.podcast, said),
    )


def _fields(said: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {field: said[option] for option, field in names.items() if option in said}


def _filtered(query: str, said: Mapping[str, Any]) -> str:
    filters: dict[str, list[str]] = {}
    for name, value in read_query(query):
        filters.setdefault(name, []).append(value)
    for name in FILTER_NAMES:
        option = name.replace("-", "_")
        if option in said:
            value = said[option]
            filters[name] = list(value) if isinstance(value, tuple) else [value] * bool(value)
    return write_query(filters)


def _podcast(podcast: Podcast | None, said: Mapping[str, Any]) -> Podcast | None:
    fields = _fields(said, _PODCAST)
    if said.get("no_podcast"):
        return None
    if not fields:
        return podcast
    return replace(podcast or Podcast(author="", image="", category=""), **fields)
