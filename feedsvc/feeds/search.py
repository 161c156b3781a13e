"""Articles by their words, the newest first, in steps.

What is found is in the view that the caller is in, and live, which is asked of the article itself
too: a process from before the index may have withdrawn it while the tables were migrated. The order
is by date, and by id within a moment; SQLite's index knows dates to the second.

A step gives a thousand articles at the most. What PostgreSQL reads for it are some thousand rows of
the index's table. FTS5 walks its lists until it has enough: for words that are rare or never met
together that is soon over, and for a phrase of frequent words that is nowhere it takes half a
microsecond (seen) for each article that has them all.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from feedsvc.articles.search_index import ID_MASK, block, is_embedded, lexeme, row_id
from feedsvc.articles.statements import execute, fetch
from feedsvc.db import from_microseconds, to_microseconds
from feedsvc.feeds.query import Query
from feedsvc.models import State

#: Among so many of the newest matches, those with the accents that were typed come first.
RELEVANT = 1_000

#: Articles of a step: first few, since a search that finds many wants no more.
FIRST_STEP, _LONGEST_STEP = 50, 1_000
#: Of several blocks, PostgreSQL reads so many matches to find the newest of them; if there are
#: more, fewer blocks are asked for.
_MOST_MATCHES = 10_000
#: A statement asks for so many blocks, ten microseconds each, and words in them.
_MOST_BLOCKS, _MOST_LEXEMES = 256, 2_000
_HIGHEST_ROW_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Match:
    """An article that was found."""

    article_id: int
    visible_at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """What a part of the way back through the archive gave, the newest first."""

    matches: tuple[Match, ...]
    #: The articles that were looked at, at the most a thousand.
    scanned: int


def iterate_matches(
    query: Query, after: Match | None = None, at_first: int = FIRST_STEP
) -> Iterator[Step]:
    """All that match, for whoever has more conditions and knows when it is enough.

    A step may be without matches. There is one statement for each; what it looks through, it does
    whatever it gives, so whoever wants many says so `at_first`.
    """
    iterate = _iterate_fts5 if is_embedded() else _iterate_gin
    return iterate(query, after, min(at_first, _LONGEST_STEP))


def find_matching(query: Query, article_ids: Sequence[int]) -> set[int]:
    """Those of a few articles that match; each costs a look at its text."""
    wanted = _find_with("folded", (words.folded for words in query.wanted), article_ids)
    if not wanted or not query.excluded:
        return wanted
    excluded: set[int] = set()
    for words in query.excluded:
        excluded |= _find_with("folded", [words.folded], list(wanted))
    return wanted - excluded


def put_relevant_first(query: Query, matches: Sequence[Match]) -> list[Match]:
    """Those that have every term with the accents that were typed, then the others.

    Each part keeps its order. Each of the first `RELEVANT` matches costs a look at its text.
    """
    ids = [match.article_id for match in matches[:RELEVANT]]
    exact = _find_with("typed", (words.typed for words in query.wanted), ids)
    return sorted(matches, key=lambda match: match.article_id not in exact)


def _iterate_fts5(query: Query, after: Match | None, size: int) -> Iterator[Step]:
    below = row_id(after.article_id, after.visible_at) if after else _HIGHEST_ROW_ID
    while True:
        rows = fetch(
            "SELECT found.rowid, article.id, visible_at, state FROM"
            " (SELECT rowid FROM article_search WHERE article_search MATCH ? AND rowid < ?"
            " ORDER BY rowid DESC LIMIT ?) AS found"
            " CROSS JOIN article ON article.id = found.rowid & ? ORDER BY found.rowid DESC",
            _fts5_expression(query),
            below,
            size,
            ID_MASK,
        )
        live = [_match(id_, at) for _, id_, at, state in rows if state == State.LIVE]
        yield Step(tuple(live), len(rows))
        if len(rows) < size:
            return
        below = rows[-1][0]
        size = min(2 * size, _LONGEST_STEP)


def _fts5_expression(query: Query) -> str:
    """Words have no quotation marks in them, nor anything else that means something to FTS5."""
    wanted = " AND ".join(f'"{words.folded}"' for words in query.wanted)
    excluded = "".join(f' NOT "{words.folded}"' for words in query.excluded)
    return f"({wanted}){excluded}"


def _iterate_gin(query: Query, after: Match | None, size: int) -> Iterator[Step]:
    """Some blocks at a time, from the newest: one, four, sixteen: a frequent word is found soon.

    The index gives a block's matches in no order; so all of them are read, which are few, and the
    newest are kept.
    """
    ends = _find_ends()
    if ends is None:
        return
    # To the end of the view. Of a small table, PostgreSQL would rather read every row, which is
    # cheap once, and not once for each block.
    execute("SET LOCAL enable_seqscan = off")
    last, first = block(after.visible_at if after else ends[0]), block(ends[1])
    most_blocks = min(_MOST_BLOCKS, 1 + _MOST_LEXEMES // len(_wanted_words(query)))
    blocks = 1
    while last >= first:
        until = max(first, last - blocks + 1)
        limit = _MOST_MATCHES if until < last else None
        rows, total = _fetch_newest(query, range(until, last + 1), after, size, limit)
        if limit is not None and total > limit:
            blocks = max(1, blocks // 8)
            continue
        yield Step(tuple(match for match, holds in rows if holds), len(rows))
        size = min(2 * size, _LONGEST_STEP)
        if total > len(rows):
            after = rows[-1][0]
        else:
            last, blocks = until - 1, min(4 * blocks, most_blocks)


def _fetch_newest(
    query: Query, blocks: range, after: Match | None, size: int, limit: int | None
) -> "tuple[list[tuple[Match, bool]], int]":
    """The newest articles of some blocks that have every word, and whether each is found: it is
    live, and has every phrase. Also of how many they are the newest; beyond `limit`, they are not
    even those."""
    before = (to_microseconds(after.visible_at), after.article_id) if after else _END_OF_TIME
    phrases = [words.folded for words in query.wanted if " " in words.folded]
    unwanted = [words.folded for words in query.excluded if " " in words.folded]
    holds = [f"{_HAS_FOLDED} > 0"] * len(phrases) + [f"{_HAS_FOLDED} = 0"] * len(unwanted)
    conditions = " AND ".join(["state = ?", *holds])
    rows = fetch(
        "WITH found AS MATERIALIZED (SELECT hit.* FROM"  # noqa: S608 (texts of ours)
        " (SELECT one::tsquery AS words FROM unnest(string_to_array(?, '|')) AS one) AS wanted"
        " CROSS JOIN LATERAL (SELECT article_id, visible_at, folded FROM article_search"
        " WHERE lexemes @@ words AND (visible_at, article_id) < (?, ?) OFFSET 0) AS hit LIMIT ?),"
        " newest AS MATERIALIZED (SELECT *, (SELECT count(*) FROM found) AS total FROM found"
        " ORDER BY visible_at DESC, article_id DESC LIMIT ?)"
        f" SELECT article_id, newest.visible_at, total, {conditions} FROM newest"
        " JOIN article ON article.id = article_id"
        " ORDER BY newest.visible_at DESC, article_id DESC",
        _tsqueries(query, blocks),
        *before,
        None if limit is None else limit + 1,
        size,
        State.LIVE,
        *(f" {phrase} " for phrase in phrases + unwanted),
    )
    total = rows[0][2] if rows else 0
    return [(_match(id_, at), matches) for id_, at, _, matches in rows], total


#: Later and higher than any article.
_END_OF_TIME = (2**63 - 1, 2**31 - 1)
_HAS_FOLDED = "strpos(' ' || folded || ' ', ?)"


def _tsqueries(query: Query, blocks: range) -> str:
    """For each block, its articles that have every word; words have no quotation marks.

    One for each, and not one for all: for each match PostgreSQL goes through the whole of it.
    """
    wanted = _wanted_words(query)
    excluded = {words.folded for words in query.excluded if " " not in words.folded}
    return "|".join(
        " & ".join(
            [f"'{lexeme(number, word)}'" for word in wanted]
            + [f"!'{lexeme(number, word)}'" for word in sorted(excluded)]
        )
        for number in reversed(blocks)
    )


def _wanted_words(query: Query) -> list[str]:
    return sorted({word for words in query.wanted for word in words.folded.split()})


def _find_ends() -> tuple[datetime, datetime] | None:
    """When the newest and the oldest live articles appeared, if there are any."""
    ends = [
        fetch(
            f"SELECT visible_at FROM article WHERE state = ? ORDER BY visible_at {order} LIMIT 1",  # noqa: S608
            State.LIVE,
        )
        for order in ("DESC", "ASC")
    ]
    if not all(ends):
        return None
    return from_microseconds(ends[0][0][0]), from_microseconds(ends[1][0][0])


def _find_with(column: str, terms: Iterable[str], article_ids: Sequence[int]) -> set[int]:
    """Those live articles whose text has every term."""
    live = {}
    if article_ids:
        rows = "SELECT id, visible_at FROM article WHERE state = ? AND id IN (?)"
        live = dict(fetch(rows, State.LIVE, list(article_ids)))
    if not live:
        return set()
    key, has, keys = "article_id", "strpos", list(live)
    if is_embedded():
        key, has = "rowid", "instr"
        keys = [row_id(id_, from_microseconds(at)) for id_, at in live.items()]
    padded = [f" {term} " for term in terms]
    conditions = f" AND {has}(' ' || {column} || ' ', ?) > 0" * len(padded)
    found = fetch(
        f"SELECT {key} FROM article_search WHERE {key} IN (?){conditions}",  # noqa: S608
        keys,
        *padded,
    )
    return {id_ & ID_MASK if is_embedded() else id_ for (id_,) in found}


def _match(article_id: int, visible_at: int) -> Match:
    return Match(article_id, from_microseconds(visible_at))
