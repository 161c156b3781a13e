"""SQLite: one file, a connection for each reading thread, one thread that writes.

All writes of a process run one after the other on that thread, and nothing in them waits: a second
connection of the same process would only queue at the file's lock. What waits to be written when
the thread is free goes into one transaction, each in a savepoint of its own, so that the disk is
waited for once for all of them.
"""

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urlsplit

import peewee

from feedsvc.db.bell import SignBell
from feedsvc.db.engine import ClosedWithItsThread, translated
from feedsvc.db.watch import SqliteSign
from feedsvc.errors import ConfigurationError, DatabaseUnavailableError

T = TypeVar("T")

_RETRY_SECONDS = 0.02
#: How often the file's lock is tried. SQLite's own waiting sleeps up to a tenth of a second, for
#: which the lock is free and nobody writes, when several processes do.
_LOCK_RETRY_SECONDS = 0.001
#: Writes of one transaction.
_MOST_TOGETHER = 32
#: After so long, the transaction ends: what is done waits for it, and so do other processes.
_LONGEST_TOGETHER_SECONDS = 0.05


class _Job:
    """A write that waits for its turn, and whoever waits for it."""

    def __init__(self, transaction: Callable[[], Any]) -> None:
        self.transaction = transaction
        self.future: Future[Any] = Future()
        self.done = threading.Event()
        self.future.add_done_callback(lambda _: self.done.set())

    def succeed(self, value: Any) -> None:
        self.future.set_result(value)

    def fail(self, error: BaseException) -> None:
        self.future.set_exception(error)


def _take(waiting: "queue.SimpleQueue[_Job | None]") -> list[_Job]:
    """The next job that waits, if one does."""
    try:
        job = waiting.get_nowait()
    except queue.Empty:
        return []
    if job is None:  # the end, which is for the loop to see
        waiting.put(None)
        return []
    return [job] if job.future.set_running_or_notify_cancel() else []


class Sqlite:
    """One file; a connection for each reading thread, one more for the writer."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        name = unquote(urlsplit(url).path[1:])
        if not name or ":memory:" in name:
            raise ConfigurationError("FEEDSVC_DATABASE_URL must name a file: sqlite:///feedsvc.db")
        self.path = Path(name).absolute()
        self._timeout = timeout_seconds
        self._local = threading.local()
        self._waiting: queue.SimpleQueue[_Job | None] | None = None
        self._writer = threading.current_thread()
        self._writer_pid = 0
        self._lock = threading.Lock()
        self.sign = SqliteSign(self.path)
        self.peewee = peewee.SqliteDatabase(
            # mode=rw: a file that went missing is an error, never a new empty newspaper.
            f"file:{quote(str(self.path))}?mode=rw",
            uri=True,
            check_same_thread=False,  # a thread that has ended can't close its own
            timeout=timeout_seconds,
            pragmas=(("journal_mode", "wal"), ("synchronous", "full"), ("foreign_keys", 1)),
        )

    def create(self) -> None:
        try:
            self.path.touch(mode=0o640)
        except OSError as error:
            raise DatabaseUnavailableError(
                f"{self.path} can't be made: {error.strerror}"
            ) from error

    @contextmanager
    def session(self) -> Iterator[None]:
        self._follow_file()
        yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self.peewee.atomic():
            yield

    def write(self, transaction: Callable[[], T]) -> T:
        """Run on the writer thread; give up when its turn has not come within the timeout."""
        job = _Job(transaction)
        self._queue().put(job)
        # Not future.result(timeout): `transaction` may raise a TimeoutError of its own.
        if not job.done.wait(self._timeout) and job.future.cancel():
            raise DatabaseUnavailableError("Other writes took too long.")
        result: T = job.future.result()
        return result

    def ring(self) -> None:
        """A commit can be seen."""

    def open_bell(self) -> SignBell:
        return SignBell(self.sign)

    def run_ddl(self, work: Callable[[], T]) -> T:
        with translated(self), self.session():
            # A table that is rebuilt is dropped once; its references must not go with it. SQLite
            # heeds this pragma outside of transactions only.
            self.peewee.pragma("foreign_keys", 0)
            try:
                with self.peewee.atomic("EXCLUSIVE"):
                    return work()
            finally:
                self.drop_connection()

    def close(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, None
        if waiting is not None and self._writer_pid == os.getpid():
            waiting.put(None)
            self._writer.join()
        self.peewee.close()

    def drop_connection(self) -> None:
        self.peewee.close()
        self._local.file = None

    def _queue(self) -> "queue.SimpleQueue[_Job | None]":
        """What the writer thread takes its work from; it is started with the first."""
        with self._lock:
            if self._waiting is None or self._writer_pid != os.getpid():  # threads die in a fork
                self._waiting = queue.SimpleQueue()
                self._writer_pid = os.getpid()
                self._writer = threading.Thread(
                    target=self._serve, args=(self._waiting,), name="feedsvc-writer", daemon=True
                )
                self._writer.start()
            return self._waiting

    def _serve(self, waiting: "queue.SimpleQueue[_Job | None]") -> None:
        while (job := waiting.get()) is not None:
            if not job.future.set_running_or_notify_cancel():
                continue
            together = self._run([job], waiting)
            if together is not None:  # the database was in trouble: whose fault, is seen one by one
                for one in together:
                    self._run([one], None)
        self.peewee.close()

    def _run(
        self, jobs: "list[_Job]", waiting: "queue.SimpleQueue[_Job | None] | None"
    ) -> "list[_Job] | None":
        """Do a job in one transaction with those that wait meanwhile.

        Gives the jobs that are to be done again, since the transaction of several failed.
        """
        try:
            with translated(self), self.session(), self._exclusive():
                outcomes = self._do(jobs, waiting)
        except BaseException as error:  # noqa: BLE001 (whoever waits for a job is told)
            if len(jobs) > 1:
                return jobs
            jobs[0].fail(error)
        else:
            for job, outcome in zip(jobs, outcomes, strict=True):
                outcome(job)
        return None

    def _do(
        self, jobs: "list[_Job]", waiting: "queue.SimpleQueue[_Job | None] | None"
    ) -> "list[Callable[[_Job], None]]":
        """Run the jobs, and add to them what comes meanwhile; gives what each is to be told."""
        if waiting is None or waiting.empty():  # alone, it needs no savepoint
            return [partial(_Job.succeed, value=jobs[0].transaction())]
        began = time.monotonic()
        outcomes: list[Callable[[_Job], None]] = []
        for job in jobs:  # which grows
            try:
                with self.peewee.atomic():
                    value = job.transaction()
            except (peewee.PeeweeException, DatabaseUnavailableError):
                raise
            except BaseException as error:  # noqa: BLE001 (whoever waits for the job is told)
                outcomes.append(partial(_Job.fail, error=error))
            else:
                outcomes.append(partial(_Job.succeed, value=value))
            is_short = time.monotonic() - began < _LONGEST_TOGETHER_SECONDS
            if is_short and len(jobs) < _MOST_TOGETHER:
                jobs += _take(waiting)
        return outcomes

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """A transaction that holds the file's lock, waited for in short steps."""
        deadline = time.monotonic() + self._timeout
        with ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(self.peewee.atomic("IMMEDIATE"))
                    break
                except peewee.OperationalError as error:
                    if "locked" not in str(error) or time.monotonic() > deadline:
                        raise
                    time.sleep(_LOCK_RETRY_SECONDS)
            yield

    def _follow_file(self) -> None:
        """Have this thread's connection be one to the file that now has the name.

        SQLite goes on writing to a file that was deleted or replaced under it: acknowledged
        articles would be lost when the process ends.
        """
        try:
            status = self.path.stat()
        except OSError as error:
            self.drop_connection()
            raise DatabaseUnavailableError(f"{self.path}: {error.strerror}") from error
        file = (os.getpid(), status.st_dev, status.st_ino)
        if getattr(self._local, "file", None) != file:
            self.drop_connection()
            self._connect()
            if threading.current_thread() is self._writer:
                self.peewee.pragma("busy_timeout", 1)  # `_exclusive` waits
            self._local.file = file

    def _connect(self) -> None:
        """Open this thread's connection, and have it closed with the thread.

        While another process turns a new file to WAL, SQLite says "locked" without waiting.
        """
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                self.peewee.connect()
            except peewee.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(_RETRY_SECONDS)
            else:
                raw: Any = self.peewee.connection()  # type: ignore[no-untyped-call]
                self._local.connection = ClosedWithItsThread(raw)
                return
