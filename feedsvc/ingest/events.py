"""What a message says, as values: the native events that every dialect turns its messages into."""

from dataclasses import dataclass
from datetime import datetime

from feedsvc.articles.article import Draft, Order
from feedsvc.articles.markup import Budget
from feedsvc.errors import Fault


@dataclass(frozen=True, slots=True)
class Save:
    """Publish or update an article. `warnings` are the repairs, each at its field."""

    draft: Draft
    warnings: tuple[Fault, ...] = ()

    @property
    def external_id(self) -> str:
        return self.draft.external_id

    @property
    def alias(self) -> str | None:
        return self.draft.alias

    @property
    def guid(self) -> str | None:
        return self.draft.guid


@dataclass(frozen=True, slots=True)
class Withdraw:
    external_id: str
    order: Order
    warnings: tuple[Fault, ...] = ()
    guid: str | None = None
    alias: str | None = None


Event = Save | Withdraw


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a message comes from, as far as reading its events needs it; made anew for each."""

    source_name: str
    #: The zone in which the source writes times without an offset, if it does.
    timezone: str | None
    #: The message's own signed time; later than this nothing can have happened.
    sent_at: datetime
    #: What its events' markup may cost; each spends of it.
    budget: Budget
