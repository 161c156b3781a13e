"""What of an article can be searched for, and how words are compared. Pure.

Words are compared without case, accents and other variants of the same letters, so that
`dang uy` finds `Đảng ủy`. The index and what is asked of it go through `split_words` alike, on
both databases. How a text is folded must not change without a migration that indexes anew.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import TypeVar

from feedsvc.articles.article import Article, Draft, Policy, Words

K = TypeVar("K")

#: Of an article's words, so many characters are searched. PostgreSQL's list of an article's
#: words (`tsvector`) ends at a megabyte, four bytes a character and seven for each word's block.
MOST_CHARS = 100_000
#: What is longer is no word; an index has no room for it.
_LONGEST_WORD = 64
#: Stands between the parts of an article, so that no phrase begins in one and ends in the next.
#: No word has it.
_GAP = " ¶ "

# Accents and other marks that writing may leave out: of Latin, Greek and Cyrillic, the points of
# Hebrew, the vowels of Arabic and its long dash. The vowel signs of Indic scripts are letters.
_LEFT_OUT = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a"
    "\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
#: Letters that Unicode does not take apart.
_LETTERS = str.maketrans(
    {"đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "ø": "o", "ŧ": "t", "æ": "ae", "œ": "oe"}
)
# Writing without spaces: Thai, Lao, Burmese, Khmer, kana, Han. Each character is a word, and what
# is written together is a phrase of them, so that any part of a text can be found.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff]"
)
_ZERO_WIDTH_SPACE = "\u200b"
_LONG_WORD = re.compile(f"(?<!\\S)(\\S{{{_LONGEST_WORD}}})\\S+")
# A tag of cleaned HTML, whose attributes stand in double quotes.
_REST_OF_TAG = r'[^>"]*+(?:"[^"]*+"[^>"]*+)*+>'
#: Tags within a word or sentence; any other parts what stands before it from what comes after.
_INLINE_TAG = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|cite|code|del|dfn|em|i|ins|kbd|mark|q|s|samp|small|span|strong|sub|sup"
    rf"|time|u|var|wbr)\b{_REST_OF_TAG}"
)
_TAG = re.compile(f"<{_REST_OF_TAG}")


class _Memo(dict[K, str]):
    """Remembers what a function made of its usual arguments."""

    _MOST = 20_000

    def __init__(self, make: Callable[[K], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: K) -> str:
        value = self._make(key)
        if len(f"{key}") <= _LONGEST_WORD:  # a paragraph without spaces does not come again
            if len(self) >= self._MOST:
                self.clear()
            self[key] = value
        return value


def split_words(text: str) -> Words:
    """The words of plain text.

    A text has the same few syllables again and again: to look up each run between spaces takes
    a third of the time of translating the whole text.
    """
    runs = unicodedata.normalize("NFC", text[:MOST_CHARS]).split()
    return Words(_join(map(_FOLDED.__getitem__, runs)), _join(map(_TYPED.__getitem__, runs)))


def words_of(article: Draft | Article) -> Words:
    """What an article is found by: its words as far as its entry shows them."""
    names = [author.name for author in article.authors]
    parts = [article.title, *names, *article.tags]
    if article.content_policy != Policy.HEADLINE:
        parts += [article.correction, article.summary]
    if article.content_policy == Policy.FULL:
        parts.append(_plain(article.content_html))
    split = [split_words(part) for part in parts if part]
    return Words(
        _cut(_GAP.join(words.folded for words in split)),
        _cut(_GAP.join(words.typed for words in split)),
    )


def _plain(markup: str) -> str:
    """The text of cleaned HTML."""
    return html.unescape(_TAG.sub(" ", _INLINE_TAG.sub("", markup)))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARS else text[:MOST_CHARS].rpartition(" ")[0]


def _join(words: Iterable[str]) -> str:
    joined = " ".join(words)
    # Few runs have no words: to look for what they leave is quicker than to look at each.
    is_single = "  " not in joined and not joined.startswith(" ") and not joined.endswith(" ")
    return joined if is_single else " ".join(joined.split())


def _fold(run: str) -> str:
    folded = unicodedata.normalize("NFC", run.translate(_FOLDED_CHARACTERS))
    return _LONG_WORD.sub(r"\1", " ".join(folded.split()))


def _type(run: str) -> str:
    typed = unicodedata.normalize("NFC", run.translate(_TYPED_CHARACTERS))
    return _LONG_WORD.sub(r"\1", " ".join(typed.split()))


def _fold_character(code: int) -> str:
    if not _spaced(chr(code)).strip():  # a sign, also one that stands for letters, as ™ does
        return _spaced(chr(code))
    whole = unicodedata.normalize("NFKC", chr(code)).casefold()
    apart = unicodedata.normalize("NFKD", whole).translate(_LETTERS)
    return _spaced(unicodedata.normalize("NFC", _LEFT_OUT.sub("", apart)))


def _type_character(code: int) -> str:
    return _spaced(unicodedata.normalize("NFC", chr(code).casefold()))


def _spaced(text: str) -> str:
    """The characters that words have, with spaces for the others."""
    return "".join(map(_space, text))


def _space(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf" and character != _ZERO_WIDTH_SPACE:  # such as a soft hyphen
        return ""
    if category[0] not in "LMN":
        return " "
    return f" {character} " if _UNSPACED.match(character) else character


_FOLDED_CHARACTERS = _Memo(_fold_character)
_TYPED_CHARACTERS = _Memo(_type_character)
_FOLDED = _Memo(_fold)
_TYPED = _Memo(_type)
