"""A service whose hub has subscribers, all of one feed, and its workers that tell them."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from feedsvc.db import Changes, from_microseconds
from feedsvc.models.push import Kind, Standing, Subscription, Topic
from tests.benchmarks.articles import dumped_event
from tests.benchmarks.receiver import Receiver, receive
from tests.benchmarks.servers import feedsvc_on, path_of
from tests.integration.server import PUBLIC_URL, Service, wait_until
from tests.newsroom import VAULT

#: FEEDSVC_HUB_CONCURRENCY, and more than FEEDSVC_HUB_WINDOW_SECONDS, as they are by default.
AT_ONCE = 200
WINDOW_SECONDS = 0.6
_SETTINGS = {
    "FEEDSVC_WORKER": "true",
    "FEEDSVC_HUB_ALLOW": "127.0.0.0/8",
    "FEEDSVC_HUB_PORTS": "1-65535",
}
_ROWS_AT_ONCE = 500
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A change that goes out."""

    #: When it was written, in seconds since 1970: the beginning of its transaction.
    written_at: float
    #: How many deliveries had come before.
    before: int


@dataclass(frozen=True, slots=True)
class Hub:
    service: Service
    receiver: Receiver
    subscribers: int

    def push(self, number: int) -> Sent:
        """Push the article of this number."""
        before = self.receiver.count()
        self.service.push(dumped_event(number))
        ((changed_at,),) = self._ask("SELECT changed_at FROM change_counter")
        return Sent(from_microseconds(changed_at).timestamp(), before)

    def wait_for(self, sent: Sent) -> list[float]:
        """When it came to each subscriber, once all have it and that is written down."""
        wait_until(
            lambda: self.receiver.count() >= sent.before + self.subscribers,
            "all have got it",
            _PATIENCE_SECONDS,
        )
        self.rest()
        return self.receiver.list_times(sent.before)

    def rest(self) -> None:
        """Wait until nobody is behind, and the next change is sent as soon as it comes."""
        wait_until(lambda: not self._count_behind(), "nobody is behind", _PATIENCE_SECONDS)
        time.sleep(WINDOW_SECONDS)

    def read_cpu_seconds(self) -> float:
        """What its workers have taken of processors so far (proc(5), `/proc/pid/stat`)."""
        ticks = 0
        for worker in self.service.list_hub_workers():
            text = Path(f"/proc/{worker}/stat").read_text(encoding="utf-8")
            ticks += sum(map(int, text.rpartition(")")[2].split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def read_niceness(self) -> int:
        return os.getpriority(os.PRIO_PROCESS, self.service.list_hub_workers()[0])

    def _count_behind(self) -> int:
        ((count,),) = self._ask(
            "SELECT count(*) FROM subscription WHERE change < (SELECT value FROM change_counter)"
        )
        return int(count)

    def _ask(self, sql: str) -> list[tuple[int]]:
        with closing(sqlite3.connect(path_of(self.service))) as connection:
            return connection.execute(sql).fetchall()


@contextmanager
def hub_on(directory: Path, subscribers: int) -> Iterator[Hub]:
    """`feedsvc serve` with its worker, on a new database with so many subscribers of one feed."""
    with receive() as receiver, feedsvc_on(directory, **_SETTINGS) as service:
        _subscribe(service, receiver, subscribers)
        hub = Hub(service, receiver, subscribers)
        wait_until(lambda: _have_begun(service), "the workers are there")
        hub.rest()
        yield hub


def _have_begun(service: Service) -> bool:
    workers = service.list_hub_workers()
    return bool(workers) and service.log.count("the hub's worker begins") >= len(workers)


def _subscribe(service: Service, receiver: Receiver, count: int) -> None:
    """Have subscribers as they are once they were verified, each with a secret of its own."""
    now = datetime.now(UTC)

    def subscribe(_: Changes) -> None:
        topic = Topic.create(url=f"{PUBLIC_URL}/feeds/all.atom")
        common = {
            "kind": Kind.WEBSUB,
            "topic": topic,
            "host": "127.0.0.1",
            "state": Standing.ACTIVE,
            "epoch": counter.epoch,
            "change": counter.change,
            **dict.fromkeys(("created_at", "renewed_at", "next_at", "claimed_until"), now),
            "expires_at": now + timedelta(days=1),
            "last_error": "",
            **dict.fromkeys(("attempt", "delivered", "failed"), 0),
        }
        rows = [
            common | {"callback": receiver.callback(number), "secret": VAULT.seal(f"key {number}")}
            for number in range(count)
        ]
        for start in range(0, count, _ROWS_AT_ONCE):
            Subscription.insert_many(rows[start : start + _ROWS_AT_ONCE]).execute()

    with service.database() as database:
        counter = database.read_counter()
        database.publish(subscribe)
