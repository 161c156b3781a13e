"""How often a feed is worth asking for, as the Syndication module of RSS has it. Pure.

Source: https://web.resource.org/rss/1.0/modules/syndication/. feedgen's own extension writes its
elements' names with a capital letter, which no reader knows.
"""

from typing import Any

from feedgen.ext.base import BaseExtension
from lxml.etree import SubElement

_SY = "http://purl.org/rss/1.0/modules/syndication/"


def write_rhythm(feed: Any, ttl_minutes: int) -> None:
    """Have a feedgen feed say in RSS how long it may be kept, in both ways that there are."""
    feed.ttl(ttl_minutes)
    feed.register_extension("rhythm", _ChannelRhythm, atom=False)
    feed.rhythm.ttl_minutes = ttl_minutes


class _ChannelRhythm(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    def __init__(self) -> None:
        self.ttl_minutes = 60

    def extend_ns(self) -> dict[str, str]:
        return {"sy": _SY}

    def extend_rss(self, feed: Any) -> Any:
        channel = feed.find("channel")
        SubElement(channel, f"{{{_SY}}}updatePeriod").text = "hourly"
        SubElement(channel, f"{{{_SY}}}updateFrequency").text = str(max(1, 60 // self.ttl_minutes))
        return feed
