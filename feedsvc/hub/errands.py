"""Claimed subscriptions in, what is to be said to each out: nothing is said yet."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from feedsvc.errors import DatabaseUnavailableError, TopicError, TopicGoneError
from feedsvc.feeds.selection import Cursor
from feedsvc.hub.delivery import Outcome
from feedsvc.hub.jobs import Job
from feedsvc.hub.outcomes import Delivered, Ended, Failed, Passed, Result
from feedsvc.hub.payload import Packing, Parcel
from feedsvc.hub.retry import plan_retry
from feedsvc.models.push import Kind
from feedsvc.settings import Settings

log = logging.getLogger(__name__)

_GONE = 410


@dataclass(frozen=True, slots=True)
class Errand:
    """What a subscriber is to be told, and where it stands then."""

    job: Job
    cursor: Cursor
    changed_at: datetime
    #: Of WebSub.
    parcel: Parcel | None = None
    #: Of another hub: the feeds that have changed.
    urls: tuple[str, ...] = ()
    is_last: bool = True
    due_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Denial:
    """The subscription is over, which its subscriber is to be told."""

    job: Job
    reason: str


def prepare(
    packing: Packing, settings: Settings, jobs: Sequence[Job], readable: int, now: datetime
) -> list[Errand | Denial | Result]:
    """What is to be done about a topic's jobs, which are in the order of their cursors.

    Who stands at the same place of the topic gets the same parcel. Who is only told that there is
    something new, and then reads the feed, is told of changes up to `readable`. A job that can't be
    prepared fails alone.

    Raises:
        DatabaseUnavailableError: nothing can be read now.
    """
    return list(_Batch(packing, settings, readable, now).prepare(jobs))


class _Batch:
    def __init__(self, packing: Packing, settings: Settings, readable: int, now: datetime) -> None:
        self._readable = readable
        self._packing = packing
        self._settings = settings
        self._now = now
        #: The last parcel of each token, and from which cursor on it is one.
        self._parcels: dict[int | None, tuple[Cursor, Parcel]] = {}

    def prepare(self, jobs: Sequence[Job]) -> Iterator[Errand | Denial | Result]:
        for job in jobs:
            try:
                yield self._prepare(job)
            except TopicGoneError as error:
                yield Denial(job, str(error))
            except TopicError as error:
                # It may be the worker's settings that are at fault, or a limit: nobody is removed
                # for that.
                yield fail(self._settings, job, f"its topic {error}", self._now)
            except DatabaseUnavailableError:
                raise
            except Exception:
                log.exception("subscription %d can't be sent anything", job.id)
                yield fail(self._settings, job, "it could not be written", self._now)

    def _prepare(self, job: Job) -> Errand | Result:
        match job.kind:
            case Kind.WEBSUB:
                return self._prepare_parcel(job)
            case Kind.RSSCLOUD:
                return self._prepare_ping(job)
            case Kind.HUB:
                return self._prepare_publication(job)

    def _prepare_parcel(self, job: Job) -> Errand | Result:
        parcel = self._find_parcel(job)
        if not parcel.body:
            return Passed(job, parcel.cursor, parcel.due_at)
        return Errand(
            job,
            parcel.cursor,
            parcel.changed_at,
            parcel=parcel,
            is_last=parcel.is_last,
            due_at=parcel.due_at,
        )

    def _find_parcel(self, job: Job) -> Parcel:
        cursor = job.cursor
        start, parcel = self._parcels.get(job.token_id, (None, None))
        if start is not None and parcel is not None and _is_same(start, parcel, cursor):
            return parcel
        parcel = self._packing.write_parcel(job.topic_url or "", job.token_id, cursor, self._now)
        self._parcels[job.token_id] = cursor, parcel
        return parcel

    def _prepare_ping(self, job: Job) -> Errand | Result:
        cursor = job.cursor
        while True:
            news = self._packing.find_news(job.topic_url or "", job.token_id, cursor, self._now)
            cursor = news.cursor
            if news.has_changed or news.is_last:
                break
        if not news.has_changed:
            return Passed(job, cursor, news.due_at)
        if not self._is_readable(job, cursor):
            return self._wait(job)
        cursor = self._readable_part(cursor)
        return Errand(job, cursor, news.changed_at, is_last=news.is_last, due_at=news.due_at)

    def _prepare_publication(self, job: Job) -> Errand | Result:
        found = self._packing.find_changed_topics(job.cursor, job.renewed_at, self._now)
        if not found.urls:
            return Passed(job, found.cursor, found.due_at, found.seen_at)
        if not self._is_readable(job, found.cursor):
            return self._wait(job)
        return Errand(
            job,
            self._readable_part(found.cursor),
            found.changed_at,
            urls=found.urls,
            due_at=found.due_at,
            seen_at=found.seen_at,
        )

    def _is_readable(self, job: Job, cursor: Cursor) -> bool:
        """Whether any of what a job is to be told of can be read by everybody."""
        if cursor.epoch != job.cursor.epoch or cursor.change <= job.cursor.change:
            return True  # a restore, or what appears by itself
        return self._readable > job.cursor.change

    def _readable_part(self, cursor: Cursor) -> Cursor:
        """What comes after that is told of once more, when everybody can read it."""
        if self._readable >= cursor.change:
            return cursor
        return Cursor(self._readable, epoch=cursor.epoch)

    def _wait(self, job: Job) -> Passed:
        delay = timedelta(seconds=self._settings.hub_ping_delay_seconds)
        return Passed(job, job.cursor, self._now + delay)


def judge(settings: Settings, errand: Errand, outcome: Outcome, now: datetime) -> Result:
    """What a subscriber's answer means."""
    job = errand.job
    if not outcome.problem:
        lag_seconds = max(0.0, (now - errand.changed_at).total_seconds())
        return Delivered(job, errand.cursor, lag_seconds, errand.due_at, errand.seen_at)
    if outcome.status == _GONE and job.kind != Kind.HUB:
        return Ended(job)
    if outcome.is_forbidden:
        return Failed(job, outcome.problem, None)
    return fail(settings, job, outcome.problem, now, outcome.retry_after)


def fail(
    settings: Settings, job: Job, problem: str, now: datetime, retry_after: float | None = None
) -> Failed:
    """A delivery that failed, with when it is tried again."""
    next_at = plan_retry(settings, now, job.attempt, job.failing_since, retry_after)
    return Failed(job, problem, next_at)


def _is_same(start: Cursor, parcel: Parcel, cursor: Cursor) -> bool:
    """Whether a parcel for `start` is that for a later cursor, too: it has passed nothing of it."""
    if cursor == start:
        return True
    if parcel.first_change is None or cursor.epoch != start.epoch:
        return False
    return cursor.article_id is None and start.change <= cursor.change < parcel.first_change
