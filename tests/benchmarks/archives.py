"""Databases with archives of the sizes that questions want, each made when it is first wanted."""

from pathlib import Path

from feedsvc import migrations
from feedsvc.db import Database
from tests.archive import fill
from tests.benchmarks.harness import Effort, say
from tests.conftest import POSTGRES_URL, drop_postgres_database, make_postgres_database

SQLITE, POSTGRES = "SQLite", "PostgreSQL"
KINDS = (SQLITE, POSTGRES)
SMALL = 1_000
_LARGE = {Effort.FULL: 1_000_000, Effort.QUICK: 30_000, Effort.TINY: 2_000}


class Archives:
    """They are as large as the effort says, and shared by all questions."""

    def __init__(self, effort: Effort, directory: Path) -> None:
        self.large = _LARGE[effort]
        self._directory = directory
        self._urls: dict[tuple[str, int], str] = {}
        self._names: list[str] = []

    def url(self, kind: str, articles: int) -> str:
        """The address of a database of a kind with so many articles, and as many sections."""
        key = kind, articles
        if key not in self._urls:
            say(f"{articles:,} articles for {kind} …")
            self._urls[key] = self._make(kind, articles)
        return self._urls[key]

    def _make(self, kind: str, articles: int) -> str:
        url = f"sqlite:///{self._directory}/{articles}.db"
        if kind == POSTGRES:
            url, name = make_postgres_database(POSTGRES_URL)
            self._names.append(name)
        database = Database(url)
        try:
            migrations.migrate(database)
            fill(database, url, articles)
        finally:
            database.close()
        return url

    def close(self) -> None:
        """Drop them; files go with their directory."""
        for name in self._names:
            drop_postgres_database(POSTGRES_URL, name)
