"""Readers of private feeds."""

import base64

import pytest

from feedsvc.feeds.saved import store


@pytest.fixture
def give(app):
    """Give a subscriber a token of a private feed."""
    services = app.extensions["feedsvc"]
    return lambda name, label="Báo B": store.add_token(
        services.database, services.settings, name, label
    )


def basic(token, user="reader"):
    sent = base64.b64encode(f"{user}:{token}".encode()).decode()
    return {"Authorization": f"Basic {sent}"}
