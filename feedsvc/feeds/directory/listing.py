"""The list of feeds, as a value and as JSON: what there is to subscribe to. Pure."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from feedsvc.feeds.catalog import Feed
from feedsvc.feeds.channels import feed_description, feed_title, feed_url
from feedsvc.feeds.parameters import list_parameters
from feedsvc.rendering.document import FORMATS
from feedsvc.settings import Settings

MEDIA_TYPE = "application/json"


class Listed(BaseModel):
    """Clients must not mind members that come later; the tests do."""

    model_config = ConfigDict(frozen=True)


class ListedFeed(Listed):
    """A feed that can be subscribed to."""

    name: str = Field(description="What it is called in addresses; it never changes.")
    title: str = Field(description="The feed's title, as readers show it.")
    section: str | None = Field(description="The section's name; null for the feed of everything.")
    parent: str | None = Field(
        description="The name of the next feed above, which shows all of it too; null at the top."
    )
    description: str = Field(description="What it holds, in a sentence.")
    language: str = Field(description="The language of the feed (BCP 47).")
    urls: dict[str, str] = Field(
        description="Its addresses, by format: `rss`, `atom` and `json`. More may come."
    )


class ListedFilter(Listed):
    """A parameter that any feed's address may have."""

    name: str = Field(description="What stands before the equals sign.")
    description: str = Field(description="What it means, in English.")


class FeedList(Listed):
    """All feeds: the whole paper first, and each section before those below it."""

    version: Literal[1] = Field(
        description="The version of this format. Members may be added without a new one."
    )
    title: str = Field(description="The name of the newspaper.")
    language: str = Field(description="The newspaper's language (BCP 47).")
    home_page_url: str = Field(description="The newspaper's home page.")
    url: str = Field(description="This list's own address.")
    opml_url: str = Field(description="The same list as OPML, for feed readers.")
    feeds: tuple[ListedFeed, ...] = Field(description="The feeds, in the order of the page.")
    filters: tuple[ListedFilter, ...] = Field(
        description="What may stand after the question mark of any feed's address."
    )


def build_list(feeds: Sequence[Feed], settings: Settings) -> FeedList:
    return FeedList(
        version=1,
        title=settings.title,
        language=settings.language,
        home_page_url=settings.site_url,
        url=f"{settings.public_url}/feeds.json",
        opml_url=f"{settings.public_url}/feeds.opml",
        feeds=tuple(_list_feed(feed, settings) for feed in feeds),
        filters=tuple(
            ListedFilter(name=one.name, description=one.meaning)
            for one in list_parameters(settings)
        ),
    )


def _list_feed(feed: Feed, settings: Settings) -> ListedFeed:
    address = feed_url(feed.name, settings)
    return ListedFeed(
        name=feed.name,
        title=feed_title(feed, settings),
        section=feed.title or None,
        parent=feed.parent_name,
        description=feed_description(feed, settings),
        language=settings.language,
        urls={name: f"{address}.{name}" for name in FORMATS},
    )


def render_list(listed: FeedList) -> bytes:
    return listed.model_dump_json().encode() + b"\n"
