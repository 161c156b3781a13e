"""The sender's side: sign a message and post it, as an editorial system would."""

import http.client
import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from feedsvc.errors import FeedsvcError

_KEY_PREFIX = "whsec_"
_TIMEOUT_SECONDS = 60
_ATTEMPTS = 4
_LONGEST_WAIT_SECONDS = 60
_PAUSE_SECONDS = 0.2
#: What it answers when it will take the same message later.
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class PushError(FeedsvcError):
    """A file can't be read, the key is no key, or the service can't be reached."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: dict[str, Any]

    @property
    def events(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = self.body.get("events", [])
        return events

    @property
    def accepted(self) -> bool:
        return self.status == HTTPStatus.OK and all(
            event["status"] != "rejected" for event in self.events
        )


@dataclass(frozen=True, slots=True)
class Sender:
    """An editorial system: what it pushes as, where to, and its signing key."""

    url: str
    source_name: str
    key: str
    is_dry_run: bool = False

    @property
    def endpoint(self) -> str:
        query = "?dry-run=1" if self.is_dry_run else ""
        return f"{self.url.rstrip('/')}/ingest/{self.source_name}{query}"


def push(url: str, source_name: str, key: str, body: bytes) -> Reply:
    """Sign and send one message; try again with the same id while the service is not there.

    Raises:
        PushError: it stayed away, or answered with something that is not ours.
    """
    sender = Sender(url, source_name, key)
    message = _Message(_signer(key), f"msg_{uuid.uuid4().hex}", body, "application/json")
    for patience in range(_ATTEMPTS, 0, -1):
        with _sent(sender, message, patience) as answer:
            if answer is not None:
                return _reply(answer.status, answer.read())
    raise AssertionError("the last attempt gives an answer, or raises")


def push_lines(
    sender: Sender, message_id: str, body: bytes, tell: Callable[[dict[str, Any]], None]
) -> Reply | None:
    """Sign and send a message with a line for each event, and tell the result of each once.

    An answer that breaks off is asked for again with the same id: what was done is not done twice.
    Gives the refusal, if the message was refused as a whole.

    Raises:
        PushError: the service stayed away, or answered with something that is not ours.
    """
    message = _Message(_signer(sender.key), message_id, body, "application/x-ndjson")
    told, patience = 0, _ATTEMPTS
    while patience:
        patience -= 1
        with _sent(sender, message, patience + 1) as answer:
            if answer is None:
                continue
            if answer.status != HTTPStatus.OK:
                return _reply(answer.status, answer.read())
            for number, result in enumerate(_results(answer)):
                if "counts" in result:
                    return None
                if "status" not in result or isinstance(result["status"], int):
                    break  # it says that it was cut short
                if number >= told:
                    tell(result)
                    told, patience = number + 1, _ATTEMPTS
        time.sleep(_PAUSE_SECONDS)
    raise PushError(f"{sender.endpoint}: the answer breaks off after {told} results.")


@dataclass(frozen=True, slots=True)
class _Message:
    webhook: Webhook
    message_id: str
    body: bytes
    media_type: str

    def request(self, endpoint: str) -> urllib.request.Request:
        """Signed as of now."""
        now = datetime.now(UTC)
        return urllib.request.Request(  # noqa: S310 (the scheme is the operator's own choice)
            endpoint,
            self.body,
            {
                "Content-Type": self.media_type,
                "webhook-id": self.message_id,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": self.webhook.sign(self.message_id, now, self.body.decode()),
            },
        )


@contextmanager
def _sent(sender: Sender, message: _Message, patience: int) -> Iterator[Any]:
    """The answer to a message, or None after a pause, if there is `patience` to try again."""
    endpoint = sender.endpoint
    wait_seconds = float(2 ** (_ATTEMPTS - patience + 1))
    try:
        answer = urllib.request.urlopen(message.request(endpoint), timeout=_TIMEOUT_SECONDS)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code not in _BUSY or patience == 1:
            with error:
                yield error
            return
        error.close()
        wait_seconds = float(error.headers.get("Retry-After", wait_seconds))
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) or patience == 1:
            raise PushError(f"{endpoint} can't be reached: {error}") from error
    else:
        with answer:
            yield answer
        return
    time.sleep(min(wait_seconds, _LONGEST_WAIT_SECONDS))
    yield None


def _results(answer: Any) -> Iterator[dict[str, Any]]:
    """The lines of an answer, as far as they come."""
    try:
        for line in answer:
            if not line.endswith(b"\n"):
                return
            yield _reply(answer.status, line).body
    except (OSError, http.client.HTTPException):
        return


def _signer(key: str) -> Webhook:
    """Signs with a key; the library's own complaints are of several unrelated kinds."""
    try:
        if key.startswith(_KEY_PREFIX):
            return Webhook(key)
    except (ValueError, EmptyWebhookSecretError):
        pass
    raise PushError("The key is not one that `feedsvc source add` prints.")


def _reply(status: int, text: bytes) -> Reply:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise PushError(f"The answer ({status}) is not from feedsvc: {text[:200]!r}") from error
    return Reply(status, body if isinstance(body, dict) else {})
