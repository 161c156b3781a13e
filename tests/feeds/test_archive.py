"""A feed's archive: complete, stable, and linked as RFC 5005, section 4, has it."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import feedparser
import pytest
from lxml import etree

from feedsvc.feeds.periods import list_periods, parse_period
from tests.conftest import make_settings
from tests.newsroom import publish, withdraw

ATOM = "{http://www.w3.org/2005/Atom}"
FH = "{http://purl.org/syndication/history/1.0}"


@pytest.fixture
def settings(request, database_url):
    return make_settings(database_url, **getattr(request, "param", {}))


def links(response):
    """The feed's own links by relation, as paths."""
    root = etree.fromstring(response.data)
    parent = root.find("channel") if root.tag == "rss" else root
    found = {link.get("rel"): link.get("href") for link in parent.findall(f"{ATOM}link")}
    return {
        relation: address.removeprefix("https://feeds.example")
        for relation, address in found.items()
        if address.startswith("https://feeds.example")
    }


def is_archive(response):
    return next(etree.fromstring(response.data).iter(f"{FH}archive"), None) is not None


def entry_ids(response):
    return [entry.link.rpartition("/")[2] for entry in feedparser.parse(response.data).entries]


def walk(client, address):
    """Every document from the feed back to its first, as a client of RFC 5005 gets them."""
    documents = []
    while address:
        response = client.get(address)
        assert response.status_code == 200, response.text
        assert response.request.path not in [one.request.path for one in documents]
        documents.append(response)
        address = links(response).get("prev-archive")
    return documents


def publish_days(newsroom, first, days, **fields):
    """An article a day: `n0`, `n1`, …"""
    newsroom.send(
        [
            publish(f"n{day}", date_published=(first + timedelta(days=day)).isoformat(), **fields)
            for day in range(days)
        ]
    )


START = datetime(2023, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("suffix", ["rss", "atom"])
def test_months_that_are_over_are_documents_of_the_archive(newsroom, client, suffix):
    publish_days(newsroom, START, 90)
    documents = walk(client, f"/feeds/tin-tuc.{suffix}")
    assert [one.request.path for one in documents] == [
        f"/feeds/tin-tuc.{suffix}",
        f"/feeds/tin-tuc/2023-03.{suffix}",
        f"/feeds/tin-tuc/2023-02.{suffix}",
        f"/feeds/tin-tuc/2023-01.{suffix}",
    ]
    assert [is_archive(one) for one in documents] == [False, True, True, True]
    assert {id_ for one in documents for id_ in entry_ids(one)} == {f"n{n}" for n in range(90)}
    oldest = links(documents[-1])
    assert oldest == {
        "self": f"/feeds/tin-tuc/2023-01.{suffix}",
        "current": f"/feeds/tin-tuc.{suffix}",
        "next-archive": f"/feeds/tin-tuc/2023-02.{suffix}",
    }


def test_json_feed_goes_on_by_next_url(newsroom, client):
    publish_days(newsroom, START, 60)
    seen, address = [], "https://feeds.example/feeds/all.json"
    while address:
        document = client.get(urlsplit(address).path).json
        seen += [item["url"].rpartition("/")[2] for item in document["items"]]
        address = document.get("next_url")
    assert set(seen) == {f"n{n}" for n in range(60)}


def test_a_feed_that_has_everything_has_no_archive_to_go_to(newsroom, client):
    publish_days(newsroom, START, 30)
    assert "prev-archive" not in links(client.get("/feeds/all.atom"))


def test_filters_hold_in_the_archive_and_depth_and_count_do_not_part_it(newsroom, client):
    publish_days(newsroom, START, 50, tags=["lúa"])
    newsroom.push(publish("other", tags=[], date_published="2023-01-05T00:00:00Z"))
    documents = walk(client, "/feeds/all.atom?tag=lua&limit=5")
    assert links(documents[0])["prev-archive"] == "/feeds/all/2023-02.atom?tag=lua"
    assert links(documents[1])["current"] == "/feeds/all.atom?tag=lua"
    assert {id_ for one in documents for id_ in entry_ids(one)} == {f"n{n}" for n in range(50)}


@pytest.mark.parametrize("settings", [{"archive_entries": 10}], indirect=True)
def test_a_period_that_is_too_much_is_parted(newsroom, client):
    publish_days(newsroom, START, 40)
    burst = datetime(2023, 1, 20, 8, 30, tzinfo=UTC)
    newsroom.send([publish(f"b{n}", date_published=burst.isoformat()) for n in range(35)])
    documents = walk(client, "/feeds/all.atom?limit=5")
    ids = [id_ for one in documents[1:] for id_ in entry_ids(one)]
    assert len(ids) == len(set(ids))
    assert set(ids) >= {f"n{n}" for n in range(35)} | {f"b{n}" for n in range(35)}
    assert all(len(entry_ids(one)) <= 10 for one in documents)
    names = [one.request.path for one in documents]
    assert "/feeds/all/2023-01-21.atom" in names
    assert any(name.startswith("/feeds/all/2023-01-20T0830-") for name in names)


@pytest.mark.parametrize("settings", [{"archive_entries": 10}], indirect=True)
@pytest.mark.parametrize("left_out", [1, 8, 11, 12, 40, 200])
@pytest.mark.parametrize(
    ("wanted", "newest"), [(10, "2023-01"), (11, "2023-01-11"), (22, "2023-01-22")]
)
def test_what_a_feed_leaves_out_takes_no_room(newsroom, client, wanted, newest, left_out):
    publish_days(newsroom, START, wanted, tags=["lúa"])
    newsroom.send(
        [
            publish(
                f"x{n}",
                date_published=(START + timedelta(minutes=n)).isoformat(),
                categories=[{"slug": "x", "name": "X"}],
            )
            for n in range(left_out)
        ]
    )
    newsroom.push(publish("new", date_published="2023-02-01T00:00:00Z"))
    response = client.get("/feeds/all.atom?not-category=x&limit=1")
    assert links(response)["prev-archive"] == f"/feeds/all/{newest}.atom?not-category=x"


@pytest.mark.parametrize("settings", [{"archive_entries": 10}], indirect=True)
@pytest.mark.parametrize(("found", "newest"), [(10, "2023-01"), (11, "2023-01-11")])
def test_what_a_search_does_not_find_takes_no_room(newsroom, client, found, newest):
    publish_days(newsroom, START, found, title="Mùa lúa chín")
    newsroom.send(
        [
            publish(f"x{n}", date_published=(START + timedelta(minutes=n)).isoformat())
            for n in range(20)
        ]
    )
    newsroom.push(publish("new", title="Lúa", date_published="2023-02-01T00:00:00Z"))
    response = client.get("/feeds/all.atom?q=lua&limit=1")
    assert links(response)["prev-archive"] == f"/feeds/all/{newest}.atom?q=lua"


@pytest.mark.parametrize("settings", [{"archive_entries": 10}], indirect=True)
def test_an_address_that_became_too_much_leads_to_its_newest_part(newsroom, client):
    publish_days(newsroom, START, 31)
    response = client.get("/feeds/all/2023-01.atom?tag=h%E1%BB%99i+ngh%E1%BB%8B")
    assert response.status_code == 302
    location = response.headers["Location"]
    assert location == "https://feeds.example/feeds/all/2023-01-31.atom?tag=hoi-nghi"
    assert entry_ids(client.get(location)) == ["n30"]


@pytest.mark.parametrize("suffix", ["rss", "atom", "json"])
def test_a_past_document_changes_with_its_own_entries_alone(newsroom, client, suffix):
    publish_days(newsroom, START, 90)

    def read():
        months = [f"/feeds/all/2023-0{month}.{suffix}" for month in (1, 2, 3)]
        return [client.get(address).data for address in months]

    before = read()
    newsroom.push(publish("new"))
    newsroom.push(publish("newest", date_published=datetime.now(UTC).isoformat()))
    before[0] = read()[0]  # `new` is of January
    assert read() == before
    edited = (START + timedelta(days=40)).isoformat()
    newsroom.push(publish("n40", title="Sửa muộn", date_published=edited))
    after = read()
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False, True]


def test_a_past_document_may_be_kept_longer_and_is_told_apart_by_its_bytes(newsroom, client):
    publish_days(newsroom, START, 40)
    response = client.get("/feeds/all/2023-01.atom")
    assert response.cache_control.max_age == 3600
    assert "Last-Modified" not in response.headers
    again = client.get(
        "/feeds/all/2023-01.atom", headers={"If-None-Match": response.headers["ETag"]}
    )
    assert again.status_code == 304


def test_the_month_that_goes_on_is_no_archive_yet(newsroom, client):
    now = datetime.now(UTC)
    newsroom.push(publish("old"))
    newsroom.push(publish("now", date_published=now.isoformat()))
    response = client.get(f"/feeds/all/{now:%Y-%m}.atom")
    assert entry_ids(response) == ["now"]
    assert not is_archive(response)
    assert links(response)["prev-archive"] == "/feeds/all/2023-01.atom"
    assert "next-archive" not in links(response)
    assert response.cache_control.max_age <= 300


@pytest.mark.parametrize(
    "period",
    [
        "2022-12", "2022-12-31", "2999-01", "1000-01", "9998-12", "2023-13", "2023-02-30",
        "2023-01-09T24", "2023-1", "2023", "x", "2023-01-09T1030-", "2023-01-09T1030-x", "-1-01",
    ],
)  # fmt: skip
def test_a_period_that_is_none_or_has_nothing_is_not_found(newsroom, client, period):
    newsroom.push(publish())
    assert client.get(f"/feeds/all/{period}.atom").status_code == 404


def test_a_period_between_articles_is_an_empty_document(newsroom, client):
    newsroom.push(publish("a", date_published="2023-01-09T00:00:00Z"))
    newsroom.push(publish("b", date_published="2023-03-09T00:00:00Z"))
    response = client.get("/feeds/all/2023-02.atom")
    assert entry_ids(response) == []
    assert links(response)["prev-archive"] == "/feeds/all/2023-01.atom"
    assert links(response)["next-archive"] == "/feeds/all/2023-03.atom"


@pytest.mark.parametrize("settings", [{"archive_entries": 10}], indirect=True)
def test_the_way_forward_goes_back_to_longer_periods(newsroom, client):
    burst = datetime(2023, 1, 9, 23, 59, tzinfo=UTC)
    newsroom.send([publish(f"b{n}", date_published=burst.isoformat()) for n in range(15)])
    newsroom.push(publish("z", date_published="2023-02-09T00:00:00Z"))
    address, walked = "/feeds/all/2023-01-09T2359-0.atom", []
    while address and len(walked) < 60:
        walked.append(address)
        address = links(client.get(address)).get("next-archive")
    assert walked[1] == "/feeds/all/2023-01-09T2359-1.atom"
    assert walked[2] == "/feeds/all/2023-01-10.atom"
    assert "/feeds/all/2023-02.atom" in walked


@pytest.mark.parametrize("block", ["1", "7", "999999999999"])
def test_a_block_that_holds_nothing_is_not_found(newsroom, client, block):
    newsroom.push(publish())
    assert client.get("/feeds/all/2023-01-09T0930-0.atom").status_code == 200
    assert client.get(f"/feeds/all/2023-01-09T0930-{block}.atom").status_code == 404


def test_the_link_to_the_archive_moves_when_a_longer_period_is_over(newsroom, client):
    now = datetime.now(UTC)
    newsroom.send(
        [
            publish(f"n{n}", date_published=(now - timedelta(seconds=n)).isoformat())
            for n in range(40)
        ]
    )
    response = client.get("/feeds/all.atom?limit=5")
    assert "prev-archive" in links(response)
    assert response.cache_control.max_age <= 60 * (60 - now.minute)


def test_an_archive_of_no_feed_or_no_format_is_not_found(newsroom, client):
    newsroom.push(publish())
    assert client.get("/feeds/nowhere/2023-01.atom").status_code == 404
    assert client.get("/feeds/all/2023-01.html").status_code == 404
    assert client.get("/feeds/all/2023-01").status_code == 404


def test_whoever_walks_while_news_comes_and_goes_gets_each_that_stays_once(newsroom, client):
    """What was there before and after the walk is in exactly one document of the archive."""
    publish_days(newsroom, START, 120)
    seen, address, step = [], "/feeds/all.atom?limit=10", 0
    current = entry_ids(client.get(address))
    while address := links(client.get(address)).get("prev-archive"):
        seen += entry_ids(client.get(address))
        newsroom.push(publish(f"new{step}", date_published=datetime.now(UTC).isoformat()))
        newsroom.push(withdraw(f"n{10 + step}"))
        step += 1
    stayed = {f"n{number}" for number in range(120)} - {f"n{10 + n}" for n in range(step)}
    assert set(seen + current) >= stayed
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize(
    "name", ["2023-01", "2023-12-31", "2023-01-09T00", "2023-01-09T2359",
             "2023-01-09T2359-12"]
)  # fmt: skip
def test_a_period_has_one_name(name):
    assert parse_period(name).name == name


@pytest.mark.parametrize("moment", [datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC), START])
def test_a_moment_is_in_its_periods(moment):
    periods = list_periods(moment)
    assert all(one.start <= moment < one.end for one in periods)
    assert [parse_period(one.name) for one in periods] == periods
