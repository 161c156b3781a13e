"""Where whoever wants to be told of changes can ask for it. Pure.

Sources: W3C WebSub, section 4 (`rel="hub"`); JSON Feed 1.1 (`hubs`); RSS 2.0 (`cloud`).
"""

from dataclasses import dataclass
from typing import Any

from feedgen.ext.base import BaseExtension
from lxml.etree import SubElement

_ATOM = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where rssCloud's clients ask to be told."""

    domain: str
    port: int
    path: str
    protocol: str


@dataclass(frozen=True, slots=True)
class Push:
    hubs: tuple[str, ...] = ()
    cloud: Cloud | None = None


NO_PUSH = Push()


def write_push(feed: Any, push: Push) -> None:
    """Have a feedgen feed say it, in Atom and RSS."""
    if push == NO_PUSH:
        return
    feed.register_extension("push", _ChannelPush)
    feed.push.push = push


def list_json_hubs(push: Push) -> list[dict[str, str]]:
    return [{"type": "WebSub", "url": address} for address in push.hubs]


class _ChannelPush(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    def __init__(self) -> None:
        self.push = NO_PUSH

    def extend_atom(self, feed: Any) -> Any:
        self._extend(feed)
        return feed

    def extend_rss(self, feed: Any) -> Any:
        channel = feed.find("channel")
        self._extend(channel)
        if (cloud := self.push.cloud) is not None:
            said = {"domain": cloud.domain, "port": str(cloud.port), "path": cloud.path}
            said |= {"registerProcedure": "", "protocol": cloud.protocol}
            SubElement(channel, "cloud", said)
        return feed

    def _extend(self, parent: Any) -> None:
        for address in self.push.hubs:
            SubElement(parent, f"{{{_ATOM}}}link", href=address, rel="hub")
