"""Statements that run for every message or article, written by hand, once.

Peewee takes longer to write a statement than SQLite to run it (seen: 365 against 19 microseconds
for an article's row), and writes the same one anew each time: half of what a push cost. What runs
less often is better left to it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from itertools import chain
from typing import Any

import peewee

from feedsvc.db import bound, to_microseconds

#: Of few sizes, since a driver keeps what it has prepared: each size is a statement of its own,
#: and one of a thousand rows takes a megabyte.
_ROWS_AT_ONCE = (100, 25, 5, 1)


def fetch(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of a statement, as the database has them (times in microseconds).

    Values stand in it as `?`, and a list of them, which must not be empty, as `(?)`.
    """
    rows: list[tuple[Any, ...]] = execute(sql, *values).fetchall()
    return rows


def execute(sql: str, *values: Any) -> Any:
    """Run a statement; gives its cursor."""
    lengths = tuple(len(value) if isinstance(value, list) else 1 for value in values)
    flat: list[Any] = []
    for value in values:
        if isinstance(value, list):
            flat += value
        elif isinstance(value, datetime):
            flat.append(to_microseconds(value))
        else:
            flat.append(value)
    return bound.execute_sql(_written(sql, bound.param, lengths), flat)


@lru_cache(maxsize=1_000)
def _written(sql: str, param: str, lengths: tuple[int, ...]) -> str:
    """The statement with as many places as there are values, in the driver's own writing."""
    head, *parts = sql.split("?")
    places = (", ".join([param] * length) for length in lengths)
    return head + "".join(place + part for place, part in zip(places, parts, strict=True))


@cache
def _head(
    table: type[peewee.Model], names: tuple[str, ...]
) -> tuple[str, list[Callable[..., Any]]]:
    """`INSERT INTO table (columns) VALUES `, and what makes a database's value of each."""
    meta = table._meta  # noqa: SLF001 (Peewee's public way to it)
    fields = [meta.combined[name] for name in names]
    columns = ", ".join(f'"{field.column_name}"' for field in fields)
    head = f'INSERT INTO "{meta.table_name}" ({columns}) VALUES '  # noqa: S608 (names of ours)
    return head, [field.db_value for field in fields]


def insert_row(table: type[peewee.Model], values: Mapping[str, Any]) -> int:
    """Insert one row, by its fields' names; gives its id."""
    head, converters = _head(table, tuple(values))
    converted = [convert(value) for convert, value in zip(converters, values.values(), strict=True)]
    sql = f"{head}({_places(len(converted))}) RETURNING id"
    (new_id,) = bound.execute_sql(sql, converted).fetchone()
    return int(new_id)


def insert_rows(
    table: type[peewee.Model],
    names: tuple[str, ...],
    rows: Sequence[Sequence[Any]],
    *,
    ignore_conflicts: bool = False,
) -> None:
    """Insert rows, each the values of `names` in their order."""
    head, converters = _head(table, names)
    end = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    values = [
        [convert(value) for convert, value in zip(converters, row, strict=True)] for row in rows
    ]
    _insert(head, f"({_places(len(names))})", values, end)


def insert_values(head: str, group: str, rows: Sequence[Sequence[Any]], end: str = "") -> None:
    """Insert rows of the database's own values: `INSERT … VALUES `, a row's `(?, ?)`, the end."""
    _insert(head, group.replace("?", bound.param), rows, end)


def _insert(head: str, group: str, rows: Sequence[Sequence[Any]], end: str) -> None:
    at = 0
    for size in _ROWS_AT_ONCE:
        while len(rows) - at >= size:
            sql = head + ", ".join([group] * size) + end
            bound.execute_sql(sql, list(chain.from_iterable(rows[at : at + size])))
            at += size


def _places(count: int) -> str:
    return ", ".join([bound.param] * count)
