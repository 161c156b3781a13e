"""When a delivery that failed is tried again. Pure, but for chance and the clock."""

import random
import re
from datetime import UTC, datetime, timedelta

from werkzeug.http import parse_date

from feedsvc.settings import Settings

_LONGEST_PAUSE = timedelta(hours=6)
#: A pause is so much shorter or longer, by chance: those that failed together come one by one.
_JITTER = 0.25
_MOST_DOUBLINGS = 30
_SECONDS = re.compile(r"[0-9]{1,12}")


def plan_retry(
    settings: Settings,
    now: datetime,
    attempt: int,
    failing_since: datetime | None,
    retry_after: float | None,
) -> datetime | None:
    """When to try again, after `attempt` failures before this one; None: no more.

    The pauses begin with FEEDSVC_HUB_RETRY_SECONDS, and each is twice as long as the one before.
    The last try is FEEDSVC_HUB_RETRY_DAYS after the first failure, whatever `retry_after`, in
    seconds, asks for.
    """
    end = (failing_since or now) + timedelta(days=settings.hub_retry_days)
    if now >= end:
        return None
    doublings: int = 2 ** min(attempt, _MOST_DOUBLINGS)
    pause = min(timedelta(seconds=settings.hub_retry_seconds * doublings), _LONGEST_PAUSE)
    pause *= random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 (nothing secret)
    if retry_after is not None:
        pause = max(pause, timedelta(seconds=retry_after))
    return min(now + pause, end)


def parse_retry_after(text: str | None, longest: float) -> float | None:
    """Seconds until a next try is wanted (RFC 9110, section 10.2.3)."""
    if text is None:
        return None
    if _SECONDS.fullmatch(text):
        return min(float(text), longest)
    try:
        moment = parse_date(text)
    except OverflowError:  # an offset of ages
        return None
    if moment is None:
        return None
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), longest)
