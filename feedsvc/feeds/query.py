"""What a search asks for: words that are all wanted, `"a phrase"`, `-word` and `-"a phrase"`. Pure.

Nothing else is syntax, and nothing is a syntax error: what words are made of counts, and the rest
parts them. What several words are made of without a space, such as `covid-19`, is a phrase.
"""

import re
import unicodedata
from dataclasses import dataclass

from feedsvc.articles.article import Words
from feedsvc.articles.search_text import split_words
from feedsvc.errors import ParameterError
from feedsvc.settings import Settings

#: The name that a search has in addresses.
NAME = "q"

# A phrase that is not closed goes on to the end.
_TERM = re.compile(r'(?P<minus>(?<!\S)-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


@dataclass(frozen=True, slots=True)
class Query:
    """A search; equal ones find the same, in the same order."""

    #: Each a word, or several in a row; sorted as they were typed. There is one at least.
    wanted: tuple[Words, ...]
    excluded: tuple[Words, ...]

    def canonical(self) -> str:
        """The one way to write it, which is read as it was: without case, and with its accents.

        The accents stay, since `order=relevance` goes by them.
        """
        terms = [_written(words) for words in self.wanted]
        return " ".join(terms + [f"-{_written(words)}" for words in self.excluded])


def parse_query(text: str, settings: Settings) -> Query:
    """The search that a text asks for.

    Raises:
        ParameterError: it is too long, has too many terms, or none that an article could have.
    """
    if len(text) > settings.max_query_chars:
        raise ParameterError(
            NAME, f"is over {settings.max_query_chars} characters (FEEDSVC_MAX_QUERY_CHARS)."
        )
    wanted: set[Words] = set()
    excluded: set[Words] = set()
    for term in _TERM.finditer(unicodedata.normalize("NFC", text)):
        words = split_words(term["word"] if term["phrase"] is None else term["phrase"])
        if words.folded:
            (excluded if term["minus"] else wanted).add(words)
    if len(wanted) + len(excluded) > settings.max_query_terms:
        limit = f"{settings.max_query_terms} words and phrases (FEEDSVC_MAX_QUERY_TERMS)."
        raise ParameterError(NAME, f"has more than {limit}")
    if not wanted:
        said = "only says what articles must not have" if excluded else "has no word"
        raise ParameterError(NAME, f"{said}; it needs a word to look for.")
    return Query(_sorted(wanted), _sorted(excluded))


def _sorted(terms: set[Words]) -> tuple[Words, ...]:
    return tuple(sorted(terms, key=lambda words: words.typed))


def _written(words: Words) -> str:
    return f'"{words.typed}"' if " " in words.typed else words.typed
