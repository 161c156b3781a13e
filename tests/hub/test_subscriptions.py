"""Subscriptions: made when they are verified, renewed where they stand, ended with their token."""

from dataclasses import replace
from datetime import timedelta

import pytest

from feedsvc.errors import SubscriptionError
from feedsvc.feeds.saved import store
from feedsvc.hub import subscriptions
from feedsvc.hub.subscriptions import confirm, drop_verification, remember
from feedsvc.models.push import Kind, Standing, Subscription, Topic, Verification
from tests.hub.conftest import CALLBACK, NOW, TOPIC, WISH
from tests.newsroom import publish

LATER = NOW + timedelta(days=1)


@pytest.fixture
def subscribe(house, wish_for):
    """A subscription's row."""

    def make(now=NOW, **said):
        assert confirm(house.database, wish_for(now, **said), now)
        return read_all(house)[-1]

    return make


def read_all(house, table=Subscription):
    with house.database.read():
        return list(table.select().order_by(table.id))


def test_new_subscription_stands_at_the_last_change(house, newsroom, subscribe):
    newsroom.push(publish())
    counter = house.database.read_counter()
    made = subscribe()
    assert (made.epoch, made.change, made.article_id) == (counter.epoch, counter.change, None)
    assert made.expires_at == NOW + timedelta(seconds=3600)
    assert made.secret == "a secret"
    assert not read_all(house, Verification)


def test_subscribing_takes_no_change_number(house, subscribe):
    before = house.database.read_counter()
    subscribe()
    assert house.database.read_counter() == before


def test_renewal_goes_on_where_the_subscription_stood(house, newsroom, subscribe):
    made = subscribe()
    failing = {"state": Standing.SUSPENDED, "attempt": 9, "failing_since": NOW, "last_error": "x"}
    house.database.publish(lambda _: Subscription.update(**failing).execute())
    newsroom.push(publish())
    renewed = subscribe(LATER, secret="another", lease_seconds=7200)
    assert (renewed.id, renewed.change) == (made.id, made.change)
    assert (renewed.state, renewed.attempt, renewed.failing_since) == (Standing.ACTIVE, 0, None)
    assert (renewed.secret, renewed.last_error) == ("another", "")
    assert renewed.expires_at == LATER + timedelta(seconds=7200)
    assert (renewed.created_at, renewed.renewed_at) == (NOW, LATER)


def test_same_callback_may_have_several_topics_and_kinds(house, subscribe):
    subscribe()
    subscribe(topic_url=TOPIC.replace("atom", "rss"))
    subscribe(kind=Kind.RSSCLOUD)
    assert len(read_all(house)) == 3


def test_ending_takes_subscription_and_topic_away(house, subscribe):
    subscribe()
    remember(house.database, house.settings, replace(WISH, mode="unsubscribe"), NOW)
    (waiting,) = read_all(house, Verification)
    assert confirm(house.database, waiting, NOW)
    assert not read_all(house)
    assert not read_all(house, Topic)


def test_topic_stays_while_anybody_has_it(house, subscribe, wish_for):
    one = subscribe()
    wish_for(callback="https://other.example/")
    assert subscriptions.end(house.database, [one.id]) == 1
    (waiting,) = read_all(house, Verification)
    assert len(read_all(house, Topic)) == 1
    assert drop_verification(house.database, waiting)
    assert not read_all(house, Topic)


def test_wish_that_was_replaced_meanwhile_is_not_confirmed(house, wish_for):
    first = wish_for()
    second = wish_for(LATER, secret="another")
    assert not confirm(house.database, first, LATER)
    assert not drop_verification(house.database, first)
    assert not read_all(house)
    assert confirm(house.database, second, LATER)
    assert read_all(house)[0].secret == "another"


def test_wish_is_confirmed_once(house, wish_for):
    waiting = wish_for()
    assert confirm(house.database, waiting, NOW)
    assert not confirm(house.database, waiting, NOW)


def test_subscription_goes_with_the_feed_that_its_token_opened(house, save, give, subscribe):
    """SQLite would give the token's number to the next one, and with it the subscription."""
    for secret_feed in ("partner-b", "partner-c"):
        give(save(secret_feed, is_private=True))
    subscribe(token_id=2)
    store.remove_feed(house.database, "partner-c")
    assert not read_all(house)


# What people see and do


def test_subscriptions_are_listed_by_what_is_in_their_addresses(house, subscribe):
    subscribe()
    subscribe(callback="https://other.example/", topic_url=TOPIC.replace("all", "tin-tuc"))

    def callbacks(**said):
        return [one.callback for one in subscriptions.list_infos(house.database, **said)]

    assert callbacks() == [CALLBACK, "https://other.example/"]
    assert callbacks(text="partner") == [CALLBACK]
    assert callbacks(text="tin-tuc") == ["https://other.example/"]
    assert callbacks(text="%") == []
    assert callbacks(standing=Standing.SUSPENDED) == []


def test_listing_goes_on_over_many(house, subscribe, monkeypatch):
    monkeypatch.setattr(subscriptions, "_AT_ONCE", 2)
    for number in range(5):
        subscribe(callback=f"https://partner.example/{number}")
    assert len(list(subscriptions.list_infos(house.database))) == 5


def test_another_hub_has_no_topic(house):
    counter = house.database.read_counter()
    row = {
        "kind": Kind.HUB,
        "callback": "https://hub.example/",
        "state": Standing.ACTIVE,
        "epoch": counter.epoch,
        "change": 0,
        "created_at": NOW,
        "renewed_at": NOW,
        "next_at": NOW,
        "claimed_until": NOW,
        "attempt": 0,
        "last_error": "",
        "delivered": 0,
        "failed": 0,
    }
    house.database.publish(lambda _: Subscription.create(**row))
    (one,) = subscriptions.list_infos(house.database)
    assert (one.kind, one.topic_url) == (Kind.HUB, None)
    subscriptions.remove(house.database, one.id)
    assert not read_all(house)


def test_suspended_subscription_is_resumed_where_it_stands(house, subscribe):
    made = subscribe()
    failing = {"state": Standing.SUSPENDED, "attempt": 9, "failing_since": NOW, "next_at": LATER}
    house.database.publish(lambda _: Subscription.update(**failing).execute())
    subscriptions.resume(house.database, made.id, NOW)
    info = subscriptions.get_info(house.database, made.id)
    assert (info.standing, info.attempt, info.next_at) == (Standing.ACTIVE, 0, NOW)
    assert info.change == made.change


def test_subscription_that_is_not_there_is_told(house):
    for do in (
        lambda: subscriptions.get_info(house.database, 9),
        lambda: subscriptions.resume(house.database, 9, NOW),
        lambda: subscriptions.remove(house.database, 9),
    ):
        with pytest.raises(SubscriptionError, match="There is no subscription 9"):
            do()
