"""Articles are found by their words, the newest first, on both databases alike."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from feedsvc.articles.search_text import split_words
from feedsvc.articles.statements import execute, fetch
from feedsvc.db import from_microseconds, to_microseconds
from feedsvc.errors import ParameterError, SelectionError
from feedsvc.feeds.matching import Matching
from feedsvc.feeds.query import parse_query
from feedsvc.feeds.ranges import Window
from feedsvc.feeds.search import Match, find_matching, iterate_matches, put_relevant_first
from feedsvc.models import Article, State
from tests.conftest import make_settings
from tests.newsroom import publish, withdraw

LIMITS = make_settings("sqlite:///unused.db", max_query_chars=1_000, max_query_terms=1_000)


@pytest.fixture
def database(app):
    return app.extensions["feedsvc"].database


def search(query, *, limit, scan_limit=10_000, after=None):
    """What a feed finds, in its order."""
    below = None if after is None else (to_microseconds(after.visible_at), after.article_id)
    places = Matching(query, scan_limit).walk(Window(below=below))
    return [Match(number, from_microseconds(at)) for at, number in islice(places, limit)]


def names(matches):
    """The external ids of what was found."""
    known = dict(Article.select(Article.id, Article.external_id).tuples())
    return [known[match.article_id] for match in matches]


def found(database, text, limit=200, scan_limit=10_000):
    with database.read():
        return names(search(parse_query(text, LIMITS), limit=limit, scan_limit=scan_limit))


def at(number):
    """A date; a higher number is later."""
    return (datetime(2023, 1, 1, tzinfo=UTC) + timedelta(hours=number)).isoformat()


def push_titles(newsroom, titles, first=0):
    """Articles `0`, `1`, …, of which each is newer than the one before."""
    newsroom.send(
        [
            publish(str(number), title=title, content_html="", date_published=at(number))
            for number, title in enumerate(titles, first)
        ]
    )


@pytest.mark.parametrize("text", ["Đảng ủy", "dang uy", "DANG UỶ", '"đảng ủy"', "ủy dang"])
def test_words_are_found_with_accents_and_without(newsroom, database, text):
    push_titles(newsroom, ["Đảng ủy Khối", "dang uy", "Khối"])
    assert found(database, text) == ["1", "0"]


def test_every_word_is_wanted(newsroom, database):
    push_titles(newsroom, ["cầu đường", "cầu", "đường"])
    assert found(database, "cầu đường") == ["0"]
    assert found(database, "cầu bão") == []


def test_a_phrase_is_wanted_in_its_order(newsroom, database):
    push_titles(newsroom, ["Đảng ủy Khối", "ủy Đảng", "Đảng, ủy", "Đảng x ủy", "Đảngủy"])
    assert found(database, '"đảng ủy"') == ["2", "0"]


def test_a_phrase_does_not_reach_from_one_part_into_the_next(newsroom, database):
    newsroom.push(publish("a", title="cầu", tags=["đường bộ", "sông"], summary="lũ"))
    assert found(database, '"đường bộ"') == ["a"]
    for phrase in ('"bộ sông"', '"cầu đường"', '"sông lũ"', '"cầu lũ"'):
        assert found(database, phrase) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tin -bão", ["2", "1"]),
        ('tin -"bão lớn"', ["3", "2", "1"]),
        ("tin -bão -lũ", ["1"]),
        ("tin -tin", []),
        ('"tin bão" -"bão lớn"', ["3"]),
        ("tin -khác", ["3", "2", "1", "0"]),
    ],
)
def test_excluded_words_and_phrases(newsroom, database, text, expected):
    push_titles(newsroom, ["tin bão lớn", "tin", "tin lũ", "tin bão nhỏ"])
    assert found(database, text) == expected


def test_every_part_of_an_article_is_searched(newsroom, database):
    newsroom.push(
        publish(
            "a",
            title="motword",
            summary="haiword",
            content_html="<h2>baword</h2><figure><figcaption>bonword</figcaption></figure>",
            authors=[{"name": "Namword B.H"}],
            tags=["sauword"],
            correction="bayword",
        )
    )
    for word in ("motword", "haiword", "baword", "bonword", "namword", "b.h", "sauword", "bayword"):
        assert found(database, word) == ["a"], word


@pytest.mark.parametrize("text", ["日本", "本語", "語", "ไทย", "ท"])
def test_writing_without_spaces_is_found_by_any_part(newsroom, database, text):
    push_titles(newsroom, ["日本語の新聞 ภาษาไทย"])
    assert found(database, text) == ["0"]
    assert found(database, "本日") == []


def test_words_of_operators_are_words(newsroom, database):
    push_titles(newsroom, ["this AND that", "NOT near OR"])
    assert found(database, "and") == ["0"]
    assert found(database, "NOT NEAR") == ["1"]


def test_the_newest_come_first_and_the_rest_after_them(newsroom, database):
    dates = ["1000-01-01T00:00:00Z", "1950-06-01T00:00:00Z", "1969-12-31T23:59:59Z"]
    dates += ["1970-01-01T00:00:00Z", at(1), at(2), at(60), at(900), at(30_000)]
    events = [
        publish(str(number), title=f"tin {number}", date_published=date)
        for number, date in enumerate(dates)
    ]
    newsroom.send(events[::-1])
    with database.read():
        query = parse_query("tin", LIMITS)
        whole = search(query, limit=100)
        assert names(whole) == ["8", "7", "6", "5", "4", "3", "2", "1", "0"]
        pages, after = [], None
        while page := search(query, limit=2, after=after):
            pages += page
            after = page[-1]
        assert pages == whole
        assert [match.visible_at for match in whole] == sorted(
            (datetime.fromisoformat(date) for date in dates), reverse=True
        )


def test_many_matches_come_in_steps_without_a_gap(newsroom, database):
    push_titles(newsroom, [f"tin {'chẵn' if number % 2 == 0 else 'lẻ'}" for number in range(700)])
    with database.read():
        steps = list(iterate_matches(parse_query("tin -lẻ", LIMITS)))
        assert names(match for step in steps for match in step.matches) == [
            str(number) for number in range(698, -1, -2)
        ]
        assert max(step.scanned for step in steps) <= 1_000
        assert len(steps[0].matches) <= 50


def test_a_search_ends_where_too_much_would_have_to_be_looked_at(newsroom, database):
    push_titles(newsroom, ["đảng ủy", *["ủy đảng"] * 300])
    assert found(database, '"đảng ủy"', scan_limit=500) == ["0"]
    if database.peewee.for_update:  # SQLite's index knows where words stand
        with pytest.raises(SelectionError, match="100 articles"):
            found(database, '"đảng ủy"', scan_limit=100)
    assert len(found(database, "đảng", limit=30, scan_limit=100)) == 30


def test_a_small_archive_of_many_years_is_not_read_whole(newsroom, database):
    words = [" ".join(str(n * k % 9_973) for k in range(1, 700)) for n in range(1, 101)]
    newsroom.send(
        [
            publish(str(n), content_html=f"<p>{text}</p>", date_published=at(300 * n))
            for n, text in enumerate(words)
        ]
    )
    if not database.peewee.for_update:  # SQLite's index has one list of articles for each word
        return
    database.publish(lambda _: execute("ANALYZE article_search"))
    with database.read():
        assert search(parse_query("absent", LIMITS), limit=10) == []
        whole = "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'article_search'"
        assert fetch(whole) == [(0,)]


def test_an_archive_without_articles_has_none(database):
    assert found(database, "tin") == []


def test_what_is_withdrawn_is_not_found_and_what_is_edited_is(newsroom, database):
    push_titles(newsroom, ["tin cũ", "tin"])
    newsroom.push(publish("0", title="tin mới", date_published=at(0)))
    newsroom.push(withdraw("1"))
    assert found(database, "tin") == ["0"]
    assert found(database, "cũ") == []


def test_what_an_older_process_withdrew_is_not_found_and_can_come_back(newsroom, database):
    push_titles(newsroom, ["tin"])
    withdrawn = Article.update(state=State.WITHDRAWN)
    database.publish(lambda _: withdrawn.execute())  # and does not know of the index
    assert found(database, "tin") == []
    with database.read():
        assert find_matching(parse_query("tin", LIMITS), [1]) == set()
    push_titles(newsroom, ["tin mới"])
    assert found(database, "tin") == ["0"]


def test_few_articles_can_be_asked_about(newsroom, database):
    titles = ["Đảng ủy", "ủy Đảng", "Đảng ủy lũ", "khối"]
    push_titles(newsroom, titles)
    newsroom.push(withdraw("0"))
    with database.read():
        ids = [id_ for (id_,) in Article.select(Article.id).order_by(Article.id).tuples()]
        for text in ("dang", '"đảng ủy"', "đảng -lũ", 'đảng -"uy lu"', "không"):
            query = parse_query(text, LIMITS)
            expected = {match.article_id for match in search(query, limit=9)}
            assert find_matching(query, ids) == expected
        assert find_matching(parse_query("dang", LIMITS), ids[:2]) == {ids[1]}
        assert find_matching(parse_query("dang", LIMITS), []) == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Đảng ủy", ["4", "1", "3", "2", "0"]),
        ('"đảng ủy"', ["4", "1", "3", "2", "0"]),
        ("dang uy", ["3", "4", "2", "1", "0"]),
        ("ủy", ["4", "1", "0", "3", "2"]),
    ],
)
def test_the_accents_that_were_typed_come_first(newsroom, database, text, expected):
    push_titles(newsroom, ["đăng ủy", "ĐẢNG ỦY", "đáng ưỵ", "dang uy", "Đảng ủy"])
    with database.read():
        query = parse_query(text, LIMITS)
        matches = search(query, limit=1_000)
        assert names(put_relevant_first(query, matches)) == expected
        assert put_relevant_first(query, []) == []


def test_accents_count_among_the_thousand_newest(newsroom, database):
    titles = ["Đảng", "Đảng", *["dang"] * 999]
    push_titles(newsroom, titles[:900])
    push_titles(newsroom, titles[900:], first=900)
    with database.read():
        query = parse_query("Đảng", LIMITS)
        matches = put_relevant_first(query, search(query, limit=1_000))
        assert names(matches)[:2] == ["1", "1000"]
        assert len(matches) == 1_000


@pytest.mark.parametrize("text", ["日" * 1_000, "a " * 500, '"' + "a b " * 240 + '"'])
def test_a_search_for_very_much_is_carried_out(newsroom, database, text):
    newsroom.push(publish("new", content_html=f"<p>{text}</p>"))
    newsroom.push(publish("old", date_published="2010-01-01T00:00:00Z"))
    assert found(database, text) == ["new"]


WORDS = st.sampled_from(["cầu", "Cau", "đường", "lũ", "日本", "covid-19", "m²"])


def is_found(wanted, excluded, text):
    folded = f" {split_words(text).folded} "
    has = [f" {split_words(term).folded} " in folded for term in wanted]
    return all(has) and not any(f" {split_words(term).folded} " in folded for term in excluded)


def test_both_databases_find_what_reading_every_text_finds(newsroom, database):
    archive = [
        " ".join(words)
        for words in zip(
            ["cầu", "lũ", "日本", "covid-19", "m²", "đường", "cau"] * 15,
            ["đường", "cầu", "lũ"] * 35,
            ["日", "covid 19", "cầu đường", "x", "19"] * 21,
            strict=True,
        )
    ]
    push_titles(newsroom, archive)

    @rules(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.lists(WORDS, min_size=1, max_size=3), min_size=1, max_size=3),
        st.lists(st.lists(WORDS, min_size=1, max_size=2), max_size=2),
    )
    def check(wanted, excluded):
        wanted, excluded = [" ".join(one) for one in wanted], [" ".join(one) for one in excluded]
        text = " ".join([f'"{one}"' for one in wanted] + [f'-"{one}"' for one in excluded])
        expected = [str(n) for n, title in enumerate(archive) if is_found(wanted, excluded, title)]
        assert found(database, text) == expected[::-1]

    check()


def test_no_text_is_an_error_of_the_database(newsroom, database):
    push_titles(newsroom, ["tin"])

    @rules(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.text(max_size=1_000) | st.text(alphabet="tin\"-'*:^()&|!\\\0 日", max_size=60))
    def check(text):
        try:
            query = parse_query(text, LIMITS)
        except ParameterError:
            return
        with database.read():
            matches = search(query, limit=10)
            assert {one.article_id for one in matches} == find_matching(query, [1])
            put_relevant_first(query, matches)

    check()
