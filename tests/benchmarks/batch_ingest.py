"""How fast does an archive come in? From the first byte of the signed messages, with an article a
line, to the last line of the answers.

Against a loop, in a process of its own, that inserts the rows that the product has made into the
same tables of a new file, in transactions of the same size. And does memory grow with the message?
"""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import repeat
from pathlib import Path

from tests.benchmarks.articles import make_lines
from tests.benchmarks.harness import Aim, Bench, Comparison, Effort, Fact, Result, compare, say
from tests.benchmarks.memory import PeakOfOwnMemory, read_megabytes
from tests.benchmarks.servers import feedsvc_on, path_of
from tests.integration.server import REPOSITORY, Service
from tests.newsroom import signed

_ARTICLES = {Effort.FULL: 5_000, Effort.QUICK: 1_000, Effort.TINY: 8}
_ARTICLES_FOR_MEMORY = {Effort.FULL: 3_000, Effort.QUICK: 400, Effort.TINY: 5}
_TIMES_AS_MANY = 5
#: Messages at once: more than there are workers, since which of them takes one is chance.
_AT_ONCE = 4
_PATIENCE_SECONDS = 600
_AIM = Aim(0.3)


def measure(bench: Bench) -> list[Result]:
    few = _ARTICLES_FOR_MEMORY[bench.effort]
    return [
        _compare(bench, 1),
        _compare(bench, _AT_ONCE),
        *_memory(bench, few),
        *_memory(bench, few * _TIMES_AS_MANY),
    ]


def _compare(bench: Bench, messages: int) -> Comparison:
    load = _Load(bench, _ARTICLES[bench.effort], messages)
    how = "in a message" if messages == 1 else f"in {messages} messages at once"
    case = f"{_ARTICLES[bench.effort]:,} articles {how}"
    return compare(bench, case, "articles/s", load.push, load.insert, aim=_AIM)


class _Load:
    """Articles for the product; and then the database that it has filled, for the bare loop."""

    def __init__(self, bench: Bench, count: int, messages: int) -> None:
        self._bench = bench
        self._count = count
        self._messages = messages
        self._filled = Path()

    def push(self) -> float:
        each = self._count // self._messages
        bodies = [make_lines(first, each) for first in range(0, self._count, each)]
        with feedsvc_on(self._bench.new_directory("product")) as service:
            self._filled = path_of(service)
            return self._count / push_lines(service, bodies)

    def insert(self) -> float:
        new = self._bench.new_directory("bare") / "bare.db"
        command = [sys.executable, "-m", "tests.benchmarks.bare_inserts", self._filled, new]
        done = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE)
        return self._count / float(done.stdout)


def push_lines(service: Service, bodies: Sequence[bytes]) -> float:
    """Send all messages at once; gives the seconds until the last line of every answer."""
    headers = [
        signed(service.key, body) | {"Content-Type": "application/x-ndjson"} for body in bodies
    ]
    with ThreadPoolExecutor(len(bodies)) as pool:
        started = time.perf_counter()
        answers = list(pool.map(_send, repeat(service.port), bodies, headers))
        seconds = time.perf_counter() - started
    for body, answer in zip(bodies, answers, strict=True):
        counts = json.loads(answer.splitlines()[-1])["counts"]
        assert counts == {"created": body.count(b"\n")}, counts
    return seconds


def _send(port: int, body: bytes, headers: dict[str, str]) -> bytes:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
    with closing(line):
        line.request("POST", "/ingest/desk", body, headers)
        return line.getresponse().read()


def _memory(bench: Bench, count: int) -> list[Result]:
    """What the worker takes at most, while it does a message with so many articles."""
    body = make_lines(0, count)
    with feedsvc_on(bench.new_directory("memory"), workers=1) as service:
        (worker,) = service.list_workers()
        with PeakOfOwnMemory(worker) as peak:
            push_lines(service, [body])
        in_all = read_megabytes(worker, "VmHWM")
    case = f"{count:,} articles ({len(body) / 1e6:,.0f} MB)"
    say(f"{case}: {in_all:,.0f} MB, {peak.megabytes:,.0f} MB of it its own")
    return [
        Fact(f"{case}, the worker's memory at most", "MB", in_all),
        Fact(f"{case}, without mapped files", "MB", peak.megabytes),
    ]
