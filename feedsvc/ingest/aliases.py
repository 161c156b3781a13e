"""Ids that stand for another: an update that is an item of its own, and the one that it updates.

Of a chain, each item names only the one before it, and they may come in any order. Whichever comes
first is what the article is known by, and the others become other names of it. Where two turn out
to be one, since what joins them came last, the newer one stays.
"""

from dataclasses import dataclass, replace

from feedsvc.articles.statements import execute, fetch
from feedsvc.articles.store import Shelf
from feedsvc.ingest.events import Event, Save


@dataclass(frozen=True, slots=True)
class Resolved:
    """An event under the id that its article is known by, and what that is called besides."""

    event: Event
    identity: str
    new_names: tuple[str, ...]
    #: Articles that turn out to be this one, under older names.
    others: tuple[str, ...]


class Aliases:
    """The other ids of a source's articles, within one transaction."""

    def __init__(self, source_id: int, shelf: Shelf) -> None:
        self._source_id = source_id
        self._shelf = shelf

    def resolve(self, event: Event) -> "Resolved":
        """What the event is about; nothing is written, since it may yet be refused.

        Raises:
            CategoryError: one of the articles that turn out to be one is not for this key.
        """
        names = [event.external_id] + ([event.alias] if event.alias else [])
        known = dict(
            fetch(
                "SELECT name, external_id FROM alias WHERE source_id = ? AND name IN (?)",
                self._source_id,
                names,
            )
        )
        articles = [known.get(name, name) for name in names]
        there = [name for name in dict.fromkeys(articles) if self._shelf.find_stored(name)]
        there.sort(key=self._ordered_at, reverse=True)
        identity = there[0] if there else articles[0]
        for other in there[1:]:
            self._shelf.require_within(other)
        named = event if identity == event.external_id else self._renamed(event, identity)
        new = [name for name in names if name != identity and name not in known]
        return Resolved(named, identity, tuple(new), tuple(there[1:]))

    def remember(self, resolved: "Resolved") -> None:
        """The event was done: from now on, all these names are those of one article."""
        for other in resolved.others:
            self._shelf.supersede(other, resolved.identity)
            execute(
                "UPDATE alias SET external_id = ? WHERE source_id = ? AND external_id = ?",
                resolved.identity,
                self._source_id,
                other,
            )
        for name in (*resolved.others, *resolved.new_names):
            self._remember(name, resolved.identity)

    def _ordered_at(self, name: str) -> float:
        stored = self._shelf.find_stored(name)
        return stored.ordered_at.timestamp() if stored else 0.0

    def _remember(self, name: str, identity: str) -> None:
        execute(
            "INSERT INTO alias (source_id, name, external_id) VALUES (?, ?, ?)"
            " ON CONFLICT (source_id, name) DO UPDATE SET external_id = excluded.external_id",
            self._source_id,
            name,
            identity,
        )

    def _renamed(self, event: Event, identity: str) -> Event:
        if not isinstance(event, Save):
            return replace(event, external_id=identity)
        draft = replace(event.draft, external_id=identity)
        stored = self._shelf.find_stored(identity)
        if draft.has_made_url and stored is not None:
            # Made of an id that is not the article's; where that was, it stays.
            ((url,),) = fetch("SELECT url FROM article WHERE id = ?", stored.id)
            draft = replace(draft, url=url or draft.url)
        return replace(event, draft=draft)
