"""One line in the log for each delivery, of which there are thousands a second."""

import logging
import time

from feedsvc.hub.delivery import Outcome
from feedsvc.hub.errands import Errand
from feedsvc.hub.outcomes import Delivered, Result
from feedsvc.logs import write_together

_LINE = (
    "%s: subscription=%d kind=%s topic=%s host=%s change=%d attempt=%d status=%s bytes=%d"
    " seconds=%.3f lag=%s problem=%s"
)


class Journal:
    """Of one thread.

    A record of its own looks for the line that calls, the process and the thread, which takes as
    long as all the rest; these are all alike.
    """

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._records: list[logging.LogRecord] = []
        self._alike = {
            level: log.makeRecord(log.name, level, __file__, 0, _LINE, (), None)
            for level in (logging.INFO, logging.WARNING)
        }

    def note(self, errand: Errand, outcome: Outcome, result: Result) -> None:
        """To be written; a callback's path may be a secret, and is left out."""
        is_delivered = isinstance(result, Delivered)
        level = logging.INFO if is_delivered else logging.WARNING
        if not self._log.isEnabledFor(level):
            return
        job = errand.job
        values = (
            type(result).__name__.lower(),
            job.id,
            job.kind.name.lower(),
            job.topic_url or "-",
            job.host,
            errand.cursor.change,
            job.attempt + 1,
            outcome.status or "-",
            0 if errand.parcel is None else len(errand.parcel.body),
            outcome.seconds,
            f"{result.lag_seconds:.3f}" if isinstance(result, Delivered) else "-",
            outcome.problem or "-",
        )
        self._records.append(self._make_record(level, values))

    def write(self) -> None:
        """Write what was noted."""
        records, self._records = self._records, []
        write_together(self._log, records)

    def _make_record(self, level: int, values: tuple[object, ...]) -> logging.LogRecord:
        alike, now = self._alike[level], time.time()
        record: logging.LogRecord = object.__new__(type(alike))
        passed = (now - alike.created) * 1_000
        record.__dict__.update(alike.__dict__)
        record.args, record.created, record.msecs = values, now, float(int(now % 1 * 1_000))
        record.relativeCreated = alike.relativeCreated + passed
        return record
