"""What the sanitiser is given: bounded, and for ordinary articles the same as was sent."""

import re

import pytest

from feedsvc.articles.clean import UncleanError, clean_html
from feedsvc.articles.markup import Budget, TooMuchMarkupError, bound

BASE_URL = "https://news.example/a/b"
#: Three of each of thirteen formatting elements, a link, and a table's implied parts.
MOST_ELEMENTS_PER_TAG = 44


def cleaned(markup, max_tags=10_000):
    return clean_html(markup, BASE_URL, Budget(max_tags)).value


@pytest.mark.parametrize(
    "markup",
    [
        "",
        "1 < 2 and 3 > 2 & so on",
        "<p>a<br>b</p>",
        '<img src="x.jpg" alt="a">',
        '<td colspan="2">x</td>',
        "<!-- a comment -->",
        "<figure><figcaption>Ảnh: T.H</figcaption></figure>",
    ],
)
def test_ordinary_markup_is_left_as_it_is(markup):
    assert bound(markup, Budget(100)) == markup


@pytest.mark.parametrize(
    ("markup", "bounded"),
    [
        ("<P CLASS=x>a</P>", "<p>a</P>"),
        ("<br/>", "<br>"),
        ("<img src=a alt='b'>", '<img src="a" alt="b">'),
        ('<img alt="a > b">', '<img alt="a > b">'),
        ("<img alt='say \"a\"'>", '<img alt="say &quot;a&quot;">'),
        ("<a href=it's>x</a>", '<a href="it\'s">x</a>'),
        ('<a href="?id=1&section=2&copy=3">', '<a href="?id=1&section=2&copy=3">'),
        ('<a href="?a=1&amp;b=2">', '<a href="?a=1&amp;b=2">'),
        ('<a href="1" HREF="2">', '<a href="1">'),
        ('<b title="x">', "<b>"),
        ("<p\ta\n=\r1>", "<p>"),
        ("<audio controls src=x>", '<audio controls="" src="x">'),
        ("a <b", "a &lt;b"),
        ('<p title="a>b', '<p title="">b'),
        ('<img src="data:image/png;base64,QUJD/0+==">', '<img src="data:">'),
    ],
)
def test_tags_are_written_anew_with_what_is_kept(markup, bounded):
    assert bound(markup, Budget(100)) == bounded


def test_parameters_named_like_entities_stay_in_an_address():
    link = '<a href="https://x.example/?id=1&section=news&currency=vnd&not=3">x</a>'
    assert cleaned(link) == link.replace("&", "&amp;")


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param("<div>" * 11, id="openings"),
        pytest.param("<x" * 11, id="openings that do not end"),
        pytest.param("</p>" * 11, id="ends that open a paragraph"),
        pytest.param("</BR>" * 11, id="ends that break a line"),
        pytest.param("<!--><b>" * 11, id="openings behind a comment that ended"),
        pytest.param("&" * 201, id="characters to escape"),
        pytest.param("\xa0" * 201, id="spaces to escape"),
    ],
)
def test_too_much_is_refused(markup):
    with pytest.raises(TooMuchMarkupError):
        bound(markup, Budget(10))


def test_as_much_as_is_allowed_is_taken():
    assert bound("<div>" * 10, Budget(10)) == "<div>" * 10
    assert bound("&" * 200, Budget(10)) == "&" * 200


def test_articles_of_one_message_share_what_they_may_cost():
    budget = Budget(100)
    for _ in range(600):
        bound("<p>" * 10, budget)
    with pytest.raises(TooMuchMarkupError, match="send fewer"):
        bound("<p>" * 10, budget)


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param(
            "<p>" + "".join(f"<b a{n}=1>" for n in range(200)) + "</p><p>x" * 200,
            id="formatting with attributes of its own",
        ),
        pytest.param(
            "<p>" + "".join(f"<B a='>{n}'>" for n in range(200)) + "</p><p>x" * 200,
            id="formatting that differs behind a quoted bracket",
        ),
        pytest.param(
            "<p>" + "".join(f"<i\ta='{n}>" for n in range(200)) + "</p><p>x" * 200,
            id="formatting whose quotes do not pair",
        ),
        pytest.param("<p>" + "<i a=1><i>" * 20 + "</p><p>x" * 20, id="alike formatting"),
        pytest.param("<p><a href=x>y" + "<p>x" * 20, id="each paragraph opens a link anew"),
        pytest.param("<table><td>" * 20, id="cells without rows"),
        pytest.param("</p></br>" * 20, id="ends that open"),
    ],
)
def test_sanitiser_opens_no_more_than_in_proportion(markup):
    try:
        opened = len(re.findall("<[a-z]", cleaned(markup)))
    except UncleanError:
        return  # it multiplied, was noticed, and refused
    tags = len(re.findall("<[a-zA-Z]|</(?:p|br)", markup))
    assert opened <= tags * MOST_ELEMENTS_PER_TAG


def test_formatting_that_multiplies_is_refused():
    names = ("b", "code", "em", "i", "s", "small", "strong", "u")
    markup = "<p>" + "".join(f"<{name}>" * 3 for name in names) + "<p>x" * 4_000
    with pytest.raises(UncleanError, match="multiply"):
        cleaned(markup)


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param("<p " + " ".join(f"a{n}" for n in range(300_000)) + ">x", id="attributes"),
        pytest.param(
            '<p x=">" ' + " ".join(f"a{n}" for n in range(300_000)) + ">x",
            id="attributes behind a quoted bracket",
        ),
        pytest.param('<a "' * 1000 + "x" * 1_000_000, id="quotes that do not pair"),
        pytest.param('<p x=">"' * 1000 + 'y="' + "z" * 1_000_000, id="a quote that never ends"),
        pytest.param("<p " + "=" * 1_000_000, id="equals signs"),
        pytest.param("<p " + "a = " * 250_000 + ">", id="spaced equals signs"),
        pytest.param("<p a" + " " * 1_000_000 + ">", id="spaces"),
        pytest.param("<" + "a" * 1_000_000, id="a long name"),
        pytest.param("<p " + "a='\"" * 250_000 + ">", id="mixed quotes"),
    ],
)
def test_no_megabyte_is_read_more_than_a_few_times(markup):
    """Each took minutes in one form or another; it would be noticed as a suite that hangs."""
    assert len(cleaned(markup)) <= 3 * len(markup)
