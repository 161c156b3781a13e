"""The barest that could send what the hub sends: aiohttp in a loop, which remembers nothing.

`python -m tests.benchmarks.bare_sender PORT COUNT AT_ONCE NICENESS`, with the header fields and the
body as JSON on standard input; tells the seconds that it took, and those of the processor.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.benchmarks.receiver import Delivery, Receiver

_REPOSITORY = Path(__file__).resolve().parents[2]
_PATIENCE_SECONDS = 300
#: What aiohttp writes by itself.
_ITS_OWN = {"Host", "Content-Length", "Accept"}


@dataclass(frozen=True, slots=True)
class Spent:
    seconds: float
    cpu_seconds: float


def send(receiver: Receiver, delivery: Delivery, count: int, at_once: int, niceness: int) -> Spent:
    """Send the same to `count` callbacks of a receiver, `at_once` at a time."""
    numbers = map(str, (receiver.port, count, at_once, niceness))
    headers = {name: value for name, value in delivery.headers.items() if name not in _ITS_OWN}
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bare_sender", *numbers],
        cwd=_REPOSITORY,
        input=json.dumps([headers, delivery.body.decode("latin-1")]).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=_PATIENCE_SECONDS,
    )
    return Spent(*json.loads(done.stdout))


async def _send_all(
    receiver: Receiver, count: int, at_once: int, headers: dict[str, str], body: bytes
) -> None:
    numbers = iter(range(count))
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=at_once), cookie_jar=aiohttp.DummyCookieJar()
    ) as session:

        async def send_some() -> None:
            for number in numbers:
                url = receiver.callback(number)
                async with session.post(url, data=body, headers=headers) as answer:
                    answer.raise_for_status()
                    await answer.read()

        await asyncio.gather(*(send_some() for _ in range(at_once)))


def _main() -> None:
    port, count, at_once, niceness = map(int, sys.argv[1:])
    headers, body = json.load(sys.stdin)
    os.setpriority(os.PRIO_PROCESS, 0, niceness)
    started, of_cpu = time.perf_counter(), time.process_time()
    asyncio.run(_send_all(Receiver(port), count, at_once, headers, body.encode("latin-1")))
    spent = time.perf_counter() - started, time.process_time() - of_cpu
    print(json.dumps(spent))  # noqa: T201 (whoever started it reads it)


if __name__ == "__main__":
    _main()
