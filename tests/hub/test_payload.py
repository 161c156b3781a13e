"""What is sent: all that changed since a cursor, in every format; and which feeds changed."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from feedsvc.errors import TopicError
from feedsvc.feeds.fragments import Fragments
from feedsvc.feeds.saved import store
from feedsvc.feeds.selection import Cursor
from feedsvc.hub.payload import Packing
from feedsvc.hub.topics import get_topic, parse_topic
from tests.conftest import make_settings
from tests.newsroom import publish, withdraw

HOME = "https://feeds.example"
NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
FORMATS = ("rss", "atom", "json")
TYPES = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json",
}
ATOM = "{http://www.w3.org/2005/Atom}"
TOMBSTONE = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"


@pytest.fixture
def packing(house):
    return Packing(house.database, house.settings, Fragments(1_000_000))


@pytest.fixture
def here(house):
    """Where the stream of changes ends now."""

    def read():
        counter = house.database.read_counter()
        return Cursor(counter.change, epoch=counter.epoch)

    return read


@pytest.fixture
def send(packing):
    """What is sent to a subscriber of a feed."""

    def write(name, cursor, now=NOW, token_id=None):
        return packing.write_parcel(f"{HOME}/{name}", token_id, cursor, now)

    return write


def read_document(body):
    """The titles by id, in order, and the ids of what is deleted."""
    if body.startswith(b"{"):
        document = json.loads(body)
        entries = {item["id"]: item["title"] for item in document["items"]}
        return entries, [one["id"] for one in document.get("_feedsvc", {}).get("deleted", ())]
    root = etree.fromstring(body)
    if root.tag == "rss":
        return {one.findtext("guid"): one.findtext("title") for one in root.iter("item")}, []
    entries = {
        one.findtext(f"{ATOM}id"): one.findtext(f"{ATOM}title")
        for one in root.iterfind(f"{ATOM}entry")
    }
    return entries, [one.get("ref") for one in root.iterfind(TOMBSTONE)]


def titles(parcel):
    return list(read_document(parcel.body)[0].values())


def section(slug, parent=None):
    return {"slug": slug} | ({"parent": section(parent)} if parent else {})


# Documents


@pytest.mark.parametrize("suffix", FORMATS)
def test_only_what_has_changed_is_sent_newest_first(newsroom, send, here, suffix):
    newsroom.push(publish("old", title="old"))
    cursor = here()
    newsroom.push(publish("b", title="b", date_published="2023-01-11T00:00:00Z"))
    newsroom.push(publish("a", title="a", date_published="2023-01-10T00:00:00Z"))
    parcel = send(f"feeds/all.{suffix}", cursor)
    assert titles(parcel) == ["b", "a"]
    assert (parcel.cursor, parcel.is_last, parcel.due_at) == (here(), True, None)
    assert parcel.has_changed
    assert parcel.content_type == TYPES[suffix]


@pytest.mark.parametrize("suffix", FORMATS)
def test_document_and_links_have_the_canonical_address(newsroom, client, send, here, suffix):
    newsroom.push(publish())
    cursor = here()
    newsroom.push(publish("a-2"))
    address = f"feeds/tin-tuc.{suffix}?lang=vi&limit=5"
    parcel = send(address, cursor)
    response = client.get(f"/{address}")
    assert parcel.links == response.headers["Link"]
    assert f'<{HOME}/{address}>; rel="self"' in parcel.links
    written = address if suffix == "json" else address.replace("&", "&amp;")
    assert f"{HOME}/{written}".encode() in parcel.body
    assert b"next_url" not in parcel.body


@pytest.mark.parametrize("suffix", FORMATS)
def test_nothing_is_sent_where_the_topic_has_not_changed(newsroom, send, here, suffix):
    newsroom.push(publish("k", categories=[section("kinh-te")]))
    cursor = here()
    newsroom.push(publish("t", categories=[section("tin-tuc")]))
    parcel = send(f"feeds/kinh-te.{suffix}", cursor)
    assert (parcel.body, parcel.has_changed, parcel.is_last) == (b"", False, True)
    assert parcel.cursor == here()


@pytest.mark.parametrize("suffix", ["atom", "json"])
def test_what_was_withdrawn_is_told_as_deleted(newsroom, client, send, here, suffix):
    for name in ("a", "b"):
        newsroom.push(publish(name, title=name))
    known = read_document(client.get(f"/feeds/all.{suffix}").data)[0]
    cursor = here()
    newsroom.push(withdraw("a"))
    entries, deleted = read_document(send(f"feeds/all.{suffix}", cursor).body)
    assert not entries
    assert [known[id_] for id_ in deleted] == ["a"]


def test_atom_of_deletions_alone_is_as_new_as_they_are(newsroom, send, here):
    newsroom.push(publish("a"))
    cursor = here()
    newsroom.push(withdraw("a", date_modified=(NOW + HOUR).isoformat()))
    root = etree.fromstring(send("feeds/all.atom", cursor).body)
    assert root.findtext(f"{ATOM}updated") == root.find(TOMBSTONE).get("when")[:-1] + "+00:00"


def test_rss_has_the_whole_feed_when_something_was_withdrawn(newsroom, send, here):
    for number in range(4):
        newsroom.push(publish(f"n{number}", title=f"n{number}", date_published=day(number)))
    cursor = here()
    newsroom.push(withdraw("n2"))
    newsroom.push(publish("n0", title="edited", date_published=day(0)))
    parcel = send("feeds/all.rss?limit=2", cursor)
    assert titles(parcel) == ["n3", "n1", "edited"]
    assert parcel.cursor.change == here().change


def day(number):
    return f"2023-01-{number + 1:02}T00:00:00Z"


@pytest.mark.parametrize("suffix", FORMATS)
def test_whole_feed_is_sent_after_a_restore(newsroom, send, here, suffix):
    for name in ("a", "b"):
        newsroom.push(publish(name, title=name))
    parcel = send(f"feeds/all.{suffix}", replace(here(), epoch="of-before"))
    assert set(titles(parcel)) == {"a", "b"}
    assert parcel.cursor == here()


def test_whole_feed_is_sent_to_who_stands_beyond_the_last_change(newsroom, send, here):
    newsroom.push(publish(title="a"))
    parcel = send("feeds/all.json", replace(here(), change=99))
    assert titles(parcel) == ["a"]
    assert parcel.cursor == here()


@pytest.mark.parametrize("suffix", FORMATS)
def test_whole_feed_is_sent_after_it_was_edited(house, newsroom, save, send, here, suffix):
    newsroom.push(publish(title="a"))
    newsroom.push(publish("k", title="k", categories=[section("kinh-te")]))
    save(query="category=tin-tuc")
    cursor = here()
    store.edit_feed(
        house.database,
        house.settings,
        "partner-a",
        lambda feed: replace(feed, query="category=kinh-te"),
    )
    assert titles(send(f"feeds/partner-a.{suffix}", cursor)) == ["k"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_whole_feed_is_sent_where_that_is_the_setting(house, newsroom, here, suffix):
    settings = make_settings(house.settings.database_url, hub_payload="full")
    packing = Packing(house.database, settings, Fragments(1_000_000))
    newsroom.push(publish("a", title="a", categories=[section("tin-tuc")]))
    cursor = here()
    newsroom.push(publish("b", title="b", categories=[section("kinh-te")]))
    parcel = packing.write_parcel(f"{HOME}/feeds/all.{suffix}", None, cursor, NOW)
    assert set(titles(parcel)) == {"a", "b"}
    assert (parcel.cursor, parcel.is_last) == (here(), True)
    assert not packing.write_parcel(f"{HOME}/feeds/tin-tuc.{suffix}", None, cursor, NOW).body


@pytest.mark.parametrize("suffix", FORMATS)
def test_more_than_fits_comes_page_after_page(newsroom, send, here, suffix):
    cursor = here()
    newsroom.send([publish(f"n{number}", title=f"n{number}") for number in range(5)])
    pages = []
    is_last = False
    while not is_last:
        parcel = send(f"feeds/all.{suffix}?limit=2", cursor)
        pages.append(sorted(titles(parcel)))
        cursor, is_last = parcel.cursor, parcel.is_last
    assert pages == [["n0", "n1"], ["n2", "n3"], ["n4"]]
    assert cursor == here()


def test_all_of_a_section_that_moves_is_sent_though_it_has_one_number(newsroom, send, here):
    newsroom.push(publish("t", categories=[section("tin-tuc"), section("kinh-te")]))
    for number in range(5):
        newsroom.push(publish(f"n{number}", title=f"n{number}", categories=[section("lua")]))
    cursor = here()
    newsroom.push(publish("x", title="x", categories=[section("lua", "tin-tuc")]))
    seen, is_last = [], False
    while not is_last:
        parcel = send("feeds/tin-tuc.atom?limit=2", cursor)
        seen += titles(parcel) if parcel.body else []
        cursor, is_last = parcel.cursor, parcel.is_last
    assert sorted(seen) == ["n0", "n1", "n2", "n3", "n4", "x"]


def test_feed_that_is_gone_is_no_topic(house, newsroom, save, packing, here):
    newsroom.push(publish())
    save(query="category=tin-tuc")
    cursor = here()
    store.remove_feed(house.database, "partner-a")
    with pytest.raises(TopicError):
        packing.write_parcel(f"{HOME}/feeds/partner-a.rss", None, cursor, NOW)
    with pytest.raises(TopicError):
        packing.find_news(f"{HOME}/feeds/partner-a.rss", None, cursor, NOW)
    with pytest.raises(TopicError):
        packing.write_parcel(f"{HOME}/feeds/all.rss?category=none", None, cursor, NOW)


def test_private_feed_is_sent_while_its_token_is_valid(house, newsroom, save, give, send, here):
    newsroom.push(publish())
    token = give(save("partner-b", is_private=True))
    with house.database.read():
        address = parse_topic(f"{HOME}/private/{token}/partner-b.json", house.settings)
        topic = get_topic(house.database, address, house.settings)
    cursor = here()
    newsroom.push(publish("b", title="b"))
    parcel = send("private/partner-b.json", cursor, token_id=topic.token_id)
    assert titles(parcel) == ["b"]
    assert token not in parcel.body.decode() + parcel.links
    store.revoke_token(house.database, "partner-b", "Báo B")
    with pytest.raises(TopicError):
        send("private/partner-b.json", cursor, token_id=topic.token_id)


# Feeds in which articles appear later


@pytest.fixture
def delayed(save):
    """A feed in which articles appear an hour later."""
    return save(delay_seconds=3600)


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_appears_later_is_sent_when_it_appears(newsroom, delayed, send, here, suffix):
    cursor = here()
    newsroom.push(publish("a", title="a", date_published=NOW.isoformat()))
    newsroom.push(publish("b", title="b"))
    parcel = send(f"feeds/{delayed}.{suffix}", cursor)
    assert (parcel.body, parcel.due_at, parcel.is_last) == (b"", NOW + HOUR, True)
    assert not send(f"feeds/{delayed}.{suffix}", parcel.cursor, NOW + HOUR - MICROSECOND).body
    later = send(f"feeds/{delayed}.{suffix}", parcel.cursor, NOW + HOUR)
    assert titles(later) == ["a", "b"]
    assert (later.cursor, later.due_at) == (here(), None)
    assert later.changed_at >= NOW + HOUR


MICROSECOND = timedelta(microseconds=1)


def test_what_comes_before_it_is_sent_at_once(newsroom, delayed, send, here):
    cursor = here()
    newsroom.push(publish("b", title="b"))
    newsroom.push(publish("a", title="a", date_published=NOW.isoformat()))
    parcel = send(f"feeds/{delayed}.atom", cursor)
    assert (titles(parcel), parcel.due_at) == (["b"], NOW + HOUR)
    assert titles(send(f"feeds/{delayed}.atom", parcel.cursor, NOW + HOUR)) == ["a"]


def test_new_subscriber_is_sent_what_has_not_appeared_yet(newsroom, delayed, packing, send, here):
    newsroom.push(publish("b", title="b"))
    newsroom.push(publish("a", title="a", date_published=NOW.isoformat()))
    cursor = packing.find_beginning(f"{HOME}/feeds/{delayed}.atom", None, NOW)
    assert cursor.epoch == here().epoch
    assert titles(send(f"feeds/{delayed}.atom", cursor, NOW + HOUR)) == ["a"]
    assert packing.find_beginning(f"{HOME}/feeds/all.atom", None, NOW) == here()


def test_whole_delayed_feed_is_sent_once_and_nothing_is_lost_after_it(
    house, newsroom, delayed, here
):
    settings = make_settings(house.settings.database_url, hub_payload="full")
    packing = Packing(house.database, settings, Fragments(1_000_000))
    topic = f"{HOME}/feeds/{delayed}.json"
    cursor = here()
    newsroom.push(publish("b", title="b"))
    newsroom.push(publish("a", title="a", date_published=NOW.isoformat()))
    newsroom.push(publish("c", title="c"))
    first = packing.write_parcel(topic, None, cursor, NOW)
    assert set(titles(first)) == {"b", "c"}
    assert first.due_at == NOW + HOUR
    assert not packing.write_parcel(topic, None, first.cursor, NOW).body
    second = packing.write_parcel(topic, None, first.cursor, NOW + HOUR)
    assert set(titles(second)) == {"a", "b", "c"}
    assert second.cursor == here()


# Whether there is anything new


def test_news_are_told_once_whatever_there_is(newsroom, packing, here):
    cursor = here()
    newsroom.send([publish(f"n{number}") for number in range(5)])
    topic = f"{HOME}/feeds/tin-tuc.rss?limit=2"
    news = packing.find_news(topic, None, cursor, NOW)
    assert (news.has_changed, news.cursor, news.is_last) == (True, here(), True)
    assert not packing.find_news(topic, None, news.cursor, NOW).has_changed
    newsroom.push(publish("k", categories=[section("kinh-te")]))
    other = packing.find_news(topic, None, news.cursor, NOW)
    assert (other.has_changed, other.cursor) == (False, here())
    assert packing.find_news(topic, None, replace(here(), epoch="of-before"), NOW).has_changed


def test_news_of_a_delayed_feed_come_with_it(newsroom, delayed, packing, here):
    cursor = here()
    newsroom.push(publish("a", date_published=NOW.isoformat()))
    topic = f"{HOME}/feeds/{delayed}.rss"
    news = packing.find_news(topic, None, cursor, NOW)
    assert (news.has_changed, news.due_at) == (False, NOW + HOUR)
    news = packing.find_news(topic, None, news.cursor, NOW + HOUR)
    assert (news.has_changed, news.cursor) == (True, here())


# Which feeds have changed


@pytest.fixture
def changed(packing):
    """The names of the public feeds that have changed."""

    def find(cursor, seen_at=NOW, now=NOW):
        urls = packing.find_changed_topics(cursor, seen_at, now).urls
        names = sorted({url.removeprefix(f"{HOME}/feeds/").rpartition(".")[0] for url in urls})
        assert sorted(urls) == sorted(
            f"{HOME}/feeds/{n}.{suffix}" for n in names for suffix in FORMATS
        )
        return names

    return find


@pytest.fixture
def paper(newsroom, save):
    """A newsroom of two sections, one below another, and with two saved feeds, one private."""
    newsroom.push(publish("k", categories=[section("kinh-te")]))
    newsroom.push(publish("t", categories=[section("lua", "tin-tuc")], tags=["x"]))
    save("economy", query="category=kinh-te")
    save("secret", is_private=True)
    return newsroom


@pytest.mark.usefixtures("paper")
def test_nothing_has_changed_where_nothing_was(changed, here):
    assert changed(here()) == []


def test_article_changes_everything_its_sections_and_those_above(paper, changed, here):
    cursor = here()
    paper.push(publish("new", categories=[section("lua")]))
    assert changed(cursor) == ["all", "lua", "tin-tuc"]
    cursor = here()
    paper.push(publish("new-2", categories=[section("kinh-te")]))
    assert changed(cursor) == ["all", "economy", "kinh-te"]


def test_withdrawal_and_leaving_a_section_are_changes(paper, changed, here):
    cursor = here()
    paper.push(withdraw("k"))
    assert changed(cursor) == ["all", "economy", "kinh-te"]
    cursor = here()
    paper.push(publish("t", categories=[section("kinh-te")], tags=["x"]))
    assert changed(cursor) == ["all", "economy", "kinh-te", "lua", "tin-tuc"]


def test_what_is_still_to_come_is_no_change(paper, changed, here):
    cursor = here()
    paper.push(publish("later", categories=[section("lua")], date_published="2999-01-01T00:00:00Z"))
    assert changed(cursor) == []


def test_new_name_of_a_section_is_a_change_of_its_feed(paper, changed, here):
    cursor = here()
    renamed = [{"slug": "kinh-te", "name": "Kinh tế"}]
    paper.push(publish("later", categories=renamed, date_published="2999-01-01T00:00:00Z"))
    assert changed(cursor) == ["kinh-te"]


@pytest.mark.usefixtures("paper")
def test_saved_feed_has_changed_that_was_edited(house, changed, here):
    cursor = here()
    edit = {"title": "Kinh tế"}
    store.edit_feed(house.database, house.settings, "economy", lambda feed: replace(feed, **edit))
    assert changed(cursor) == ["economy"]


@pytest.mark.usefixtures("paper")
def test_all_have_changed_after_a_restore(changed, here):
    everything = ["all", "economy", "kinh-te", "lua", "tin-tuc"]
    assert changed(replace(here(), epoch="of-before")) == everything
    assert changed(replace(here(), change=99)) == everything


def test_delayed_feed_has_changed_when_something_appears_in_it(
    newsroom, delayed, packing, changed, here
):
    cursor = here()
    newsroom.push(publish("a", date_published=NOW.isoformat(), categories=[]))
    assert changed(cursor) == ["all"]
    found = packing.find_changed_topics(cursor, NOW, NOW)
    assert (found.cursor, found.seen_at, found.due_at) == (here(), NOW, NOW + HOUR)
    assert changed(found.cursor, NOW, NOW + HOUR - MICROSECOND) == []
    assert changed(found.cursor, NOW, NOW + HOUR) == [delayed]
    assert changed(found.cursor, NOW + HOUR, NOW + 2 * HOUR) == []
    cursor = here()
    newsroom.push(withdraw("a"))
    assert changed(cursor, NOW + HOUR, NOW + 2 * HOUR) == ["all", delayed]


# Whoever follows has all of it


class Follower:
    """Keeps a copy of a feed by what is sent, from its cursor on."""

    def __init__(self, packing, topic, cursor):
        self.packing, self.topic, self.cursor = packing, topic, cursor
        self.copy = {}
        self.due_at = None

    def take(self, now):
        """Take one parcel in; whether it was the last."""
        parcel = self.packing.write_parcel(f"{HOME}/{self.topic}", None, self.cursor, now)
        if parcel.body:
            entries, deleted = read_document(parcel.body)
            self.copy |= entries
            for id_ in deleted:
                self.copy.pop(id_, None)
        assert bool(parcel.body) == parcel.has_changed
        self.cursor, self.due_at = parcel.cursor, parcel.due_at
        return parcel.is_last

    def follow(self, now):
        while not self.take(now):
            pass


TOPICS = (
    *("feeds/all.{}?limit=2", "feeds/tin-tuc.{}?limit=3", "feeds/all.{}?limit=2&tag=lua"),
    *("feeds/all.{}?limit=50&not-category=kinh-te", "feeds/partner-a.{}"),
)


@pytest.mark.usefixtures("delayed")
@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_whoever_follows_ends_with_every_entry(
    newsroom, client, packing, here, seed
):
    """Articles come, are edited, moved, taken back; sections move; time passes."""
    chance = random.Random(seed)
    newsroom.push(publish("x", title="x", categories=[section("tin-tuc"), section("kinh-te")]))
    followers = [
        Follower(packing, topic.format(suffix), replace(here(), change=0))
        for topic in TOPICS
        for suffix in FORMATS
    ]
    now = NOW - timedelta(days=1)
    for number in range(30):
        now += timedelta(minutes=chance.randrange(20))
        name = f"n{chance.randrange(8)}"
        if chance.random() < 0.7:
            newsroom.push(any_article(chance, name, f"{name} {number}", now))
        else:
            newsroom.push(withdraw(name, date_modified=datetime.now(UTC).isoformat()))
        for one in chance.sample(followers, 4):
            one.take(now)
    for one in followers:
        one.follow(now)
        if one.due_at is not None:
            assert now < one.due_at <= now + HOUR
        one.follow(now + HOUR)
        assert one.due_at is None
        address = one.topic.replace("limit=2", "limit=50").replace("limit=3", "limit=50")
        shown = read_document(client.get(f"/{address}").data)[0]
        if ".rss" in one.topic:  # it can't say what is gone
            assert shown.items() <= one.copy.items()
        else:
            assert one.copy == shown


def any_article(chance, name, title, now):
    below = chance.choice(["tin-tuc", "kinh-te"])
    sections = [section(chance.choice(["tin-tuc", "kinh-te"]))] if chance.random() < 0.6 else []
    if chance.random() < 0.3:
        sections = [section("nong", below)]
    return publish(
        name,
        title=title,
        categories=sections,
        tags=chance.choice([["lúa"], []]),
        date_published=now.isoformat(),
        date_modified=datetime.now(UTC).isoformat(),
    )
