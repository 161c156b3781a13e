"""Saved feeds as values: what the newsroom says of a feed that it has put together. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from feedsvc.articles.article import Policy
from feedsvc.rendering.podcast import Podcast
from feedsvc.rendering.terms import NO_TERMS, Terms

#: What a saved feed's query string may say, in its order there.
FILTER_NAMES = (
    *("category", "not-category", "tag", "not-tag", "author", "lang", "q", "content", "limit"),
)


@dataclass(frozen=True, slots=True)
class SavedFeed:
    """A feed with a title, filters and terms of its own."""

    name: str
    title: str
    description: str = ""
    #: Its filters, as a feed's address says them after the question mark; equal ones are one text.
    query: str = ""
    #: How much later than elsewhere an article appears.
    delay_seconds: int = 0
    terms: Terms = NO_TERMS
    podcast: Podcast | None = None
    #: Whether only those with a token may read it.
    is_private: bool = False

    @property
    def filters(self) -> list[tuple[str, str]]:
        return read_query(self.query)

    @property
    def depth(self) -> Policy:
        """How much of an article it shows at the most."""
        return Policy(dict(self.filters).get("content", Policy.FULL))

    def find_language(self) -> str | None:
        """The one language that all of it is in, if its filters say so."""
        languages = [value for name, value in self.filters if name == "lang"]
        return languages[0] if len(languages) == 1 else None


def read_query(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)


def write_query(filters: Mapping[str, Iterable[str]]) -> str:
    """The one text of some filters: names in their order, values sorted, each once."""
    pairs = [(name, value) for name in FILTER_NAMES for value in sorted(set(filters.get(name, ())))]
    return urlencode([pair for pair in pairs if pair != ("content", Policy.FULL)])
