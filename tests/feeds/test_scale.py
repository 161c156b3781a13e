"""At a million articles, every feed reads what it shows and little more, on both databases."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from feedsvc.app import create_app
from feedsvc.errors import SelectionError
from feedsvc.feeds.catalog import get_feed
from feedsvc.feeds.documents import Reading
from feedsvc.feeds.periods import parse_period
from feedsvc.feeds.selection import parse_selection
from tests.archive import fill
from tests.conftest import drop_postgres_database, make_postgres_database, make_settings

pytestmark = pytest.mark.slow

ARTICLES = 1_000_000
LARGE_TABLES = ("article", "article_category", "article_tag", "article_author")
#: Rows that one document may look at: its own, and those of its archive's next document.
FEW_ROWS = 20_000
#: And of each of several filters, to see which of them the fewest articles meet.
COUNTED_ROWS = 10_000
#: PostgreSQL's index of words is walked in blocks of six days, here of 8,738 articles each.
SEARCHED_ROWS = 500_000
#: What SQLite does for a row, and for a look into an index, at the most.
STEPS_A_ROW = 60


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def large(request, tmp_path_factory) -> Iterator[SimpleNamespace]:
    """A database with a million articles, and what asks it."""
    name = None
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('large')}/feedsvc.db"
    else:
        url, name = make_postgres_database(request.getfixturevalue("postgres_server"))
    settings = make_settings(url, busy_timeout_seconds=60.0)
    app = create_app(settings)
    database = app.extensions["feedsvc"].database
    fill(database, url, ARTICLES)
    yield SimpleNamespace(database=database, settings=settings, kind=request.param)
    database.close()
    if name is not None:
        drop_postgres_database(request.getfixturevalue("postgres_server"), name)


class Watch:
    """What the database does for the questions of one view."""

    def __init__(self, large):
        self.large = large
        self.statements = []
        self.rows = 0

    def read(self, work, monkeypatch):
        peewee = self.large.database.peewee
        execute = peewee.execute_sql

        def remember(sql, params=None, *args, **kwargs):
            self.statements.append((sql, params))
            return execute(sql, params, *args, **kwargs)

        with self.large.database.read():
            with monkeypatch.context() as patch:
                patch.setattr(peewee, "execute_sql", remember)
                steps = self._count_steps(peewee)
                done = work()
                self.rows = steps() // STEPS_A_ROW
            for sql, params in self.statements:
                if sql.lstrip().upper().startswith(("SELECT", "WITH")):
                    self._judge(execute, sql, params)
        return done

    def _count_steps(self, peewee):
        if self.large.kind != "sqlite":
            return lambda: 0
        steps = [0]

        def count():
            steps[0] += 100

        peewee.connection().set_progress_handler(count, 100)
        return lambda: steps[0]

    def _judge(self, execute, sql, params):
        """See that no large table is walked, and nothing large is sorted."""
        if self.large.kind == "sqlite":
            plan = [row[3] for row in execute(f"EXPLAIN QUERY PLAN {sql}", params)]
            for step in plan:
                words = step.split()
                walked = words[0] == "SCAN" and words[1] in LARGE_TABLES
                assert not walked, (step, sql)
                # Of what a search has found, a thousand at the most, SQLite does not see the order.
                is_few = "LIMIT ?) AS found" in sql
                assert is_few or "USE TEMP B-TREE FOR ORDER BY" not in step, (step, sql)
            return
        (plan,) = execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params).fetchone()
        plan = json.loads(plan) if isinstance(plan, str) else plan
        self._judge_node(plan[0]["Plan"], sql)

    def _judge_node(self, node, sql):
        rows = node["Actual Rows"] * node["Actual Loops"]
        is_large = node.get("Relation Name") in LARGE_TABLES
        assert not (is_large and node["Node Type"] == "Seq Scan"), (node, sql)
        assert node["Node Type"] != "Sort" or rows <= 1_000, (node, sql)
        if "Scan" in node["Node Type"] and node["Node Type"] != "Subquery Scan":
            removed = node.get("Rows Removed by Filter", 0) * node["Actual Loops"]
            self.rows += int(rows + removed)
        for child in node.get("Plans", ()):
            self._judge_node(child, sql)


def ask(large, address, monkeypatch):
    """Read the document of an address; gives it, and how many rows were looked at for it."""
    path, _, query = address.partition("?")
    name, _, period = path.partition("/")
    pairs = [tuple(one.split("=", 1)) for one in query.split("&") if one]
    selection = parse_selection(pairs, large.settings)
    now = datetime.now(UTC)

    def work():
        reading = Reading(get_feed(large.database, name), selection, large.settings, now)
        if period:
            return reading.read_archive(parse_period(period))
        if selection.after is not None:
            return reading.read_changes(selection.after, large.database.read_counter())
        return reading.read_newest()

    watch = Watch(large)
    return watch.read(work, monkeypatch), watch.rows


@pytest.mark.parametrize(
    ("address", "count"),
    [
        ("all", 30),
        ("all?limit=200", 200),
        ("tin-tuc", 30),
        ("hiem", 30),
        ("all?category=thoi-su&category=kinh-te", 30),
        ("tin-tuc?category=thoi-su", 30),
        ("all?not-category=tin-tuc", 30),
        ("all?not-category=tin-tuc&not-category=kinh-te", 30),
        ("thoi-su?not-category=tin-tuc", 0),
        ("all?tag=nhieu", 30),
        ("all?tag=hiem", 20),
        ("all?tag=hiem&tag=nhieu", 30),
        ("all?not-tag=nhieu", 30),
        ("all?author=b-h", 30),
        ("all?author=b-h&author=c-d", 30),
        ("all?lang=en", 30),
        ("all?lang=vi&lang=en", 30),
        ("all?lang=fr", 0),
        ("tin-tuc?tag=nhieu&author=b-h&lang=vi", 30),
        ("all?tag=hiem&author=c-d", 0),
        ("hiem?lang=vi", 30),
        ("hiem?lang=en", 0),
        ("all?tag=nhieu&category=hiem&not-tag=hiem", 17),
        ("all?since=2022-06-01T00:00:00Z&tag=nhieu", 30),
        ("all?hours=1", 0),
        ("all?not=a-1000000&not=a-999999", 30),
        ("all?after=0", 30),
        ("all?after=999990", 10),
        ("tin-tuc?after=500000", 30),
        ("all?tag=hiem&after=999000", 1),
        ("all?q=tin", 30),
        ("all?q=nhieu", 30),
        ("all?q=hiem", 20),
        ("all?q=nowhere", 0),
        ("all?q=nhieu -tin", 0),
        ("all?q=tin -nhieu", 30),
        ("kinh-te?q=nhieu&lang=vi", 30),
        ("hiem?q=nhieu", 17),
        ("all?q=hiem&author=c-d", 0),
        ("all?q=tin&order=relevance", 30),
        ("all/2022-03-09", None),
        ("kinh-te/2022-03-09T1000", None),
        ("hiem/2022-03", None),
    ],
)
def test_a_feed_looks_at_few_rows(large, address, count, monkeypatch):
    document, rows = ask(large, address, monkeypatch)
    if count is not None:
        assert len(document.entries) == count
    is_searched = "q=" in address and large.kind == "postgres"
    few = SEARCHED_ROWS if is_searched else FEW_ROWS
    filters = address.count("=") + (not address.startswith("all"))
    assert rows <= few + filters * COUNTED_ROWS


@pytest.mark.parametrize("name", ["all", "tin-tuc"])
def test_a_feed_that_was_read_before_looks_at_what_has_changed(large, name, monkeypatch):
    def read(last=None):
        reading = Reading(feed, parse_selection((), large.settings), large.settings, now)
        return reading.read_newest((counter.epoch, counter.change), last)

    now = datetime.now(UTC)
    with large.database.read():
        feed, counter = get_feed(large.database, name), large.database.read_counter()
        found = read().found
    watch = Watch(large)
    earlier = replace(found, stamp=(counter.epoch, counter.change - 5))
    assert watch.read(lambda: read(earlier), monkeypatch).found == found
    assert watch.rows <= 100


def test_filters_that_never_meet_end_at_the_limit(large, monkeypatch):
    """Authors take turns, and so do these: no article is in both."""
    watch = Watch(large)
    selection = parse_selection([("author", "c-d"), ("category", "kinh-te")], large.settings)

    def work():
        feed = get_feed(large.database, "all")
        with pytest.raises(SelectionError):
            Reading(feed, selection, large.settings, datetime.now(UTC)).read_newest()

    watch.read(work, monkeypatch)
    assert watch.rows <= 6 * large.settings.scan_limit
