"""How fast a batch with a line for each event is taken, against a bare loop of inserts.

The loop inserts, row by row with prepared statements, exactly the rows that the product wrote,
in transactions of the same size, into the same tables with the same indexes, as durably. It does
nothing else: no parsing, cleaning, rendering, no server.
"""

import http.client
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from feedsvc import migrations
from feedsvc.db import Database
from tests.benchmarks.harness import Figure, Scale, alternate
from tests.benchmarks.news import make_lines
from tests.integration.server import Service
from tests.newsroom import signed

#: Two workers, for two cores. More messages at once than that: which worker takes one is chance.
_WORKERS = 2
_CONNECTIONS = 4
_LINES = 250
_SECONDS = 300


def measure(scale: Scale) -> list[Figure]:
    figure = Figure("NDJSON batch, 4 kB articles", "bare sqlite3 loop", "articles/s", target=0.3)
    lines = min(_LINES, scale.articles)
    bodies = [make_lines(first, lines) for first in range(0, scale.articles, lines)]
    with tempfile.TemporaryDirectory() as folder:
        filled = Path(folder, "filled.db")

        def product() -> float:
            with _service(filled) as service:
                seconds = _push(service, bodies)
            return len(bodies) * lines / seconds

        def baseline() -> float:
            return len(bodies) * lines / _insert_bare(filled, Path(folder, "bare.db"))

        alternate(figure, scale.runs, product, baseline)
        for times in (4, 20):
            figure.notes[
                f"memory of the worker after one message of {lines * times:,} lines, MB"
            ] = _peak_megabytes(filled, lines * times)
    return [figure]


class _service:  # noqa: N801 (used as a function)
    """A service on a new database, with the default settings but for the log."""

    def __init__(self, path: Path, workers: int = _WORKERS) -> None:
        for old in path.parent.glob(f"{path.name}*"):
            old.unlink()
        self._service = Service(
            f"sqlite:///{path}",
            path.with_suffix(".log"),
            workers=workers,
            FEEDSVC_LOG_LEVEL="WARNING",
        )

    def __enter__(self) -> Service:
        self._service.start()
        return self._service

    def __exit__(self, *_: object) -> None:
        self._service.terminate()


def _push(service: Service, bodies: list[bytes]) -> float:
    """Send the messages at once; gives the seconds until all their events were acknowledged."""
    requests = [
        (body, signed(service.key, body) | {"Content-Type": "application/x-ndjson"})
        for body in bodies
    ]
    started = time.perf_counter()
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        for done in [pool.submit(_send, service, *request) for request in requests]:
            done.result()
    return time.perf_counter() - started


def _send(service: Service, body: bytes, headers: dict[str, str]) -> None:
    line = http.client.HTTPConnection("127.0.0.1", service.port, timeout=_SECONDS)
    line.request("POST", "/ingest/desk", body, headers)
    response = line.getresponse()
    summary = b""
    while one := response.readline():
        summary = one
    line.close()
    counts = json.loads(summary)["counts"]
    if counts != {"created": body.count(b"\n")}:
        raise AssertionError(f"not every article was created: {counts}")


def _peak_megabytes(path: Path, lines: int) -> float:
    """The largest resident size of the one worker that took a message of so many lines."""
    with _service(path, workers=1) as service:
        _push(service, [make_lines(0, lines)])
        (worker,) = service.list_workers()
        status = Path(f"/proc/{worker}/status").read_text()
    (peak,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peak) / 1_000


def _insert_bare(filled: Path, path: Path) -> float:
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    database = Database(f"sqlite:///{path}")
    migrations.migrate(database)
    database.close()
    program = [sys.executable, __file__, str(filled), str(path)]
    done = subprocess.run(program, capture_output=True, text=True, check=True, timeout=_SECONDS)
    return float(done.stdout)


# The loop itself, in a process of its own.

_PART = 200
_BY_ARTICLE = ("article", "article_category", "article_tag", "article_author", "article_search")


def _loop(filled: Path, path: Path) -> float:
    """Seconds for inserting all that is in one database into another that is empty."""
    copy = filled.with_suffix(".copy")
    shutil.copy(filled, copy)
    source = sqlite3.connect(copy)
    target = sqlite3.connect(path, isolation_level=None)
    target.execute("PRAGMA journal_mode=WAL")
    target.execute("PRAGMA synchronous=FULL")
    names = [
        name
        for (name,) in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if name not in ("change_counter", "schema_migration") and not name.startswith("sqlite_")
    ]
    rows = {
        name: source.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall() for name in names
    }
    inserts = {
        name: f"INSERT INTO {name} VALUES ({', '.join('?' * len(found[0]))})"
        for name, found in rows.items()
        if found
    }
    parts = _parts(rows, inserts)
    started = time.perf_counter()
    for part in parts:
        target.execute("BEGIN IMMEDIATE")
        for name, row in part:
            target.execute(inserts[name], row)
        target.execute("COMMIT")
    seconds = time.perf_counter() - started
    ((count,),) = target.execute("SELECT COUNT(*) FROM article")
    if count != len(rows["article"]):
        raise AssertionError("not every row was inserted")
    return seconds


def _parts(
    rows: dict[str, list[tuple[object, ...]]], inserts: dict[str, str]
) -> list[list[tuple[str, tuple[object, ...]]]]:
    """The rows of each transaction: what belongs to some articles, and a message of the inbox."""
    small = [
        (name, row) for name in inserts if name not in (*_BY_ARTICLE, "inbox") for row in rows[name]
    ]
    filings: dict[object, list[tuple[str, tuple[object, ...]]]] = {}
    for name in _BY_ARTICLE[1:]:
        for row in rows.get(name, ()):
            filings.setdefault(row[0], []).append((name, row))
    parts = [small]
    messages = iter(rows.get("inbox", ()))
    for at in range(0, len(rows["article"]), _PART):
        part = []
        for row in rows["article"][at : at + _PART]:
            part += [("article", row), *filings[row[0]]]
        part += [("inbox", message) for message in [next(messages, None)] if message]
        parts.append(part)
    return parts


if __name__ == "__main__":
    print(_loop(Path(sys.argv[1]), Path(sys.argv[2])))  # noqa: T201
