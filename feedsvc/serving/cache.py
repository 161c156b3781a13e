"""What is kept in memory, bounded in bytes: what was not asked for of late goes first."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: What an entry takes beside what it is measured by: its key, and the objects that hold it.
_OVERHEAD_BYTES = 1_000


class Cache(Generic[K, V]):
    """Values by their keys. Safe to share between threads.

    To find one takes no lock, since it is only marked; when room is needed, those that are marked
    get another turn (the algorithm is known as CLOCK).
    """

    def __init__(self, limit_bytes: int, measure: Callable[[V], int]) -> None:
        self._limit = limit_bytes
        self._measure = measure
        self._values: dict[K, V] = {}
        self._sizes: dict[K, int] = {}
        self._wanted: set[K] = set()
        self._lock = threading.Lock()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._values)

    def find(self, key: K) -> V | None:
        value = self._values.get(key)
        if value is not None:
            self._wanted.add(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Keep a value, if it is not too large for all that there is room for."""
        with self._lock:
            self._drop(key)
            size = self._measure(value) + _OVERHEAD_BYTES
            if size > self._limit:
                return
            self._values[key], self._sizes[key] = value, size
            self.size_bytes += size
            self._make_room()

    def drop(self, key: K) -> None:
        """Forget a value, if it is there."""
        with self._lock:
            self._drop(key)

    def grow(self, key: K, value: V) -> None:
        """Measure a value again that has become larger, if it is still there."""
        with self._lock:
            if self._values.get(key) is value:
                size = self._measure(value) + _OVERHEAD_BYTES
                self.size_bytes += size - self._sizes[key]
                self._sizes[key] = size
                self._make_room()

    def _make_room(self) -> None:
        if len(self._wanted) > len(self._values):  # one was marked just when it went
            self._wanted = {key for key in self._values if key in self._wanted}
        while self.size_bytes > self._limit:
            oldest = next(iter(self._values))
            if oldest in self._wanted:
                self._wanted.discard(oldest)
                self._values[oldest] = self._values.pop(oldest)
            else:
                self._drop(oldest)

    def _drop(self, key: K) -> None:
        if self._values.pop(key, None) is not None:
            self._wanted.discard(key)
            self.size_bytes -= self._sizes.pop(key)
