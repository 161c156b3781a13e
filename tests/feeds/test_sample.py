"""Every feed of a newspaper of five thousand articles in two languages keeps the rules."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

import feedparser
import pytest
from lxml import etree

from feedsvc.app import create_app
from feedsvc.feeds.saved.feed import SavedFeed
from feedsvc.feeds.saved.store import add_feed
from feedsvc.ingest.sources import add_source
from feedsvc.rendering.podcast import Podcast
from feedsvc.rendering.terms import Rsl, Terms
from tests.benchmarks.articles import make_event
from tests.conftest import make_settings
from tests.newsroom import VAULT, Newsroom, dumped, signed, withdraw
from tests.rendering import test_specifications as rules

pytestmark = pytest.mark.slow

ARTICLES = 5_000
AT_ONCE = 1_000
WITHDRAWN = range(10, 2_000, 40)
ATOM = "{http://www.w3.org/2005/Atom}"
#: Rules that ask for no more than the document.
OF_ATOM = (
    rules.test_atom_keeps_the_schema_of_its_rfc,
    rules.test_atom_feed_has_an_author_for_entries_without_one,
    rules.test_atom_persons_have_names,
    rules.test_atom_ids_are_absolute,
    rules.test_atom_ids_of_entries_are_unique,
    rules.test_atom_entries_have_one_alternate_link,
    rules.test_atom_addresses_are_absolute,
    rules.test_atom_enclosures_have_a_type,
    rules.test_atom_text_is_text_and_content_html,
    rules.test_atom_dates_are_whole_seconds_of_rfc_3339,
    rules.test_atom_categories_have_a_term,
)
OF_CHANNEL = (
    rules.test_rss_time_to_live_is_whole_minutes,
    rules.test_rss_items_come_last,
    rules.test_rss_items_have_no_element_twice_that_may_stand_once,
    rules.test_rss_items_have_a_title_and_a_link,
    rules.test_rss_guids_are_unique_and_no_addresses,
    rules.test_rss_dates_are_of_rfc_822_with_a_whole_year,
    rules.test_rss_enclosure_has_address_length_and_type,
    rules.test_rss_content_never_comes_without_a_description,
    rules.test_rss_authors_are_names,
    rules.test_rss_addresses_are_absolute,
    rules.test_rss_titles_hold_no_markup,
)
OF_MEDIA = (
    rules.test_media_has_what_is_required,
    rules.test_media_content_has_only_attributes_that_it_may_have,
    rules.test_media_texts_are_plain_and_stand_once_in_their_content,
)
FILTERS = (
    "limit=200",
    "category=kinh-te&not-category=nong-nghiep",
    "lang=en&content=summary",
    f"tag={quote(make_event(4_990)['data']['tags'][0])}&tag=nowhere&limit=100",
    "author=a-b",
    "q=kinh%20te&limit=50",
    "q=%22kinh%20t%E1%BA%BF%22%20-%C4%91%E1%BA%A3ng&order=relevance",
    "since=2023-01-11T00:00:00Z&content=headline",
    "hours=100000&not-tag=uy-te",
)

SAVED = (
    SavedFeed(
        "doi-tac",
        "Kinh tế cho đối tác",
        query="category=kinh-te&content=summary&limit=50",
        delay_seconds=900,
        terms=Terms(
            "© Báo tỉnh",
            "https://creativecommons.org/licenses/by-nd/4.0/",
            "Nguồn: Báo tỉnh",
            Rsl(("search",), ("ai-train",)),
        ),
    ),
    SavedFeed(
        "ban-tin",
        "Bản tin",
        query="limit=100",
        podcast=Podcast("Báo tỉnh", "https://news.example/bia.jpg", "News"),
    ),
)


def sample(number: int) -> dict:
    """An article as a newsroom writes them, with something special about some."""
    event = make_event(number, 300)
    data = event["data"]
    if number % 3 == 0:
        data |= {"language": "en", "title": f"Bridge opened & “renamed” <{number}>"}
    if number % 5 == 0:
        data["attachments"] = [
            {
                "url": f"{data['url']}/ban-tin.mp3",
                "mime_type": "audio/mpeg",
                "size_in_bytes": 1_234_567,
                "duration_in_seconds": 95,
                "caption": "Nghe bản tin & hơn nữa",
                "credit": "Thu Hà",
            },
            {"url": f"{data['url']}/nghi-quyet.pdf", "mime_type": "application/pdf"},
        ]
    if number % 7 == 0:
        data |= {
            "image_details": {"caption": "Cầu mới", "credit": "B.H", "width": 1200, "height": 800},
            "related": [{"url": "https://news.example/1", "title": "Bài trước"}],
            "source": {"name": "TTXVN", "url": "https://www.vietnamplus.vn/"},
            "location": {"latitude": 12.67, "longitude": 108.05, "name": "Buôn Ma Thuột"},
        }
    if number % 11 == 0:
        data["correction"] = "Bản trước ghi sai ngày."
    if number % 13 == 0:
        data["content_policy"] = "headline"
    if number % 17 == 0:
        data["date_modified"] = (
            datetime.fromisoformat(data["date_published"]) + timedelta(hours=2)
        ).isoformat()
    return event


@pytest.fixture(scope="module")
def client(sqlite_template, tmp_path_factory) -> Iterator:
    path = tmp_path_factory.mktemp("sample") / "feedsvc.db"
    path.write_bytes(sqlite_template.read_bytes())
    app = create_app(make_settings(f"sqlite:///{path}", max_batch_lines=ARTICLES))
    database = app.extensions["feedsvc"].database
    newsroom = Newsroom(app.test_client(), add_source(database, VAULT, "desk"))
    for first in range(0, ARTICLES, AT_ONCE):
        lines = [dumped(sample(number)) for number in range(first, first + AT_ONCE)]
        body = b"\n".join(lines)
        headers = signed(newsroom.key, body) | {"Content-Type": "application/x-ndjson"}
        answer = newsroom.client.post("/ingest/desk", data=body, headers=headers)
        counts = json.loads(answer.text.splitlines()[-1])["counts"]
        assert counts == {"created": AT_ONCE}
    gone = [make_event(ARTICLES - number, 300)["data"]["id"] for number in WITHDRAWN]
    for first in range(0, len(gone), 25):
        newsroom.send([withdraw(id_) for id_ in gone[first : first + 25]])
    for feed in SAVED:
        add_feed(database, app.extensions["feedsvc"].settings, feed)
    yield app.test_client()
    database.close()


def read(client, address):
    response = client.get(address)
    assert response.status_code == 200, (address, response.text)
    return response


def check(client, base, query=""):
    """See that a document keeps the rules of its format, in each format; gives the Atom one."""
    address = f"?{query}" if query else ""
    atom = etree.fromstring(read(client, f"{base}.atom{address}").data)
    for rule in OF_ATOM:
        rule(atom)
    rss = etree.fromstring(read(client, f"{base}.rss{address}").data)
    rules.test_rss_is_one_channel_of_version_2(rss)
    for rule in OF_CHANNEL:
        rule(rss.find("channel"))
    for rule in OF_MEDIA:
        rule(atom)
        rule(rss)
    feed = read(client, f"{base}.json{address}").json
    rules.test_json_feed_keeps_its_schema(feed)
    ids = [entry.findtext(f"{ATOM}id") for entry in atom.iter(f"{ATOM}entry")]
    assert [item["id"] for item in feed["items"]] == ids
    assert [guid.text for guid in rss.iter("guid")] == ids
    return atom


def names(client):
    return [one["name"] for one in client.get("/feeds.json").json["feeds"]]


def test_every_feed_keeps_the_rules(client):
    for name in names(client):
        atom = check(client, f"/feeds/{name}")
        assert atom.find(f"{ATOM}entry") is not None


@pytest.mark.parametrize("query", FILTERS)
def test_every_filtered_feed_keeps_the_rules(client, query):
    atom = check(client, "/feeds/all", query)
    assert atom.find(f"{ATOM}entry") is not None


def test_every_document_of_the_archive_keeps_the_rules_and_has_each_article_once(client):
    seen, address = set(), "/feeds/all.atom"
    while address:
        atom = check(client, address.removesuffix(".atom"))
        ids = {entry.findtext(f"{ATOM}id") for entry in atom.iter(f"{ATOM}entry")}
        assert address == "/feeds/all.atom" or not ids & seen
        seen |= ids if address != "/feeds/all.atom" else set()
        links = {link.get("rel"): link.get("href") for link in atom.findall(f"{ATOM}link")}
        address = urlsplit(links.get("prev-archive", "")).path
    assert len(seen) == ARTICLES - len(WITHDRAWN)


def test_the_archive_of_a_saved_feed_keeps_the_rules(client):
    for feed in SAVED:
        atom = check(client, f"/feeds/{feed.name}/2023-01-10T05")
        assert atom.find(f"{ATOM}entry") is not None


def test_changes_are_a_valid_json_feed(client):
    address, count, gone = "/feeds/all.json?after=0&limit=200", 0, 0
    while address:
        feed = read(client, address).json
        rules.test_json_feed_keeps_its_schema(feed)
        count += len(feed["items"])
        gone += len(feed["_feedsvc"].get("deleted", ()))
        address = feed.get("next_url", "").removeprefix("https://feeds.example")
    assert (count, gone) == (ARTICLES - len(WITHDRAWN), len(WITHDRAWN))


def test_withdrawn_articles_are_told_where_they_stood(client):
    atom = check(client, "/feeds/all", "limit=200")
    deleted = atom.findall("{http://purl.org/atompub/tombstones/1.0}deleted-entry")
    assert len(deleted) == sum(1 for number in WITHDRAWN if number < 200 + len(deleted))


@pytest.mark.parametrize("suffix", ["rss", "atom"])
def test_feedparser_finds_no_fault(client, suffix):
    for name in names(client):
        parsed = feedparser.parse(read(client, f"/feeds/{name}.{suffix}").data)
        assert not parsed.bozo, parsed.bozo_exception
        assert all(entry.title and entry.link and entry.id for entry in parsed.entries)


def test_nothing_in_a_feed_follows_what_a_client_says_of_the_host(client):
    plain = client.get("/feeds/all.atom").data
    told = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "gopher",
        "X-Forwarded-Prefix": "/evil",
        "X-Script-Name": "/evil",
        "Forwarded": "host=evil.example",
    }
    assert client.get("/feeds/all.atom", headers=told).data == plain
