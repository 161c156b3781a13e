"""The index of articles' words, and in it the articles that are live.

Folding is a frozen copy of `articles.search_text` of its time.
"""

import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import peewee as pw

_BATCH = 200
_MOST_CHARS = 100_000
_LONGEST_WORD = 64
_GAP = " ¶ "
_LEFT_OUT = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a"
    "\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
_LETTERS = str.maketrans(
    {"đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "ø": "o", "ŧ": "t", "æ": "ae", "œ": "oe"}
)
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff]"
)
_LONG_WORD = re.compile(f"(?<!\\S)(\\S{{{_LONGEST_WORD}}})\\S+")
_REST_OF_TAG = r'[^>"]*+(?:"[^"]*+"[^>"]*+)*+>'
_INLINE_TAG = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|cite|code|del|dfn|em|i|ins|kbd|mark|q|s|samp|small|span|strong|sub|sup"
    rf"|time|u|var|wbr)\b{_REST_OF_TAG}"
)
_TAG = re.compile(f"<{_REST_OF_TAG}")


def up(migrator: Any, db: pw.Database) -> None:
    del migrator
    if db.for_update:
        _make_for_postgresql(db)
    else:
        _make_for_sqlite(db)


def _make_for_sqlite(db: pw.Database) -> None:
    # Of the tokenizers, the one that leaves alone what is not ASCII: words are folded already.
    # How many words an article has is of use only for ranking.
    db.execute_sql(
        "CREATE VIRTUAL TABLE article_search USING fts5"
        " (folded, typed UNINDEXED, tokenize = 'ascii', columnsize = 0)"
    )
    for article_id, visible_at, folded, typed in _live_articles(db):
        db.execute_sql(
            "INSERT INTO article_search (rowid, folded, typed) VALUES (?, ?, ?)",
            (visible_at // 1_000_000 << 25 | article_id, folded, typed),
        )


def _make_for_postgresql(db: pw.Database) -> None:
    # Rows without their texts are small: the newest of some thousand matches are found in few
    # pages. What is still to be put into the index would be walked by every search.
    db.execute_sql(
        "CREATE TABLE article_search (article_id integer PRIMARY KEY REFERENCES article (id),"
        " visible_at bigint NOT NULL, lexemes tsvector NOT NULL, folded text NOT NULL,"
        " typed text NOT NULL) WITH (toast_tuple_target = 128)"
    )
    # Texts are looked into for phrases and accents: half of that was to decompress them.
    for column in ("folded", "typed"):
        db.execute_sql(f"ALTER TABLE article_search ALTER {column} SET STORAGE EXTERNAL")
    for article_id, visible_at, folded, typed in _live_articles(db):
        block = max(0, visible_at // 1_000_000 >> 19)
        lexemes = " ".join(f"{block}:{word}" for word in set(folded.split()))
        db.execute_sql(
            "INSERT INTO article_search VALUES"
            " (%s, %s, array_to_tsvector(string_to_array(%s, ' ')), %s, %s)",
            (article_id, visible_at, lexemes, folded, typed),
        )
    db.execute_sql(
        "CREATE INDEX article_search_lexemes ON article_search USING gin (lexemes)"
        " WITH (fastupdate = off)"
    )


def _live_articles(db: pw.Database) -> Iterator[tuple[int, int, str, str]]:
    """Ids, times and words, some articles at a time."""
    query = (
        "SELECT id, visible_at, title, authors, tags, correction, summary, content_html,"
        " content_policy FROM article WHERE state = 1 AND id > ? ORDER BY id LIMIT ?"
    ).replace("?", db.param)
    last = 0
    while rows := db.execute_sql(query, (last, _BATCH)).fetchall():
        for article_id, visible_at, *article in rows:
            yield article_id, visible_at, *_words(article)
        last = rows[-1][0]


def _words(article: Sequence[str]) -> tuple[str, str]:
    """The words of an article as they are compared, and as they were typed."""
    title, authors, tags, correction, summary, content, policy = article
    parts = [title, *(author["name"] for author in json.loads(authors)), *json.loads(tags)]
    if policy != "headline":
        parts += [correction, summary]
    if policy == "full":
        parts.append(html.unescape(_TAG.sub(" ", _INLINE_TAG.sub("", content))))
    parts = [unicodedata.normalize("NFC", part[:_MOST_CHARS]) for part in parts if part]
    folded = _cut(_GAP.join(_split(part, _FOLDED) for part in parts))
    return folded, _cut(_GAP.join(_split(part, _TYPED) for part in parts))


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARS else text[:_MOST_CHARS].rpartition(" ")[0]


def _split(text: str, runs: "_Memo") -> str:
    return " ".join(filter(None, map(runs.__getitem__, text.split())))


class _Memo(dict[Any, str]):
    """Remembers what a function made of its usual arguments."""

    _MOST = 20_000

    def __init__(self, make: Callable[[Any], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Any) -> str:
        value = self._make(key)
        if len(f"{key}") <= _LONGEST_WORD:
            if len(self) >= self._MOST:
                self.clear()
            self[key] = value
        return value


def _run(run: str, characters: _Memo) -> str:
    split = unicodedata.normalize("NFC", run.translate(characters))
    return _LONG_WORD.sub(r"\1", " ".join(split.split()))


def _fold(code: int) -> str:
    if not _space(chr(code)).strip():  # a sign, also one that stands for letters, as ™ does
        return _space(chr(code))
    whole = unicodedata.normalize("NFKC", chr(code)).casefold()
    apart = unicodedata.normalize("NFKD", whole).translate(_LETTERS)
    return "".join(map(_space, unicodedata.normalize("NFC", _LEFT_OUT.sub("", apart))))


def _type(code: int) -> str:
    return "".join(map(_space, unicodedata.normalize("NFC", chr(code).casefold())))


def _space(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf" and character != "\u200b":
        return ""
    if category[0] not in "LMN":
        return " "
    return f" {character} " if _UNSPACED.match(character) else character


_FOLDED = _Memo(partial(_run, characters=_Memo(_fold)))
_TYPED = _Memo(partial(_run, characters=_Memo(_type)))
