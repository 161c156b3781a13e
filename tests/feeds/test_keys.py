"""Which addresses mean the same answer, and which part of the memory it belongs to."""

import pytest

from feedsvc.feeds.keys import make_finder
from feedsvc.serving.layer import Segment
from tests.conftest import make_settings


@pytest.fixture
def find_key(sqlite_url):
    return make_finder(make_settings(sqlite_url))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("", "utm_source=x&utm_medium=y"),
        ("", "content=full"),
        ("tag=L%C3%BAa", "tag=lua"),
        ("tag=a&tag=b", "tag=b&tag=a&tag=b"),
        ("limit=5", "limit=005"),
        ("lang=en-GB", "lang=EN-gb"),
        ("category=a&limit=5", "limit=5&x=1&category=a"),
        ("q=%C4%90%E1%BA%A3ng", "q=%C4%90%E1%BA%A3ng&order=date"),
    ],
)
def test_equal_selections_have_one_key(find_key, one, other):
    key = find_key("/feeds/all.rss", one)
    assert key is not None
    assert find_key("/feeds/all.rss", other) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("", "limit=5"),
        ("", "limit=30"),  # a saved feed may have another default
        ("limit=5", "limit=6"),
        ("tag=a", "not-tag=a"),
        ("category=a", "category=b"),
        ("content=summary", "content=headline"),
        ("q=a", "q=b"),
    ],
)
def test_other_selections_have_other_keys(find_key, one, other):
    assert find_key("/feeds/all.rss", one) != find_key("/feeds/all.rss", other)


@pytest.mark.parametrize(
    ("path", "query", "segment"),
    [
        ("/feeds/all.rss", "", Segment.PLAIN),
        ("/feeds/kinh-te.json", "x=1", Segment.PLAIN),
        ("/feeds.opml", "x=1", Segment.PLAIN),
        ("/feeds/all.rss", "limit=5", Segment.FILTERED),
        ("/feeds/all.rss", "category=a&category=b", Segment.FILTERED),
        ("/feeds/all/2023-01.atom", "", Segment.FILTERED),
        ("/feeds/all.rss", "q=a", Segment.ENDLESS),
        ("/feeds/all.rss", "since=2023-01-01T00:00:00Z", Segment.ENDLESS),
        ("/feeds/all.rss", "hours=5", Segment.ENDLESS),
        ("/feeds/all.json", "after=5", Segment.ENDLESS),
        ("/feeds/all.rss", "not=a", Segment.ENDLESS),
    ],
)
def test_what_clients_can_think_of_has_a_part_of_its_own(find_key, path, query, segment):
    assert find_key(path, query).segment == segment


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/", ""),
        ("/feeds/all.html", ""),
        ("/feeds/ALL.rss", ""),
        ("/feeds/all.rss/", ""),
        ("/feeds/all.RSS", ""),
        ("/feeds//all.rss", ""),
        ("/feeds/../all.rss", ""),
        ("/feeds/all.rss\n", ""),
        ("/private/token/all.rss", ""),
        ("/private/all.rss", ""),
        ("/ingest/desk", ""),
        ("/feeds/all.rss", "limit=0"),
        ("/feeds/all.rss", "q=%22%22"),
        ("/feeds/all.rss", "tag=%00"),
    ],
)
def test_what_is_no_public_document_has_none(find_key, path, query):
    assert find_key(path, query) is None
