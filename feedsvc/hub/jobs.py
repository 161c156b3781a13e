"""What is to be delivered: a subscription is the job itself, and a claim on it a lease.

No HTTP here, and no change number is taken. A worker finds the topics whose subscribers stand
behind the stream of changes (`find_topics`), claims some of them (`claim`), and says what became of
each (`settle`). One that dies meanwhile loses its claims when they lapse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feedsvc.db import Database
from feedsvc.feeds.selection import Cursor
from feedsvc.models.push import Kind, Verification


@dataclass(frozen=True, slots=True)
class DueTopic:
    """A topic that somebody may be sent."""

    #: None: other hubs, which hear of every public feed.
    id: int | None
    url: str | None
    #: Of whoever stands furthest back; everything up to it was acknowledged by all.
    change: int


@dataclass(frozen=True, slots=True)
class Job:
    """A subscription that was claimed, as it was then."""

    id: int
    kind: Kind
    #: None: another hub.
    topic_id: int | None
    topic_url: str | None
    #: The topic as the subscriber writes it, if otherwise; sealed if it has a token.
    spelling: str | None
    callback: str
    host: str
    #: Sealed.
    secret: str | None
    token_id: int | None
    #: What was acknowledged; its epoch is the database's.
    cursor: Cursor
    attempt: int
    failing_since: datetime | None
    created_at: datetime
    #: Of another hub: until when it was looked at what appears by itself.
    renewed_at: datetime
    next_at: datetime
    claimed_until: datetime


@dataclass(frozen=True, slots=True)
class Delivered:
    """The callback has taken what was sent."""

    job: Job
    cursor: Cursor
    lag_seconds: float
    #: When there is more, without a change.
    due_at: datetime | None = None
    #: Of another hub: until when it was looked at what appears by itself.
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """There was nothing to send: it only goes on."""

    job: Job
    cursor: Cursor
    due_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The callback has not taken it; it is tried again, or, if suspended, when it is renewed."""

    job: Job
    error: str
    #: None: it is suspended.
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ended:
    """The subscription is over: the callback is gone, or the topic, or the token."""

    job: Job


@dataclass(frozen=True, slots=True)
class Released:
    """It was not tried; whoever comes next may."""

    job: Job


Result = Delivered | Passed | Failed | Ended | Released


def find_topics(database: Database, now: datetime) -> list[DueTopic]:
    """Topics of which a subscription may be claimed now, whoever stands furthest back first."""
    raise NotImplementedError


def claim(
    database: Database, topic: DueTopic, limit: int, until: datetime, now: datetime
) -> list[Job]:
    """Claim subscriptions of a topic until a moment, those that stand furthest back first.

    In the order of their cursors. Nobody else gets them until then, unless they are settled.
    """
    raise NotImplementedError


def settle(database: Database, results: Sequence[Result], now: datetime) -> None:
    """Write down what became of claimed subscriptions, and give the claims back.

    What was claimed by somebody else since, or is gone, stays as it is; and one that was renewed or
    resumed is neither failing nor ended by what came before that.
    """
    raise NotImplementedError


def find_next_moment(database: Database, now: datetime) -> datetime | None:
    """When something is to be done, though nothing changes: the next such moment after `now`.

    That is a retry, what appears by itself, a claim that lapses, or the end of a lease.
    """
    raise NotImplementedError


def claim_verifications(
    database: Database, limit: int, until: datetime, now: datetime
) -> list[Verification]:
    """Claim wishes that wait to be verified, the oldest first, with their topics."""
    raise NotImplementedError


def end_lapsed(database: Database, now: datetime) -> int:
    """End the subscriptions whose leases are over; gives how many there were."""
    raise NotImplementedError


def keep_other_hubs(database: Database, urls: Sequence[str], now: datetime) -> None:
    """Have one subscription for each of these hubs, and none for others.

    A new one is told what changes from now on.
    """
    raise NotImplementedError
