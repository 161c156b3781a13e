"""What a feed's terms make of an article and of a document: no more than they say."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from feedsvc.articles.article import Policy
from feedsvc.articles.clean import clean_text
from feedsvc.rendering.document import ATOM, FORMATS, RSS, render_document
from feedsvc.rendering.terms import NO_TERMS, Rsl, Terms, present
from tests.rendering.test_documents import ARTICLES, CHANNEL, PARTY_MEETING, TERMS

texts = st.text(max_size=60).map(lambda text: clean_text(text).value)


def render(terms, articles=ARTICLES, format_=RSS):
    return render_document(format_, replace(CHANNEL, terms=terms), articles)


def test_no_terms_change_nothing():
    assert present(PARTY_MEETING, Policy.FULL, NO_TERMS) == PARTY_MEETING
    for format_ in FORMATS.values():
        assert render(NO_TERMS, format_=format_) == render_document(format_, CHANNEL, ARTICLES)


@pytest.mark.parametrize("depth", Policy)
@pytest.mark.parametrize("policy", Policy)
def test_depth_is_the_lesser_of_the_two(depth, policy):
    shown = present(replace(PARTY_MEETING, content_policy=policy), depth, NO_TERMS).content_policy
    order = [Policy.HEADLINE, Policy.SUMMARY, Policy.FULL]
    assert order.index(shown) == min(order.index(depth), order.index(policy))


def test_rsl_leaves_the_fragment_as_it_is():
    """It stands behind all else in an item, so that fragments are those of every other feed."""
    plain, licensed = render(NO_TERMS).decode(), render(replace(NO_TERMS, rsl=TERMS.rsl)).decode()
    for fragment in plain.split("<item>")[1:]:
        assert f"<item>{fragment.partition('</item>')[0]}<rsl:content " in licensed


@pytest.mark.parametrize(
    "rsl", [Rsl(), Rsl(("all",)), Rsl(prohibits=("ai-all",)), Rsl(payment="use")]
)
def test_rsl_says_only_what_was_said(rsl):
    root = etree.fromstring(render(Terms(rsl=rsl)))
    said = root.find(".//{https://rslstandard.org/rsl}license")
    names = [etree.QName(element).localname for element in said]
    assert names == [name for name in ("permits", "prohibits", "payment") if getattr(rsl, name)]


@given(rights=texts, attribution=texts)
def test_no_text_breaks_a_document(rights, attribution):
    terms = Terms(rights, "https://a.example/?a=1&b=<", attribution)
    articles = [present(article, Policy.FULL, terms) for article in ARTICLES]
    for format_ in (RSS, ATOM):
        root = etree.fromstring(render(terms, articles, format_))
        name = "copyright" if format_ is RSS else "{http://www.w3.org/2005/Atom}rights"
        assert [element.text for element in root.iter(name)] == ([rights] if rights else [])
