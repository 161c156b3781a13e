"""What a feed says of itself. Nothing of it depends on this moment, or on the machine."""

from dataclasses import replace
from functools import lru_cache
from urllib.parse import urlsplit

from werkzeug.urls import iri_to_uri

from feedsvc.feeds.catalog import Feed
from feedsvc.feeds.saved.feed import SavedFeed
from feedsvc.feeds.selection import Selection, list_filters, write_query
from feedsvc.rendering.document import Channel, Format
from feedsvc.rendering.push import NO_PUSH, Cloud, Push
from feedsvc.settings import Settings

#: How many articles, how much of them, and which part: it is the same feed.
_NO_PART_OF_TITLE = ("limit", "content", "after", "order")
#: Where one subscribes (WebSub, rssCloud), below the public address.
HUB_PATH = "/hub"
CLOUD_PATH = "/rsscloud/pleaseNotify"


def is_private(feed: Feed) -> bool:
    return feed.saved is not None and feed.saved.is_private


def feed_url(name: str, settings: Settings) -> str:
    """A feed's address without its suffix."""
    return f"{settings.public_url}/feeds/{name}"


def private_feed_url(name: str, settings: Settings) -> str:
    """Where readers who have a private feed's token are asked for it."""
    return f"{settings.public_url}/private/{name}"


def feed_title(feed: Feed, settings: Settings) -> str:
    if feed.saved is not None:
        return feed.title
    return f"{feed.title} – {settings.title}" if feed.title else settings.title


def feed_description(feed: Feed, settings: Settings) -> str:
    if feed.saved is not None:
        return feed.saved.description or feed.title
    is_described = settings.description and not feed.title
    return settings.description if is_described else feed_title(feed, settings)


def describe(feed: Feed, selection: Selection, settings: Settings) -> Channel:
    title = feed_title(feed, settings)
    filters = list_filters(selection, settings)
    if words := [f"{name}={value}" for name, value in filters if name not in _NO_PART_OF_TITLE]:
        title = f"{title} ({', '.join(words)})"
    address = private_feed_url if is_private(feed) else feed_url
    channel = Channel(
        title=title,
        description=feed_description(feed, settings),
        language=settings.language,
        base_url=address(feed.name, settings),
        query=write_query(filters),
        home_url=settings.site_url,
        author=settings.title,
        updated_at=feed.created_at,
        ttl_minutes=max(1, settings.max_age_seconds // 60),
        stylesheet_url=f"{settings.public_url}/static/feed.{settings.language}.css",
        push=describe_push(feed, selection, settings),
    )
    return channel if feed.saved is None else _dress(channel, feed.saved)


def describe_push(feed: Feed, selection: Selection, settings: Settings) -> Push:
    """Where one subscribes to a feed's document: a private one's no other hub may know of."""
    if not selection.is_lasting:
        return NO_PUSH
    own = (f"{settings.public_url}{HUB_PATH}",) if settings.hub else ()
    if is_private(feed):
        return Push(own)
    cloud = _cloud(settings.public_url) if settings.hub else None
    return Push((*own, *settings.other_hubs), cloud)


def list_links(channel: Channel, format_: Format) -> str:
    """The `Link` header: where one subscribes, and by which address (WebSub, sections 4 and 7)."""
    links = [(address, "hub") for address in channel.push.hubs]
    links.append((format_.self_url(channel), "self"))
    return ", ".join(f'<{_uri(address)}>; rel="{relation}"' for address, relation in links)


_uri = lru_cache(1_000)(iri_to_uri)


@lru_cache(1)
def _cloud(public_url: str) -> Cloud:
    home = urlsplit(iri_to_uri(public_url))
    is_secure = home.scheme == "https"
    return Cloud(
        home.hostname or "",
        home.port or (443 if is_secure else 80),
        home.path + CLOUD_PATH,
        "https-post" if is_secure else "http-post",
    )


def _dress(channel: Channel, saved: SavedFeed) -> Channel:
    """The channel as a saved feed's own."""
    return replace(
        channel,
        description=f"{channel.description} {saved.terms.attribution}".strip(),
        language=saved.find_language() or channel.language,
        terms=saved.terms,
        podcast=saved.podcast,
    )
