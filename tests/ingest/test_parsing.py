"""JSON, strict and bounded."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsvc.errors import MessageError
from feedsvc.ingest.parsing import parse_body

DEPTH = 4
VALUES = 1_000_000

unhurried = settings(deadline=None)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # Whatever UTF-8 can hold.
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)


@unhurried
@given(values, st.booleans())
def test_any_json_value_is_read_as_it_was_written(value, ascii_only):
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert parse_body(body, 1000, VALUES) == value


@unhurried
@given(st.binary())
def test_any_bytes_are_read_or_refused(body):
    with suppress(MessageError):
        parse_body(body, DEPTH, VALUES)


@unhurried
@given(st.text('{}[]",:\\u0123e-. nNaI', max_size=60))
def test_whatever_looks_like_json_is_read_or_refused(text):
    try:
        value = parse_body(text.encode(), DEPTH, VALUES)
    except MessageError:
        return
    assert json.loads(text) == value


@pytest.mark.parametrize(
    "body", [b"\xff", b'"\xed\xa0\x80"', b'"\xc0\xaf"', b'"\xe1\xbb"', '"é"'.encode("latin-1")]
)
def test_body_that_is_not_utf_8_is_refused_with_the_place(body):
    with pytest.raises(MessageError, match=r"not UTF-8: .* at byte \d"):
        parse_body(body, DEPTH, VALUES)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_json_in_another_encoding_is_refused(encoding):
    with pytest.raises(MessageError):
        parse_body('{"a": 1}'.encode(encoding), DEPTH, VALUES)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{} {}",
        b"{'a': 1}",
        b'{"a": 1,}',
        b"[1,]",
        b"{a: 1}",
        b'{"a" 1}',
        b"tru",
        b"01",
        b"1.",
        b".5",
        b"+1",
        b"0x1",
        b'"a\nb"',
        b'"\\x41"',
        b'"\\u12"',
        b'"a',
        b"// no\n{}",
        b"\xef\xbb\xbf{}",
        b"]",
        b"}{",
    ],
)
def test_what_is_not_json_is_refused_with_the_place(body):
    with pytest.raises(MessageError, match=r"not JSON: .* in line \d+, column \d+"):
        parse_body(body, DEPTH, VALUES)


def test_fault_is_placed_by_line_and_column():
    with pytest.raises(MessageError, match="in line 2, column 3"):
        parse_body(b'{"a": 1,\n  b}', DEPTH, VALUES)


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_number_that_is_none_is_refused(name):
    with pytest.raises(MessageError, match=f"holds {name}"):
        parse_body(f'{{"a": {name}}}'.encode(), DEPTH, VALUES)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" + "0" * 400 + ".0"])
def test_number_too_large_for_a_float_is_refused(number):
    with pytest.raises(MessageError, match="which is too large"):
        parse_body(number.encode(), DEPTH, VALUES)


def test_number_of_too_many_digits_is_refused():
    with pytest.raises(MessageError, match="a number that is too long"):
        parse_body(b"[" + b"1" * 5000 + b"]", DEPTH, VALUES)


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 1}', '[{"b": {"a": 1, "c": 2, "\\u0061": 3}}]'],
    ids=["plain", "escaped"],
)
def test_member_named_twice_is_refused_by_name(text):
    with pytest.raises(MessageError, match="the member 'a' twice"):
        parse_body(text.encode(), DEPTH, VALUES)


def test_same_member_in_two_objects_is_read():
    assert parse_body(b'[{"a": 1}, {"a": {"a": 2}}]', DEPTH, VALUES) == [{"a": 1}, {"a": {"a": 2}}]


@pytest.mark.parametrize("body", [b"[[[[1]]]]", b'{"a": [{"b": [1]}]}'])
def test_nesting_at_the_limit_is_read(body):
    assert parse_body(body, DEPTH, VALUES) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[[[[[1]]]]]",
        b'{"a": [{"b": [{}]}]}',
        b"[" * 1_000_000,
        b'{"a":' * 100_000,
        b'["\\\\", [[[[]]]]]',
        b'["\\"", [[[[]]]]]',
        b'"' + b'\\"' * 100_000 + b'"' + b"[" * 5,
    ],
    ids=range(7),
)
def test_nesting_over_the_limit_is_refused(body):
    with pytest.raises(MessageError, match=r"deeper than 4 levels \(FEEDSVC_MAX_JSON_DEPTH\)"):
        parse_body(body, DEPTH, VALUES)


@pytest.mark.parametrize(
    "value",
    ["[[[[[[", '"[[[[[', "\\", '\\"[[[[[', "{{{{{{", ["]]", "[[[[["], {"[[[[[": "}}}}"}],
)
def test_brackets_in_strings_are_no_nesting(value):
    assert parse_body(json.dumps(value).encode(), DEPTH, VALUES) == value


def test_lone_surrogates_are_left_for_the_fields_to_judge():
    assert parse_body(b'"\\ud800"', DEPTH, VALUES) == "\ud800"


@pytest.mark.parametrize(
    "body", [b"[1,2,3,4]", b'[{"a": 1, "b": 2}, 1, 2]', b"[[],[[]],[]]", b"[[[[[[["]
)
def test_values_are_counted_before_they_are_read(body):
    with pytest.raises(MessageError, match=r"more than 3 values \(FEEDSVC_MAX_JSON_VALUES\)"):
        parse_body(body, DEPTH, 3)


@pytest.mark.parametrize("body", [b"[1,2,3]", b'["a,b,c,d,e", "[[[[[[["]', b'{"a": {"b": [1]}}'])
def test_commas_and_brackets_in_text_are_no_values(body):
    assert parse_body(body, DEPTH, 3) == json.loads(body)
