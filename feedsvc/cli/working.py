"""`feedsvc worker`: alone, or beside the server, where its keeper has it (`server/keeper.py`)."""

import asyncio
import gc
import logging
import os
import sys
from typing import TYPE_CHECKING

import click

from feedsvc.cli.console import open_for_command
from feedsvc.db import Database
from feedsvc.server import files
from feedsvc.server.keeper import ENDINGS, Process, list_command
from feedsvc.settings import Settings, load_settings
from feedsvc.vault import Vault

if TYPE_CHECKING:
    from feedsvc.hub.worker import Worker

log = logging.getLogger(__name__)

#: How often a worker looks whether its keeper is there; each time wakes an idle one.
_KEEPER_LOOK_SECONDS = 1.0
_COLLECTED_AFTER = (20_000, 20, 20)


@click.command()
@click.option("--beside", type=int, hidden=True, help="The server's process.")
@click.option("--kept-by", type=int, hidden=True, help="The process that starts it again.")
def worker(beside: int | None, kept_by: int | None) -> None:
    """Deliver what subscribers and other hubs are to get, and release what is due.

    `feedsvc serve` starts one beside the server, unless FEEDSVC_WORKER=false. Several may run, on
    several machines if the database is PostgreSQL; they share the work.
    """
    server = None if beside is None else Process(beside)
    is_told = _run(None if kept_by is None else Process(kept_by))
    if server is not None and not is_told and server.is_there():
        # Whoever would have started another one is gone: it takes that place.
        os.execv(sys.executable, list_command(server.number))  # noqa: S606 (our own program)


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

        for ending in ENDINGS:
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
