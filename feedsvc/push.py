"""The sender's side: sign a message and post it, as an editorial system would."""

import json
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from feedsvc.errors import FeedsvcError

_KEY_PREFIX = "whsec_"
_TIMEOUT_SECONDS = 60
_ATTEMPTS = 4
_LONGEST_WAIT_SECONDS = 30


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


def read_message(path: Path) -> bytes:
    """The message in a file: an event, a batch, or a bare article, which is published.

    Raises:
        PushError
    """
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise PushError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise PushError(f"{path} is not JSON: {error}") from error
    if isinstance(value, dict) and "events" not in value and "type" not in value:
        timestamp = datetime.now(UTC).isoformat(timespec="seconds")
        value = {"type": "article.published", "timestamp": timestamp, "data": value}
    return json.dumps(value, ensure_ascii=False).encode()


def push(url: str, source_name: str, key: str, body: bytes, *, dry_run: bool = False) -> Reply:
    """Sign and send one message; try again with the same id while the service is not there.

    A dry run is answered what would become of it, and changes nothing.

    Raises:
        PushError: it stayed away, or answered with something that is not ours.
    """
    webhook = _signer(key)
    message_id = f"msg_{uuid.uuid4().hex}"
    endpoint = f"{url.rstrip('/')}/ingest/{source_name}" + ("?dry-run=1" if dry_run else "")
    for attempt in range(1, _ATTEMPTS + 1):
        now = datetime.now(UTC)
        request = urllib.request.Request(  # noqa: S310 (the scheme is the operator's own choice)
            endpoint,
            body,
            {
                "Content-Type": "application/json",
                "webhook-id": message_id,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": webhook.sign(message_id, now, body.decode()),
            },
        )
        wait_seconds: float = 2**attempt
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
                return _reply(response.status, response.read())
        except urllib.error.HTTPError as error:
            with error:
                if error.code != HTTPStatus.SERVICE_UNAVAILABLE or attempt == _ATTEMPTS:
                    return _reply(error.code, error.read())
                wait_seconds = float(error.headers.get("Retry-After", wait_seconds))
        except (OSError, ValueError) as error:
            if isinstance(error, ValueError) or attempt == _ATTEMPTS:
                raise PushError(f"{endpoint} can't be reached: {error}") from error
        time.sleep(min(wait_seconds, _LONGEST_WAIT_SECONDS))
    raise AssertionError("every attempt returns or raises")


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
