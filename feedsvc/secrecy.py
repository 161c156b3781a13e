"""What keeps tokens secret: hashed where they are kept, left out of what is logged.

A bearer token is only ever compared, so it is hashed; it is random, and long enough to need no
salt. A private feed's token stands in its address, which everybody likes to log.
"""

import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Iterable

_HASHED = "sha256:"
_TOKEN_BYTES = 32
#: `/private/` however it is written, and what stands behind it up to the next slash or space.
_PRIVATE = re.compile(
    r"((?:/|%2f)(?:p|%70)(?:r|%72)(?:i|%69)(?:v|%76)(?:a|%61)(?:t|%74)(?:e|%65)(?:/|%2f)+)"
    r"[^\s\"'?#]+",
    re.IGNORECASE,
)


def make_token() -> str:
    return secrets.token_urlsafe(_TOKEN_BYTES)


def hash_token(token: str) -> str:
    return _HASHED + hashlib.sha256(token.encode()).hexdigest()


def is_any_of(token: str, hashes: Iterable[str]) -> bool:
    """Whether a token is one of those hashed; each is compared, in a time that tells nothing."""
    hashed = hash_token(token)
    return any([hmac.compare_digest(hashed, one) for one in hashes])  # noqa: C419 (each)


def redact(text: str) -> str:
    """The text without the rest of a private feed's address, as nginx's log has it too."""
    # A function: writing r"\1-" out takes longer than the search, also where nothing is found.
    return _PRIVATE.sub(_leave_out, text)


def _leave_out(found: re.Match[str]) -> str:
    return f"{found[1]}-"


def redact_record(record: logging.LogRecord) -> bool:
    """A filter for logs that keeps every record, redacted, and what is told of its exception."""
    record.msg, record.args = redact(record.getMessage()), ()
    if record.exc_info:
        record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
    return True
