"""A feed's past: where its older entries are, and which entries are no more. Pure.

Sources: RFC 5005, section 4 (archived feeds, and the links between their documents), RFC 6721
(`deleted-entry`), JSON Feed 1.1 (`next_url`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedgen.ext.base import BaseExtension
from lxml.etree import SubElement

from feedsvc.rendering.entries import iri
from feedsvc.rendering.jsonfeed import rfc3339

_ATOM = "http://www.w3.org/2005/Atom"
_HISTORY = "http://purl.org/syndication/history/1.0"
_TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"


@dataclass(frozen=True, slots=True)
class Deleted:
    """An entry that was taken back."""

    guid: str
    at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """A document's place among those of its feed, by their addresses without suffix and query."""

    #: Of an archive document: the feed itself.
    current: str | None = None
    previous: str | None = None
    following: str | None = None
    #: What their addresses have for a query string.
    query: str = ""
    #: Whether its period is over, so that it only changes with its own entries.
    is_archive: bool = False
    deleted: tuple[Deleted, ...] = ()
    #: Of changes that come in several documents, the one with later ones (JSON Feed alone).
    next_url: str | None = None

    def list_links(self, suffix: str) -> list[tuple[str, str]]:
        """Relation and address of each (RFC 5005, section 4.2)."""
        links = {
            "current": self.current,
            "prev-archive": self.previous,
            "next-archive": self.following,
        }
        return [
            (relation, f"{base}.{suffix}{self.query}") for relation, base in links.items() if base
        ]


NO_HISTORY = History()


def write_history(feed: Any, history: History, suffix: str) -> None:
    """Have a feedgen feed say it, in Atom and RSS."""
    if history == NO_HISTORY:
        return
    feed.register_extension("history", _ChannelHistory)
    feed.history.history, feed.history.suffix = history, suffix


def list_json_members(history: History, suffix: str) -> dict[str, Any]:
    """What JSON Feed says of it: the next document is the one with older items."""
    return {"next_url": history.next_url or dict(history.list_links(suffix)).get("prev-archive")}


def list_json_deleted(deleted: Iterable[Deleted]) -> list[dict[str, str]]:
    """Items that are no more, for the extension."""
    return [{"id": one.guid, "deleted_at": rfc3339(one.at)} for one in deleted]


class _ChannelHistory(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    def __init__(self) -> None:
        self.history = NO_HISTORY
        self.suffix = ""

    def extend_ns(self) -> dict[str, str]:
        said = {"fh": _HISTORY} if self.history.is_archive else {}
        return said | ({"at": _TOMBSTONES} if self.history.deleted else {})

    def extend_atom(self, feed: Any) -> Any:
        self._extend(feed)
        for one in self.history.deleted:
            when = rfc3339(one.at)
            SubElement(feed, f"{{{_TOMBSTONES}}}deleted-entry", ref=iri(one.guid), when=when)
        return feed

    def extend_rss(self, feed: Any) -> Any:
        self._extend(feed.find("channel"))
        return feed

    def _extend(self, parent: Any) -> None:
        for relation, address in self.history.list_links(self.suffix):
            SubElement(parent, f"{{{_ATOM}}}link", href=address, rel=relation)
        if self.history.is_archive:
            SubElement(parent, f"{{{_HISTORY}}}archive")
