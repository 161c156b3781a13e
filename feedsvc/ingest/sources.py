"""Sources and their signing keys."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import peewee

from feedsvc import models
from feedsvc.db import Changes, Database, fetch_rows
from feedsvc.errors import SourceError
from feedsvc.ingest.signatures import make_key
from feedsvc.models import SigningKey
from feedsvc.settings import require_zone

NATIVE = "native"

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MAX_NAME_CHARS = 100


@dataclass(frozen=True, slots=True)
class Source:
    id: int
    name: str
    dialect: str
    timezone: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key without its secret."""

    id: int
    source_name: str
    created_at: datetime
    expires_at: datetime | None


def add_source(database: Database, name: str, *, timezone: str | None = None) -> str:
    """Allow an editorial system to push; gives its first key, which is not shown again.

    Raises:
        SourceError: the name is taken or malformed, or the time zone unknown.
    """
    if not _NAME.fullmatch(name) or len(name) > _MAX_NAME_CHARS:
        raise SourceError(
            f"“{name}” can't name a source: use lower-case ASCII letters, digits and hyphens, "
            f"{_MAX_NAME_CHARS} at the most."
        )
    if timezone is not None:
        try:
            require_zone(timezone)
        except ValueError as error:
            raise SourceError(f"“{timezone}” {error}.") from error

    def add(changes: Changes) -> str:
        if models.Source.get_or_none(models.Source.name == name) is not None:
            raise SourceError(
                f"There is a source “{name}” already; `feedsvc source rotate {name}` gives it a "
                "new key."
            )
        row = models.Source.create(
            name=name, dialect=NATIVE, timezone=timezone, created_at=changes.at
        )
        return _new_key(row, changes.at)

    return database.publish(add)


def rotate_key(database: Database, name: str, overlap_seconds: int) -> str:
    """Give a source a new key; those it has stay valid for `overlap_seconds` more."""

    def rotate(changes: Changes) -> str:
        row = _get_row(name)
        end = changes.at + timedelta(seconds=overlap_seconds)
        SigningKey.update(expires_at=end).where(
            SigningKey.source == row.id,
            SigningKey.expires_at.is_null() | (SigningKey.expires_at > end),
        ).execute()
        return _new_key(row, changes.at)

    return database.publish(rotate)


def lend_key(database: Database, name: str, seconds: int) -> tuple[int, str]:
    """A key that ends by itself, beside those that the source has, which is made if there is none.

    For a sender that is at home here; gives the key's number too.
    """

    def lend(changes: Changes) -> tuple[int, str]:
        row = models.Source.get_or_none(models.Source.name == name)
        row = row or models.Source.create(name=name, dialect=NATIVE, created_at=changes.at)
        secret = make_key()
        end = changes.at + timedelta(seconds=seconds)
        key = SigningKey.create(source=row, secret=secret, created_at=changes.at, expires_at=end)
        return key.id, secret

    return database.publish(lend)


def revoke_keys(database: Database, name: str, key_id: int | None = None) -> int:
    """End one key of a source at once, or all of them; gives how many were ended."""

    def revoke(changes: Changes) -> int:
        row = _get_row(name)
        chosen = _is_active(changes.at) & (SigningKey.source == row.id)
        if key_id is not None:
            chosen &= SigningKey.id == key_id
        ended = SigningKey.update(expires_at=changes.at).where(chosen).execute()
        if key_id is not None and not ended:
            raise SourceError(f"“{name}” has no active key number {key_id}.")
        return int(ended)

    return database.publish(revoke)


def find_source(name: str) -> tuple[Source, list[str]] | None:
    """A source and the secrets of its active keys, as of the view that the caller is in."""
    if not _NAME.fullmatch(name):
        return None
    row = models.Source.get_or_none(models.Source.name == name)
    if row is None:
        return None
    keys = (
        SigningKey.select(SigningKey.secret)
        .where(SigningKey.source == row.id, _is_active(datetime.now(UTC)))
        .order_by(SigningKey.id.desc())
    )
    return _from_row(row), [secret for (secret,) in fetch_rows(keys)]


def list_sources(database: Database) -> list[tuple[Source, list[KeyInfo]]]:
    """Every source by name, with its active keys."""
    with database.read():
        rows = list(models.Source.select().order_by(models.Source.name))
        keys = list(
            SigningKey.select().where(_is_active(datetime.now(UTC))).order_by(SigningKey.id)
        )
    return [
        (
            _from_row(row),
            [
                KeyInfo(key.id, row.name, key.created_at, key.expires_at)
                for key in keys
                if key.source_id == row.id
            ],
        )
        for row in rows
    ]


def _is_active(now: datetime) -> peewee.Expression:
    return SigningKey.expires_at.is_null() | (SigningKey.expires_at > now)


def _new_key(row: models.Source, at: datetime) -> str:
    secret = make_key()
    SigningKey.create(source=row, secret=secret, created_at=at)
    return secret


def _get_row(name: str) -> models.Source:
    row = models.Source.get_or_none(models.Source.name == name)
    if row is None:
        raise SourceError(f"There is no source “{name}”; `feedsvc source list` shows those.")
    return row


def _from_row(row: models.Source) -> Source:
    return Source(row.id, row.name, row.dialect, row.timezone, row.created_at)
