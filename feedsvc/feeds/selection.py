"""Which articles a feed shows, as a value. Equal selections mean equal addresses. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlencode

from feedsvc.articles.article import Policy
from feedsvc.errors import ParameterError
from feedsvc.feeds.parameters import Given
from feedsvc.feeds.query import NAME as SEARCH
from feedsvc.feeds.query import Query, parse_query
from feedsvc.settings import Settings

_CURSOR = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?(?:-([0-9a-f]{8}))?")


class Order(StrEnum):
    """Which come first: the newest, or those that a search has found word for word."""

    DATE = "date"
    RELEVANCE = "relevance"


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far someone has come in the stream of changes, which `epoch` tells from any other."""

    change: int
    #: How far in the articles that share this change; None: all of them.
    article_id: int | None = None
    epoch: str | None = None

    def __str__(self) -> str:
        within = "" if self.article_id is None else f".{self.article_id}"
        return f"{self.change}{within}" + ("" if self.epoch is None else f"-{self.epoch}")


@dataclass(frozen=True, slots=True)
class Selection:
    """The newest `limit` articles of a feed that meet every filter.

    A filter of several values is met by any of them. The values are sorted, each is there once.
    """

    limit: int
    #: Slugs.
    categories: tuple[str, ...] = ()
    not_categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    not_tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    #: Language tags; each is also what begins with it.
    languages: tuple[str, ...] = ()
    #: Ids or guids of articles that are left out.
    not_articles: tuple[str, ...] = ()
    hours: int | None = None
    since: datetime | None = None
    query: Query | None = None
    order: Order = Order.DATE
    content: Policy = Policy.FULL
    #: Not the newest, but what changed after this, in the order of its changes.
    after: Cursor | None = None

    @property
    def is_lasting(self) -> bool:
        """Whether it only changes with its articles, so that one can subscribe to it."""
        beside = (self.hours, self.since, self.after)
        return self.order == Order.DATE and all(one is None for one in beside)


def parse_selection(pairs: Sequence[tuple[str, str]], settings: Settings) -> Selection:
    """The selection that a query string asks for; names that mean nothing here are passed over.

    Raises:
        ParameterError: a value that its name can't have.
    """
    if not pairs:  # as nearly all ask
        return Selection(settings.default_entries)
    given = Given(pairs, settings)
    return Selection(
        limit=given.number("limit") or settings.default_entries,
        categories=given.many("category"),
        not_categories=given.many("not-category"),
        tags=given.labels("tag"),
        not_tags=given.labels("not-tag"),
        authors=given.labels("author"),
        languages=given.languages("lang"),
        not_articles=given.many("not"),
        hours=given.number("hours"),
        since=given.moment("since"),
        query=_query(given, settings),
        order=_order(given),
        content=Policy(given.choice("content", Policy) or Policy.FULL),
        after=_cursor(given),
    )


def _query(given: Given, settings: Settings) -> Query | None:
    text = given.one(SEARCH)
    return None if text is None else parse_query(text, settings)


def _order(given: Given) -> Order:
    order = Order(given.choice("order", Order) or Order.DATE)
    if order == Order.RELEVANCE and given.one(SEARCH) is None:
        raise ParameterError("order", "by relevance is that of a search: it needs q.")
    return order


def _cursor(given: Given) -> Cursor | None:
    match = given.pattern("after", _CURSOR, "a change number, or what `_feedsvc.after` last said")
    if match is None:
        return None
    for name in ("hours", "since", "order"):
        if given.one(name) is not None:
            raise ParameterError("after", f"can't go with {name}.")
    change, article_id, epoch = match.groups()
    return Cursor(int(change), None if article_id is None else int(article_id), epoch)


def list_filters(selection: Selection, settings: Settings) -> list[tuple[str, str]]:
    """A selection as the names and values of its one address, without what is the default."""
    said: dict[str, Any] = {
        "after": selection.after,
        "author": selection.authors,
        "category": selection.categories,
        "content": None if selection.content == Policy.FULL else selection.content.value,
        "hours": selection.hours,
        "lang": selection.languages,
        "limit": None if selection.limit == settings.default_entries else selection.limit,
        "not": selection.not_articles,
        "not-category": selection.not_categories,
        "not-tag": selection.not_tags,
        "order": None if selection.order == Order.DATE else selection.order.value,
        SEARCH: None if selection.query is None else selection.query.canonical(),
        "since": None if selection.since is None else _written(selection.since),
        "tag": selection.tags,
    }
    return [
        (name, str(value))
        for name, values in said.items()
        if values is not None
        for value in (values if isinstance(values, tuple) else (values,))
    ]


def canonical_query(selection: Selection, settings: Settings) -> str:
    """The query string of a selection's one address: `?limit=5`, or nothing."""
    return write_query(list_filters(selection, settings))


def write_query(filters: Sequence[tuple[str, str]]) -> str:
    """The same of what it names."""
    return f"?{urlencode(filters, quote_via=quote)}" if filters else ""


def _written(moment: datetime) -> str:
    """In UTC, to the second where that says all."""
    return moment.replace(tzinfo=None).isoformat() + "Z"
