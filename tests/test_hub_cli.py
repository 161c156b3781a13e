"""`feedsvc hub`: what it prints where, and its exit codes."""

from datetime import UTC, datetime, timedelta

import pytest

from feedsvc.hub.subscriptions import Wish, confirm, remember
from feedsvc.models.push import Kind, Standing, Subscription, Verification
from tests.hub.conftest import CALLBACK, TOPIC
from tests.test_cli import run  # noqa: F401 (a fixture)

NOW = datetime(2026, 1, 9, 10, 0, tzinfo=UTC)
WISH = Wish(Kind.WEBSUB, "subscribe", TOPIC, None, CALLBACK, "partner.example", 3600, "sealed")


@pytest.fixture
def edit(database, settings):
    """A subscription, of which columns can be edited."""
    remember(database, settings, WISH, NOW)
    with database.read():
        waiting = Verification.get()
    confirm(database, waiting, NOW)

    def update(**said):
        database.publish(lambda _: Subscription.update(**said).execute())

    return update


@pytest.mark.usefixtures("edit")
def test_list_shows_who_has_subscribed_to_what(run):  # noqa: F811
    head, line = run("hub", "list").stdout.splitlines()
    assert head.split() == (
        ["NUMBER", "KIND", "STATE", "DELIVERED", "FAILED", "LAG", "UNTIL", "FEED", "CALLBACK"]
    )
    assert line.split() == [
        *("1", "WebSub", "active", "0", "0", "–", "2026-01-09", "11:00:00", TOPIC, CALLBACK)
    ]


def test_list_shows_what_was_delivered_and_how_late(run, edit):  # noqa: F811
    edit(delivered=12, failed=3, lag_seconds=0.25, state=Standing.SUSPENDED)
    (line,) = run("hub", "list", "--suspended").stdout.splitlines()[1:]
    assert line.split()[2:7] == ["suspended", "12", "3", "0.2", "s"]


@pytest.mark.usefixtures("edit")
def test_list_shows_those_that_are_asked_for(run):  # noqa: F811
    assert len(run("hub", "list", "partner.example").stdout.splitlines()) == 2
    for arguments in (["elsewhere"], ["--suspended"]):
        assert len(run("hub", "list", *arguments).stdout.splitlines()) == 1


def test_show_says_all_but_the_secret(run, edit):  # noqa: F811
    edit(attempt=2, failed=5, failing_since=NOW, last_error="503", next_at=NOW + timedelta(hours=1))
    shown = run("hub", "show", "1").stdout
    assert "state:      failing" in shown
    assert "5, 2 in a row, since 2026-01-09 10:00:00" in shown
    assert "next try:   2026-01-09 11:00:00" in shown
    assert "last error: 503" in shown
    assert "signed:     yes" in shown
    assert "sealed" not in shown


def test_suspended_subscription_is_resumed(run, edit):  # noqa: F811
    edit(state=Standing.SUSPENDED, attempt=2)
    assert run("hub", "resume", "1").exit_code == 0
    assert "state:      active" in run("hub", "show", "1").stdout


@pytest.mark.usefixtures("edit")
def test_removed_subscription_is_gone(run):  # noqa: F811
    assert run("hub", "remove", "1").exit_code == 0
    for command in ("show", "resume", "remove"):
        result = run("hub", command, "1")
        assert result.exit_code == 1
        assert "There is no subscription 1; `feedsvc hub list` shows those." in result.stderr
