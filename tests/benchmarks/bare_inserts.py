"""The least that fills a database as the product has filled it: the same rows, one by one.

`python -m tests.benchmarks.bare_inserts FILLED NEW` reads all rows of FILLED, makes NEW with its
tables and indexes, inserts them in as many transactions as the product took, and prints the
seconds that this took.
"""

import json
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

#: A statement and its values.
Insert = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    columns: tuple[str, ...]
    is_full_text: bool

    @property
    def insert(self) -> str:
        places = ", ".join("?" * len(self.columns))
        return f"INSERT INTO {self.name} ({', '.join(self.columns)}) VALUES ({places})"

    def read(self, connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
        statement = f"SELECT {', '.join(self.columns)} FROM {self.name}"
        rows = connection.execute(statement).fetchall()
        if self.is_full_text and any(set(row[1:]) == {None} for row in rows):
            raise LookupError(f"{self.name} keeps no text: what was put into it can't be read")
        return rows


def list_tables(connection: sqlite3.Connection) -> list[Table]:
    """Those that rows are put into: not SQLite's own, nor those that keep a full-text index."""
    tables = []
    for _, name, kind, *_ in connection.execute("PRAGMA table_list").fetchall():
        if kind == "shadow" or name.startswith("sqlite_"):
            continue
        columns = tuple(row[1] for row in connection.execute(f"PRAGMA table_info({name})"))
        is_full_text = kind == "virtual"
        tables.append(Table(name, ("rowid", *columns) if is_full_text else columns, is_full_text))
    return tables


def plan_transactions(connection: sqlite3.Connection) -> list[list[Insert]]:
    """What the product wrote, in its transactions: each a message of the inbox and its articles.

    Rows of no article (the sources, sections, tags and authors) come with the first.
    """
    first: list[Insert] = []
    of_article: defaultdict[int, list[Insert]] = defaultdict(list)
    messages: list[tuple[int, Insert]] = []
    tables = sorted(list_tables(connection), key=lambda table: table.name != "article")
    for table in tables:
        for number, row in enumerate(table.read(connection)):
            insert, values = (table.insert, row), dict(zip(table.columns, row, strict=True))
            if table.name == "article":
                of_article[values["id"]].append(insert)
            elif "article_id" in values:
                of_article[values["article_id"]].append(insert)
            elif table.is_full_text:  # the articles are numbered by age, as its rows are
                of_article[number + 1].append(insert)
            elif table.name == "inbox":
                messages.append((len(json.loads(values["answer"])["events"]), insert))
            else:
                first.append(insert)
    articles = iter([of_article[number] for number in sorted(of_article)])
    return list(_transactions(first, articles, messages))


def _transactions(
    first: list[Insert], articles: Iterator[list[Insert]], messages: list[tuple[int, Insert]]
) -> Iterator[list[Insert]]:
    for count, message in messages:
        inserts = [insert for article in islice(articles, count) for insert in article]
        yield [*first, *inserts, message]
        first = []


def make_database(filled: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """A new database with the tables and indexes of another, opened as the product opens it."""
    shadows = {row[1] for row in filled.execute("PRAGMA table_list") if row[2] == "shadow"}
    schema = filled.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type IN ('table', 'index') AND sql IS NOT NULL "
        "AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY type DESC, rowid"
    ).fetchall()
    new = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = 1"):
        new.execute(f"PRAGMA {pragma}")
    for name, sql in schema:
        if name not in shadows:
            new.execute(sql)
    return new


def run(connection: sqlite3.Connection, transactions: list[list[Insert]]) -> float:
    """Gives the seconds until the last commit."""
    started = time.perf_counter()
    for transaction in transactions:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("PRAGMA defer_foreign_keys = 1")  # a table's rows are in no order of use
        for statement, values in transaction:
            connection.execute(statement, values)
        connection.execute("COMMIT")
    return time.perf_counter() - started


def main() -> None:
    filled = sqlite3.connect(sys.argv[1])
    new = make_database(filled, Path(sys.argv[2]))
    seconds = run(new, plan_transactions(filled))
    for table in list_tables(filled):
        count = f"SELECT count(*) FROM {table.name}"
        assert new.execute(count).fetchone() == filled.execute(count).fetchone(), table.name
    print(seconds)  # noqa: T201


if __name__ == "__main__":
    main()
