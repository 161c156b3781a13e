"""A key is rotated while its source pushes: no valid message is refused, and then the old keys end.

Each sender goes on signing with the key it has until an operator has set the new one there.
"""

import json
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from feedsvc.ingest.sources import add_source, list_sources, revoke_keys, rotate_key
from tests.integration.server import PROGRAM, Reply, Service, wait_until
from tests.newsroom import VAULT, signed
from tests.senders import HUB, JSONFEED, NATIVE, System

SENDERS = 4
OVERLAP_HOURS = 1
MORE = 5  # messages of each sender between an operator's steps


def sign_twice(keys: tuple[str, ...], body: bytes) -> dict[str, str]:
    """A signature under each of the newest two keys, in one header."""
    message_id, at = f"msg_{uuid.uuid4().hex}", datetime.now(UTC)
    proofs = [signed(key, body, message_id, at) for key in keys[-2:]]
    both = " ".join(proof["webhook-signature"] for proof in proofs)
    return proofs[0] | {"webhook-signature": both}


@dataclass(frozen=True)
class Proof:
    """How a source's senders prove who they are: of the keys that they were told, by the last."""

    name: str
    system: System
    prove: Callable[[tuple[str, ...], bytes], dict[str, str]] | None = None

    def sign(self, keys: tuple[str, ...], body: bytes) -> dict[str, str]:
        return self.prove(keys, body) if self.prove else self.system.sign(keys[-1], body)


PROOFS = [
    Proof("standard-webhooks", NATIVE),
    Proof("two-signatures", NATIVE, sign_twice),
    Proof("hub-signature", HUB),
    Proof("bearer", JSONFEED),
]


class Sender:
    """Pushes one new article after the other, and stops at the first that is not answered 200."""

    def __init__(self, service: Service, proof: Proof, name: str, key: str) -> None:
        self._service, self._proof, self._name = service, proof, name
        self.keys = (key,)
        self.taken = 0

    def post(self, keys: tuple[str, ...], **options: Any) -> Reply:
        self.taken += 1
        body = json.dumps(self._proof.system.say_anew("Tin mới")).encode()
        path = f"/ingest/{self._proof.name}"
        return self._service.request("POST", path, body, self._proof.sign(keys, body), **options)

    def push_until(self, stop: threading.Event) -> None:
        while not stop.is_set():
            reply = self.post(self.keys)
            assert reply.status == 200, (self._name, self.taken, reply)


class Operator:
    """Rotates and ends the keys of one source, beside the service."""

    def __init__(self, service: Service, name: str) -> None:
        self._service, self._name = service, name

    def rotate_by_command(self) -> str:
        command = [PROGRAM, "source", "rotate", self._name, "--overlap-hours", str(OVERLAP_HOURS)]
        environment = self._service.environment
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout.strip()

    def rotate(self) -> str:
        with self._service.database() as database:
            return rotate_key(database, VAULT, self._name, OVERLAP_HOURS * 3600)

    def revoke_all_but_the_newest(self) -> None:
        with self._service.database() as database:
            (keys,) = [keys for one, keys in list_sources(database) if one.name == self._name]
            for key in sorted(keys, key=lambda key: key.id)[:-1]:
                revoke_keys(database, self._name, key.id)


@contextmanager
def pushing(senders: list[Sender]) -> Iterator[Callable[[], None]]:
    """All of them at once; gives what waits until each has had some more messages taken."""
    stop = threading.Event()
    with ThreadPoolExecutor(len(senders)) as pool:
        futures: list[Future[None]] = [pool.submit(one.push_until, stop) for one in senders]

        def wait_for_more() -> None:
            goals = [one.taken + MORE for one in senders]

            def is_reached() -> bool:
                for future in futures:
                    if future.done():
                        future.result()
                return all(one.taken > goal for one, goal in zip(senders, goals, strict=True))

            wait_until(is_reached, "every sender's next messages are taken")

        try:
            yield wait_for_more
        finally:
            stop.set()
        for future in futures:
            future.result()


@pytest.mark.slow
@pytest.mark.parametrize("proof", PROOFS, ids=lambda one: one.name)
def test_rotation_under_load_refuses_no_valid_message(shared_service, proof):
    service, operator = shared_service, Operator(shared_service, proof.name)
    with service.database() as database:
        key = add_source(database, VAULT, proof.name, proof.system.registration)
    senders = [Sender(service, proof, f"{proof.name}-{n}", key) for n in range(SENDERS)]
    with pushing(senders) as wait_for_more:
        wait_for_more()
        for rotate in (operator.rotate_by_command, operator.rotate, operator.rotate):
            key = rotate()
            wait_for_more()  # all of them still under the old key
            for half in (senders[::2], senders[1::2]):
                for sender in half:
                    sender.keys = (*sender.keys, key)
                wait_for_more()
        operator.revoke_all_but_the_newest()
        wait_for_more()
    *old_keys, newest = senders[0].keys
    assert len(old_keys) == 3
    with service.connection_to_each_worker() as connections:
        for connection in connections:
            for old in old_keys:
                assert senders[0].post((old,), connection=connection).status == 401
            assert senders[0].post((newest,), connection=connection).status == 200
