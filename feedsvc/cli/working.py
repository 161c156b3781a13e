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

import click

from feedsvc.app import configure_logging
from feedsvc.cli.console import open_for_command
from feedsvc.db import Database
from feedsvc.hub.delivery import Caller
from feedsvc.hub.worker import Worker
from feedsvc.settings import Settings, load_settings
from feedsvc.vault import Vault

log = logging.getLogger(__name__)

_ENDINGS = (signal.SIGTERM, signal.SIGINT)
_LOOK_SECONDS = 0.2
#: A worker that dies again and again as soon as it begins is started less and less often.
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 30.0
_SOON_SECONDS = 5.0
#: How often a worker looks whether its keeper is there; each time wakes an idle one.
_KEEPER_LOOK_SECONDS = 1.0
_COLLECTED_AFTER = (20_000, 20, 20)
#: Readers and editors come first, where the processor is wanted by all.
_NICENESS = 10


@click.command()
@click.option("--beside", type=int, hidden=True, help="The server's process, which has started it.")
@click.option("--kept-by", type=int, hidden=True, help="The process that starts it again.")
def worker(beside: int | None, kept_by: int | None) -> None:
    """Deliver what subscribers and other hubs are to get, and release what is due.

    `feedsvc serve` starts one beside the server, unless FEEDSVC_WORKER=false. Several may run, on
    several machines if the database is PostgreSQL; they share the work.
    """
    if beside is not None:
        _keep(beside)
        return
    with open_for_command(create=True) as (database, vault):
        log.info("the hub's worker begins")
        asyncio.run(_work(load_settings(), database, vault, kept_by))
        log.info("the hub's worker has ended")


async def _work(settings: Settings, database: Database, vault: Vault, kept_by: int | None) -> None:
    # Each call makes many small objects, which go by themselves; to look through all there are,
    # every few hundred of them, took a tenth of the time.
    gc.freeze()
    gc.set_threshold(*_COLLECTED_AFTER)
    async with Caller(settings) as caller:
        work = Worker(database, settings, vault, caller)
        for ending in _ENDINGS:
            asyncio.get_running_loop().add_signal_handler(ending, work.stop)
        if kept_by is not None:
            _stop_without(kept_by, work)
        await work.run()


def _stop_without(keeper: int, work: Worker) -> None:
    """Stop when nobody is left who could tell it to."""
    if os.getppid() != keeper:
        work.stop()
        return
    asyncio.get_running_loop().call_later(_KEEPER_LOOK_SECONDS, _stop_without, keeper, work)


def _keep(server: int) -> None:
    """Have a worker, until this is told to stop, or the server is no more."""
    configure_logging(load_settings())
    told: list[int] = []
    for ending in _ENDINGS:
        signal.signal(ending, lambda number, _: told.append(number))
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)

    def is_wanted() -> bool:
        return not told and os.getppid() == server

    pause = _SHORTEST_PAUSE_SECONDS
    while is_wanted():
        began = time.monotonic()
        child = subprocess.Popen(_command())  # noqa: S603 (our own program)
        while child.poll() is None:
            if not is_wanted():
                child.terminate()
                child.wait()
                return
            time.sleep(_LOOK_SECONDS)
        if time.monotonic() - began > _SOON_SECONDS:
            pause = _SHORTEST_PAUSE_SECONDS
        log.error("the hub's worker has died (%s); another one begins", child.returncode)
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _command() -> list[str]:
    return [sys.executable, "-m", "feedsvc", "worker", "--kept-by", str(os.getpid())]
