"""What is to be delivered: a subscription is the job itself, and a claim on it a lease.

No HTTP here, and no change number is taken. A worker finds the topics whose subscribers stand
behind the stream of changes, claims some of them, and says what became of each (`outcomes`). One
that dies meanwhile loses its claims when they lapse.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from feedsvc.articles.statements import fetch
from feedsvc.db import Changes, Database, fetch_rows, from_microseconds
from feedsvc.feeds.selection import Cursor
from feedsvc.hub.subscriptions import FRESH, cursor_columns, forget_topics, read_cursor
from feedsvc.models.push import Kind, Standing, Subscription, Topic, Verification


@dataclass(frozen=True, slots=True)
class DueTopic:
    """A topic of which a subscription may be claimed."""

    #: None: other hubs, which hear of every public feed.
    id: int | None
    url: str | None
    #: Where stands who stands furthest back; 0 after a restore.
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
    #: Of another hub: until when it was looked at what appears by itself.
    renewed_at: datetime
    next_at: datetime
    claimed_until: datetime


_COLUMNS = (
    *("id", "kind", "spelling", "callback", "host", "secret", "token_id"),
    *("epoch", "change", "article_id", "attempt", "failing_since"),
    *("renewed_at", "next_at"),
)
#: Where they have their cursor.
_CURSOR = slice(7, 10)
_KINDS = {int(kind): kind for kind in Kind}
_LISTED = ", ".join(_COLUMNS)
_RETURNING = ", ".join(f"subscription.{name}" for name in _COLUMNS)

#: May be claimed now (`_now` has the values).
_FREE = (
    "state = ? AND next_at <= ? AND claimed_until <= ? AND (expires_at IS NULL OR expires_at > ?)"
)
#: Stands elsewhere than at the last change: behind, or beyond, which is who has seen what a restore
#: took back. Two looks into the index, in its order.
_ELSEWHERE = (
    "topic_id = ? AND change < ? AND " + _FREE,
    "topic_id = ? AND change > ? AND " + _FREE,
)
_HUBS = "topic_id IS NULL AND (change <> ? OR next_at > renewed_at) AND state = ?"
#: What is to appear by itself some time later holds up nothing that has changed now.
_FREE_HUBS = f"{_HUBS} AND (next_at <= ? OR (attempt = 0 AND change <> ?)) AND claimed_until <= ?"
_MOST_ENDED = 1_000


def find_topics(database: Database, now: datetime) -> list[DueTopic]:
    """Topics of which a subscription may be claimed now, whoever stands furthest back first."""
    behind, beyond = (
        f"(SELECT change FROM subscription WHERE {where} ORDER BY change LIMIT 1)".replace(  # noqa: S608
            "topic_id = ?", "topic_id = topic.id"
        )
        for where in _ELSEWHERE
    )
    with database.read():
        values = (database.read_counter().change, *_now(now))
        rows = fetch(
            f"SELECT * FROM (SELECT id, url, {behind} AS behind, {beyond} AS beyond FROM topic)"  # noqa: S608
            " AS found WHERE behind IS NOT NULL OR beyond IS NOT NULL",
            *values,
            *values,
        )
        hubs = fetch(
            f"SELECT min(change) FROM subscription WHERE {_FREE_HUBS}",  # noqa: S608
            *_of_hubs(values[0], now),
        )
    topics = [
        DueTopic(id_, url, behind if beyond is None else 0) for id_, url, behind, beyond in rows
    ]
    topics += [DueTopic(None, None, change) for (change,) in hubs if change is not None]
    return sorted(topics, key=lambda topic: topic.change)


def claim(
    database: Database,
    topic: DueTopic,
    limit: int,
    until: datetime,
    now: datetime,
    *,
    failing: bool = False,
) -> list[Job]:
    """Claim subscriptions of a topic until a moment, those that stand furthest back first.

    In the order of their cursors: only those whose last delivery has failed, or none of them.
    Nobody else gets them until then, unless they are settled.
    """
    these = f"attempt {'>' if failing else '='} 0"

    def take() -> list[_Taken]:
        values = (database.read_counter().change, *_now(now))
        if topic.id is None:
            where, values = f"{_FREE_HUBS} AND {these}", _of_hubs(values[0], now)
            return [_take(database, topic, where, *values, limit, until)]
        taken, left = [], limit
        for where in _ELSEWHERE:
            if left > 0:
                some = f"{where} AND {these}"
                taken.append(_take(database, topic, some, topic.id, *values, left, until))
                left -= taken[-1].count
        return taken

    return _read(database.write(take), until)


def claim_revoked(database: Database, limit: int, until: datetime, now: datetime) -> list[Job]:
    """Claim subscriptions whose token opens nothing any more, wherever they stand."""
    where = (
        "token_id IN (SELECT id FROM feed_token WHERE revoked_at IS NOT NULL)"
        " AND claimed_until <= ?"
    )
    with database.read():
        found = fetch(
            f"SELECT DISTINCT topic.id, url FROM topic JOIN subscription ON topic_id = topic.id"  # noqa: S608
            f" WHERE {where}",
            now,
        )

    def take() -> list[_Taken]:
        taken, left = [], limit
        for id_, url in found:
            if left > 0:
                topic, some = DueTopic(id_, url, 0), f"topic_id = ? AND {where}"
                taken.append(_take(database, topic, some, *(id_, now, left, until)))
                left -= taken[-1].count
        return taken

    return _read(database.write(take), until) if found else []


def find_next_moment(database: Database, now: datetime) -> datetime | None:
    """When something is to be done, though nothing changes: the next such moment after `now`.

    That is a retry, what appears by itself, a claim that lapses, or the end of a lease.
    """
    moment = "CASE WHEN next_at > claimed_until THEN next_at ELSE claimed_until END"
    of_topics = (
        f"SELECT min({moment}) FROM topic CROSS JOIN subscription"  # noqa: S608 (ours)
        f" WHERE topic_id = topic.id AND state = ? AND change {{}} ? AND {moment} > ?"
    )
    active = int(Standing.ACTIVE)
    with database.read():
        last = database.read_counter().change
        rows = fetch(of_topics.format("<"), active, last, now)
        rows += fetch(of_topics.format(">"), active, last, now)
        rows += fetch(
            f"SELECT min({moment}) FROM subscription WHERE {_HUBS} AND {moment} > ?",  # noqa: S608
            last,
            active,
            now,
        )
        rows += fetch("SELECT min(expires_at) FROM subscription WHERE expires_at > ?", now)
        rows += fetch("SELECT min(claimed_until) FROM verification WHERE claimed_until > ?", now)
    moments = [value for (value,) in rows if value is not None]
    return from_microseconds(min(moments)) if moments else None


def claim_verifications(
    database: Database, limit: int, until: datetime, now: datetime
) -> list[Verification]:
    """Claim wishes that wait to be verified, the oldest first, with their topics."""

    def take() -> list[Verification]:
        rows = fetch(
            f"WITH chosen AS MATERIALIZED (SELECT id FROM verification WHERE claimed_until <= ?"  # noqa: S608
            f" ORDER BY id LIMIT ?{_lock(database)})"
            " UPDATE verification SET claimed_until = ? FROM chosen"
            " WHERE verification.id = chosen.id RETURNING verification.id",
            now,
            limit,
            until,
        )
        query = Verification.select(Verification, Topic).join(Topic)
        ids = [id_ for (id_,) in rows]
        return list(query.where(Verification.id.in_(ids)).order_by(Verification.id))

    with database.read():
        waits = fetch("SELECT 1 FROM verification WHERE claimed_until <= ? LIMIT 1", now)
    return database.write(take) if waits else []


def end_lapsed(database: Database, now: datetime) -> int:
    """End the subscriptions whose leases are over, some at once; gives how many there were."""

    def end(_: Changes) -> int:
        rows = fetch(
            "DELETE FROM subscription WHERE id IN"
            " (SELECT id FROM subscription WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)"
            " RETURNING topic_id",
            now,
            _MOST_ENDED,
        )
        if topics := {id_ for (id_,) in rows if id_ is not None}:
            forget_topics(sorted(topics))
        return len(rows)

    with database.read():
        lapsed = fetch("SELECT 1 FROM subscription WHERE expires_at <= ? LIMIT 1", now)
    return database.publish(end) if lapsed else 0


def keep_other_hubs(database: Database, urls: Sequence[str], now: datetime) -> None:
    """Have one subscription for each of these hubs, and none for others.

    A new one is told what changes from now on. One that was suspended is tried again.
    """
    hubs = Subscription.select(Subscription.callback).where(Subscription.kind == Kind.HUB)

    def keep(_: Changes) -> None:
        there = {url for (url,) in fetch_rows(hubs)}
        for url in dict.fromkeys(urls):
            if url not in there:
                _add_hub(database, url, now)
        gone = (Subscription.kind == Kind.HUB) & Subscription.callback.in_(list(there - set(urls)))
        Subscription.delete().where(gone).execute()

    suspended = (Subscription.kind == Kind.HUB) & (Subscription.state == Standing.SUSPENDED)
    with database.read():
        is_same = {url for (url,) in fetch_rows(hubs)} == set(urls)
        has_given_up = Subscription.select().where(suspended).exists()
    if not is_same:
        database.publish(keep)
    if has_given_up:
        again = {**FRESH, "next_at": now}
        database.write(Subscription.update(**again).where(suspended).execute)


def _of_hubs(last: int, now: datetime) -> tuple[Any, ...]:
    return last, int(Standing.ACTIVE), now, last, now


def _now(now: datetime) -> tuple[Any, ...]:
    return int(Standing.ACTIVE), now, now, now


@dataclass(frozen=True, slots=True)
class _Taken:
    """Rows that were claimed, as they came: what is made of them, is made after the transaction."""

    topic: DueTopic
    count: int
    #: As JSON, or each by itself.
    rows: str | list[tuple[Any, ...]]


def _take(database: Database, topic: DueTopic, where: str, *values: Any) -> _Taken:
    """Claim those of which `where` is true; of the values, the last are how many and until when."""
    if database.peewee.for_update:
        rows = fetch(
            f"WITH chosen AS MATERIALIZED (SELECT id FROM subscription WHERE {where}"  # noqa: S608
            f" ORDER BY change LIMIT ?{_lock(database)})"
            " UPDATE subscription SET claimed_until = ? FROM chosen"
            f" WHERE subscription.id = chosen.id RETURNING {_RETURNING}",
            *values,
        )
        return _Taken(topic, len(rows), rows)
    # SQLite's driver lets other threads run before each row, and a worker that is busy with calls
    # does not give way hundreds of times at once. So all are in one; and nobody else can write.
    *chosen, until = values
    ((count, text),) = fetch(
        f"SELECT count(*), json_group_array(json_array({_LISTED})) FROM (SELECT {_LISTED}"  # noqa: S608
        f" FROM subscription WHERE {where} ORDER BY change LIMIT ?)",
        *chosen,
    )
    if count:
        fetch(
            "UPDATE subscription SET claimed_until = ?"
            " WHERE id IN (SELECT json_extract(value, '$[0]') FROM json_each(?))",
            until,
            text,
        )
    return _Taken(topic, count, text)


def _read(taken: Sequence[_Taken], until: datetime) -> list[Job]:
    """In the order of their cursors."""
    jobs: list[Job] = []
    for some in taken:
        rows = some.rows if isinstance(some.rows, list) else map(tuple, json.loads(some.rows))
        cursors: dict[tuple[Any, ...], Cursor] = {}  # most stand together
        made = []
        for row in rows:
            place = row[_CURSOR]
            if place not in cursors:
                cursors[place] = read_cursor(*place)
            made.append(_job(some.topic, row, cursors[place], until))
        jobs += sorted(made, key=lambda job: (*_place(job.cursor), job.id))
    return jobs


def _lock(database: Database) -> str:
    """SQLite's transaction holds the whole database; elsewhere others claim at the same time."""
    return " FOR UPDATE SKIP LOCKED" if database.peewee.for_update else ""


def _place(cursor: Cursor) -> tuple[str, int, int]:
    return cursor.epoch or "", cursor.change, cursor.article_id or 0


def _job(topic: DueTopic, row: tuple[Any, ...], cursor: Cursor, until: datetime) -> Job:
    id_, kind, spelling, callback, host, secret, token_id, *_, attempt, failing_since = row[:12]
    renewed_at, next_at = map(from_microseconds, row[12:])
    return Job(
        id_,
        _KINDS[kind],
        topic.id,
        topic.url,
        spelling,
        callback,
        host,
        secret,
        token_id,
        cursor,
        attempt,
        None if failing_since is None else from_microseconds(failing_since),
        renewed_at,
        next_at,
        until,
    )


def _add_hub(database: Database, url: str, now: datetime) -> None:
    counter = database.read_counter()
    Subscription.create(
        kind=Kind.HUB,
        callback=url,
        host=urlsplit(url).hostname or "",
        created_at=now,
        renewed_at=now,
        next_at=now,
        claimed_until=now,
        delivered=0,
        failed=0,
        **FRESH,
        **cursor_columns(Cursor(counter.change, epoch=counter.epoch)),
    )
