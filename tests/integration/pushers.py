"""Editorial systems that push without a pause, for the promises about what happens meanwhile."""

import threading
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

from tests.integration.server import Service, wait_until
from tests.newsroom import publish


class Pushers:
    """Threads that push one new article after the other, each until it is acknowledged."""

    def __init__(self, service: Service, threads: int = 4) -> None:
        self._service = service
        self._threads = threads
        self._stop = threading.Event()
        #: What the ids of the articles begin with.
        self.prefix = uuid.uuid4().hex[:6]
        self._futures: list[Future[None]] = []
        #: Article id to the result that acknowledged it.
        self.acknowledged: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(self._threads)
        self._futures = [self._pool.submit(self._push, n) for n in range(self._threads)]
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown()
        for future in self._futures:
            future.result()

    def wait_for_more(self, count: int = 8) -> None:
        """Returns when `count` more articles have been acknowledged."""
        goal = len(self.acknowledged) + count

        def is_reached() -> bool:
            for future in self._futures:
                if future.done():
                    future.result()
            return len(self.acknowledged) >= goal

        wait_until(is_reached, f"{count} more pushes are acknowledged")

    def _push(self, thread: int) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            article_id = f"{self.prefix}-{thread}-{number:05}"
            self.acknowledged[article_id] = self._service.push_until_taken(
                publish(article_id), f"msg_{article_id}"
            )
