"""An editorial system that pushes at an even pace, while something else is measured."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import count
from typing import Self

from tests.benchmarks.articles import dumped_event
from tests.benchmarks.newspaper import ARTICLES
from tests.integration.server import Service
from tests.newsroom import signed

PUSHES_A_SECOND = 50
#: Pushes that may be on their way at once, if the product is slower than the pace.
_CONNECTIONS = 4
_numbers = count(ARTICLES)


@dataclass(frozen=True, slots=True)
class Push:
    number: int
    headers: dict[str, str]
    body: bytes


def prepare(key: str, pushes: int) -> list[Push]:
    """Signed messages, each with an article that is newer than all before."""
    prepared = []
    for _ in range(pushes):
        number = next(_numbers)
        body = dumped_event(number)
        prepared.append(Push(number, signed(key, body), body))
    return prepared


class Stream:
    """Pushes while it is open, as many as were prepared at the most."""

    def __init__(self, service: Service, prepared: list[Push]) -> None:
        self._service = service
        self._waiting = self._paced(prepared)
        self._next = threading.Lock()
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(_CONNECTIONS)
        self._pushing: list[Future[None]] = []
        #: When each article was acknowledged, by its number.
        self.acknowledged: dict[int, float] = {}
        self.seconds = 0.0

    def __enter__(self) -> Self:
        self._started = time.perf_counter()
        self._pushing = [self._pool.submit(self._push) for _ in range(_CONNECTIONS)]
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._started
        self._stop.set()
        self._pool.shutdown()
        for pushing in self._pushing:
            pushing.result()  # raises what went wrong there

    def _push(self) -> None:
        with closing(self._service.connect()) as connection:
            while (push := self._take()) is not None:
                self._send(push, connection)
                self.acknowledged[push.number] = time.perf_counter()

    def _send(self, push: Push, connection: HTTPConnection) -> None:
        """As editorial systems do: what is put off is sent again."""
        while True:
            reply = self._service.request(
                "POST", "/ingest/desk", push.body, push.headers, connection=connection
            )
            if reply.status == HTTPStatus.OK:
                return
            if not reply.is_unavailable:
                raise RuntimeError(f"a push was answered {reply}")

    def _take(self) -> Push | None:
        with self._next:
            return next(self._waiting, None)

    def _paced(self, prepared: list[Push]) -> Iterator[Push]:
        for place, push in enumerate(prepared):
            due = self._started + place / PUSHES_A_SECOND
            if self._stop.wait(max(0.0, due - time.perf_counter())):
                return
            yield push
