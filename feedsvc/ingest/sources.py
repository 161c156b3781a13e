"""Sources and their signing keys."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from string import Formatter

import peewee

from feedsvc import models
from feedsvc.articles.statements import fetch
from feedsvc.db import Changes, Database, fetch_rows, from_microseconds
from feedsvc.errors import SecretKeyError, SourceError
from feedsvc.feeds.catalog import FEED_NAME, RESERVED_NAMES
from feedsvc.ingest.dialects import DIALECTS, NATIVE
from feedsvc.ingest.dialects.translation import URL_FIELDS
from feedsvc.ingest.schemes import SCHEMES, Scheme
from feedsvc.models import SigningKey
from feedsvc.secrecy import hash_token
from feedsvc.settings import require_zone
from feedsvc.vault import Vault

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MAX_NAME_CHARS = 100


@dataclass(frozen=True, slots=True)
class Source:
    id: int
    name: str
    dialect: str
    timezone: str | None
    created_at: datetime
    scheme: str
    url_template: str | None


@dataclass(frozen=True, slots=True)
class Registration:
    """What is said of a source when it is added."""

    dialect: str = NATIVE
    #: How its messages are verified. Default: as its dialect's system does.
    scheme: str | None = None
    timezone: str | None = None
    url_template: str | None = None
    #: The slugs of those in or below which its key may file articles; none: wherever.
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept, or in clear, or hashed where a hash is all that is kept."""

    id: int
    text: str
    #: The slugs of those in or below which it may file articles; None: wherever.
    scope: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key without its secret."""

    id: int
    source_name: str
    created_at: datetime
    expires_at: datetime | None
    categories: tuple[str, ...]


def add_source(
    database: Database, vault: Vault, name: str, registration: Registration | None = None
) -> str:
    """Allow an editorial system to push; gives its first key, which is not shown again.

    Raises:
        SourceError: the name is taken or malformed, or something of the registration is wrong.
        SecretKeyError: there is no secret to seal its key with.
    """
    said = registration or Registration()
    if not _NAME.fullmatch(name) or len(name) > _MAX_NAME_CHARS:
        raise SourceError(
            f"“{name}” can't name a source: use lower-case ASCII letters, digits and hyphens, "
            f"{_MAX_NAME_CHARS} at the most."
        )
    scheme = _choose_scheme(said)
    if said.timezone is not None:
        try:
            require_zone(said.timezone)
        except ValueError as error:
            raise SourceError(f"“{said.timezone}” {error}.") from error
    if said.url_template is not None:
        _require_url_template(said.url_template)
    _require_slugs(said.categories)

    def add(changes: Changes) -> str:
        if models.Source.get_or_none(models.Source.name == name) is not None:
            raise SourceError(
                f"There is a source “{name}” already; `feedsvc source rotate {name}` gives it a "
                "new key."
            )
        row = models.Source.create(
            name=name,
            dialect=said.dialect,
            scheme=scheme.name,
            timezone=said.timezone,
            url_template=said.url_template,
            created_at=changes.at,
        )
        return _new_key(row, vault, changes.at, categories=said.categories)[1]

    return database.publish(add)


def add_key(database: Database, vault: Vault, name: str, categories: Sequence[str]) -> str:
    """Give a source one more key, for articles in or below `categories`, or wherever."""
    _require_slugs(categories)

    def add(changes: Changes) -> str:
        return _new_key(_get_row(name), vault, changes.at, categories=categories)[1]

    return database.publish(add)


def _require_slugs(categories: Sequence[str]) -> None:
    for slug in categories:
        if not FEED_NAME.fullmatch(slug) or slug in RESERVED_NAMES:
            raise SourceError(f"“{slug}” is no category's slug, such as the-thao.")


def _choose_scheme(said: Registration) -> Scheme:
    if said.dialect not in DIALECTS:
        raise SourceError(f"“{said.dialect}” is no dialect; there are {', '.join(DIALECTS)}.")
    allowed = DIALECTS[said.dialect].schemes
    chosen = said.scheme or allowed[0]
    if chosen not in allowed:
        raise SourceError(
            f"{said.dialect} is not verified by “{chosen}”, but by {' or '.join(allowed)}."
        )
    return SCHEMES[chosen]


def _require_url_template(template: str) -> None:
    try:
        names = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
    except ValueError as error:
        raise SourceError(f"“{template}” is no address template: {error}.") from error
    if unknown := names - URL_FIELDS:
        raise SourceError(
            f"“{template}” has {{{min(unknown)}}}; there are "
            f"{', '.join(f'{{{name}}}' for name in sorted(URL_FIELDS))}."
        )
    if not template.startswith(("http://", "https://")) or not names & {"id", "guid"}:
        raise SourceError(
            f"“{template}” must be an http or https address with {{id}} or {{guid}}, so that each "
            "article has one of its own."
        )


def rotate_key(
    database: Database,
    vault: Vault,
    name: str,
    overlap_seconds: int,
    key_id: int | None = None,
) -> str:
    """Give a source a new key in place of those it has, or of one of them.

    What it replaces stays valid for `overlap_seconds` more; it may do what that may do.

    Raises:
        SourceError: the source has keys for different categories, and none is named.
    """

    def rotate(changes: Changes) -> str:
        row = _get_row(name)
        replaced = _replaced_keys(row, key_id, changes.at)
        end = changes.at + timedelta(seconds=overlap_seconds)
        SigningKey.update(expires_at=end).where(
            SigningKey.id.in_([key.id for key in replaced]),
            SigningKey.expires_at.is_null() | (SigningKey.expires_at > end),
        ).execute()
        categories = replaced[0].categories if replaced else None
        return _new_key(row, vault, changes.at, categories=categories or ())[1]

    return database.publish(rotate)


def _replaced_keys(
    row: models.Source, key_id: int | None, now: datetime
) -> Sequence[models.SigningKey]:
    active = SigningKey.select().where(SigningKey.source == row.id, _is_active(now))
    if key_id is not None:
        return [_require_key(active.where(SigningKey.id == key_id).first(), row.name, key_id)]
    keys = list(active)
    # One that was replaced before, and is on its way out, says nothing of what is to come.
    lasting = [key for key in keys if key.expires_at is None] or keys
    if len({tuple(key.categories or ()) for key in lasting}) > 1:
        raise SourceError(
            f"“{row.name}” has keys for different categories: name the one to replace, "
            f"`feedsvc source rotate {row.name} --key NUMBER` (`feedsvc source list` shows them)."
        )
    return [*lasting, *(key for key in keys if key not in lasting)]


def _require_key(key: models.SigningKey | None, name: str, key_id: int) -> models.SigningKey:
    if key is None:
        raise SourceError(f"“{name}” has no active key number {key_id}.")
    return key


def lend_key(database: Database, vault: Vault, name: str, seconds: int) -> tuple[int, str]:
    """A key that ends by itself, beside those that the source has, which is made if there is none.

    For a sender that is at home here; gives the key's number too.
    """

    def lend(changes: Changes) -> tuple[int, str]:
        row = models.Source.get_or_none(models.Source.name == name)
        row = row or models.Source.create(
            name=name,
            dialect=NATIVE,
            scheme=DIALECTS[NATIVE].schemes[0],
            created_at=changes.at,
        )
        return _new_key(row, vault, changes.at, changes.at + timedelta(seconds=seconds))

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


def find_source(name: str) -> tuple[Source, list[Key]] | None:
    """A source and its active keys as they are kept, as of the view that the caller is in."""
    if not _NAME.fullmatch(name):
        return None
    rows = fetch(
        "SELECT id, name, dialect, timezone, created_at, scheme, url_template"
        " FROM source WHERE name = ?",
        name,
    )
    if not rows:
        return None
    id_, name, dialect, timezone, created_at, scheme, url_template = rows[0]
    source = Source(
        id_, name, dialect, timezone, from_microseconds(created_at), scheme, url_template
    )
    keys = fetch(
        "SELECT id, secret, categories FROM signing_key"
        " WHERE source_id = ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY id DESC",
        id_,
        datetime.now(UTC),
    )
    return source, [
        Key(key_id, secret, _scope(None if categories is None else json.loads(categories)))
        for key_id, secret, categories in keys
    ]


def find_scope(key_id: int | None) -> frozenset[str] | None:
    """In or below which categories a key may file articles, in the view that the caller is in."""
    rows = fetch_rows(SigningKey.select(SigningKey.categories).where(SigningKey.id == key_id))
    return _scope(rows[0][0]) if rows else None


def _scope(categories: list[str] | None) -> frozenset[str] | None:
    return frozenset(categories) if categories else None


def unseal_keys(vault: Vault, kept: Iterable[Key]) -> list[Key]:
    """Those of the keys that can be read, in clear, or hashed where a hash is all that is kept."""
    keys = []
    for one in kept:
        try:
            keys.append(replace(one, text=vault.unseal(one.text)))
        except SecretKeyError:
            continue  # said at the start, and in `source list`
    return keys


def list_unreadable(database: Database, vault: Vault) -> list[str]:
    """The names of sources with a key that was sealed with another secret."""
    with database.read():
        rows = fetch_rows(
            SigningKey.select(models.Source.name, SigningKey.secret)
            .join(models.Source)
            .where(_is_active(datetime.now(UTC)))
            .order_by(models.Source.name)
        )
    names = {name: None for name, kept in rows if not unseal_keys(vault, [Key(0, kept, None)])}
    return list(names)


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
                KeyInfo(
                    key.id,
                    row.name,
                    key.created_at,
                    key.expires_at,
                    tuple(key.categories or ()),
                )
                for key in keys
                if key.source_id == row.id
            ],
        )
        for row in rows
    ]


def _is_active(now: datetime) -> peewee.Expression:
    return SigningKey.expires_at.is_null() | (SigningKey.expires_at > now)


def _new_key(
    row: models.Source,
    vault: Vault,
    at: datetime,
    end: datetime | None = None,
    categories: Sequence[str] = (),
) -> tuple[int, str]:
    scheme = SCHEMES[row.scheme]
    key = scheme.make_key()
    kept = hash_token(key) if scheme.is_hashed else vault.seal(key)
    made = SigningKey.create(
        source=row,
        secret=kept,
        created_at=at,
        expires_at=end,
        categories=list(categories) or None,
    )
    return made.id, key


def _get_row(name: str) -> models.Source:
    row = models.Source.get_or_none(models.Source.name == name)
    if row is None:
        raise SourceError(f"There is no source “{name}”; `feedsvc source list` shows those.")
    return row


def _from_row(row: models.Source) -> Source:
    return Source(
        row.id,
        row.name,
        row.dialect,
        row.timezone,
        row.created_at,
        row.scheme,
        row.url_template,
    )
