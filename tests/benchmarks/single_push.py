"""How fast single signed messages are taken, against a bare view that makes one durable insert.

Both are asked by the same client over kept connections, under the same server and its settings.
The bare view inserts the article's own row, as durably, into a copy of the same table with the
same indexes: no signature, cleaning, rendering, sections, tags, inbox.
"""

import http.client
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.batch_ingest import _service
from tests.benchmarks.harness import Figure, Scale, alternate
from tests.benchmarks.news import make_event
from tests.integration.server import REPOSITORY, _free_port, bare_environment, wait_until
from tests.newsroom import signed

_CONNECTIONS = (1, 8)
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class _Request:
    path: str
    body: bytes
    headers: dict[str, str]


def measure(scale: Scale) -> list[Figure]:
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        product_path = Path(folder, "product.db")
        with _service(product_path) as service:
            _send_all(service.port, [_signed(service.key, 0)], 1)  # so that there is a row to copy
            bare_path = Path(folder, "bare.db")
            _copy_table(product_path, bare_path)
            with _bare_view(bare_path) as bare_port:
                first = 1
                for connections in _CONNECTIONS:
                    figure = Figure(
                        f"single signed pushes, {connections} at once",
                        "bare Flask view, one durable insert",
                        "pushes/s",
                        target=0.5,
                    )
                    for _ in range(scale.runs):
                        numbers = range(first, first + scale.pushes)
                        first += scale.pushes
                        ours = [_signed(service.key, number) for number in numbers]
                        theirs = [_bare(number) for number in numbers]
                        alternate(
                            figure,
                            1,
                            lambda ours=ours, at_once=connections: _rate(
                                service.port, ours, at_once
                            ),
                            lambda theirs=theirs, at_once=connections: _rate(
                                bare_port, theirs, at_once
                            ),
                        )
                    figures.append(figure)
    return figures


def _signed(key: str, number: int) -> _Request:
    body = json.dumps(make_event(number), ensure_ascii=False).encode()
    return _Request("/ingest/desk", body, signed(key, body))


def _bare(number: int) -> _Request:
    body = str(make_event(number)["data"]["content_html"]).encode()
    return _Request("/insert", body, {"X-Name": str(number)})


def _rate(port: int, requests: Sequence[_Request], connections: int) -> float:
    started = time.perf_counter()
    _send_all(port, requests, connections)
    return len(requests) / (time.perf_counter() - started)


def _send_all(port: int, requests: Sequence[_Request], connections: int) -> None:
    """Send every request, on so many connections at once; each must be answered 200."""
    failures: list[object] = []

    def send(share: Sequence[_Request]) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
        for request in share:
            line.request("POST", request.path, request.body, request.headers)
            response = line.getresponse()
            answer = response.read()
            if response.status != http.HTTPStatus.OK:
                failures.append(answer)
        line.close()

    threads = [
        threading.Thread(target=send, args=(requests[at::connections],))
        for at in range(connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise AssertionError(f"{len(failures)} were not taken: {failures[0]!r}")


def _copy_table(filled: Path, path: Path) -> None:
    """The table of articles with its indexes, and one row."""
    source = sqlite3.connect(filled)
    target = sqlite3.connect(path)
    target.execute("PRAGMA journal_mode=WAL")
    for (sql,) in source.execute(
        "SELECT sql FROM sqlite_master WHERE tbl_name = 'article' AND sql IS NOT NULL"
    ):
        target.execute(sql)
    row = source.execute("SELECT * FROM article LIMIT 1").fetchone()
    target.execute(f"INSERT INTO article VALUES ({', '.join('?' * len(row))})", row)
    target.commit()
    target.close()
    source.close()


@contextmanager
def _bare_view(path: Path) -> Iterator[int]:
    port = _free_port()
    reader = sqlite3.connect(path)
    columns = len(reader.execute("PRAGMA table_info(article)").fetchall())
    reader.close()
    environment = bare_environment(BENCH_DATABASE=str(path), BENCH_COLUMNS=str(columns))
    gunicorn = shutil.which("gunicorn", path=str(Path(sys.executable).parent))
    if gunicorn is None:
        raise AssertionError("gunicorn is not installed beside this Python")
    log = path.with_suffix(".log").open("wb")
    process = subprocess.Popen(
        [
            *(gunicorn, "--config", "deploy/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}"),
            "tests.benchmarks.bare_view:app",
        ],
        cwd=REPOSITORY,
        env=environment | {"PYTHONPATH": os.fspath(REPOSITORY)},
        stdout=log,
        stderr=log,
    )
    try:
        wait_until(lambda: _answers(port), "the bare view answers")
        yield port
    finally:
        process.terminate()
        process.wait(_SECONDS)
        log.close()


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        line.request("GET", "/")
        return line.getresponse().status == http.HTTPStatus.NOT_FOUND
    except OSError:
        return False
    finally:
        line.close()
