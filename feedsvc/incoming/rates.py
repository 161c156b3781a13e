"""How often something may come, counted in this process or in Redis.

By the `limits` package; where its counters can't be reached, whatever comes is taken all the same.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from limits import RateLimitItem, parse_many
from limits.errors import ConfigurationError as LimitsError
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import SlidingWindowCounterRateLimiter

from feedsvc.errors import ConfigurationError
from feedsvc.settings import UNLIMITED, Settings

log = logging.getLogger(__name__)

R = TypeVar("R")
Key = tuple[str, ...]

_TIMEOUT_SECONDS = 0.2
#: How long counters that can't be reached are left alone, and how seldom that is said.
_REST_SECONDS = 10.0
_SILENCE_SECONDS = 60.0
#: How often what has expired is forgotten that is counted in memory.
_TIDY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Wait:
    """Which limit is reached, and in how many whole seconds there is room again."""

    limit: RateLimitItem
    seconds: int


class Counters:
    """The counters of `limits`; those that can't be reached have room for all."""

    def __init__(self, settings: Settings) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(_open(settings.rate_storage_url))
        self._rest_until = 0.0
        self._silent_until = 0.0

    def find_wait(self, limits: Sequence[RateLimitItem], key: Key) -> Wait | None:
        """Count one more; where there is no room for it, gives until when there is none."""
        for limit in limits:
            if not self._ask(partial(self._limiter.hit, limit, *key), otherwise=True):
                return Wait(limit, self._seconds_until(limit, key))
        return None

    def _seconds_until(self, limit: RateLimitItem, key: Key) -> int:
        now = time.time()
        reset_at = self._ask(
            lambda: self._limiter.get_window_stats(limit, *key).reset_time, otherwise=now
        )
        return max(1, math.ceil(reset_at - now))

    def _ask(self, question: Callable[[], R], *, otherwise: R) -> R:
        now = time.monotonic()
        if now < self._rest_until:
            return otherwise
        try:
            return question()
        except (StorageError, OSError, UnicodeError) as error:  # the last is a host that is none
            self._rest_until = now + _REST_SECONDS
            if now >= self._silent_until:
                self._silent_until = now + _SILENCE_SECONDS
                log.warning(
                    "requests are not counted, and taken without a limit: %s "
                    "(FEEDSVC_RATE_STORAGE_URL)",
                    error,
                )
            return otherwise


def parse_rate(rate: str) -> list[RateLimitItem]:
    return [] if rate == UNLIMITED else parse_many(rate)


def _open(url: str) -> Storage:
    if url.startswith("memory:"):
        return _Memory()
    try:
        storage = RedisStorage(
            url,
            wrap_exceptions=True,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
        )
        client: Any = storage.get_connection()
        pool = client.connection_pool
        pool.connection_class(**pool.connection_kwargs)  # as it will be made; it calls nobody yet
    except LimitsError as error:
        raise ConfigurationError(
            "FEEDSVC_RATE_STORAGE_URL: Redis wants a package that is not installed: "
            "pip install 'feedsvc[redis]'"
        ) from error
    except (TypeError, ValueError):
        # Not in its own words, which may have the password in them.
        raise ConfigurationError(
            "FEEDSVC_RATE_STORAGE_URL: has a parameter that Redis does not know, or a wrong value"
        ) from None
    return storage


class _Memory(MemoryStorage):
    """Counters in memory, which are tidied now and then.

    The package starts a thread for it at nearly every hit that comes 10 ms after the last one
    (seen: half a millisecond, a tenth of what a push costs).
    """

    @property  # type: ignore[override]  # as much of a Timer as is used
    def timer(self) -> "_Pause":
        return self._pause

    @timer.setter
    def timer(self, timer: threading.Timer) -> None:
        self._pause = _Pause(timer)


class _Pause:
    """A timer after which there is none for a while."""

    def __init__(self, timer: threading.Timer) -> None:
        self._timer = timer
        self._until = 0.0

    def start(self) -> None:
        self._until = time.monotonic() + _TIDY_SECONDS
        self._timer.start()

    def is_alive(self) -> bool:
        return time.monotonic() < self._until or self._timer.is_alive()
