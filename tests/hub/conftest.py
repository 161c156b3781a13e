"""What those who subscribe do."""

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from feedsvc.hub.subscriptions import Wish, remember
from feedsvc.models.push import Kind, Verification
from tests.feeds.conftest import save  # noqa: F401 (a fixture)
from tests.feeds.saved.conftest import give  # noqa: F401 (a fixture)

FORM = "application/x-www-form-urlencoded"
CALLBACK = "https://partner.example/push?a=1"
TOPIC = "https://feeds.example/feeds/all.atom"
NOW = datetime(2026, 1, 9, 10, 0, tzinfo=UTC)
WISH = Wish(Kind.WEBSUB, "subscribe", TOPIC, None, CALLBACK, "partner.example", 3600, "a secret")


@pytest.fixture
def house(app):
    return app.extensions["feedsvc"]


@pytest.fixture
def wish_for(house):
    """Have a wish kept; gives its row."""

    def keep(now=NOW, **said):
        wish = replace(WISH, **said)
        remember(house.database, house.settings, wish, now)
        with house.database.read():
            return Verification.get(
                Verification.callback == wish.callback, Verification.kind == wish.kind
            )

    return keep


def wish(**said):
    """The parameters of a request; `hub.` before each name; None leaves one out."""
    given = {"mode": "subscribe", "topic": TOPIC, "callback": CALLBACK} | said
    return [(f"hub.{name}", value) for name, value in given.items() if value is not None]


@pytest.fixture
def ask(client):
    """Ask the hub for something; parameters are over those of a good request."""

    def post(*more, headers=None, **said):
        body = urlencode([*wish(**said), *more])
        return client.post("/hub", data=body, content_type=FORM, headers=headers)

    return post


@pytest.fixture
def verifications(app):
    """The wishes that wait to be verified."""
    database = app.extensions["feedsvc"].database

    def read():
        with database.read():
            return list(Verification.select().order_by(Verification.id))

    return read
