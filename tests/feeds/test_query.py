"""What a search asks for: nothing is a syntax error, and equal searches are written alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.errors import ParameterError
from feedsvc.feeds.query import parse_query
from tests.conftest import make_settings

SETTINGS = make_settings("sqlite:///unused.db", max_query_chars=1_000, max_query_terms=1_000)


def parsed(text):
    query = parse_query(text, SETTINGS)
    return [words.folded for words in query.wanted], [words.folded for words in query.excluded]


def canonical(text):
    return parse_query(text, SETTINGS).canonical()


@pytest.mark.parametrize(
    ("text", "wanted", "excluded"),
    [
        ("hội nghị", ["hoi", "nghi"], []),
        ('"Đảng ủy" khối', ["khoi", "dang uy"], []),
        ('tin -khối -"đảng ủy"', ["tin"], ["khoi", "dang uy"]),
        ("covid-19", ["covid 19"], []),
        ("B.H", ["b h"], []),
        ("日本", ["日 本"], []),
        ('mở "không đóng', ["khong dong", "mo"], []),
        ('a"b c"d', ["a", "b c", "d"], []),
        ('tin "" - -- ( * ^ : OR AND NOT NEAR', ["and", "near", "not", "or", "tin"], []),
        ("tin --khối", ["tin"], ["khoi"]),
        ("a +b", ["a", "b"], []),
    ],
)
def test_words_phrases_and_exclusions(text, wanted, excluded):
    assert parsed(text) == (wanted, excluded)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("  Nghị   HỘI nghị ", "hội nghị"),
        ('-"Khối  Tin" "hội"', 'hội -"khối tin"'),
        ("hoi hội", "hoi hội"),
        ("COVID-19", '"covid 19"'),
        ("e\u0302", "ê"),
    ],
)
def test_equal_searches_are_written_alike(text, written):
    assert canonical(text) == written


@given(st.text(max_size=100) | st.text(alphabet="aĐạ日ไ\u0301-\"' \t", max_size=40))
def test_what_is_written_is_read_as_it_was(text):
    try:
        query = parse_query(text, SETTINGS)
    except ParameterError:
        return
    assert parse_query(query.canonical(), SETTINGS) == query
    assert query.wanted


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "q: has no word"),
        ('" " - … 👍', "q: has no word"),
        ('-khối -"tin"', "q: only says what articles must not have"),
        ("a" * 201, "over 200 characters .FEEDSVC_MAX_QUERY_CHARS"),
        ("a b c d", "more than 3 words and phrases .FEEDSVC_MAX_QUERY_TERMS"),
        ("a b -c -d", "more than 3 words and phrases"),
    ],
)
def test_a_search_that_can_not_be_done_says_why(text, reason):
    with pytest.raises(ParameterError, match=reason):
        parse_query(text, make_settings("sqlite:///unused.db", max_query_terms=3))
