"""`feedsvc worker`: alone, or beside the server, where it is started again when it dies."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from select import select
from typing import TYPE_CHECKING

import click

from feedsvc.app import configure_logging
from feedsvc.cli.console import open_for_command
from feedsvc.db import Database
from feedsvc.server import files
from feedsvc.settings import Settings, load_settings
from feedsvc.vault import Vault

if TYPE_CHECKING:
    from feedsvc.hub.worker import Worker

log = logging.getLogger(__name__)

_ENDINGS = (signal.SIGTERM, signal.SIGINT)
_LOOK_SECONDS = 0.2
#: A worker that dies again and again as soon as it begins is started less and less often.
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 30.0
_SOON_SECONDS = 5.0
#: How long a worker may take to stop.
_ENDING_SECONDS = 25.0
#: How often a worker looks whether its keeper is there; each time wakes an idle one.
_KEEPER_LOOK_SECONDS = 1.0
_COLLECTED_AFTER = (20_000, 20, 20)
#: Readers and editors come first, where the processor is wanted by all.
_NICENESS = 10


@click.command()
@click.option("--beside", type=int, hidden=True, help="The server's process: end with it.")
@click.option("--kept-by", type=int, hidden=True, help="The process that starts it again.")
def worker(beside: int | None, kept_by: int | None) -> None:
    """Deliver what subscribers and other hubs are to get, and release what is due.

    `feedsvc serve` starts one beside the server, unless FEEDSVC_WORKER=false. Several may run, on
    several machines if the database is PostgreSQL; they share the work.
    """
    server = None if beside is None else Process(beside)
    if server is not None and kept_by is None:
        _keep(server)
        return
    is_told = _run(None if kept_by is None else Process(kept_by))
    if server is not None and not is_told and server.is_there():
        # Whoever would have started another one is gone: it takes that place.
        os.execv(sys.executable, _command("--beside", str(beside)))  # noqa: S606 (our own program)


class Process:
    """Another process. Its number may become another's; what was opened of it does not."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._descriptor: int | None = None
        with contextlib.suppress(AttributeError, OSError):  # not Linux, or gone already
            self._descriptor = os.pidfd_open(number)

    def is_there(self) -> bool:
        if self._descriptor is not None:
            return not select([self._descriptor], [], [], 0)[0]
        try:
            os.kill(self.number, 0)
        except OSError:
            return False
        return True


def _run(keeper: Process | None) -> bool:
    """Work until this is told to stop, or its keeper is gone; gives whether it was told."""
    with open_for_command(create=True) as (database, vault):
        is_told = asyncio.run(_work(load_settings(), database, vault, keeper))
        log.info("the hub's worker has ended")
    return is_told


async def _work(
    settings: Settings, database: Database, vault: Vault, keeper: Process | None
) -> bool:
    # Nothing else has to wait until its client is loaded, least of all a server that is restarted.
    from feedsvc.hub.delivery import Caller  # noqa: PLC0415
    from feedsvc.hub.worker import Worker  # noqa: PLC0415

    # Each call makes many small objects, which go by themselves; to look through all there are,
    # every few hundred of them, took a tenth of the time.
    gc.freeze()
    gc.set_threshold(*_COLLECTED_AFTER)
    files.raise_limit()
    async with Caller(settings) as caller:
        work = Worker(database, settings, vault, caller)
        told: list[bool] = []

        def stop() -> None:
            told.append(True)
            work.stop()

        for ending in _ENDINGS:
            asyncio.get_running_loop().add_signal_handler(ending, stop)
        log.info("the hub's worker begins")
        if keeper is not None:
            _stop_without(keeper, work)
        await work.run()
    return bool(told)


def _stop_without(keeper: Process, work: "Worker") -> None:
    """Stop when nobody is left who could tell it to."""
    if not keeper.is_there():
        work.stop()
        return
    asyncio.get_running_loop().call_later(_KEEPER_LOOK_SECONDS, _stop_without, keeper, work)


def _keep(server: Process) -> None:
    """Have a worker, until this is told to stop, or the server is no more."""
    configure_logging(load_settings())
    told: list[int] = []
    for ending in _ENDINGS:
        signal.signal(ending, lambda number, _: told.append(number))
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)

    def wait(condition: Callable[[], bool]) -> bool:
        """Wait for something; gives whether a worker is still wanted then."""
        while not told and server.is_there():
            if condition():
                return True
            time.sleep(_LOOK_SECONDS)
        return False

    pause = _SHORTEST_PAUSE_SECONDS
    while True:
        began = time.monotonic()
        command = _command("--beside", str(server.number), "--kept-by", str(os.getpid()))
        child = subprocess.Popen(command)  # noqa: S603 (our own program)
        if not wait(lambda of=child: of.poll() is not None):  # type: ignore[misc]
            _end(child)
            return
        if time.monotonic() - began > _SOON_SECONDS:
            pause = _SHORTEST_PAUSE_SECONDS
        log.error("the hub's worker has died (%s); another one begins", child.returncode)
        again_at = time.monotonic() + pause
        if not wait(lambda at=again_at: time.monotonic() >= at):  # type: ignore[misc]
            return
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _end(child: "subprocess.Popen[bytes]") -> None:
    child.terminate()
    try:
        child.wait(_ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _command(*options: str) -> list[str]:
    return [sys.executable, "-m", "feedsvc", "worker", *options]
