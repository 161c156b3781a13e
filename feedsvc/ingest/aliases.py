"""Ids that stand for another: an update that is an item of its own, and the one that it updates.

Of a chain, each item names only the one before it, and they may come in any order. Whichever comes
first is what the article is known by, and the others become other names of it. Where two turn out
to be one, since what joins them came last, the newer one stays.
"""

from collections.abc import Sequence
from dataclasses import replace

from feedsvc.articles.statements import execute, fetch
from feedsvc.articles.store import Shelf
from feedsvc.ingest.events import Event, Save


class Aliases:
    """The other ids of a source's articles, within one transaction."""

    def __init__(self, source_id: int, shelf: Shelf) -> None:
        self._source_id = source_id
        self._shelf = shelf

    def resolve(self, event: Event) -> Event:
        """The event under the id that its article is known by; its own ids are remembered."""
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
        identity = self._join(there) if there else articles[0]
        for name in names:
            if name != identity and name not in known:
                self._remember(name, identity)
        return event if identity == event.external_id else self._renamed(event, identity)

    def _join(self, there: Sequence[str]) -> str:
        """The one of these articles, which are the same, that was modified last."""
        newest, *others = sorted(there, key=self._ordered_at, reverse=True)
        for other in others:
            self._shelf.supersede(other, newest)
            execute(
                "UPDATE alias SET external_id = ? WHERE source_id = ? AND external_id = ?",
                newest,
                self._source_id,
                other,
            )
            self._remember(other, newest)
        return newest

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
