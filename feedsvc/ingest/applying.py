"""What becomes of each event, in the one transaction of its message."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from feedsvc.articles.categories import Limits, Tree
from feedsvc.articles.store import Outcome, Shelf
from feedsvc.db import Changes
from feedsvc.errors import CategoryError, Fault, GuidError
from feedsvc.ingest.aliases import Aliases
from feedsvc.ingest.dialects import DIALECTS
from feedsvc.ingest.events import Event, Save
from feedsvc.ingest.inbox import REJECTED
from feedsvc.ingest.reading import Candidate, Delivery, guid_of
from feedsvc.settings import Settings


class Applying:
    """Saves and withdraws what a message says; one event that can't be does not stop the others."""

    def __init__(self, delivery: Delivery, changes: Changes, settings: Settings) -> None:
        limits = Limits(
            settings.max_categories, settings.max_category_depth, settings.max_category_changes
        )
        self._source = delivery.source
        self._settings = settings
        self._tree = Tree(changes, limits, delivery.scope)
        self._shelf = Shelf(delivery.source.id, changes, self._tree)
        self._aliases = None
        if DIALECTS[delivery.source.dialect].has_aliases:
            self._aliases = Aliases(delivery.source.id, self._shelf)

    def apply(self, candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
        """What became of each, in their order, as the answer has it."""
        events = [one.event for one in candidates if one.event is not None]
        saves = [event for event in events if isinstance(event, Save)]
        self._tree.look_up(filing for event in saves for filing in event.draft.filings)
        self._shelf.look_up([event.external_id for event in events], map(self._guid, events))
        results = [self._apply(candidate) for candidate in candidates]
        self._shelf.close()
        return results

    def _apply(self, candidate: Candidate) -> dict[str, Any]:
        event = candidate.event
        if event is None:
            return _rejected(candidate, candidate.faults)
        try:
            outcome = self._do(event)
        except (CategoryError, GuidError) as error:
            pointer = "/data/guid" if isinstance(error, GuidError) else "/data/categories"
            return _rejected(candidate, (candidate.place(Fault(pointer, str(error))),))
        notes = tuple(map(candidate.place, outcome.notes))
        result = _result(candidate, outcome.status, outcome.feeds)
        result["warnings"] = placed(event.warnings + notes, candidate.pointer)
        if outcome.visible_at is not None:
            result["visible_at"] = outcome.visible_at.isoformat()
        return result

    def _do(self, event: Event) -> Outcome:
        if self._aliases is None:
            return self._save(event)
        resolved = self._aliases.resolve(event)
        outcome = self._save(resolved.event)
        self._aliases.remember(resolved)
        return outcome

    def _save(self, event: Event) -> Outcome:
        if isinstance(event, Save):
            return self._shelf.save(event.draft, self._guid(event))
        return self._shelf.withdraw(event.external_id, event.order, self._guid(event))

    def _guid(self, event: Event) -> str:
        return guid_of(event, self._source.name, self._settings)


def placed(faults: Sequence[Fault], prefix: str) -> list[dict[str, str]]:
    """Faults with pointers that begin at the message."""
    return [asdict(fault) | {"pointer": prefix + fault.pointer} for fault in faults]


def _rejected(candidate: Candidate, faults: Sequence[Fault]) -> dict[str, Any]:
    return _result(candidate, REJECTED, ()) | {"errors": placed(faults, candidate.pointer)}


def _result(candidate: Candidate, status: str, feeds: Sequence[str]) -> dict[str, Any]:
    line = {} if candidate.line is None else {"line": candidate.line}
    return line | {
        "id": candidate.external_id,
        "status": status,
        "feeds": feeds,
        "warnings": [],
        "errors": [],
    }
