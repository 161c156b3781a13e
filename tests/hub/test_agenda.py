"""What there is to do: only where something is new, and changes that follow soon together."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from feedsvc.articles.release import Releases
from feedsvc.feeds.fragments import Fragments
from feedsvc.hub import agenda as module
from feedsvc.hub.agenda import Agenda
from feedsvc.hub.payload import Packing
from feedsvc.hub.subscriptions import Wish, confirm, remember
from feedsvc.models.push import Kind, Verification
from tests.newsroom import publish

HOME = "https://feeds.example/feeds"


@pytest.fixture
def agenda(house):
    packing = Packing(house.database, house.settings, Fragments(1_000_000))
    return Agenda(house.database, house.settings, packing, Releases(house.database))


@pytest.fixture
def subscribe(house):
    """Subscribe to a feed."""

    def make(name):
        now = datetime.now(UTC)
        callback = f"https://partner.example/{name}"
        wish = Wish(
            *(Kind.WEBSUB, "subscribe", f"{HOME}/{name}", None, callback, "partner.example", 3600)
        )
        remember(house.database, house.settings, wish, now)
        with house.database.read():
            verification = Verification.get()
        assert confirm(house.database, verification, now)

    return make


def due(agenda, after=timedelta()):
    """The topics that are to be sent."""
    topics = agenda.look(datetime.now(UTC) + after).topics
    return [topic.url.rpartition("/")[2] for topic in topics]


def test_only_topics_with_something_new_are_due(agenda, newsroom, subscribe):
    newsroom.push(publish("a", categories=["Kinh tế"]))
    newsroom.push(publish("b", categories=["Thể thao"]))
    subscribe("kinh-te.atom")
    subscribe("the-thao.atom")
    assert due(agenda) == []
    newsroom.push(publish("c", categories=["Kinh tế"]))
    assert due(agenda) == ["kinh-te.atom"]


def test_what_was_looked_through_in_vain_is_not_looked_through_again(
    agenda, newsroom, subscribe, monkeypatch
):
    newsroom.push(publish("a", categories=["Kinh tế"]))
    subscribe("kinh-te.atom")
    newsroom.push(publish("b", categories=["Thể thao"]))
    assert due(agenda) == []
    looked = []
    find_news = Packing.find_news
    monkeypatch.setattr(
        Packing, "find_news", lambda *given: looked.append(given[3].change) or find_news(*given)
    )
    assert due(agenda) == []
    assert looked == []
    newsroom.push(publish("c", categories=["Thể thao"]))
    assert due(agenda) == []
    newsroom.push(publish("d", categories=["Kinh tế"]))
    assert due(agenda) == ["kinh-te.atom"]
    assert looked == sorted(set(looked))  # each time from where it came to before


def test_change_that_follows_soon_waits_until_the_window_is_over(
    house, agenda, newsroom, subscribe
):
    subscribe("all.atom")
    newsroom.push(publish("a"))
    (topic,) = agenda.look(datetime.now(UTC)).topics
    last = house.database.read_counter().change
    agenda.note_sent(topic, last)
    assert due(agenda) == ["all.atom"]  # who has not got it yet does not wait
    subscribe("all.json")
    newsroom.push(publish("b"))
    agenda.note_sent(topic, last - 1)  # as if all had it
    window = timedelta(seconds=house.settings.hub_window_seconds)
    assert "all.json" in due(agenda)
    assert sorted(due(agenda, window * 2)) == ["all.atom", "all.json"]


def test_look_that_takes_long_is_gone_on_with(agenda, newsroom, subscribe, monkeypatch):
    names = [f"all.atom?tag=tag-{number}" for number in range(3)]
    for name in names:
        subscribe(name)
    newsroom.push(publish("a"))
    looked, find_news = [], Packing.find_news

    def look_through(*given):
        looked.append(given[1])
        return find_news(*given)

    # A second goes by with each.
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: float(len(looked))))
    monkeypatch.setattr(module, "LONGEST_LOOK_SECONDS", 1.5)
    monkeypatch.setattr(Packing, "find_news", look_through)
    assert [agenda.look(datetime.now(UTC)).is_whole for _ in range(2)] == [False, True]
    assert len(looked) == len(set(looked)) == len(names)


def test_topic_that_can_not_be_looked_through_is_left_to_its_jobs(
    agenda, newsroom, subscribe, monkeypatch, caplog
):
    subscribe("all.atom")
    newsroom.push(publish("a"))

    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr(Packing, "find_news", fail)
    assert due(agenda) == ["all.atom"]
    assert "can't be looked through" in caplog.text


def test_change_can_be_read_by_everybody_after_the_delay(house, agenda, newsroom, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    newsroom.push(publish("a"))
    change = house.database.read_counter().change
    agenda.look(datetime.now(UTC))
    assert agenda.find_readable() == 0
    clock[0] += house.settings.hub_ping_delay_seconds
    assert agenda.find_readable() == change
    newsroom.push(publish("b"))
    agenda.look(datetime.now(UTC))
    assert agenda.find_readable() == change


def test_while_something_is_due_nobody_is_looked_for_who_waits_longer(
    agenda, newsroom, subscribe, monkeypatch
):
    later, asked = datetime.now(UTC) + timedelta(hours=1), []
    monkeypatch.setattr(module, "find_next_moment", lambda *_: asked.append(1) or later)
    newsroom.push(publish("a"))
    subscribe("all.atom")
    assert agenda.look(datetime.now(UTC)).next_at == later
    newsroom.push(publish("b"))
    asked.clear()
    now = datetime.now(UTC)
    plan = agenda.look(now)
    assert (len(plan.topics), plan.next_at, asked) == (1, now + timedelta(seconds=1), [])
