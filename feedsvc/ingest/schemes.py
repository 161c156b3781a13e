"""How editorial systems prove who they are, each as its system does it. Pure: the clock is given.

Only Standard Webhooks gives a message an id and a signed time of its own (`signatures`). Of the
others, a message's id is made of what was signed: the same message is then done once, however
often it comes, and an old one that is sent again is answered as it was.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from feedsvc.errors import SignatureError
from feedsvc.ingest import signatures
from feedsvc.ingest.signatures import Body, SignedHeaders, Verified, chunks_of, make_digest
from feedsvc.secrecy import hash_token

#: A request's header fields, whatever the case of their names: Werkzeug's `Headers`.
Headers = Any

_TOKEN_BYTES = 32
_GHOST = re.compile(r"sha256=([0-9a-fA-F]{64}), ?t=([0-9]{1,15})")
_DIGEST = re.compile(r"(sha1|sha256)=([0-9a-fA-F]{40,64})")
_BEARER = re.compile(r"bearer +([\x21-\x7e]{1,500})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Scheme:
    """How messages of a source are verified, and what its keys are."""

    name: str
    verify: Callable[[Headers, Body, Sequence[str], datetime, int], Verified]
    make_key: Callable[[], str]
    #: The header fields that it reads, and what each holds.
    headers: tuple[tuple[str, str], ...]
    #: Whether a key is only ever compared, so that its hash is enough.
    is_hashed: bool = False
    #: Whether the sender gives each message an id, and a new one to a message that it mended.
    has_ids: bool = False


def _verify_standard(
    headers: Headers, body: Body, keys: Sequence[str], now: datetime, tolerance: int
) -> Verified:
    signed = SignedHeaders(
        headers.get("webhook-id"),
        headers.get("webhook-timestamp"),
        headers.get("webhook-signature"),
    )
    return signatures.verify(signed, body, keys, now, tolerance)


def _verify_ghost(
    headers: Headers, body: Body, keys: Sequence[str], now: datetime, tolerance: int
) -> Verified:
    """Ghost signs the body followed by the time in milliseconds (its `webhook-trigger.js`)."""
    sent = _GHOST.fullmatch(headers.get("x-ghost-signature", ""))
    if sent is None:
        raise SignatureError("X-Ghost-Signature is missing or malformed")
    digest, milliseconds = sent.groups()
    signed = (body, milliseconds.encode("ascii"))
    index = _find_signer(keys, "sha256", digest, *signed)
    seconds = int(milliseconds) / 1000
    if abs(now.timestamp() - seconds) > tolerance:
        raise SignatureError("X-Ghost-Signature was made too far from now")
    return Verified(_content_id(*signed), datetime.fromtimestamp(seconds, UTC), index)


def _verify_superdesk(
    headers: Headers, body: Body, keys: Sequence[str], now: datetime, tolerance: int
) -> Verified:
    """Superdesk's HTTP push signs the body alone: its messages never expire."""
    del tolerance
    index = _find_body_signer("x-superdesk-signature", headers, body, keys, ("sha1", "sha256"))
    return Verified(_content_id(body), now, index)


def _verify_hub(
    headers: Headers, body: Body, keys: Sequence[str], now: datetime, tolerance: int
) -> Verified:
    """`X-Hub-Signature-256`, over the body alone."""
    del tolerance
    index = _find_body_signer("x-hub-signature-256", headers, body, keys, ("sha256",))
    return Verified(_content_id(body), now, index)


def _verify_bearer(
    headers: Headers, body: Body, keys: Sequence[str], now: datetime, tolerance: int
) -> Verified:
    """A bearer token (RFC 6750, section 2.1). `keys` are hashes."""
    del tolerance
    sent = _BEARER.fullmatch(headers.get("authorization", "").strip())
    if sent is None:
        raise SignatureError("Authorization is missing, or no bearer token")
    hashed = hash_token(sent.group(1))
    matches = [hmac.compare_digest(hashed, key) for key in keys]
    if not any(matches):
        raise SignatureError("the token is not a key of the source")
    return Verified(_content_id(body), now, matches.index(True))


def _find_body_signer(
    name: str, headers: Headers, body: Body, keys: Sequence[str], algorithms: Sequence[str]
) -> int:
    sent = _DIGEST.fullmatch(headers.get(name, ""))
    if sent is None or sent.group(1) not in algorithms:
        raise SignatureError(f"{name} is missing or malformed")
    return _find_signer(keys, sent.group(1), sent.group(2), body)


def _find_signer(keys: Sequence[str], algorithm: str, digest: str, *signed: Body) -> int:
    """Which of the keys made a signature."""
    try:
        said = binascii.unhexlify(digest)
    except binascii.Error:  # an odd number of digits
        raise SignatureError("the signature is malformed") from None
    made = [make_digest(key.encode(), algorithm, *signed) for key in keys]
    matches = [hmac.compare_digest(said, one) for one in made]
    if not any(matches):
        raise SignatureError("no signature fits" if keys else "the source has no active key")
    return matches.index(True)


def _content_id(*signed: Body) -> str:
    made = hashlib.sha256()
    for part in signed:
        for chunk in chunks_of(part):
            made.update(chunk)
    return f"sha256-{made.hexdigest()}"


def _make_token() -> str:
    """What settings pages take: one line of letters and digits."""
    return base64.b32encode(secrets.token_bytes(_TOKEN_BYTES)).decode("ascii").rstrip("=").lower()


_WEBHOOK_SIGNATURE = (
    "`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, keyed with the bytes that the "
    "key's base64 (after `whsec_`) stands for. Several are separated by spaces."
)
_STANDARD = (
    ("webhook-id", "An id of the message, unique for each: printable ASCII without full stops."),
    ("webhook-timestamp", "When it was signed, in Unix seconds."),
    ("webhook-signature", _WEBHOOK_SIGNATURE),
)
_SUPERDESK = "`sha1=` or `sha256=`, and the hexadecimal HMAC over the body."
_GHOST_HEADER = "`sha256=…, t=…`: the hexadecimal HMAC over body and time, and the time."
_HUB = "`sha256=`, and the hexadecimal HMAC-SHA256 over the body."

SCHEMES = {
    scheme.name: scheme
    for scheme in (
        Scheme("standard-webhooks", _verify_standard, signatures.make_key, _STANDARD, has_ids=True),
        Scheme(
            "superdesk", _verify_superdesk, _make_token, (("x-superdesk-signature", _SUPERDESK),)
        ),
        Scheme("ghost", _verify_ghost, _make_token, (("x-ghost-signature", _GHOST_HEADER),)),
        Scheme("hub-signature", _verify_hub, _make_token, (("x-hub-signature-256", _HUB),)),
        Scheme(
            "bearer",
            _verify_bearer,
            _make_token,
            (("authorization", "`Bearer`, and the key."),),
            is_hashed=True,
        ),
    )
}
