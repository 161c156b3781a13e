"""What was withdrawn is said to be gone, for a while, where readers can hear it (RFC 6721)."""

from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from tests.conftest import make_settings
from tests.newsroom import publish, withdraw

DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"


@pytest.fixture
def settings(request, database_url):
    return make_settings(database_url, **getattr(request, "param", {}))


def told(client, name="all"):
    """The ids that Atom and JSON Feed say are gone, which are the same."""
    root = etree.fromstring(client.get(f"/feeds/{name}.atom").data)
    in_atom = [one.get("ref") for one in root.findall(DELETED)]
    extension = client.get(f"/feeds/{name}.json").json.get("_feedsvc", {})
    assert [one["id"] for one in extension.get("deleted", ())] == in_atom
    return in_atom


def published_before():
    """An article that was published so long ago that it may have been withdrawn at any time."""
    return publish() | {"timestamp": "2023-01-09T10:00:00Z"}


def now():
    return datetime.now(UTC).isoformat()


def guid(client):
    return client.get("/feeds/all.json").json["items"][0]["id"]


def test_a_withdrawn_article_is_told_where_it_stood(newsroom, client):
    newsroom.push(publish())
    newsroom.push(
        publish("other", categories=[{"slug": "kinh-te"}], date_published="2022-01-01T00:00:00Z")
    )
    gone = guid(client)
    newsroom.push(withdraw())
    assert told(client) == [gone]
    assert told(client, "tin-tuc") == [gone]
    assert told(client, "kinh-te") == []


def test_rss_has_no_more_than_that_the_item_is_gone(newsroom, client):
    newsroom.push(publish())
    newsroom.push(withdraw())
    assert b"deleted" not in client.get("/feeds/all.rss").data


def test_it_says_when(newsroom, client):
    newsroom.push(published_before())
    at = (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0)
    newsroom.push(withdraw() | {"timestamp": at.isoformat()})
    (one,) = etree.fromstring(client.get("/feeds/all.atom").data).findall(DELETED)
    assert one.get("when") == f"{at:%Y-%m-%dT%H:%M:%SZ}"


def test_what_nobody_saw_is_not_told(newsroom, client):
    newsroom.push(withdraw("never-seen"))
    newsroom.push(publish("later", date_published="2999-01-01T00:00:00Z"))
    newsroom.push(withdraw("later"))
    assert told(client) == []


def test_what_is_published_again_is_told_no_more(newsroom, client):
    newsroom.push(publish())
    newsroom.push(withdraw())
    newsroom.push(publish(date_modified=datetime.now(UTC).isoformat()))
    assert told(client) == []


def test_what_stood_deeper_than_the_feed_goes_is_told_by_the_archive(newsroom, client):
    newsroom.push(publish("old", date_published="2023-01-05T00:00:00Z"))
    newsroom.send([publish(f"n{n}", date_published="2023-02-01T00:00:00Z") for n in range(30)])
    newsroom.push(withdraw("old"))
    assert told(client) == []
    january = etree.fromstring(client.get("/feeds/all/2023-01.atom").data)
    assert len(january.findall(DELETED)) == 1


@pytest.mark.parametrize("settings", [{"tombstone_days": 7}], indirect=True)
def test_after_its_days_it_is_told_no_more(newsroom, client):
    newsroom.push(published_before())
    newsroom.push(withdraw() | {"timestamp": (datetime.now(UTC) - timedelta(days=8)).isoformat()})
    assert told(client) == []
    february = client.get("/feeds/all/2023-01.atom")
    assert len(etree.fromstring(february.data).findall(DELETED)) == 1


@pytest.mark.parametrize("settings", [{"tombstone_days": 7}], indirect=True)
def test_an_answer_is_kept_no_longer_than_its_tombstones(newsroom, client):
    newsroom.push(published_before())
    withdrawn_at = datetime.now(UTC) - timedelta(days=7) + timedelta(seconds=60)
    newsroom.push(withdraw() | {"timestamp": withdrawn_at.isoformat()})
    response = client.get("/feeds/all.atom")
    assert len(etree.fromstring(response.data).findall(DELETED)) == 1
    assert response.cache_control.max_age <= 60


def test_an_answer_of_so_many_hours_ends_when_a_tombstone_is_too_old(newsroom, client):
    appeared = datetime.now(UTC) - timedelta(minutes=59)
    newsroom.push(publish(date_published=appeared.isoformat()))
    newsroom.push(withdraw())
    response = client.get("/feeds/all.atom?hours=1")
    assert len(etree.fromstring(response.data).findall(DELETED)) == 1
    assert 0 < response.cache_control.max_age <= 60


@pytest.mark.parametrize("settings", [{"max_tombstones": 3}], indirect=True)
def test_a_feed_names_so_many_at_the_most(newsroom, client):
    newsroom.send([publish(f"n{n}") for n in range(5)])
    newsroom.send([withdraw(f"n{n}") for n in range(5)])
    assert len(told(client)) == 3


def test_an_expired_article_leaves_silently(newsroom, client):
    soon = datetime.now(UTC) + timedelta(seconds=0.5)
    newsroom.push(publish(expires_at=soon.isoformat()))
    while datetime.now(UTC) < soon + timedelta(milliseconds=50):
        pass
    assert client.get("/feeds/all.json").json["items"] == []
    assert told(client) == []


def test_a_guid_that_is_no_iri_is_told_as_its_entry_was(newsroom, client):
    newsroom.push(publish(guid="khong-phai-iri"))
    root = etree.fromstring(client.get("/feeds/all.atom").data)
    known_by = root.findtext("{*}entry/{*}id")
    newsroom.push(withdraw())
    (one,) = etree.fromstring(client.get("/feeds/all.atom").data).findall(DELETED)
    assert one.get("ref") == known_by


def test_the_same_withdrawal_said_again_moves_nothing(newsroom, client):
    newsroom.push(published_before())
    newsroom.push(withdraw() | {"timestamp": (datetime.now(UTC) - timedelta(days=2)).isoformat()})
    before = client.get("/feeds/all.atom").data
    newsroom.push(withdraw())
    assert client.get("/feeds/all.atom").data == before


def test_a_tombstone_that_ends_takes_a_number(newsroom, client, app):
    newsroom.push(publish())
    newsroom.push(withdraw())
    database = app.extensions["feedsvc"].database
    before = database.read_counter().change
    newsroom.push(publish(date_published="2999-01-01T00:00:00Z", date_modified=now()))
    assert told(client) == []
    assert database.read_counter().change > before
