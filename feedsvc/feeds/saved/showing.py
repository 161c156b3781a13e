"""What a saved feed makes of a request's filters, and of the settings that it is read with. Pure.

Every verb gives what it was given where the feed is not a saved one.
"""

from dataclasses import replace

from feedsvc.feeds.catalog import Feed
from feedsvc.feeds.selection import Selection, parse_selection
from feedsvc.settings import Settings


def feed_settings(feed: Feed, settings: Settings) -> Settings:
    """The settings with the feed's own `limit` for the one of a request that has none."""
    if feed.saved is None:
        return settings
    own = int(dict(feed.saved.filters).get("limit", settings.default_entries))
    # One that was saved before the highest limit was lowered is lowered with it.
    return settings.model_copy(update={"default_entries": min(own, settings.max_entries)})


def narrow(feed: Feed, asked: Selection, settings: Settings) -> Selection:
    """What a request asks of a feed, of whose `settings` they are: never more than it shows."""
    if feed.saved is None:
        return asked
    return replace(asked, limit=min(asked.limit, settings.default_entries))


def list_selections(feed: Feed, asked: Selection, settings: Settings) -> list[Selection]:
    """What an article must meet: what is asked for, and the feed's own filters."""
    if feed.saved is None:
        return [asked]
    # Its limit is one of the settings by now.
    filters = [(name, value) for name, value in feed.saved.filters if name != "limit"]
    return [asked, parse_selection(filters, settings)]
