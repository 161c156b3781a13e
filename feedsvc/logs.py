"""Where log lines are written, many of them at once if they come so."""

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TextIO

#: A line of any of the programs.
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes to standard error."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self._held: list[str] | None = None

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Write what is logged meanwhile in the end; other threads wait until then."""
        self.acquire()
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
            self._write(held)
            self.release()

    def _write(self, lines: list[str]) -> None:
        try:
            self.stream.write("".join(lines))
            self.flush()
        except Exception:  # noqa: BLE001 (as any handler does)
            self.handleError(logging.makeLogRecord({"msg": f"{len(lines)} lines"}))

    def emit(self, record: logging.LogRecord) -> None:
        if self._held is None:
            super().emit(record)
            return
        try:
            self._held.append(self.format(record) + self.terminator)
        except Exception:  # noqa: BLE001 (as any handler does)
            self.handleError(record)


def write_together(log: logging.Logger, records: Iterable[logging.LogRecord]) -> None:
    """Log records one by one, and write their lines at once: a line takes longer to write than to
    make, since other threads may run meanwhile."""
    with ExitStack() as stack:
        for handler in _list_handlers(log):
            if isinstance(handler, LineHandler):
                stack.enter_context(handler.hold())
        for record in records:
            log.handle(record)


def _list_handlers(log: logging.Logger) -> Iterator[logging.Handler]:
    one: logging.Logger | None = log
    while one is not None:
        yield from one.handlers
        one = one.parent if one.propagate else None
