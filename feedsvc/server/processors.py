"""Which processor each worker is kept on.

Of a Python process one thread runs at a time. On several processors, its threads wake one another
from one to the next at every change of turns, which on a virtual machine takes longer than most of
what is done in a turn: readers get a tenth more answers while articles come in where a worker stays
on one. That holds up nobody where all processors have as many workers. Where some have none, the
system is left to choose, since whatever else runs there may be kept on the same ones.
"""

import os
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any


def list_usable() -> set[int]:
    """The processors that this process may run on; none, where the system does not tell."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def choose(usable: Collection[int], workers: int, taken: Iterable[int | None]) -> int | None:
    """The one of `usable` for the next of `workers`; `taken` are those of the others that there
    are now. None: it is for the system to choose.
    """
    if not usable or workers % len(usable):
        return None
    counts = Counter(taken)
    return min(sorted(usable), key=lambda processor: counts[processor])


def keep_on(processor: int, log: Any) -> None:
    """Have this process stay there, before it has threads, which then do so too.

    Where it may not, which gunicorn's `log` is told, it goes on as it is.
    """
    try:
        os.sched_setaffinity(0, {processor})
    except OSError as error:  # forbidden, or the processor was taken away just now
        log.warning("This worker can't be kept on processor %d: %s", processor, error.strerror)
