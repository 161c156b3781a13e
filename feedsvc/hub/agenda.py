"""What there is to do, and when: which topics have something that a subscriber has not seen.

Most changes concern few topics. Subscribers of the others stay where they stand, and what was
looked through for them in vain is remembered here, so that it is not looked through again.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from werkzeug.urls import iri_to_uri

from feedsvc.articles.release import Releases
from feedsvc.db import Counter, Database
from feedsvc.errors import DatabaseUnavailableError, TopicError
from feedsvc.feeds.selection import Cursor
from feedsvc.hub.jobs import DueTopic, end_lapsed, find_next_moment, find_topics
from feedsvc.hub.payload import Packing
from feedsvc.settings import Settings

log = logging.getLogger(__name__)

#: Whoever is due waits no longer for topics that are looked through in vain, of which strangers may
#: have made thousands.
LONGEST_LOOK_SECONDS = 0.1
#: While something is sent, it is looked again after so long at the latest.
_AGAIN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Plan:
    topics: list[DueTopic]
    #: Whether all were looked through; if not, the next look goes on.
    is_whole: bool
    #: When there is more to do, without a commit.
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Nothing:
    """There is nothing in a topic after `since`, as of the change `looked_at`."""

    since: int
    cursor: Cursor
    looked_at: int
    due_at: datetime | None

    def holds(self, topic: DueTopic, counter: Counter, now: datetime) -> bool:
        return (
            self.since <= topic.change
            and self.looked_at == counter.change
            and (self.due_at is None or now < self.due_at)
        )


class Agenda:
    """One worker's. One thread looks; what is sent meanwhile, another may note."""

    def __init__(
        self, database: Database, settings: Settings, packing: Packing, releases: Releases
    ) -> None:
        self._database = database
        self._private = iri_to_uri(f"{settings.public_url}/private/")
        self._is_hub = settings.hub
        self._readable_after = settings.hub_ping_delay_seconds
        self._lock = threading.Lock()
        #: When the stream was seen to stand where, for as long as not everybody can have read it.
        self._stood: deque[tuple[float, int]] = deque()
        self._window = timedelta(seconds=settings.hub_window_seconds)
        self._packing = packing
        self._releases = releases
        self._nothing: dict[int, _Nothing] = {}
        #: Topics of which a change was sent, up to which one, and until when the next ones wait.
        self._held: dict[int, tuple[int, datetime]] = {}

    def look(self, now: datetime) -> Plan:
        """Carry out what time has brought, and see what is to be sent.

        Raises:
            DatabaseUnavailableError: the database can't be read now.
        """
        release_at = self._releases.carry_out()
        while end_lapsed(self._database, now):
            pass
        due = find_topics(self._database, now)
        if not self._is_hub:
            due = [topic for topic in due if topic.id is None]
        counter = self._database.read_counter()
        self._note(counter)
        self._forget({topic.id for topic in due if topic.id is not None}, now)
        topics, end = [], time.monotonic() + LONGEST_LOOK_SECONDS
        is_whole = True
        for topic in due:
            if time.monotonic() >= end:
                is_whole = False
                break
            if self._is_due(topic, counter, now):
                topics.append(topic)
        moments = [release_at]
        if topics:  # who waits longer, among so many, is not worth to be found meanwhile
            moments.append(now + _AGAIN)
        else:
            moments.append(find_next_moment(self._database, now))
        if any(topic.id is None for topic in due) and self.find_readable() < counter.change:
            moments.append(now + timedelta(seconds=self._readable_after))
        moments += [nothing.due_at for nothing in self._nothing.values()]
        with self._lock:
            moments += [until for _, until in self._held.values()]
        return Plan(
            topics, is_whole, min((one for one in moments if one is not None), default=None)
        )

    def find_readable(self) -> int:
        """Up to which change whoever reads a feed now gets it, whatever is between; 0: unknown."""
        before = time.monotonic() - self._readable_after
        with self._lock:
            readable = [change for at, change in self._stood if at <= before]
        return readable[-1] if readable else 0

    def _note(self, counter: Counter) -> None:
        before = time.monotonic() - self._readable_after
        with self._lock:
            self._stood.append((time.monotonic(), counter.change))
            while len(self._stood) > 1 and self._stood[1][0] <= before:
                self._stood.popleft()

    def note_sent(self, topic: DueTopic, change: int) -> None:
        """A topic's change begins to be sent: those that follow soon are to go together."""
        if topic.id is not None and self._window:
            with self._lock:
                held = self._held.get(topic.id)
                if held is None or held[0] < change:
                    self._held[topic.id] = change, datetime.now(UTC) + self._window

    def _waits(self, topic_id: int, change: int) -> bool:
        """Whether all who stand behind have the change that was just sent."""
        held = self._held.get(topic_id)
        return held is not None and change >= held[0]

    def _forget(self, due: Iterable[int], now: datetime) -> None:
        with self._lock:
            self._held = {id_: held for id_, held in self._held.items() if held[1] > now}
        for id_ in self._nothing.keys() - due:
            del self._nothing[id_]

    def _is_due(self, topic: DueTopic, counter: Counter, now: datetime) -> bool:
        """Whether there may be something for who stands furthest back in a topic."""
        if topic.id is None or topic.url is None:  # other hubs, which hear of every feed
            return topic.change == counter.change or self.find_readable() > topic.change
        nothing = self._nothing.get(topic.id)
        is_known = nothing is not None and nothing.holds(topic, counter, now)
        if is_known or self._waits(topic.id, topic.change):
            return False
        if topic.url.startswith(self._private):  # whether a token still opens it, its claim tells
            return True
        try:
            return self._has_news(
                topic.id, topic.url, Cursor(topic.change, epoch=counter.epoch), now
            )
        except TopicError:
            return True
        except DatabaseUnavailableError:
            raise
        except Exception:
            # Each of its subscribers fails, and no other's.
            log.exception("topic %d can't be looked through", topic.id)
            return True

    def _has_news(self, topic_id: int, url: str, cursor: Cursor, now: datetime) -> bool:
        """Look through a topic from a cursor on, or from where that was done before."""
        since, looked_at = cursor.change, self._stood[-1][1]
        nothing = self._nothing.pop(topic_id, None)
        if nothing is not None and nothing.since <= since <= nothing.cursor.change:
            since, cursor = nothing.since, nothing.cursor
        is_last = False
        while not is_last:
            news = self._packing.find_news(url, None, cursor, now)
            if news.has_changed:
                return True
            cursor, is_last = news.cursor, news.is_last
        self._nothing[topic_id] = _Nothing(since, cursor, looked_at, news.due_at)
        return False
