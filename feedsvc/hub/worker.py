"""The worker: sends subscribers what they have not seen, as soon as there is something.

It keeps nothing that a crash could lose: what is to be sent is the difference of two numbers in the
database, and a claim on it lapses. Several workers share the work.
"""

import asyncio
import logging
import math
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from feedsvc.articles.release import Releases
from feedsvc.db import Database
from feedsvc.errors import DatabaseUnavailableError, SecretKeyError
from feedsvc.feeds.fragments import Fragments
from feedsvc.hub.agenda import Agenda
from feedsvc.hub.books import Books
from feedsvc.hub.calls import Calls
from feedsvc.hub.delivery import Caller
from feedsvc.hub.errands import Denial, Errand, fail, judge, prepare
from feedsvc.hub.jobs import (
    DueTopic,
    Job,
    claim,
    claim_revoked,
    claim_verifications,
    keep_other_hubs,
)
from feedsvc.hub.journal import Journal
from feedsvc.hub.lanes import Lane, Lanes
from feedsvc.hub.outcomes import Ended, Released, Result, settle
from feedsvc.hub.payload import Packing
from feedsvc.hub.verification import Verifier
from feedsvc.models.push import Kind, Verification
from feedsvc.settings import Settings
from feedsvc.vault import Vault

log = logging.getLogger(__name__)

T = TypeVar("T")

#: How often it is looked whether anything was committed.
LOOK_SECONDS = 0.05
#: The same when nothing was for so long: to wake is what costs an idle worker most.
QUIET_LOOK_SECONDS = 0.125
_QUIET_SECONDS = 2.0
#: The same while deliveries are on their way.
BUSY_LOOK_SECONDS = 0.2
#: How long calls may take that are on their way when it is to stop.
STOP_SECONDS = 5.0
_REST_SECONDS = 1.0
#: Another hub is told of one feed after another, of as many as have changed.
_TOLD_WITHIN = timedelta(minutes=2)
#: A claim holds for as long as a call may take, and so much more: to wait for a place, and until
#: what came of it is written down.
_WAIT_SECONDS, _WRITE_SECONDS = 10.0, 5.0
#: So many times as many as a lane has places are claimed at once, as soon as there are fewer that
#: wait: no place is empty meanwhile, and a transaction costs each of many little.
_AHEAD = 2
_THREADS = 4
_LANES = (Lane.FRESH, Lane.FAILING)


class Worker:
    """Runs in one event loop, and asks the database on threads of its own."""

    def __init__(
        self, database: Database, settings: Settings, vault: Vault, caller: Caller
    ) -> None:
        self._database = database
        self._settings = settings
        self._calls = Calls(caller, settings, vault)
        self._packing = Packing(database, settings, Fragments(settings.fragment_bytes))
        self._agenda = Agenda(database, settings, self._packing, Releases(database))
        self._verifier = Verifier(database, self._calls, self._packing, self._ask)
        self._lanes = Lanes(settings.hub_concurrency, self._wake)
        self._books = Books(self._settle, self._wake)
        self._journal = Journal(log)
        self._needed = timedelta(seconds=settings.hub_timeout_seconds + _WRITE_SECONDS)
        self._claimed_for = self._needed + timedelta(seconds=_WAIT_SECONDS)
        self._bell = database.open_bell()
        self._threads = ThreadPoolExecutor(_THREADS, "feedsvc-hub")
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        #: What is left of the last look, for each lane.
        self._due: dict[Lane, deque[DueTopic]] = {lane: deque() for lane in _LANES}
        #: What is claimed, and waits for a place.
        self._ready: dict[Lane, deque[Errand | Denial]] = {lane: deque() for lane in _LANES}
        #: Whether there is less of it than there may be.
        self._wanted = {lane: asyncio.Event() for lane in _LANES}
        #: How many of a topic were claimed since it is due: who had little comes first.
        self._served: dict[int | None, int] = {}
        self._has_wishes = self._may_be_revoked = False
        #: Whether something may have been committed since the last look.
        self._is_rung = True
        self._rung_at = 0.0
        self._look_at = math.inf
        self._rest_until = 0.0
        self._is_stopped = False

    async def run(self) -> None:
        """Work until it is told to stop; what is on its way then is waited for."""
        self._tick()
        try:
            await self._keep_hubs()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_looking())
                for lane in _LANES:
                    group.create_task(self._keep_claiming(lane))
        finally:
            await self._finish()
            for ready in self._ready.values():
                self._release(ready)
            await self._books.close()
            self._journal.write()
            self._is_stopped = True
            self._bell.close()
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _finish(self) -> None:
        """Wait for what is on its way; what takes too long is told again by whoever comes next."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def stop(self) -> None:
        """Begin nothing more."""
        self._is_stopped = True
        self._wake()
        self._want_all()

    def _wake(self) -> None:
        self._woken.set()

    def _want_all(self) -> None:
        for wanted in self._wanted.values():
            wanted.set()

    def _tick(self) -> None:
        """See, every now and then, whether there is a reason to look."""
        if self._is_stopped:
            return
        is_quiet = time.monotonic() - self._rung_at > _QUIET_SECONDS
        pause = QUIET_LOOK_SECONDS if is_quiet else LOOK_SECONDS
        self._loop.call_later(pause, self._tick)
        self._lanes.step_aside()
        if self._bell.has_rung() or time.time() >= self._look_at:
            self._is_rung = True
            self._rung_at = time.monotonic()
        if self._is_rung and time.monotonic() >= self._rest_until:
            self._wake()

    async def _keep_hubs(self) -> None:
        """Have the other hubs among the subscribers."""
        hubs = self._settings.other_hubs
        while not self._is_stopped:
            try:
                await self._ask(keep_other_hubs, self._database, hubs, datetime.now(UTC))
            except DatabaseUnavailableError as error:
                log.warning("the hub's worker waits for the database: %s", error)
                await asyncio.sleep(_REST_SECONDS)
            else:
                return

    async def _keep_looking(self) -> None:
        while not self._is_stopped:
            await self._woken.wait()
            self._woken.clear()
            for lane in _LANES:
                self._fill(lane)
            try:
                if self._is_rung and time.monotonic() >= self._rest_until:
                    await self._look()
                await self._verify_some()
                await self._end_revoked()
            except DatabaseUnavailableError as error:
                self._rest(error)

    async def _keep_claiming(self, lane: Lane) -> None:
        """Claim ahead, whatever else is asked of the database: no place waits for that."""
        while not self._is_stopped:
            await self._wanted[lane].wait()
            self._wanted[lane].clear()
            try:
                await self._claim_some(lane)
            except DatabaseUnavailableError as error:
                self._rest(error)

    def _rest(self, error: DatabaseUnavailableError) -> None:
        log.warning("the hub's worker waits for the database: %s", error)
        self._is_rung = True
        self._rest_until = time.monotonic() + _REST_SECONDS

    async def _look(self) -> None:
        self._is_rung = False
        plan = await self._ask(self._agenda.look, datetime.now(UTC))
        self._is_rung |= not plan.is_whole
        served = {topic.id: self._served.get(topic.id, 0) for topic in plan.topics}
        self._served = served
        topics = sorted(plan.topics, key=lambda topic: served[topic.id])
        self._due = {lane: deque(topics) for lane in _LANES}
        self._want_all()
        self._has_wishes = self._may_be_revoked = True
        if plan.next_at is None:
            self._look_at = math.inf
        else:  # what could not be done is tried again after a rest
            self._look_at = max(plan.next_at.timestamp(), time.time() + BUSY_LOOK_SECONDS)
        # What is written down of deliveries rings as well, and is no reason to hurry.
        self._rest_until = time.monotonic() + (BUSY_LOOK_SECONDS if self._tasks else 0.0)

    async def _verify_some(self) -> None:
        free = self._lanes.count_free(Lane.VERIFICATION)
        if not (self._has_wishes and free) or self._is_stopped:
            return
        now = datetime.now(UTC)
        until = now + self._claimed_for
        wishes = await self._ask(claim_verifications, self._database, free, until, now)
        self._has_wishes = len(wishes) == free
        for wish in wishes:
            self._start(self._verify(wish))

    async def _end_revoked(self) -> None:
        """End what was subscribed to with tokens that are revoked."""
        free = self._lanes.count_free(Lane.VERIFICATION)
        if not (self._may_be_revoked and free) or self._is_stopped:
            return
        now = datetime.now(UTC)
        until = now + self._claimed_for
        found = await self._ask(claim_revoked, self._database, free, until, now)
        self._may_be_revoked = len(found) >= free
        for job in found:
            self._start(self._deny(Lane.VERIFICATION, Denial(job, "is open to its token no more")))

    async def _claim_some(self, lane: Lane) -> None:
        """Claim subscriptions ahead, of each topic in turn."""
        ready, most = self._ready[lane], self._count_ahead(lane)
        while self._due[lane] and len(ready) < most and not self._is_stopped:
            due = self._due[lane]  # a look puts others in its place
            topic = due.popleft()
            count, prepared = await self._ask(self._claim, lane, topic, most)
            if count == most:
                due.append(topic)
            self._served[topic.id] = self._served.get(topic.id, 0) + count
            for one in prepared:
                if isinstance(one, Errand | Denial):
                    ready.append(one)
                else:
                    self._books.add(one)
                if isinstance(one, Errand) and one.is_last:
                    self._agenda.note_sent(topic, one.cursor.change)
            self._fill(lane)

    def _claim(
        self, lane: Lane, topic: DueTopic, most: int
    ) -> tuple[int, list[Errand | Denial | Result]]:
        """On a thread: how many were claimed, and what is to be done about them."""
        now = datetime.now(UTC)
        until = now + (self._claimed_for if topic.id is not None else _TOLD_WITHIN)
        is_failing = lane is Lane.FAILING
        found = claim(self._database, topic, most, until, now, failing=is_failing)
        if not found:
            return 0, []
        readable, now = self._agenda.find_readable(), datetime.now(UTC)
        try:
            return len(found), prepare(self._packing, self._settings, found, readable, now)
        except DatabaseUnavailableError:
            self._loop.call_soon_threadsafe(self._release, found)
            raise

    def _count_free(self, lane: Lane) -> int:
        """At how many places something may be begun."""
        is_stopped = self._is_stopped or self._books.is_full
        return 0 if is_stopped else self._lanes.count_free(lane)

    def _count_ahead(self, lane: Lane) -> int:
        return self._lanes.count_all(lane) * _AHEAD

    def _release(self, claimed: Iterable[Job | Errand | Denial]) -> None:
        """Give claims back."""
        for one in claimed:
            self._books.add(Released(one if isinstance(one, Job) else one.job))

    def _fill(self, lane: Lane) -> None:
        """Have work done at the places that are free."""
        for _ in range(min(self._count_free(lane), len(self._ready[lane]))):
            self._start(self._work_at(lane))

    async def _work_at(self, lane: Lane) -> None:
        """Take one after the other from what is ready, for as long as there is a place."""
        ready, few, wanted = self._ready[lane], self._count_ahead(lane), self._wanted[lane]
        while ready and self._count_free(lane):
            one = ready.popleft()
            if len(ready) < few and self._due[lane]:
                wanted.set()
            if datetime.now(UTC) + self._needed > one.job.claimed_until:
                self._release([one])
            elif isinstance(one, Denial):
                await self._deny(lane, one)
            else:
                await self._carry_out(lane, one)

    async def _carry_out(self, lane: Lane, errand: Errand) -> None:
        job = errand.job
        if self._lanes.is_silent(job.host):
            problem = "its host answers nobody"
            self._books.add(fail(self._settings, job, problem, datetime.now(UTC)))
            return
        place = self._lanes.take(lane, job.host)
        outcome = None
        try:
            outcome = await self._calls.tell(errand)
        except asyncio.CancelledError:
            self._release([errand])
            raise
        except SecretKeyError as error:
            self._books.add(fail(self._settings, job, str(error), datetime.now(UTC)))
            return
        except Exception:
            log.exception("subscription %d: its delivery broke off", job.id)
            self._books.add(fail(self._settings, job, "it broke off", datetime.now(UTC)))
            return
        finally:
            self._lanes.leave(
                place, has_answered=outcome is not None and outcome.status is not None
            )
        result = judge(self._settings, errand, outcome, datetime.now(UTC))
        self._books.add(result)
        self._journal.note(errand, outcome, result)

    async def _deny(self, lane: Lane, denial: Denial) -> None:
        """End a subscription, and tell its subscriber if that can be; it is told once."""
        job = denial.job
        if job.kind == Kind.WEBSUB and job.topic_url is not None:
            place = self._lanes.take(lane, job.host)
            try:
                await self._calls.deny(job.callback, job.spelling, job.topic_url, denial.reason)
            except SecretKeyError as error:
                log.warning("subscription %d can't be told: %s", job.id, error)
            finally:
                self._lanes.leave(place, has_answered=False)
        log.info("subscription %d has ended: its topic %s", job.id, denial.reason)
        self._books.add(Ended(job))

    async def _verify(self, wish: Verification) -> None:
        place = self._lanes.take(Lane.VERIFICATION, wish.host)
        try:
            await self._verifier.verify(wish)
        except DatabaseUnavailableError as error:
            log.warning("what was verified can't be written down: %s", error)
        finally:
            self._lanes.leave(place, has_answered=False)

    async def _settle(self, results: Sequence[Result]) -> None:
        self._journal.write()
        await self._ask(settle, self._database, results, datetime.now(UTC))
        self._is_rung = True  # some may have more to get

    async def _ask(self, verb: Callable[..., T], *values: Any) -> T:
        """Call a verb that may wait for the database, on a thread."""
        return await self._loop.run_in_executor(self._threads, partial(verb, *values))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._wake()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a delivery broke off", exc_info=error)
