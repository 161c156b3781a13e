"""Saved feeds in which articles appear later than elsewhere.

Only appearing is late. A correction or a withdrawal of what is shown already is at once in every
feed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from feedsvc.db import fetch_rows
from feedsvc.models import Article as Row
from feedsvc.models import State


@dataclass(frozen=True, slots=True)
class Delay:
    """A feed's delay at one moment."""

    #: What became visible later than this is not shown yet; None: there is no delay.
    until: datetime | None
    #: When the last article appeared by itself, or could have, and when the next one may.
    changed_at: datetime | None
    next_at: datetime | None


def read_delay(seconds: int, now: datetime) -> Delay:
    """Two looks into one index, as of the view that the caller is in.

    They are into the whole paper's: of a feed with filters, it may be too early, and never too
    late, to ask again.
    """
    length = timedelta(seconds=seconds)
    until = now - length
    visible: Any = Row.visible_at
    before = Row.select(visible).where(Row.state == State.LIVE, visible <= until)
    after = Row.select(visible).where(Row.state == State.LIVE, visible > until)
    last = fetch_rows(before.order_by(visible.desc(), Row.id.desc()).limit(1))
    coming = fetch_rows(after.order_by(visible, Row.id).limit(1))
    return Delay(
        until,
        last[0][0] + length if last else None,
        coming[0][0] + length if coming else None,
    )
