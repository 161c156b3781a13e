"""Load on a server by wrk, which costs little: one thread of it, on connections that are kept."""

import json
import subprocess
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol

from tests.benchmarks.harness import Bench, Effort, say
from tests.benchmarks.programs import find_program
from tests.integration.server import Reply

GZIP = {"Accept-Encoding": "gzip"}
IDENTITY = {"Accept-Encoding": "identity"}
_SCRIPT = Path(__file__).with_name("wrk.lua")
_SECONDS = {Effort.FULL: 5, Effort.QUICK: 1, Effort.TINY: 1}
#: As many as two workers have threads.
_CONNECTIONS = 16
#: Seconds within which all answers are alike.
_WARM_BY = 15
#: Asked before the clock starts, each on a connection of its own, so that every worker gets some.
_WARMING = 16
#: By how many bytes the fields of one answer may differ from those of another;
_FIELDS_OFF = 200
#: and their bodies, by a part of them: how well they are compressed, and which articles there are.
_BODIES_OFF = 0.25


class Server(Protocol):
    """What is asked: a service, or nginx."""

    port: int

    def get(self, path: str, **options: Any) -> Reply: ...


def warm(service: Server, path: str, headers: Mapping[str, str]) -> Reply:
    """Ask until every worker gives the same answer, as small as it gets; gives that answer.

    Compressing well takes longer than a first reader would wait for.
    """
    for _ in range(_WARM_BY):
        counted = _run_wrk(service, path, headers, 1)
        expected = service.get(path, headers=headers)
        if _fits(counted, expected, _FIELDS_OFF):
            return expected
    say(f"{path}: the workers' answers are still of different sizes")
    return expected


def answers_a_second(
    bench: Bench,
    service: Server,
    path: str,
    headers: Mapping[str, str],
    *,
    status: int = HTTPStatus.OK,
) -> float:
    """How many such answers the server gives in a second, each of them with this status.

    Raises:
        RuntimeError: an answer was another, or none.
    """
    for _ in range(_WARMING):
        expected = service.get(path, headers=headers)
        if expected.status != status:
            raise RuntimeError(f"{path} is answered {expected.status}, not {status}")
    counted = _run_wrk(service, path, headers, _SECONDS[bench.effort])
    if counted["failed"] or not counted["requests"]:
        raise RuntimeError(f"{path} was not always answered {status}: {counted}")
    if not _fits(counted, expected, _FIELDS_OFF + int(len(expected.body) * _BODIES_OFF)):
        raise RuntimeError(f"{path} was not always answered as before: {counted}")
    return counted["requests"] / counted["microseconds"] * 1_000_000


def _run_wrk(
    service: Server, path: str, headers: Mapping[str, str], seconds: int
) -> dict[str, int]:
    command = [find_program("wrk"), "--threads", "1", "--connections", str(_CONNECTIONS)]
    command += ["--duration", f"{seconds}s", "--timeout", "60s", "--script", str(_SCRIPT)]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    command.append(f"http://127.0.0.1:{service.port}{path}")
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 60)
    counted: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return counted


def _fits(counted: Mapping[str, int], expected: Reply, bytes_off: int) -> bool:
    """Whether the answers were of the size of this one: wrk does not tell what came."""
    size = len(expected.body) + len(str(expected.headers))
    # What had come of the next answers when the time was over is in wrk's bytes, too.
    least, most = size - bytes_off, size + bytes_off
    answers = counted["requests"]
    return least * answers <= counted["bytes"] <= most * (answers + _CONNECTIONS)
