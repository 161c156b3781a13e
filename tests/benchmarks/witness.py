"""A reader who asks now and then while articles are pushed, and afterwards looks at what it got."""

import gzip
import re
import threading
import time
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from typing import Self
from xml.etree import ElementTree as ET

from tests.benchmarks.articles import make_event
from tests.benchmarks.load import GZIP, IDENTITY
from tests.benchmarks.newspaper import ENTRIES, FEED
from tests.integration.server import Reply, Service

#: Seldom enough that it costs the readers who are counted little.
_PAUSE_SECONDS = 0.1
_NUMBER = re.compile(r"/bai-(\d+)$")


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many answers were looked at; how many of them lacked an article that was acknowledged
    before they were asked for; and how many were no whole feed, or not of what was pushed."""

    answers: int = 0
    stale: int = 0
    wrong: int = 0

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(
            self.answers + other.answers, self.stale + other.stale, self.wrong + other.wrong
        )


class Witness:
    """Asks while it is open, each time on a new connection, so that every worker is asked."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(1)
        #: When each was asked, and the answer; None is one that broke off.
        self._heard: list[tuple[float, Reply | None]] = []

    def __enter__(self) -> Self:
        self._asking = self._pool.submit(self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown()
        self._asking.result()  # raises what went wrong there

    def _ask(self) -> None:
        while not self._stop.wait(_PAUSE_SECONDS):
            headers = GZIP if len(self._heard) % 2 else IDENTITY
            asked_at = time.perf_counter()
            try:
                reply = self._service.get(FEED, headers=headers)
            except (OSError, HTTPException):
                self._heard.append((asked_at, None))
            else:
                self._heard.append((asked_at, reply))

    def judge(self, acknowledged: Mapping[int, float]) -> Verdict:
        """Look at the answers, knowing when each article had been acknowledged."""
        stale = wrong = 0
        bodies: dict[str, bytes] = {}
        for asked_at, reply in self._heard:
            body = read_whole(reply)
            shown = [] if body is None else list_shown(body)
            # Bytes of one name are the same bytes, whoever gave them.
            named = "" if reply is None else reply.headers["ETag"]
            if body is None or not is_right(shown) or bodies.setdefault(named, body) != body:
                wrong += 1
            elif lacks_news(shown, acknowledged, asked_at):
                stale += 1
        return Verdict(len(self._heard), stale, wrong)


def read_whole(reply: Reply | None) -> bytes | None:
    """The feed that an answer has; None if it has none, or not all of it."""
    if reply is None or reply.status != HTTPStatus.OK:
        return None
    body = reply.body
    try:
        if reply.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        ET.fromstring(body)
    except (OSError, EOFError, zlib.error, ET.ParseError):
        return None
    return body


def list_shown(body: bytes) -> list[tuple[int, str]]:
    """The number and the title of each article of a feed."""
    shown = []
    for item in ET.fromstring(body).iter("item"):
        found = _NUMBER.search(item.findtext("link", ""))
        shown.append((int(found[1]) if found else -1, item.findtext("title", "")))
    return shown


def is_right(shown: list[tuple[int, str]]) -> bool:
    """Whether they are as many as there should be, newest first, each with its own title."""
    numbers = [number for number, _ in shown]
    return (
        len(shown) == ENTRIES
        and min(numbers) >= 0
        and numbers == sorted(set(numbers), reverse=True)
        and all(title == make_event(number)["data"]["title"] for number, title in shown)
    )


def lacks_news(
    shown: list[tuple[int, str]], acknowledged: Mapping[int, float], asked_at: float
) -> bool:
    """Whether an article that was acknowledged before, and is new enough, is not shown."""
    numbers = {number for number, _ in shown}
    oldest = min(numbers)
    return any(
        at < asked_at and number > oldest and number not in numbers
        for number, at in acknowledged.items()
    )
