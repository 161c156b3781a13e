"""Standard Webhooks signatures, verified over the raw bytes. Pure: the clock is handed in.

The `standardwebhooks` package signs in `push` and in the tests. It can't verify here: it decodes
the body as text before it looks at the signature, fixes the tolerance at five minutes, and lets
what a malformed header makes of base64 and split escape as bare ValueErrors.

Source: https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from feedsvc.errors import SignatureError


class Spool(Protocol):
    """A body that was put aside."""

    def chunks(self) -> Iterator[bytes]:
        """The body from its beginning, a little at a time."""


Body = bytes | Spool

KEY_PREFIX = "whsec_"
_KEY_BYTES = 32  # the specification: 24 to 64
_VERSION = "v1,"
# No full stop, which would let a part of the body be taken for the timestamp ("Signature scheme").
_MESSAGE_ID = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,255}")
_TIMESTAMP = re.compile(r"[0-9]{1,11}")
#: Signed against when a source has no key, so that the answer takes as long as with one.
_NO_KEY = secrets.token_bytes(_KEY_BYTES)


@dataclass(frozen=True, slots=True)
class SignedHeaders:
    """The three headers of a message, as they came; None where one is missing."""

    message_id: str | None
    timestamp: str | None
    signature: str | None


@dataclass(frozen=True, slots=True)
class Verified:
    message_id: str
    sent_at: datetime
    #: Which of the keys it was signed with.
    key_index: int = 0


def make_key() -> str:
    return KEY_PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")


def verify(
    headers: SignedHeaders,
    body: Body,
    keys: Iterable[str],
    now: datetime,
    tolerance_seconds: int,
) -> Verified:
    """Check a message against every active key, in constant time for each.

    Raises:
        SignatureError: it is not signed by any of `keys`, or was not signed just now.
    """
    message_id, timestamp = headers.message_id or "", headers.timestamp or ""
    if not _MESSAGE_ID.fullmatch(message_id):
        raise SignatureError("webhook-id is missing or malformed")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise SignatureError("webhook-timestamp is missing or malformed")
    sent = _signatures(headers.signature or "")
    signed = (f"{message_id}.{timestamp}.".encode("ascii"), body)
    known = [_secret(key) for key in keys]
    digests = [make_digest(secret, "sha256", *signed) for secret in known or [_NO_KEY]]
    matches = [
        max([hmac.compare_digest(digest, one) for one in sent], default=False) for digest in digests
    ]
    if not known or not any(matches):
        raise SignatureError("no signature fits" if known else "the source has no active key")
    if abs(now.timestamp() - int(timestamp)) > tolerance_seconds:
        raise SignatureError("webhook-timestamp is too far from now")
    sent_at = datetime.fromtimestamp(int(timestamp), UTC)
    return Verified(message_id, sent_at, matches.index(True))


def make_digest(secret: bytes, algorithm: str, *parts: Body) -> bytes:
    """HMAC (RFC 2104) over parts, one after the other, none of which is copied."""
    made = hmac.new(secret, digestmod=algorithm)
    for part in parts:
        for chunk in chunks_of(part):
            made.update(chunk)
    return made.digest()


def chunks_of(body: Body) -> Iterator[bytes]:
    return iter((body,)) if isinstance(body, bytes) else body.chunks()


def _signatures(header: str) -> list[bytes]:
    """The `v1` signatures of a header; versions that are not known, and what is broken, are not."""
    signatures = []
    for part in header.split(" "):
        if part.startswith(_VERSION):
            try:
                signatures.append(base64.b64decode(part.removeprefix(_VERSION), validate=True))
            except (binascii.Error, ValueError):
                continue
    return signatures


def _secret(key: str) -> bytes:
    return base64.b64decode(key.removeprefix(KEY_PREFIX))
