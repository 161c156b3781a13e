"""What those who subscribe do."""

from urllib.parse import urlencode

import pytest

from feedsvc.models.push import Verification
from tests.feeds.conftest import save  # noqa: F401 (a fixture)
from tests.feeds.saved.conftest import give  # noqa: F401 (a fixture)

FORM = "application/x-www-form-urlencoded"
CALLBACK = "https://partner.example/push?a=1"
TOPIC = "https://feeds.example/feeds/all.atom"


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
