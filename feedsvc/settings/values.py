"""What settings can be. What something is not, a ValueError says, in words that follow its name."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from limits import parse_many
from pydantic import AfterValidator, Field

#: A rate that is none.
UNLIMITED = "unlimited"
_MIN_TOKEN_CHARS = 16
_HIGHEST_PORT = 65_535
_STORAGE_SCHEMES = {"memory", "redis", "rediss", "redis+unix"}
#: What marks a setting that is secret.
SECRET: dict[str, Any] = {"secret": True}

Network = IPv4Network | IPv6Network
#: From the first to the last that is in it.
PortRange = range


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an http or https address without query or fragment")
    return value.rstrip("/")


def require_zone(value: str) -> str:
    """The name of a time zone, if it is one; ValueError otherwise."""
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError("is not a time zone, such as Asia/Ho_Chi_Minh") from error
    return value


def _require_rate(value: str) -> str:
    try:
        is_rate = value == UNLIMITED or all(limit.amount > 0 for limit in parse_many(value))
    except ValueError:
        is_rate = False
    if not is_rate:
        raise ValueError("must be a rate such as 100/minute; 2000/hour, or unlimited")
    return value


def _require_storage(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_known = parts.scheme in _STORAGE_SCHEMES and parts.port != 0
    except ValueError:
        is_known = False
    if not is_known:
        raise ValueError(
            "must be memory://, or redis://HOST:PORT/NUMBER (rediss://, redis+unix://)"
        )
    return value


def _require_long_tokens(value: str) -> str:
    tokens = value.split()
    if any(len(token) < _MIN_TOKEN_CHARS for token in tokens):
        raise ValueError(
            f"has a token of under {_MIN_TOKEN_CHARS} characters; `openssl rand -hex 32` makes one"
        )
    if not value.isascii() or not all(token.isprintable() for token in tokens):
        raise ValueError("has a token with characters that a header can't have")
    return " ".join(tokens)


def parse_addresses(value: str) -> tuple[str, ...]:
    """Addresses separated by commas or white space, each once."""
    return tuple(dict.fromkeys(_parts(value)))


def _require_addresses(value: str) -> str:
    for address in parse_addresses(value):
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
            raise ValueError("must be http or https addresses without fragments")
    return value


def parse_networks(value: str) -> tuple[Network, ...]:
    """Networks of both families, separated by commas; ValueError where one is none."""
    return tuple(ip_network(part) for part in _parts(value))


def _require_networks(value: str) -> str:
    try:
        parse_networks(value)
    except ValueError as error:
        raise ValueError(f"must be networks such as 10.1.0.0/16, fd00:1::/32: {error}") from error
    return value


def parse_ports(value: str) -> tuple[PortRange, ...]:
    """Ports and ranges of them, separated by commas; ValueError where one is none."""
    found = []
    for part in _parts(value):
        first, dash, last = part.partition("-")
        ports = range(int(first), int(last if dash else first) + 1)
        if not ports or ports[0] < 1 or ports[-1] > _HIGHEST_PORT:
            raise ValueError(f"{part} is no port")
        found.append(ports)
    return tuple(found)


def _require_ports(value: str) -> str:
    try:
        is_known = bool(parse_ports(value))
    except ValueError:
        is_known = False
    if not is_known:
        raise ValueError("must be ports such as 80, 443, 8000-8999")
    return value


def _parts(value: str) -> list[str]:
    return [part for part in re.split(r"[,\s]+", value) if part]


Rate = Annotated[str, AfterValidator(_require_rate)]
StorageUrl = Annotated[str, AfterValidator(_require_storage)]
ApiTokens = Annotated[str, AfterValidator(_require_long_tokens)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
ZoneName = Annotated[str, AfterValidator(require_zone)]
LanguageTag = Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
Addresses = Annotated[str, AfterValidator(_require_addresses)]
Networks = Annotated[str, AfterValidator(_require_networks)]
Ports = Annotated[str, AfterValidator(_require_ports)]
