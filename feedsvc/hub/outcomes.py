"""What became of claimed subscriptions, and writing it down: for hundreds of them at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from feedsvc.articles.statements import fetch, insert_values
from feedsvc.db import Database, to_microseconds
from feedsvc.feeds.selection import Cursor
from feedsvc.hub.jobs import Job
from feedsvc.hub.subscriptions import cursor_columns, forget_topics
from feedsvc.models.push import Standing


@dataclass(frozen=True, slots=True)
class Delivered:
    """The callback has taken what was sent."""

    job: Job
    cursor: Cursor
    #: From the commit to the acknowledgement.
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


_Result = TypeVar("_Result", Delivered, Passed, Failed, Ended, Released)
Result = Delivered | Passed | Failed | Ended | Released
_Update = Callable[[], None]

_MOST_ERROR_CHARS = 500
#: PostgreSQL takes a column of nothing but NULL for text, hence the casts.
_GO_ON = (
    "epoch = said.epoch, change = said.change, article_id = CAST(said.article_id AS INTEGER),"
    " next_at = COALESCE(CAST(said.due_at AS BIGINT), subscription.next_at),"
    " renewed_at = COALESCE(CAST(said.seen_at AS BIGINT), subscription.renewed_at)"
)
_GOING_ON = ("epoch", "change", "article_id", "due_at", "seen_at")
_DELIVERED = (
    f"{_GO_ON}, attempt = 0, failing_since = NULL, last_error = '', delivered = delivered + 1,"
    " delivered_at = said.moment, lag_seconds = said.lag_seconds"
)
_FAILED = (
    "state = said.state, attempt = attempt + 1, failed = failed + 1, last_error = said.error,"
    " failing_since = COALESCE(failing_since, said.moment), next_at = said.next_at"
)
#: A renewal, or a person who resumes it, has it tried at once: its next moment is another.
_AS_CLAIMED = " AND subscription.next_at = said.next_before"


def settle(database: Database, results: Sequence[Result], now: datetime) -> None:
    """Write down what became of claimed subscriptions, and give the claims back.

    What was claimed by somebody else since, or is gone, stays as it is; and one that was renewed or
    resumed is neither failing nor ended by what came before that.
    """

    failed, ended = _of(Failed, results), _of(Ended, results)
    # What none of these has touched is free all the same.
    rest = [(one.job, ()) for one in results if isinstance(one, Failed | Ended | Released)]
    # Made before the transaction, for which others wait.
    updates = (*_go_on(results, now), _fail(failed, now), _update("", (), rest, now))

    def write() -> None:
        _end(ended)
        for update in updates:
            update()

    if ended:
        # Holding the counter, as whoever subscribes does: a topic goes that nobody has any more.
        database.publish(lambda _: write())
    elif results:
        database.write(write)


def _end(ended: Sequence[Ended]) -> None:
    topics: set[int] = set()
    for one in ended:
        rows = fetch(
            "DELETE FROM subscription WHERE id = ? AND claimed_until = ? AND next_at = ?"
            " RETURNING topic_id",
            one.job.id,
            one.job.claimed_until,
            one.job.next_at,
        )
        topics |= {id_ for (id_,) in rows if id_ is not None}
    if topics:
        forget_topics(sorted(topics))


def _go_on(results: Sequence[Result], now: datetime) -> tuple[_Update, _Update]:
    passed = [(one.job, _steps(one)) for one in _of(Passed, results)]
    delivered = [(one.job, (*_steps(one), one.lag_seconds)) for one in _of(Delivered, results)]
    return (
        _update(_GO_ON, _GOING_ON, passed, now),
        _update(_DELIVERED, (*_GOING_ON, "lag_seconds"), delivered, now),
    )


def _steps(one: Delivered | Passed) -> tuple[Any, ...]:
    return (*cursor_columns(one.cursor).values(), _moment(one.due_at), _moment(one.seen_at))


def _fail(failed: Sequence[Failed], now: datetime) -> _Update:
    rows: list[tuple[Job, tuple[Any, ...]]] = []
    for one in failed:
        state = Standing.SUSPENDED if one.next_at is None else Standing.ACTIVE
        next_at = now if one.next_at is None else one.next_at
        moments = _moment(next_at), _moment(one.job.next_at)
        rows.append((one.job, (int(state), _printable(one.error), *moments)))
    columns = ("state", "error", "next_at", "next_before")
    return _update(_FAILED, columns, rows, now, _AS_CLAIMED)


def _update(
    changes: str,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Job, tuple[Any, ...]]],
    now: datetime,
    condition: str = "",
) -> _Update:
    """Change subscriptions that are claimed as they were, each by values of its own; free them."""
    names = ("id", "claim", "moment", *columns)
    moment = to_microseconds(now)
    claims = {job.claimed_until: to_microseconds(job.claimed_until) for job, _ in rows}
    values = [
        (job.id, claims[job.claimed_until], moment, *said)
        # In one order, so that two who write do not wait for each other.
        for job, said in sorted(rows, key=lambda row: row[0].id)
    ]
    comma = ", " if changes else ""
    return partial(
        insert_values,
        f"WITH said ({', '.join(names)}) AS (VALUES ",
        f"({', '.join('?' * len(names))})",
        values,
        f") UPDATE subscription SET {changes}{comma}claimed_until = said.moment FROM said"  # noqa: S608
        f" WHERE subscription.id = said.id AND subscription.claimed_until = said.claim{condition}",
    )


def _of(kind: type[_Result], results: Sequence[Result]) -> list[_Result]:
    return [one for one in results if isinstance(one, kind)]


def _moment(moment: datetime | None) -> int | None:
    return None if moment is None else to_microseconds(moment)


def _printable(text: str) -> str:
    """As a database can keep it: PostgreSQL has no room for NUL, nor UTF-8 for half a letter."""
    return "".join(char if char.isprintable() else " " for char in text[:_MOST_ERROR_CHARS])
