"""Adding, changing and removing saved feeds, and the tokens that open private ones.

Each change is one of a public document: it takes a change number, and the feed's time moves. A
token is no document; giving one out, or revoking it, changes nothing that others see.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from feedsvc import models
from feedsvc.db import Changes, Database, fetch_rows
from feedsvc.errors import SavedFeedError
from feedsvc.feeds.saved.checks import require_fit
from feedsvc.feeds.saved.feed import SavedFeed
from feedsvc.feeds.saved.rows import Kept, from_row, list_kept
from feedsvc.models import saved as tables
from feedsvc.models.saved import FeedToken
from feedsvc.secrecy import hash_token, make_token
from feedsvc.settings import Settings


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """A subscriber's token without the token."""

    label: str
    created_at: datetime
    #: The day on which it was used last.
    used_at: datetime | None
    revoked_at: datetime | None


def add_feed(database: Database, settings: Settings, feed: SavedFeed) -> None:
    """Save a new feed.

    Raises:
        SavedFeedError: its name is taken, or something of it can't be so.
        ParameterError: a filter has a value that it can't have.
    """
    fit = require_fit(feed, settings)

    def add(changes: Changes) -> None:
        _require_free(fit.name)
        _require_sections(fit)
        tables.SavedFeed.create(**_columns(fit, changes), created_at=changes.at)

    database.publish(add)


def edit_feed(
    database: Database, settings: Settings, name: str, edit: Callable[[SavedFeed], SavedFeed]
) -> bool:
    """Make of a feed what `edit` makes of it, under the same name; gives whether it changed.

    Raises:
        SavedFeedError, ParameterError: as `add_feed`, or there is none of that name.
    """

    def change(changes: Changes) -> bool:
        row = _get_row(name)
        before = from_row(row).feed
        fit = require_fit(edit(before), settings)
        if fit == before:
            return False
        _require_sections(fit)
        columns = _columns(fit, changes)
        tables.SavedFeed.update(**columns).where(tables.SavedFeed.id == row.id).execute()
        return True

    return database.publish(change)


def remove_feed(database: Database, name: str) -> None:
    """Forget a feed and its tokens; its address is that of nothing from then on."""

    def remove(changes: Changes) -> None:
        row = _get_row(name)
        changes.take()
        FeedToken.delete().where(FeedToken.feed == row.id).execute()
        tables.SavedFeed.delete().where(tables.SavedFeed.id == row.id).execute()

    database.publish(remove)


def list_feeds(database: Database) -> list[tuple[Kept, int]]:
    """Every saved feed by name, with how many tokens open it."""
    with database.read():
        kept = list_kept()
        valid = fetch_rows(FeedToken.select(FeedToken.feed).where(FeedToken.revoked_at.is_null()))
    ids = [id_ for (id_,) in valid]
    return [(one, ids.count(one.id)) for one in kept]


def get_feed(database: Database, name: str) -> Kept:
    """Raises SavedFeedError if there is none."""
    with database.read():
        return from_row(_get_row(name))


def add_token(database: Database, settings: Settings, name: str, label: str) -> str:
    """Give a subscriber, who is called `label`, a token; it is not shown again.

    Raises:
        SavedFeedError: the feed is public, or the label names a valid token of it already.
    """
    token = make_token()
    if not label.strip() or len(label) > settings.max_title_chars or not label.isprintable():
        raise SavedFeedError("A label is a word or a few for who gets the token.")

    def add(changes: Changes) -> None:
        row = _get_row(name)
        if not row.is_private:
            raise SavedFeedError(
                f"“{name}” is public and needs no tokens; `feedsvc feed edit {name} --private` "
                "makes it private."
            )
        if FeedToken.get_or_none(_is_valid(row.id, label)) is not None:
            raise SavedFeedError(
                f"“{name}” has a token for “{label}” already; `feedsvc feed revoke-token {name} "
                f"'{label}'` ends it."
            )
        FeedToken.create(feed=row, label=label, token=hash_token(token), created_at=changes.at)

    database.publish(add)
    return token


def list_tokens(database: Database, name: str) -> list[TokenInfo]:
    """A feed's tokens in the order in which they were made, those that were revoked too."""
    with database.read():
        row = _get_row(name)
        tokens: Sequence[FeedToken] = list(
            FeedToken.select().where(FeedToken.feed == row.id).order_by(FeedToken.id)
        )
    return [TokenInfo(one.label, one.created_at, one.used_at, one.revoked_at) for one in tokens]


def revoke_token(database: Database, name: str, label: str) -> None:
    """End a subscriber's token at once.

    Raises:
        SavedFeedError: the feed has no valid token of that label.
    """

    def revoke(changes: Changes) -> None:
        valid = _is_valid(_get_row(name).id, label)
        if not FeedToken.update(revoked_at=changes.at).where(valid).execute():
            raise SavedFeedError(
                f"“{name}” has no valid token for “{label}”; `feedsvc feed list-tokens {name}` "
                "shows those."
            )

    database.publish(revoke)


def _is_valid(feed_id: int, label: str) -> object:
    return (FeedToken.feed == feed_id) & (FeedToken.label == label) & FeedToken.revoked_at.is_null()


def _require_free(name: str) -> None:
    if tables.SavedFeed.get_or_none(tables.SavedFeed.name == name) is not None:
        raise SavedFeedError(
            f"There is a saved feed “{name}” already; `feedsvc feed edit {name}` changes it."
        )
    if models.Category.get_or_none(models.Category.slug == name) is not None:
        raise SavedFeedError(f"“{name}” is a section's feed: choose another name.")


def _require_sections(feed: SavedFeed) -> None:
    """See that the sections are there which its filters name: a slip would empty it, or open it."""
    slugs = {value for name, value in feed.filters if name in ("category", "not-category")}
    rows = models.Category.select(models.Category.slug).where(models.Category.slug.in_(list(slugs)))
    if missing := slugs - {slug for (slug,) in fetch_rows(rows)}:
        raise SavedFeedError(
            f"No section has the slug “{min(missing)}”; a section comes with its first article."
        )


def _columns(feed: SavedFeed, changes: Changes) -> dict[str, object]:
    return {
        "name": feed.name,
        "title": feed.title,
        "description": feed.description,
        "query": feed.query,
        "delay_seconds": feed.delay_seconds,
        "terms": asdict(feed.terms),
        "podcast": None if feed.podcast is None else asdict(feed.podcast),
        "is_private": feed.is_private,
        "change": changes.take(),
        "changed_at": changes.at,
    }


def _get_row(name: str) -> tables.SavedFeed:
    row = tables.SavedFeed.get_or_none(tables.SavedFeed.name == name)
    if row is None:
        raise SavedFeedError(
            f"There is no saved feed “{name[:100]}”; `feedsvc feed list` shows those."
        )
    return row
