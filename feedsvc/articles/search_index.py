"""The index of words: exactly the live articles, kept in the transactions that change them.

On SQLite it is an FTS5 table, whose row ids carry the date (`row_id`), so that the newest matches
are the last of a list and nothing is sorted. On PostgreSQL it is a GIN index, which knows no order
and gives all matches there ever were; so it holds each word together with the few days (`block`) in
which the article appeared, and is asked for some days at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feedsvc.articles.article import Words
from feedsvc.articles.statements import execute, insert_values
from feedsvc.db import bound, to_microseconds

#: Of 64 bits, 39 are for the seconds of all years that an article can have, before 1970 too.
_ID_BITS = 25
ID_MASK = (1 << _ID_BITS) - 1
#: Six days. In shorter blocks a rare word is looked up more often, in longer ones more of the
#: matches are read and not shown.
_BLOCK_BITS = 19
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A live article as the index has it."""

    article_id: int
    visible_at: datetime
    words: Words


def add(entries: Sequence[Entry]) -> None:
    """Index articles, in place of what the index may have of them.

    It has nothing, unless a process from before the index withdrew one while tables were migrated.
    """
    if is_embedded():
        insert_values(
            "REPLACE INTO article_search (rowid, folded, typed) VALUES ",
            "(?, ?, ?)",
            # What comes in the rows' order, FTS5 collects and writes out at once.
            sorted(
                (row_id(one.article_id, one.visible_at), one.words.folded, one.words.typed)
                for one in entries
            ),
        )
    else:
        insert_values(
            "INSERT INTO article_search (article_id, visible_at, lexemes, folded, typed) VALUES ",
            "(?, ?, array_to_tsvector(string_to_array(?, ' ')), ?, ?)",
            [
                (
                    one.article_id,
                    to_microseconds(one.visible_at),
                    _lexemes(one),
                    one.words.folded,
                    one.words.typed,
                )
                for one in entries
            ],
            " ON CONFLICT (article_id) DO UPDATE SET visible_at = excluded.visible_at,"
            " lexemes = excluded.lexemes, folded = excluded.folded, typed = excluded.typed",
        )


def replace(entry: Entry, previous: datetime) -> None:
    """Index an article anew that was visible since `previous`."""
    if entry.visible_at != previous:
        remove(entry.article_id, previous)
    add([entry])


def remove(article_id: int, visible_at: datetime) -> None:
    """Take an article out of the index that is in it."""
    if is_embedded():
        execute("DELETE FROM article_search WHERE rowid = ?", row_id(article_id, visible_at))
    else:
        execute("DELETE FROM article_search WHERE article_id = ?", article_id)


def is_embedded() -> bool:
    """Whether the database is SQLite."""
    return not bound.for_update


def row_id(article_id: int, visible_at: datetime) -> int:
    """The row of an article in the FTS5 table: in the order of their dates, to the second."""
    if article_id > ID_MASK:
        raise OverflowError(f"An embedded database has room for {ID_MASK:,} articles.")
    return to_microseconds(visible_at) // _MICROSECONDS << _ID_BITS | article_id


def block(visible_at: datetime) -> int:
    """The days in which an article appeared, counted from 1970; all before that are one."""
    return max(0, to_microseconds(visible_at) // _MICROSECONDS >> _BLOCK_BITS)


def lexeme(block_number: int, word: str) -> str:
    """A word of the articles of a block, as the GIN index has it."""
    return f"{block_number}:{word}"


def _lexemes(entry: Entry) -> str:
    number = block(entry.visible_at)
    return " ".join(lexeme(number, word) for word in set(entry.words.folded.split()))
