"""From a feed and a selection to articles: which ranges to walk, and what to try along the way.

One filter is one range of an index, any of several a union of ranges. Of several filters the one
that the fewest articles meet is walked, newest first, and each place on it is tried against the
others in their own indexes. One that fewer meet than FEEDSVC_SCAN_LIMIT always comes to its end; of
filters that all more meet, so many are tried and no more.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from feedsvc.articles.article import Article
from feedsvc.articles.rows import ARTICLE_COLUMNS, article_from_row
from feedsvc.articles.statements import fetch
from feedsvc.db import to_microseconds
from feedsvc.errors import FeedNotFoundError, SelectionError
from feedsvc.feeds import ranges
from feedsvc.feeds.catalog import FEED_NAME, Feed
from feedsvc.feeds.matching import Matching
from feedsvc.feeds.ranges import NEWEST, Place, Range, Window
from feedsvc.feeds.selection import Selection

if TYPE_CHECKING:
    import peewee

Union = tuple[Range, ...]

_TRIED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Limits:
    #: Of a document.
    entries: int
    #: Places that are tried for one (FEEDSVC_SCAN_LIMIT).
    scan: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a selection comes to in this database."""

    #: An article is in one range of each.
    unions: tuple[Union, ...]
    #: And in none of these.
    without: Union = ()
    #: Nor one of these.
    not_articles: frozenset[int] = frozenset()
    window: Window = NEWEST


def read_articles(places: Sequence[Place]) -> Sequence[Article]:
    """The articles at these places, in their order."""
    return [article_from_row(row) for row in read_rows(places, ARTICLE_COLUMNS)]


def read_rows(
    places: Sequence[Place], columns: "Sequence[peewee.Field[Any]]"
) -> list[tuple[Any, ...]]:
    """The columns of the articles at these places, in their order."""
    if not places:
        return []
    names = ", ".join(column.column_name for column in columns)
    ids = [number for _, number in places]
    rows = fetch(f"SELECT id, {names} FROM article WHERE id IN (?)", ids)  # noqa: S608 (ours)
    convert: list[Callable[[Any], Any]] = [column.python_value for column in columns]
    by_id = {
        id_: tuple(one(value) for one, value in zip(convert, row, strict=True))
        for id_, *row in rows
    }
    return [by_id[id_] for id_ in ids]


def make_plan(
    feed: Feed, selections: Sequence[Selection], scan_limit: int, now: datetime
) -> Plan | None:
    """Which ranges to walk and to try for what meets all selections; None where nothing can."""
    unwanted_slugs = [slug for one in selections for slug in one.not_categories]
    asked_slugs = [one.categories for one in selections if one.categories]
    if feed.category_id is not None:
        asked_slugs.insert(0, (feed.name,))
    tree = _Tree((*chain.from_iterable(asked_slugs), *unwanted_slugs))
    unwanted = frozenset(map(tree.get_id, unwanted_slugs))
    filed = [frozenset(map(tree.get_id, slugs)) for slugs in asked_slugs]
    unions: list[Union] = []
    for ids in tree.without_implied(filed):
        # What is in a section is in those above it: never below one that is not wanted.
        possible = [id_ for id_ in ids if not tree.line(id_) & unwanted]
        unions.append(tuple(map(ranges.of_category, sorted(possible))))
    for one in selections:
        if one.tags:
            unions.append(tuple(map(ranges.of_tag, _label_ids("tag", one.tags))))
        if one.authors:
            unions.append(tuple(map(ranges.of_author, _label_ids("author", one.authors))))
        if one.languages:
            unions.append(tuple(map(ranges.of_language, _languages(one.languages))))
    # Searches at last, since they are the costliest to count.
    unions += [(Matching(one.query, scan_limit),) for one in selections if one.query is not None]
    if not all(unions):
        return None
    not_tags = sorted({tag for one in selections for tag in one.not_tags})
    return Plan(
        tuple(dict.fromkeys(unions)) or ((ranges.everything(),),),
        (
            *map(ranges.of_category, sorted(unwanted)),
            *map(ranges.of_tag, _label_ids("tag", not_tags)),
        ),
        frozenset(_numbers([name for one in selections for name in one.not_articles])),
        Window(since=_since(selections, now)),
    )


def rarest_first(plan: Plan, scan_limit: int) -> Plan:
    """The plan, to be walked along the filter that the fewest articles meet.

    They are counted no further than it matters.
    """
    if len(plan.unions) == 1:
        return plan
    counts: dict[int, int] = {}
    most = scan_limit
    for index, union in enumerate(plan.unions):
        counts[index] = sum(one.count(plan.window, most) for one in union)
        # A power of two, so that there are few such statements.
        most = min(most, 1 << counts[index].bit_length())
    order = sorted(counts, key=lambda index: counts[index])
    return replace(plan, unions=tuple(plan.unions[index] for index in order))


def find_categories(feed: Feed, selections: Sequence[Selection]) -> tuple[list[int], list[int]]:
    """Categories of which an article must be in any (if there are any), and those that matter too.

    Those of one filter are enough to know every article that can be meant; where it is in the
    others decides whether it is.
    """
    asked = [one.categories for one in selections if one.categories]
    if feed.category_id is not None:
        asked.insert(0, (feed.name,))
    slugs = asked[0] if asked else ()
    others = {slug for one in asked[1:] for slug in one}
    others |= {slug for one in selections for slug in one.not_categories}
    tree = _Tree((*slugs, *others))
    return [*map(tree.get_id, slugs)], [*map(tree.get_id, sorted(others - set(slugs)))]


def iterate_places(plan: Plan, at_first: int, scan_limit: int) -> Iterator[Place]:
    """The places that meet a plan, newest first; so many are tried at first, then more at once.

    Raises:
        SelectionError: after `scan_limit` of those that the plan's first union has.
    """
    walked, *others = plan.unions
    candidates = ranges.walk(walked, plan.window)
    if not others and not plan.without:
        if plan.not_articles:
            candidates = (place for place in candidates if place[1] not in plan.not_articles)
        yield from candidates
        return
    rest = replace(plan, unions=tuple(others))
    left, size = scan_limit, at_first
    while chunk := list(islice(candidates, min(size, left))):
        yield from meeting(chunk, rest)
        left -= len(chunk)
        size = min(2 * size, _TRIED_AT_ONCE)
    if next(candidates, None) is not None:
        raise SelectionError(scan_limit)


def meeting(places: Sequence[Place], plan: Plan) -> list[Place]:
    """Those of some places that meet a plan, whatever its window."""
    left = [place for place in places if place[1] not in plan.not_articles]
    for union in plan.unions:
        if left:
            held = set().union(*(one.holding(left) for one in union))
            left = [place for place in left if place[1] in held]
    for one in plan.without:
        if left:
            held = one.holding(left)
            left = [place for place in left if place[1] not in held]
    return left


class _Tree:
    """The categories of these slugs, and those above them."""

    def __init__(self, slugs: Sequence[str]) -> None:
        self._ids: dict[str, int] = {}
        self._parents: dict[int, int | None] = {}
        wanted = [slug for slug in dict.fromkeys(slugs) if FEED_NAME.fullmatch(slug)]
        if not wanted:
            return
        rows = fetch(
            "WITH RECURSIVE line (id, slug, parent_id) AS ("
            " SELECT id, slug, parent_id FROM category WHERE slug IN (?)"
            " UNION SELECT above.id, above.slug, above.parent_id"
            " FROM category above JOIN line ON above.id = line.parent_id)"
            " SELECT id, slug, parent_id FROM line",
            wanted,
        )
        for id_, slug, parent_id in rows:
            self._ids[slug] = id_
            self._parents[id_] = parent_id

    def get_id(self, slug: str) -> int:
        """Raises FeedNotFoundError."""
        if slug not in self._ids:
            raise FeedNotFoundError(slug)
        return self._ids[slug]

    def line(self, id_: int) -> set[int]:
        """A category and those above it."""
        line, above = {id_}, self._parents[id_]
        while above is not None:
            line.add(above)
            above = self._parents[above]
        return line

    def without_implied(self, filed: Sequence[frozenset[int]]) -> list[frozenset[int]]:
        """The unions of categories that say something which no other one says already.

        What is in any of some sections is in any of others, if each of them is below one of those.
        """
        kept: list[frozenset[int]] = []
        for ids in filed:
            if any(self._implies(other, ids) for other in kept):
                continue
            kept = [other for other in kept if not self._implies(ids, other)]
            kept.append(ids)
        return kept

    def _implies(self, narrow: frozenset[int], wide: frozenset[int]) -> bool:
        return all(self.line(id_) & wide for id_ in narrow)


def _label_ids(table: str, slugs: Sequence[str]) -> list[int]:
    if not slugs:
        return []
    rows = fetch(f"SELECT id FROM {table} WHERE slug IN (?) ORDER BY id", list(slugs))  # noqa: S608
    return [id_ for (id_,) in rows]


def _languages(wanted: Iterable[str]) -> list[str]:
    """The languages that articles are in which these tags stand for (RFC 4647, section 3.3.1).

    Whatever their case (RFC 5646, section 2.1.1). One look into the index for each language there
    is, and in whatever order the database has them.
    """
    there = fetch(
        "WITH RECURSIVE tag (language) AS ("
        " SELECT min(language) FROM article"
        " UNION ALL SELECT (SELECT min(language) FROM article WHERE language > tag.language)"
        " FROM tag WHERE tag.language IS NOT NULL)"
        " SELECT language FROM tag WHERE language IS NOT NULL"
    )
    begins = tuple(f"{tag.lower()}-" for tag in wanted)
    return [language for (language,) in there if f"{language.lower()}-".startswith(begins)]


def _numbers(names: Sequence[str]) -> list[int]:
    """The numbers of the articles that have these guids, or ids at any source."""
    if not names:
        return []
    wanted = list(names)
    rows = fetch("SELECT id FROM article WHERE guid IN (?)", wanted)
    rows += fetch(
        "SELECT id FROM article WHERE source_id IN (SELECT id FROM source) AND external_id IN (?)",
        wanted,
    )
    return [id_ for (id_,) in rows]


def _since(selections: Sequence[Selection], now: datetime) -> int | None:
    moments = [one.since for one in selections if one.since is not None]
    moments += [now - timedelta(hours=one.hours) for one in selections if one.hours is not None]
    return to_microseconds(max(moments)) if moments else None
