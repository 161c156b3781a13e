"""The worker: sends subscribers what they have not seen, as soon as there is something.

It keeps nothing that a crash could lose: what is to be sent is the difference of two numbers in the
database, and a claim on it lapses. Several workers share the work.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, TypeVar

from feedsvc.articles.release import Releases
from feedsvc.db import Database
from feedsvc.errors import DatabaseUnavailableError
from feedsvc.feeds.fragments import Fragments
from feedsvc.hub import jobs
from feedsvc.hub.agenda import Agenda
from feedsvc.hub.books import Books
from feedsvc.hub.calls import Calls
from feedsvc.hub.delivery import Caller
from feedsvc.hub.jobs import DueTopic, Job
from feedsvc.hub.lanes import Lane, Lanes
from feedsvc.hub.outcomes import Released, Result
from feedsvc.hub.packing import Errand, Packer
from feedsvc.hub.payload import Packing
from feedsvc.hub.verification import Verifier
from feedsvc.settings import Settings
from feedsvc.vault import Vault

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

#: How often it is looked whether anything was committed.
LOOK_SECONDS = 0.05
_REST_SECONDS = 1.0
#: A claim holds for as long as a call may take, and so much more.
_SLACK_SECONDS = 15.0
#: Claims are made for a quarter of a lane's places at once, and for no more than this.
_MOST_CLAIMED = 250
_THREADS = 4


class Worker:
    """Runs in one event loop, and asks the database on threads of its own."""

    def __init__(
        self, database: Database, settings: Settings, vault: Vault, caller: Caller
    ) -> None:
        self._database = database
        self._settings = settings
        packing = Packing(database, settings, Fragments(settings.fragment_bytes))
        releases = Releases(database)
        calls = Calls(caller, settings, vault)
        self._agenda = Agenda(database, settings, packing, releases)
        self._lanes = Lanes(settings.hub_concurrency, self._wake)
        self._books = Books(self._settle)
        self._packer = Packer(packing, settings)
        self._verifier = Verifier(database, calls, packing)
        self._errands = Errands(calls, self._lanes, settings)
        self._claimed_for = timedelta(
            seconds=settings.hub_timeout_seconds + settings.hub_ping_delay_seconds + _SLACK_SECONDS
        )
        self._threads = ThreadPoolExecutor(_THREADS, "feedsvc-hub")
        self._woken = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._due: dict[Lane, list[DueTopic]] = {Lane.FRESH: [], Lane.FAILING: []}
        self._look_at: datetime | None = datetime.now(UTC)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until it is told to stop; what is on its way is then waited for."""
        ...
