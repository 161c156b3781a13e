"""A saved feed of the test's database."""

import pytest

from feedsvc.feeds.saved import store
from feedsvc.feeds.saved.feed import SavedFeed


@pytest.fixture
def save(app):
    """Save a feed; gives its name."""
    services = app.extensions["feedsvc"]

    def save_feed(name="partner-a", title="Đối tác A", **said):
        store.add_feed(services.database, services.settings, SavedFeed(name, title, **said))
        return name

    return save_feed
