"""What a feed showed before is moved on by what has changed, and is then what is found anew."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

import pytest

from feedsvc.articles.release import Releases
from feedsvc.feeds.catalog import get_feed
from feedsvc.feeds.documents import Reading
from feedsvc.feeds.fragments import ENTRY_BYTES
from feedsvc.feeds.newest import Finder
from feedsvc.feeds.selection import Selection
from feedsvc.models import Article, ChangeCounter
from tests.conftest import make_settings
from tests.newsroom import publish, withdraw

FIRST = datetime(2023, 1, 9, 1, 0, tzinfo=UTC)
NOW = datetime(2023, 3, 1, tzinfo=UTC)


@pytest.fixture
def settings(database_url):
    # Few of all, so that few articles are too many.
    return make_settings(database_url, archive_entries=3, max_tombstones=3, tombstone_days=9999)


@pytest.fixture
def services(app):
    return app.extensions["feedsvc"]


def read(services, name="all", last=None, now=NOW, **filters):
    """A feed's document, moved on from a last one if there is one."""
    asked = Selection(**{"limit": 4} | filters)
    with Releases(services.database).view() as standing:
        reading = Reading(get_feed(services.database, name), asked, services.settings, now)
        return reading.read_newest(standing.stamp, None if last is None else last.found)


def titles(document):
    return [entry.url.rpartition("/")[2] for entry in document.entries]


def at(minute):
    return {"date_published": (FIRST + timedelta(minutes=minute)).isoformat()}


def changed(minute, **fields):
    """An edit, later than what was there."""
    return fields | {"date_modified": (NOW + timedelta(minutes=minute)).isoformat()}


def section(slug, parent=None):
    return {"slug": slug, "name": slug} | ({"parent": section(parent)} if parent else {})


@pytest.fixture
def finds(monkeypatch):
    """How often a feed was found anew."""
    found = []
    find_anew = Finder._find_anew

    def find(self, stamp):
        found.append(self.plan)
        return find_anew(self, stamp)

    monkeypatch.setattr(Finder, "_find_anew", find)
    return found


class TestIsMovedOn:
    """Without a look at what has not changed."""

    @pytest.fixture(autouse=True)
    def _before(self, newsroom, services, finds):
        """Six articles, a minute apart; the odd ones are in `xa-hoi`."""
        for number in range(6):
            of = section("xa-hoi" if number % 2 else "kinh-te")
            newsroom.push(publish(f"a{number}", categories=[of], **at(number)))
        self.all, self.section = read(services), read(services, "xa-hoi", limit=2)
        self.others = read(services, "all", categories=("xa-hoi", "kinh-te"))
        finds.clear()

    def test_when_an_article_is_new(self, newsroom, services, finds):
        newsroom.push(publish("b", categories=[section("xa-hoi")], **at(10)))
        assert titles(read(services, last=self.all)) == ["b", "a5", "a4", "a3"]
        assert titles(read(services, "xa-hoi", self.section, limit=2)) == ["b", "a5"]
        assert not finds

    def test_when_an_article_is_corrected(self, newsroom, services, finds):
        newsroom.push(publish("a3", url="https://news.example/b", **changed(1), **at(3)))
        assert titles(read(services, last=self.all)) == ["a5", "a4", "b", "a2"]
        assert not finds

    def test_when_an_article_is_new_in_another_section(self, newsroom, services, finds):
        newsroom.push(publish("b", categories=[section("kinh-te")], **at(10)))
        found = read(services, "xa-hoi", self.section, limit=2).found
        assert replace(found, stamp=self.section.found.stamp) == self.section.found
        assert not finds

    def test_when_any_of_several_sections_has_a_new_article(self, newsroom, services, finds):
        newsroom.push(publish("b", categories=[section("kinh-te")], **at(10)))
        moved = read(services, last=self.others, categories=("xa-hoi", "kinh-te"))
        assert titles(moved) == ["b", "a5", "a4", "a3"]
        assert not finds

    def test_when_the_article_after_them_is_corrected(self, newsroom, services, finds):
        newsroom.push(publish("a1", title="Khác", **changed(1), **at(1)))
        assert read(services, last=self.all).entries == self.all.entries
        assert not finds

    def test_when_an_embargo_ends(self, newsroom, services, finds):
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        newsroom.push(publish("b", date_published=tomorrow.isoformat()))
        early = datetime.now(UTC) - timedelta(seconds=1)
        with services.database.peewee.connection_context():
            Article.update(visible_at=early).where(Article.external_id == "b").execute()
        assert titles(read(services, last=self.all)) == ["b", "a5", "a4", "a3"]
        assert not finds


def test_a_restored_database_is_another_one(newsroom, services, finds):
    newsroom.push(publish())
    last = read(services)
    finds.clear()
    with services.database.peewee.connection_context():
        ChangeCounter.update(epoch="another").execute()
    read(services, last=last)
    assert len(finds) == 1


def test_a_section_that_moves_brings_its_articles(newsroom, services):
    newsroom.push(publish("a", categories=[section("y-te")], **at(0)))
    newsroom.push(publish("b", categories=[section("xa-hoi")], **at(1)))
    last = read(services, "xa-hoi")
    newsroom.push(publish("c", categories=[section("y-te", "xa-hoi")], **at(2)))
    assert titles(read(services, "xa-hoi", last)) == ["c", "b", "a"]


def test_the_link_to_a_part_of_a_minute_goes_to_its_newest_part(newsroom, services):
    newsroom.send([publish(f"a{number}", **at(0)) for number in range(8)])
    last = read(services)
    newsroom.send([publish(f"b{number}", **at(0)) for number in range(3)])
    moved = read(services, last=last).channel.history.previous
    assert moved == read(services).channel.history.previous
    assert moved != last.channel.history.previous


def test_a_tombstone_comes_for_one_that_nobody_saw(newsroom, services):
    for number in range(3):
        newsroom.push(publish(f"a{number}", **at(number)))
        newsroom.push(withdraw(f"a{number}"))
    newsroom.push(withdraw("b"))
    last = read(services)
    assert len(last.channel.history.deleted) == 2
    newsroom.push(publish("b", **at(9)))
    assert len(read(services, last=last).channel.history.deleted) == 3


@pytest.mark.parametrize(
    ("address", "entries"),
    [("all", 4), ("all?not-category=xay-dung-dang", 0), ("all?hours=1", 0), ("all/2023-01-09", 0)],
)
def test_only_what_can_be_moved_on_is_kept_and_counted(newsroom, app, client, address, entries):
    newsroom.send([publish(f"a{number}", **at(24 * 60 * (number - 3))) for number in range(4)])
    name, _, query = address.partition("?")
    assert client.get(f"/feeds/{name}.rss?{query}").status_code == 200
    kept = [one for cache in app.wsgi_app.caches.values() for one in cache._values.values()]
    (made,) = [one.representation for one in kept]
    assert made.found_bytes == ENTRY_BYTES * entries
    assert (made.found is not None) == (entries > 0)


SECTIONS = ("tin-tuc", "thoi-su", "xa-hoi", "y-te")
#: Feeds and filters; of the last ones nothing is kept.
FEEDS = (
    ("all", {}),
    ("tin-tuc", {}),
    ("xa-hoi", {"limit": 2}),
    ("all", {"tags": ("mua",)}),
    ("all", {"languages": ("en",)}),
    ("all", {"authors": ("b-h",), "limit": 9}),
    ("all", {"categories": ("thoi-su", "y-te")}),
    ("all", {"not_articles": ("n3", "n9")}),
    ("all", {"not_categories": ("y-te",)}),
    ("xa-hoi", {"tags": ("mua",)}),
    ("all", {"since": FIRST + timedelta(minutes=90)}),
)


class Paper:
    """What an editorial system may do, at random."""

    def __init__(self, seed):
        self.random = Random(seed)
        self.minute = 0
        self.numbers = count()
        self.edits = count(1)
        self.there = {}

    def act(self, newsroom):
        newsroom.send([self._event() for _ in range(self.random.choice((1, 1, 1, 1, 2, 30)))])

    def _event(self):
        kinds = ("new", "new", "new", "correct", "correct", "old", "move", "withdraw", "section")
        kind = self.random.choice(kinds if self.there else kinds[:1])
        self.minute += self.random.choice((0, 1, 1, 7, 61, 1500))
        if kind in ("new", "old"):
            name = f"n{next(self.numbers)}"
            self.there[name] = self.minute if kind == "new" else self.random.randint(-60, 90)
            return self._publish(name)
        name = self.random.choice([*self.there][-12:])
        if kind == "withdraw":
            return withdraw(name)
        if kind == "move":
            self.there[name] = self.minute
        if kind == "section":
            slug, parent = self.random.sample(SECTIONS, 2)
            return self._publish(name, categories=[section(slug, parent)])
        return self._publish(name)

    def _publish(self, name, **fields):
        sections = self.random.sample(SECTIONS, self.random.randint(0, 2))
        said = {
            "tags": self.random.choice((["mưa"], [])),
            "language": self.random.choice(("vi", "en")),
            "authors": [{"name": self.random.choice(("B.H", "A.B"))}],
            "categories": [section(slug) for slug in sections],
        }
        return publish(name, **changed(next(self.edits)), **at(self.there[name]), **said | fields)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_moved_on_is_what_is_found_anew(newsroom, services, finds, seed):
    paper, now, last = Paper(seed), FIRST, {}
    newsroom.send([publish("first", categories=[section(one)], **at(-99)) for one in SECTIONS])
    moved_on = 0
    for _ in range(40):
        paper.act(newsroom)
        now += timedelta(minutes=paper.random.choice((0, 1, 60, 2000)))
        for name, filters in FEEDS:
            key = name, *filters
            before = len(finds)
            moved = read(services, name, last.get(key), now, **filters)
            moved_on += before == len(finds)
            anew = read(services, name, None, now, **filters)
            assert replace(moved, found=None) == replace(anew, found=None), key
            if moved.found is not None and moved.found.stamp is not None:
                assert moved.found == anew.found
            last[key] = moved
    assert moved_on > 40
