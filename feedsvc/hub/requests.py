"""What is asked of the hub: the parameters of a request's body, each judged. Pure.

Sources: W3C WebSub, section 5.1; https://www.rssboard.org/rsscloud-interface.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from feedsvc.errors import HubError
from feedsvc.settings import Settings

SUBSCRIBE, UNSUBSCRIBE = "subscribe", "unsubscribe"
FORM = "application/x-www-form-urlencoded"
_MOST_PARAMETERS = 100
_MOST_SECRET_BYTES = 199
_SECONDS = re.compile(r"[0-9]{1,19}")
_PORT = re.compile(r"[0-9]{1,5}")
_FEED = re.compile(r"url([0-9]{1,3})")
#: Feeds of one rssCloud request: each has the hub call once.
_MOST_FEEDS = 10
_SCHEMES = {"http-post": "http", "https-post": "https"}

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A subscription that somebody wants to have, or to end; neither address is judged yet."""

    mode: str
    topic: str
    callback: str
    lease_seconds: int
    secret: str | None


@dataclass(frozen=True, slots=True)
class CloudAsked:
    """Feeds that somebody wants to be told of by rssCloud."""

    callback: str
    topics: tuple[str, ...]
    #: Whether the callback is asked for a challenge: it is on another host than who asks.
    is_challenged: bool


def parse_form(body: bytes, media_type: str) -> list[tuple[str, str]]:
    """A form's names and values, in their order. Raises HubError where it is none."""
    if media_type != FORM:
        raise HubError("Content-Type", f"must be {FORM}.")
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_PARAMETERS,
        )
    except UnicodeDecodeError as error:
        raise HubError("body", f"is not {FORM} in UTF-8.") from error
    except ValueError as error:
        raise HubError("body", f"has more than {_MOST_PARAMETERS} parameters.") from error


def parse_request(pairs: Pairs, settings: Settings) -> Asked:
    """Raises HubError for a parameter that is missing, repeated or wrong."""
    mode = _one(pairs, "hub.mode")
    if mode == "publish":
        raise HubError(
            "hub.mode", "publish: this hub knows by itself when one of its feeds has changed."
        )
    if mode not in (SUBSCRIBE, UNSUBSCRIBE):
        raise HubError("hub.mode", f"must be {SUBSCRIBE} or {UNSUBSCRIBE}.")
    return Asked(
        mode,
        _one(pairs, "hub.topic"),
        _one(pairs, "hub.callback"),
        _lease(_find(pairs, "hub.lease_seconds"), settings),
        _secret(_find(pairs, "hub.secret")),
    )


def parse_cloud_request(pairs: Pairs, client: str) -> CloudAsked:
    """What a request to be told by rssCloud asks for; `client` is the address that it is from."""
    protocol = _find(pairs, "protocol") or "http-post"
    if protocol not in _SCHEMES:
        raise HubError("protocol", f"must be {' or '.join(_SCHEMES)}.")
    if _find(pairs, "notifyProcedure"):
        raise HubError("notifyProcedure", "is for procedures that are called; leave it empty.")
    port = _one(pairs, "port")
    if not _PORT.fullmatch(port):
        raise HubError("port", "must be a number.")
    path = _one(pairs, "path")
    domain = _find(pairs, "domain")
    if domain and not re.fullmatch(r"[^\s/?#@\\]+", domain):
        raise HubError("domain", "must be the name of a host.")
    host = domain or client
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    feeds = {int(match[1]): name for name, _ in pairs if (match := _FEED.fullmatch(name))}
    if not feeds:
        raise HubError("url1", "is missing: the address of a feed.")
    if len(feeds) > _MOST_FEEDS:
        raise HubError("url1", f"and others: no more than {_MOST_FEEDS} feeds in one request.")
    path = quote(path if path.startswith("/") else f"/{path}", safe="/?&=%:;,~+!*'()$@-._")
    return CloudAsked(
        f"{_SCHEMES[protocol]}://{host}:{port}{path}",
        tuple(dict.fromkeys(_one(pairs, feeds[number]) for number in sorted(feeds))),
        bool(domain),
    )


def _find(pairs: Pairs, name: str) -> str:
    """A parameter's one value; an empty one is as good as none."""
    values = [value for given, value in pairs if given == name]
    if len(values) > 1:
        raise HubError(name, "was given more than once.")
    return values[0].strip() if values else ""


def _one(pairs: Pairs, name: str) -> str:
    value = _find(pairs, name)
    if not value:
        raise HubError(name, "is missing.")
    return value


def _lease(text: str, settings: Settings) -> int:
    """What is asked for, within what may be; subscribers are told what they were given."""
    if not text:
        return settings.hub_lease_seconds
    if not _SECONDS.fullmatch(text) or int(text) == 0:
        raise HubError("hub.lease_seconds", "must be a whole number of seconds, above 0.")
    return min(max(int(text), settings.hub_min_lease_seconds), settings.hub_max_lease_seconds)


def _secret(text: str) -> str | None:
    if len(text.encode()) > _MOST_SECRET_BYTES:
        raise HubError("hub.secret", "must be under 200 bytes.")
    return text or None
