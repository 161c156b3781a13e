"""How long one answer takes, on a connection that is kept."""

import statistics
import time
from collections.abc import Mapping
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection

from tests.integration.server import Service

#: Asked on the same connection before the clock starts.
_WARMING = 3


def ask(
    service: Service, connection: HTTPConnection, path: str, headers: Mapping[str, str]
) -> float:
    """Milliseconds until the whole answer is here.

    Raises:
        RuntimeError: it is not the document.
    """
    started = time.perf_counter()
    reply = service.get(path, headers=dict(headers), connection=connection)
    taken = time.perf_counter() - started
    if reply.status != HTTPStatus.OK:
        raise RuntimeError(f"{path} is answered {reply}")
    return taken * 1000


def ask_often(service: Service, path: str, headers: Mapping[str, str], times: int) -> list[float]:
    """The milliseconds of each answer, one after the other."""
    with closing(service.connect()) as connection:
        for _ in range(_WARMING):
            ask(service, connection, path, headers)
        return [ask(service, connection, path, headers) for _ in range(times)]


def median_of(service: Service, path: str, headers: Mapping[str, str], times: int) -> float:
    return statistics.median(ask_often(service, path, headers, times))
