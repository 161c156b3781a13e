"""Which questions there are: one file each, and what it takes to ask it."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.benchmarks import (
    archive_size,
    batch_ingest,
    changed_feed,
    hub_fan_out,
    hub_idle,
    hub_ingest,
    hub_lag,
    missed_feed,
    not_modified,
    reads_while_writing,
    search,
    single_push,
    through_nginx,
    warm_feed,
    worker_classes,
    worker_memory,
)
from tests.benchmarks.harness import Bench, Result
from tests.benchmarks.programs import DJANGO, POSTGRES, require


@dataclass(frozen=True, slots=True)
class Question:
    measure: Callable[[Bench], list[Result]]
    #: Programs, DJANGO, POSTGRES: what comes with neither Python nor `make test`.
    needs: tuple[str, ...] = ()

    def require_all(self) -> None:
        """See that it can be asked here.

        Raises:
            ProgramMissingError: it can't; the message says what to install.
        """
        for name in self.needs:
            require(name)


QUESTIONS = {
    "batch_ingest": Question(batch_ingest.measure),
    "single_push": Question(single_push.measure),
    "warm_feed": Question(warm_feed.measure, ("wrk", DJANGO, POSTGRES)),
    "not_modified": Question(not_modified.measure, ("wrk",)),
    "missed_feed": Question(missed_feed.measure, ("wrk", DJANGO)),
    "changed_feed": Question(changed_feed.measure),
    "through_nginx": Question(through_nginx.measure, ("wrk", "nginx")),
    "reads_while_writing": Question(reads_while_writing.measure, ("wrk",)),
    "archive_size": Question(archive_size.measure, (POSTGRES,)),
    "search": Question(search.measure, (POSTGRES,)),
    "worker_memory": Question(worker_memory.measure),
    "hub_fan_out": Question(hub_fan_out.measure),
    "hub_lag": Question(hub_lag.measure),
    "hub_ingest": Question(hub_ingest.measure),
    "hub_idle": Question(hub_idle.measure),
    "worker_classes": Question(worker_classes.measure, ("wrk",)),
}
