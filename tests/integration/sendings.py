"""Messages about articles and their versions: every way to send them, repeated and in no order.

One more way to send is one more in `KINDS`.
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.server import LOST, Reply, Service, wait_until
from tests.newsroom import JSON, publish, withdraw

ARTICLES = 1_500
MESSAGES = 10_000
SECTIONS = {
    "chinh-tri": "tin-tuc",
    "kinh-te": "tin-tuc",
    "the-gioi": "tin-tuc",
    "bong-da": "the-thao",
    "quan-vot": "the-thao",
    "van-hoa": None,
}
FIRST_MOMENT = datetime(2023, 1, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Version:
    """An article as of one of its modifications."""

    article: int
    number: int
    is_public: bool
    title: str
    sections: tuple[str, ...]
    #: What it says of its guid, which counts if it is the first of its article to arrive.
    guid: str | None
    says_when: bool

    @property
    def article_id(self) -> str:
        return f"a-{self.article:04}"

    @property
    def published_at(self) -> datetime:
        return FIRST_MOMENT + timedelta(hours=self.article)

    def event(self) -> dict[str, Any]:
        modified_at = (self.published_at + timedelta(minutes=self.number)).isoformat()
        said = {"date_modified": modified_at} | ({"guid": self.guid} if self.guid else {})
        envelope = {"timestamp": modified_at} if self.says_when else {}
        if not self.is_public:
            return withdraw(self.article_id, **said) | envelope
        said |= {"title": self.title, "date_published": self.published_at.isoformat()}
        kind = "article.updated" if self.number else "article.published"
        event = publish(self.article_id, categories=list(self.sections), **said)
        return event | {"type": kind} | envelope


# How messages can be sent


@dataclass(frozen=True)
class Kind:
    """A way to send events: how many at once, in which bytes, and what became of each."""

    share: float
    most_events: int
    media_type: str
    dump: Callable[[Sequence[dict[str, Any]]], bytes]
    #: None: the answer broke off, and the message is to be sent again.
    read: Callable[[Reply], list[dict[str, Any]] | None]


def read_lines(reply: Reply) -> list[dict[str, Any]] | None:
    *results, last = map(json.loads, reply.body.splitlines())
    return results if "counts" in last else None


def dump_lines(events: Sequence[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


KINDS = [
    Kind(0.95, 1, JSON, lambda events: json.dumps(events[0]).encode(), lambda r: r.json["events"]),
    Kind(
        0.03,
        20,
        JSON,
        lambda events: json.dumps({"events": events}).encode(),
        lambda r: r.json["events"],
    ),
    Kind(0.02, 40, "application/x-ndjson", dump_lines, read_lines),
]


@dataclass(frozen=True)
class Sending:
    """A message. One that stands in the list of messages again is sent again."""

    message_id: str
    kind: Kind
    versions: tuple[Version, ...]

    def deliver(self, service: Service) -> list[dict[str, Any]]:
        """Send it until it is acknowledged; gives what became of its events."""
        body = self.kind.dump([version.event() for version in self.versions])
        found: list[dict[str, Any]] = []

        def is_taken() -> bool:
            try:
                reply = service.send(body, self.message_id, media_type=self.kind.media_type)
            except LOST:
                return False
            if reply.is_unavailable:
                return False
            assert reply.status == 200, (self.message_id, reply)
            results = self.kind.read(reply)
            found.extend(results or ())
            return results is not None

        wait_until(is_taken, f"{self.message_id} is acknowledged")
        assert [one["id"] for one in found] == [one.article_id for one in self.versions]
        return found


def make_versions(chance: random.Random) -> list[Version]:
    return [
        Version(
            article=article,
            number=number,
            is_public=not number or chance.random() < 0.75,
            title=f"Bài {article}, bản {number}",
            sections=tuple(chance.sample(sorted(SECTIONS), chance.randint(0, 2))),
            guid=f"guid-{article}-{number}" if chance.random() < 0.1 else None,
            says_when=chance.random() < 0.5,
        )
        for article in range(ARTICLES)
        for number in range(chance.randint(1, 9))
    ]


def make_sendings(versions: Sequence[Version], chance: random.Random) -> list[Sending]:
    """Every version at least once, and repetitions, in no order."""
    shares = [kind.share for kind in KINDS]
    waiting = chance.sample(versions, len(versions))
    made: list[Sending] = []
    while waiting:
        (kind,) = chance.choices(KINDS, shares)
        taken = [
            waiting.pop() for _ in range(chance.randint(1, min(kind.most_events, len(waiting))))
        ]
        made.append(Sending(f"msg_{len(made)}", kind, tuple(taken)))
    # Of the rest, half is the same message again, and half the same events in another one.
    again = chance.choices(made, k=MESSAGES - len(made))
    for number, one in enumerate(again):
        is_new = number % 2
        made.append(
            Sending(f"{one.message_id}_new_{number}", one.kind, one.versions) if is_new else one
        )
    return chance.sample(made, len(made))
