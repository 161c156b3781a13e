"""Filters: what each of them shows, how they go together, and what none of them can be."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from werkzeug.http import http_date

from feedsvc.feeds.catalog import get_feed
from feedsvc.feeds.documents import Reading
from feedsvc.feeds.selection import Selection
from tests.conftest import make_settings
from tests.feeds.test_views import settle
from tests.newsroom import publish, withdraw

TREE = {"tin-tuc": None, "thoi-su": "tin-tuc", "kinh-te": None, "nong-nghiep": "kinh-te"}
LANGUAGES = ("vi", "en", "en-GB")
TAGS = ("lúa", "bóng đá", "mưa")
AUTHORS = ("B.H", "Nguyễn Văn A")
SLUGS_OF = {
    "lúa": "lua",
    "bóng đá": "bong-da",
    "mưa": "mua",
    "B.H": "b-h",
    "Nguyễn Văn A": "nguyen-van-a",
}


def section(slug):
    parent = TREE[slug]
    return {"slug": slug} | ({"parent": section(parent)} if parent else {})


def filed(article_id, *slugs, **fields):
    return publish(article_id, categories=[section(slug) for slug in slugs], **fields)


def ids(client, address):
    response = client.get(address)
    assert response.status_code == 200, response.text
    return [item["url"].rpartition("/")[2] for item in response.json["items"]]


@pytest.fixture
def settings(request, database_url):
    """A test asks for others with `@pytest.mark.parametrize("settings", …, indirect=True)`."""
    return make_settings(database_url, **getattr(request, "param", {}))


@pytest.fixture
def paper(newsroom):
    """Four articles, `d` the newest."""
    newsroom.push(
        filed(
            "a",
            "thoi-su",
            tags=["lúa"],
            language="vi",
            authors=[{"name": "Nguyễn Văn A"}],
            date_published="2023-01-01T00:00:00Z",
        )
    )
    newsroom.push(
        filed("b", "kinh-te", tags=["mưa"], language="en-GB", date_published="2023-01-02T00:00:00Z")
    )
    newsroom.push(
        filed(
            "c",
            "tin-tuc",
            "nong-nghiep",
            tags=["lúa", "mưa"],
            language="en",
            date_published="2023-01-03T00:00:00Z",
        )
    )
    newsroom.push(filed("d", tags=[], language="vi", date_published="2023-01-04T00:00:00Z"))
    return newsroom


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("all.json?category=thoi-su", "a"),
        ("all.json?category=tin-tuc", "ca"),
        ("all.json?category=thoi-su&category=kinh-te", "cba"),
        ("all.json?not-category=tin-tuc", "db"),
        ("all.json?not-category=tin-tuc&not-category=kinh-te", "d"),
        ("all.json?category=tin-tuc&not-category=thoi-su", "c"),
        ("tin-tuc.json?category=kinh-te", "c"),
        ("tin-tuc.json?category=thoi-su", "a"),
        ("thoi-su.json?category=tin-tuc", "a"),
        ("thoi-su.json?not-category=tin-tuc", ""),
        ("all.json?category=thoi-su&not-category=tin-tuc", ""),
        ("all.json?category=thoi-su&category=kinh-te&not-category=tin-tuc", "b"),
        ("all.json?tag=lúa", "ca"),
        ("all.json?tag=Lua", "ca"),
        ("all.json?tag=lúa&tag=mưa", "cba"),
        ("all.json?tag=lúa&not-tag=mưa", "a"),
        ("all.json?not-tag=lúa", "db"),
        ("all.json?tag=nobody-has-it", ""),
        ("all.json?not-tag=nobody-has-it", "dcba"),
        ("all.json?author=nguyen-van-a", "a"),
        ("all.json?author=NGUYỄN VĂN A&author=B.H", "dcba"),
        ("all.json?lang=en", "cb"),
        ("all.json?lang=en-GB", "b"),
        ("all.json?lang=vi&lang=en-GB", "dba"),
        ("all.json?lang=EN-gb", "b"),
        ("all.json?lang=fr", ""),
        ("all.json?lang=vi&category=tin-tuc", "a"),
        ("all.json?lang=en&tag=mưa&category=kinh-te&author=B.H", "cb"),
        ("all.json?not=d", "cba"),
        ("all.json?not=d&not=b&limit=1", "c"),
        ("kinh-te.json?not=c", "b"),
        ("all.json?since=2023-01-02T00:00:00Z", "dcb"),
        ("all.json?since=2023-01-02T07:00:01+07:00", "dc"),
        ("all.json?since=2023-01-02T07:00:01%2B07:00", "dc"),
        ("all.json?since=2023-01-02T00:00:00Z&category=kinh-te", "cb"),
        ("all.json?hours=1", ""),
        ("all.json?hours=100000", "dcba"),
        ("all.json?limit=2&lang=vi", "da"),
    ],
)
@pytest.mark.usefixtures("paper")
def test_filters_show(client, address, shown):
    assert "".join(ids(client, f"/feeds/{quote(address, safe='/?=&%')}")) == shown


@pytest.fixture
def archive_of_words(newsroom):
    for number, (title, tags) in enumerate(
        (
            ("Đảng ủy Khối họp", ["lúa"]),
            ("đáng ưỵ khôi", []),
            ("Dang uy khoi", ["lúa"]),
            ("Khối thi đua ủy thác, đảng viên", ["lúa"]),
            ("Giá lúa tăng", []),
        )
    ):
        at = f"2023-01-0{number + 1}T00:00:00Z"
        newsroom.push(
            publish(f"{number}", title=title, tags=tags, content_html="", date_published=at)
        )
    return newsroom


@pytest.mark.usefixtures("archive_of_words")
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("q=dang uy", "3210"),
        ("q=ĐẢNG ỦY", "3210"),
        ('q="dang uy"', "210"),
        ("q=dang -hop", "321"),
        ('q=dang -"dang uy"', "3"),
        ("q=dang uy&tag=lúa", "320"),
        ("q=dang&not-tag=lúa", "1"),
        ("q=dang&limit=2", "32"),
        ("q=dang&since=2023-01-02T00:00:00Z", "321"),
        ("q=dang&not=2&category=tin-tuc", "310"),
        ("q=đảng ủy&order=relevance", "3021"),
        ("q=đảng ủy&order=relevance&limit=2", "30"),
        ('q="đảng ủy"&order=relevance', "021"),
        ("q=dang uy&order=relevance", "2310"),
        ("q=nobody writes this", ""),
    ],
)
def test_a_search_shows(client, query, shown):
    assert "".join(ids(client, f"/feeds/all.json?{quote(query, safe='=&')}")) == shown


@pytest.mark.usefixtures("archive_of_words")
def test_a_search_has_an_archive_too(client):
    first = client.get("/feeds/all.json?q=dang&limit=2").json
    past = client.get(first["next_url"].removeprefix("https://feeds.example")).json
    assert len(past["items"]) == 4
    assert past["feed_url"].endswith("/feeds/all/2023-01.json?q=dang")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("q=", "q"),
        ("q=-dang", "q"),
        ("q=%22%22", "q"),
        ("q=a&q=b", "q"),
        ("order=relevance", "order"),
        ("q=a&order=newest", "order"),
        ("q=a&order=relevance&after=0", "after"),
        ("q=" + "a" * 1_001, "q"),
    ],
)
def test_a_search_that_can_not_be_is_named(client, query, name):
    response = client.get(f"/feeds/all.json?{query}")
    assert response.status_code == 400
    assert response.json["parameter"] == name


@pytest.mark.usefixtures("paper")
def test_an_article_is_left_out_by_its_guid(client):
    newest = client.get("/feeds/all.json").json["items"][0]
    assert ids(client, f"/feeds/all.json?not={newest['id']}") == ["c", "b", "a"]


def test_what_is_withdrawn_meets_no_filter(paper, client):
    paper.push(withdraw("c"))
    assert ids(client, "/feeds/all.json?lang=en&tag=m%C6%B0a") == ["b"]


@pytest.mark.parametrize("suffix", ["rss", "atom", "json"])
def test_content_shows_no_more_than_is_asked_for(newsroom, client, suffix):
    newsroom.push(publish(content_html="<p>Toàn văn bài viết.</p>", summary="Tóm tắt."))
    full, summary, headline = (
        client.get(f"/feeds/all.{suffix}?content={depth}").text
        for depth in ("full", "summary", "headline")
    )
    assert "Toàn văn" in full
    assert "Tóm tắt" in summary
    assert "Toàn văn" not in summary
    assert "Tóm tắt" not in headline
    assert "Đảng ủy Khối" in headline


def test_content_shows_no_more_than_the_article_allows(newsroom, client):
    newsroom.push(publish(content_policy="headline", summary="Tóm tắt."))
    assert "Tóm tắt" not in client.get("/feeds/all.json?content=summary").text


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("tag=L%C3%BAa&category=tin-tuc", "?category=tin-tuc&tag=lua"),
        ("category=tin-tuc&category=kinh-te&category=tin-tuc",
         "?category=kinh-te&category=tin-tuc"),
        ("content=full&limit=30&utm_source=x", ""),
        ("content=headline&hours=024", "?content=headline&hours=24"),
        ("since=2023-01-02T07:00:00%2B07:00", "?since=2023-01-02T00%3A00%3A00Z"),
        ("not=b&not=a", "?not=a&not=b"),
        ("lang=EN-gb&lang=en-GB", "?lang=en-GB"),
        ("lang=ZH-hant-tw", "?lang=zh-Hant-TW"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("paper")
def test_equal_selections_have_one_address(client, query, canonical):
    said = client.get(f"/feeds/all.json?{query}").json["feed_url"]
    assert said == f"https://feeds.example/feeds/all.json{canonical}"
    again = client.get(said.removeprefix("https://feeds.example"))
    assert again.json["feed_url"] == said


@pytest.mark.usefixtures("paper")
def test_a_filtered_feed_says_in_its_title_what_it_shows(client):
    title = client.get("/feeds/all.json?tag=l%C3%BAa&limit=5").json["title"]
    assert title.endswith("(tag=lua)")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("hours=0", "hours"),
        ("hours=100001", "hours"),
        ("hours=1&hours=2", "hours"),
        ("hours=%D9%A1", "hours"),
        ("since=yesterday", "since"),
        ("since=2023-01-02", "since"),
        ("since=2023-01-02T00:00:00", "since"),
        ("since=0000-01-01T00:00:00Z", "since"),
        ("since=9999-12-31T23:59:59-23:00", "since"),
        ("content=all", "content"),
        ("content=full&content=summary", "content"),
        ("lang=ti%E1%BA%BFng", "lang"),
        ("tag=", "tag"),
        ("author=%00", "author"),
        ("category=" + "x" * 501, "category"),
        ("&".join(f"tag=t{n}" for n in range(21)), "tag"),
    ],
)
@pytest.mark.usefixtures("paper")
def test_a_value_that_can_not_be_is_named(client, query, name):
    response = client.get(f"/feeds/all.json?{query}")
    assert response.status_code == 400
    assert response.json["parameter"] == name
    assert response.json["detail"].startswith(f"{name}: ")


@pytest.mark.parametrize("name", ["category", "not-category"])
@pytest.mark.parametrize("slug", ["nowhere", "Tin-Tuc", "%F0%9F%98%80", "a%2Fb"])
@pytest.mark.usefixtures("paper")
def test_a_category_that_is_none_is_not_found(client, name, slug):
    assert client.get(f"/feeds/all.json?{name}={slug}").status_code == 404


@pytest.mark.usefixtures("paper")
def test_fifty_names_that_mean_nothing_are_passed_over(client):
    query = "&".join(f"x{number}=1" for number in range(50))
    assert client.get(f"/feeds/all.json?{query}").json["feed_url"].endswith("/all.json")


@pytest.mark.parametrize("settings", [{"scan_limit": 20}], indirect=True)
def test_filters_that_hardly_meet_are_tried_on_so_many_articles(newsroom, client):
    newsroom.send([filed(f"l{number}", tags=["lúa"]) for number in range(25)])
    newsroom.send([filed(f"m{number}", tags=[], language="en") for number in range(25)])
    response = client.get("/feeds/all.json?tag=lua&lang=en")
    assert response.status_code == 400
    assert response.json["type"].endswith("/problems/too-broad")
    assert "20 articles (FEEDSVC_SCAN_LIMIT)" in response.json["detail"]


@pytest.mark.parametrize("settings", [{"scan_limit": 20}], indirect=True)
def test_a_filter_that_few_meet_always_comes_to_its_end(newsroom, client):
    newsroom.send([filed(f"l{number}", tags=["lúa"]) for number in range(20)])
    newsroom.send([filed(f"m{number}", tags=[], language="en") for number in range(25)])
    assert ids(client, "/feeds/all.json?tag=lua&lang=en") == []
    assert len(ids(client, "/feeds/all.json?tag=lua&lang=vi&limit=200")) == 20


def test_a_language_is_found_in_whatever_case_it_was_sent(newsroom, client):
    newsroom.push(publish("a", language="EN-gb"))
    newsroom.push(publish("b", language="en-us"))
    newsroom.push(publish("c", language="eng"))
    assert set(ids(client, "/feeds/all.json?lang=en")) == {"a", "b"}
    assert ids(client, "/feeds/all.json?lang=en-GB") == ["a"]


def test_a_language_stands_for_each_of_its_regions(newsroom, client):
    regions = [f"en-{first}{second}" for first in "ABCDE" for second in "ABCDE"]
    newsroom.send([publish(region, language=region) for region in regions])
    assert len(ids(client, "/feeds/all.json?lang=en&limit=200")) == 25


def test_an_answer_ends_when_its_oldest_article_is_too_old(newsroom, client):
    appeared = datetime.now(UTC) - timedelta(minutes=58)
    newsroom.push(publish(date_published=appeared.isoformat()))
    response = client.get("/feeds/all.json?hours=1")
    assert len(response.json["items"]) == 1
    assert 0 < response.cache_control.max_age <= 120
    assert "Last-Modified" not in response.headers


def test_what_grew_too_old_is_no_304(newsroom, client):
    appeared = datetime.now(UTC) - timedelta(minutes=59, seconds=58)
    newsroom.push(publish(date_published=appeared.isoformat()))
    etag = client.get("/feeds/all.json?hours=1").headers["ETag"]
    later = appeared + timedelta(hours=1, milliseconds=200)
    while datetime.now(UTC) < later:
        pass
    response = client.get("/feeds/all.json?hours=1", headers={"If-None-Match": etag})
    assert response.status_code == 200
    assert response.json["items"] == []


def test_a_section_that_moves_leaves_no_stale_304(newsroom, client, app):
    newsroom.push(publish("d", categories=[{"slug": "p"}, {"slug": "q"}]))
    newsroom.push(publish("z", categories=[{"slug": "z"}]))
    settle(app)
    address = "/feeds/p.json?not-category=z"
    first = client.get(address)
    assert len(first.json["items"]) == 1
    newsroom.push(publish("m", categories=[{"slug": "q", "parent": {"slug": "z"}}]))
    settle(app)
    known = {"If-Modified-Since": first.headers.get("Last-Modified", http_date())}
    assert client.get(address, headers=known).json["items"] == []


@pytest.mark.usefixtures("archive_of_words")
def test_a_search_by_relevance_ends_when_its_oldest_article_is_too_old(newsroom, client):
    appeared = datetime.now(UTC) - timedelta(minutes=58)
    newsroom.push(publish("old", title="Đảng", date_published=appeared.isoformat()))
    newsroom.push(publish("new", title="dang", date_published=datetime.now(UTC).isoformat()))
    response = client.get("/feeds/all.json?hours=1&q=%C4%91%E1%BA%A3ng&order=relevance")
    assert len(response.json["items"]) == 2
    assert response.cache_control.max_age <= 120


def test_a_search_since_a_part_of_a_second_finds_all_of_it(newsroom, client):
    newsroom.push(publish("1", title="mèo", date_published="2023-01-01T00:00:00.8Z"))
    newsroom.push(publish("2", title="mèo", date_published="2023-01-01T00:00:00.2Z"))
    assert ids(client, "/feeds/all.json?q=meo&since=2023-01-01T00:00:00.5Z") == ["1"]


SLUGS = st.lists(st.sampled_from(sorted(TREE)), max_size=3, unique=True).map(
    lambda slugs: tuple(sorted(slugs))
)


def some(values):
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


@pytest.fixture
def large_paper(newsroom):
    """A hundred articles in every mixture; gives them, newest first."""
    articles = [
        {
            "id": f"n{number}",
            "categories": [slug for bit, slug in enumerate(sorted(TREE)) if number >> bit & 1],
            "tags": [tag for bit, tag in enumerate(TAGS) if number * 7 >> bit & 1],
            "language": LANGUAGES[number % 3],
            "author": AUTHORS[number % 5 // 3],
            # Several have the same moment: their numbers tell them apart.
            "at": datetime(2023, 1, 1, tzinfo=UTC) + timedelta(hours=number // 3),
        }
        for number in range(100)
    ]
    newsroom.send(
        [
            filed(
                one["id"],
                *one["categories"],
                tags=one["tags"],
                language=one["language"],
                authors=[{"name": one["author"]}],
                date_published=one["at"].isoformat(),
            )
            for one in articles
        ]
    )
    return articles[::-1]


def in_section(one, slug):
    return slug in one["categories"] or any(TREE[own] == slug for own in one["categories"])


def meets(one, feed_name, selection):
    return (
        (feed_name == "all" or in_section(one, feed_name))
        and (not selection.categories or any(in_section(one, s) for s in selection.categories))
        and not any(in_section(one, slug) for slug in selection.not_categories)
        and (not selection.tags or set(selection.tags) & set(map(slugged, one["tags"])))
        and not set(selection.not_tags) & set(map(slugged, one["tags"]))
        and (not selection.authors or slugged(one["author"]) in selection.authors)
        and (not selection.languages or any(is_in(one, tag) for tag in selection.languages))
        and one["id"] not in selection.not_articles
        and (selection.since is None or one["at"] >= selection.since)
    )


def is_in(one, tag):
    return one["language"] == tag or one["language"].startswith(f"{tag}-")


def slugged(name):
    return {"lúa": "lua", "bóng đá": "bong-da", "mưa": "mua", "B.H": "b-h"}.get(
        name, "nguyen-van-a"
    )


def test_any_filters_show_what_meets_them_all(large_paper, app):
    services = app.extensions["feedsvc"]

    @hypothesis_settings(
        max_examples=150,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        st.sampled_from(["all", *TREE]),
        st.builds(
            Selection,
            limit=st.integers(1, 120),
            categories=SLUGS,
            not_categories=SLUGS,
            tags=some(list(map(slugged, TAGS))),
            not_tags=some(list(map(slugged, TAGS))),
            authors=some(list(map(slugged, AUTHORS))),
            languages=some(LANGUAGES),
            not_articles=some([f"n{number}" for number in range(90, 100)]),
            since=st.sampled_from([None, datetime(2023, 1, 1, 20, tzinfo=UTC)]),
        ),
    )
    def check(name, selection):
        with services.database.read():
            feed = get_feed(services.database, name)
            reading = Reading(feed, selection, services.settings, datetime.now(UTC))
            found = reading.read_newest().entries
        expected = [one["id"] for one in large_paper if meets(one, name, selection)]
        assert [one.url.rpartition("/")[2] for one in found] == expected[: selection.limit]

    check()
