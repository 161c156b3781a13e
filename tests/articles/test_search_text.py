"""How words are compared, and which of an article's are searched."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.articles import search_text
from feedsvc.articles.article import Article, Author, Policy
from feedsvc.articles.search_text import MOST_CHARS, split_words, words_of
from feedsvc.rendering.depth import shown

AT = datetime(2023, 1, 9, tzinfo=UTC)
ARTICLE = Article(
    guid="urn:x",
    url="https://news.example/a",
    title="mottitle",
    summary="haisummary",
    content_html="<p>bacontent</p>",
    language="vi",
    image=None,
    authors=(Author("bonauthor"),),
    tags=("namtag",),
    categories=(),
    attachments=(),
    published_at=AT,
    modified_at=AT,
    correction="saucorrection",
)


def folded_content(markup):
    article = replace(ARTICLE, content_html=markup, correction="", summary="")
    return words_of(article).folded.rpartition(" ¶ ")[2]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Đảng ủy Khối", "dang uy khoi"),
        ("Straße ﬁn Łódź Ærø İstanbul ışık", "strasse fin lodz aero istanbul isik"),
        ("Ѐлка Ώρα", "елка ωρα"),
        ("“COVID-19”, 1.000 m²…", "covid 19 1 000 m2"),
        ("soft\u00adhyphen ﷲ مُحَمَّد", "softhyphen الله محمد"),
        ("हिन्दी 한국어", "हिन्दी 한국어"),
        ("日本語 ไทย", "日 本 語 ไ ท ย"),
        ("e\u0301", "e"),
        ("a_b", "a b"),
        ("👍 — \u0301", ""),
    ],
)
def test_words_are_compared_without_case_accents_and_variants(text, folded):
    assert split_words(text).folded == folded


def test_typed_words_keep_their_accents():
    assert split_words("“Đảng” ỦY").typed == "đảng ủy"


@given(st.text(max_size=200))
def test_splitting_again_changes_nothing(text):
    words = split_words(text)
    assert split_words(words.typed).typed == words.typed
    assert split_words(words.typed).folded == words.folded
    assert split_words(words.folded).folded == words.folded


@given(st.text(max_size=200))
def test_words_are_parted_by_single_spaces_and_short(text):
    for split in (split_words(text).folded, split_words(text).typed):
        assert split == " ".join(split.split())
        assert all(len(word) <= 64 for word in split.split())
        assert not set(split) & set("\"'\\:¶\0")


@given(st.text(alphabet=st.characters(categories=("L", "M", "N", "P", "S", "Z")), max_size=80))
def test_nothing_is_left_of_ascii_but_small_letters_and_digits(text):
    ascii_left = {one for one in split_words(text).folded if one.isascii()}
    assert ascii_left <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")


@pytest.mark.parametrize("policy", list(Policy))
def test_only_what_the_entry_shows_is_searched(policy):
    article = replace(ARTICLE, content_policy=policy)
    entry = repr(shown(article))
    if policy == Policy.HEADLINE:
        entry = entry.replace(repr(article.correction), "")  # kept, and in no format
    for word in ("mottitle", "haisummary", "bacontent", "bonauthor", "namtag", "saucorrection"):
        assert (word in words_of(article).folded.split()) == (word in entry), word


def test_tags_within_a_word_do_not_part_it_and_others_do():
    markup = (
        '<p><b>Đ</b>ảng ủy</p><p>khối<br>tin</p><figure><img alt="a &gt; b" src="/x">'
        "<figcaption>Ảnh &amp; chú</figcaption></figure>"
    )
    assert folded_content(markup) == "dang uy khoi tin anh chu"


def test_attributes_are_not_text():
    assert folded_content('<p>a <a href="https://x.example/?a>b" title="c">d</a></p>') == "a d"


@pytest.mark.parametrize("word", ["a", "日", "đ", "ﷺ", "😀a"])
def test_very_long_text_is_cut(word):
    words = words_of(replace(ARTICLE, content_html=f"<p>{f'{word} ' * 300_000}</p>"))
    assert max(len(words.folded), len(words.typed)) <= MOST_CHARS
    assert words.folded.startswith("mottitle")


def test_a_very_long_word_is_cut():
    assert split_words("a" * 1_000_000).folded == "a" * 64


def test_what_is_remembered_of_texts_is_bounded():
    for number in range(25_000):
        split_words(f"{number}")
    split_words("-" * 100_000)
    for memo in (search_text._FOLDED, search_text._TYPED):
        assert len(memo) <= 20_000
        assert max(map(len, memo)) <= 64
