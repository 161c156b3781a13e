"""Entries as they stand in documents: each is rendered once, and then joined to any of them.

A fragment depends on its article's own row, which has a new change number whenever what it shows
is another, and on how a feed shows it. So it is found by these, and never grows stale.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from feedsvc.articles.article import Policy
from feedsvc.articles.statements import fetch
from feedsvc.feeds.listing import read_articles
from feedsvc.feeds.ranges import Place
from feedsvc.rendering.document import Format
from feedsvc.rendering.terms import Terms, present
from feedsvc.serving.cache import Cache

#: Database (its epoch), article, change, format, depth, attribution.
_Key = tuple[str, int, int, str, Policy, str]

#: Of the memory, what is for entries; the rest is for their fragments, which are longer.
_ENTRIES_PART = 16
#: What an entry takes beside its address, in memory that also keeps what the numbers are of.
ENTRY_BYTES = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """What a document needs to know of an article beside its fragment."""

    place: Place
    change: int
    url: str
    #: In microseconds since 1970.
    published_us: int
    modified_us: int


def list_entries(places: Sequence[Place]) -> tuple[Entry, ...]:
    """The entries at these places, in their order, in the view that the caller is in."""
    if not places:
        return ()
    numbers = [number for _, number in places]
    rows = {row[0]: row for row in fetch(_ROWS, numbers)}
    return tuple(Entry(place, *rows[place[1]][1:]) for place in places)


_ROWS = "SELECT id, change, url, published_at, modified_at FROM article WHERE id IN (?)"


def _measure(entry: Entry) -> int:
    return ENTRY_BYTES + len(entry.url)


@dataclass(frozen=True, slots=True)
class Look:
    """How a feed shows its articles: no deeper than this, and on these terms."""

    depth: Policy
    terms: Terms


class Fragments:
    """One process's entries, bounded in bytes. Safe to share between threads."""

    def __init__(self, limit_bytes: int) -> None:
        for_entries = limit_bytes // _ENTRIES_PART
        self._entries: Cache[tuple[str, int, int], Entry] = Cache(for_entries, _measure)
        self._cache: Cache[_Key, bytes] = Cache(limit_bytes - for_entries, len)

    def list_entries(self, epoch: str, places: Sequence[Place]) -> tuple[Entry, ...]:
        """The same as `list_entries`, in a database's epoch; those that are known are not read.

        What says of a row whether it is known stands in front of its text, all else behind it.
        """
        if not places:
            return ()
        numbers = [number for _, number in places]
        changes = dict(fetch("SELECT id, change FROM article WHERE id IN (?)", numbers))
        keys = [(epoch, number, changes[number]) for number in numbers]
        found = {key: self._entries.find(key) for key in keys}
        missing = [place for key, place in zip(keys, places, strict=True) if found[key] is None]
        for entry in list_entries(missing):
            key = (epoch, entry.place[1], entry.change)
            found[key] = entry
            self._entries.put(key, entry)
        return tuple(entry for entry in found.values() if entry is not None)

    def render(
        self, format_: Format, entries: Sequence[Entry], look: Look, epoch: str
    ) -> list[bytes]:
        """A fragment for each entry; articles are read, of which there is none yet.

        In the view that the entries were read in.
        """
        # Of the terms, an article shows the attribution alone.
        how = format_.name, look.depth, look.terms.attribution
        keys = [(epoch, one.place[1], one.change, *how) for one in entries]
        found = {key: self._cache.find(key) for key in keys}
        missing = {
            key: entry for key, entry in zip(keys, entries, strict=True) if found[key] is None
        }
        if missing:
            articles = read_articles([entry.place for entry in missing.values()])
            shown = [present(one, look.depth, look.terms) for one in articles]
            for key, fragment in zip(missing, format_.render_entries(shown), strict=True):
                self._cache.put(key, fragment)
                found[key] = fragment
        return [fragment for fragment in found.values() if fragment is not None]
