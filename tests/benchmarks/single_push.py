"""How many signed pushes a second, each of them on disk when it is answered?

Against a bare Flask view under the same server settings, which puts the article's row, as the
product has made it, into the same table with one INSERT. The same client sends to both.
"""

import json
import sqlite3
from collections.abc import Sequence

from tests.benchmarks.articles import dumped_event
from tests.benchmarks.bare_service import list_columns
from tests.benchmarks.client import Sent, encode_post, send_all
from tests.benchmarks.harness import Aim, Bench, Effort, Fact, Result, compare
from tests.benchmarks.servers import bare_service_on, feedsvc_on, path_of
from tests.newsroom import JSON, signed

_CONNECTIONS = (1, 8)
#: With those before the clock starts, fewer than a source may send in a minute
#: (FEEDSVC_INGEST_RATE), which is counted here as everywhere.
_PUSHES = {Effort.FULL: 2_000, Effort.QUICK: 300, Effort.TINY: 6}
_BODY_BYTES = 3_000
_AIM = Aim(0.5)
#: Sent before the clock starts, on so many connections that every worker gets some.
_WARMING = 32


def measure(bench: Bench) -> list[Result]:
    return [result for connections in _CONNECTIONS for result in _measure(bench, connections)]


def _measure(bench: Bench, connections: int) -> list[Result]:
    case = f"{connections} connection{'s' if connections > 1 else ''}"
    load = _Load(bench, connections)
    compared = compare(bench, case, "pushes/s", load.push, load.push_to_bare_service, aim=_AIM)
    slowest = max(max(sent.each_seconds) for sent in load.sent)
    put_off = sum(sent.put_off for sent in load.sent)
    return [
        compared,
        Fact(f"{case}, the slowest push of all runs", "ms", slowest * 1000),
        Fact(f"{case}, answers 503 in all runs", "answers", put_off),
    ]


class _Load:
    """The same articles for the product, and then, as it has made them, for the bare service."""

    def __init__(self, bench: Bench, connections: int) -> None:
        self._bench = bench
        self._connections = connections
        self._count = _PUSHES[bench.effort]
        self._rows: list[bytes] = []
        self.sent: list[Sent] = []

    def push(self) -> float:
        events = [dumped_event(n, _BODY_BYTES) for n in range(_WARMING + self._count)]
        with feedsvc_on(self._bench.new_directory("product")) as service:
            messages = [
                encode_post("/ingest/desk", signed(service.key, event), event) for event in events
            ]
            sent = self._send(service.port, messages)
            connection = sqlite3.connect(path_of(service))
            names = ", ".join(list_columns(connection))
            rows = connection.execute(
                f"SELECT {names} FROM article ORDER BY external_id"
            ).fetchall()
            connection.close()
        assert len(rows) == len(events)
        self._rows = [json.dumps(row, ensure_ascii=False).encode() for row in rows]
        self.sent.append(sent)
        return self._count / sent.seconds

    def push_to_bare_service(self) -> float:
        messages = [encode_post("/articles", {"Content-Type": JSON}, row) for row in self._rows]
        with bare_service_on(self._bench.new_directory("bare")) as service:
            return self._count / self._send(service.port, messages).seconds

    def _send(self, port: int, messages: Sequence[bytes]) -> Sent:
        send_all(port, messages[:_WARMING], _WARMING)
        return send_all(port, messages[_WARMING:], self._connections)
