"""How many messages a source may send: counted when they are verified, so that no stranger counts.

By the `limits` package. Where its counters can't be reached, messages are taken all the same.
"""

import logging
import time

from limits import RateLimitItem, parse_many
from limits.errors import ConfigurationError as LimitsError
from limits.errors import StorageError
from limits.storage import Storage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from feedsvc.errors import ConfigurationError, RateLimitError
from feedsvc.settings import UNLIMITED

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 0.2
#: How long counters that can't be reached are left alone.
_REST_SECONDS = 10.0


class Rates:
    """The messages that each source has sent of late, in this process or in Redis."""

    def __init__(self, rate: str, storage_url: str) -> None:
        self._limits = [] if rate == UNLIMITED else parse_many(rate)
        self._limiter = SlidingWindowCounterRateLimiter(_open(storage_url))
        self._rest_until = 0.0

    def count(self, source_name: str) -> None:
        """Count a message.

        Raises:
            RateLimitError: it is one too many.
        """
        if not self._limits or time.monotonic() < self._rest_until:
            return
        try:
            for limit in self._limits:
                if not self._limiter.hit(limit, source_name):
                    raise RateLimitError(source_name, str(limit), self._wait(limit, source_name))
        except StorageError as error:
            self._rest_until = time.monotonic() + _REST_SECONDS
            log.warning("messages are not counted: %s", error)

    def _wait(self, limit: RateLimitItem, source_name: str) -> int:
        """Seconds until a message may come again."""
        reset_at = self._limiter.get_window_stats(limit, source_name).reset_time
        return max(1, round(reset_at - time.time()))


def _open(url: str) -> Storage:
    is_redis = url.startswith("redis")
    timeouts = dict.fromkeys(("socket_timeout", "socket_connect_timeout"), _TIMEOUT_SECONDS)
    try:
        made = storage_from_string(url, wrap_exceptions=True, **(timeouts if is_redis else {}))
    except LimitsError as error:
        cure = "; install feedsvc[redis]" if is_redis else ""
        raise ConfigurationError(f"FEEDSVC_RATE_STORAGE_URL: {error}{cure}") from error
    if not isinstance(made, Storage):
        raise ConfigurationError("FEEDSVC_RATE_STORAGE_URL must be memory:// or redis://…")
    return made
