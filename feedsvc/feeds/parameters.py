"""What a feed's query string can say: the names, and the values that each can have. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from feedsvc.articles.article import Policy
from feedsvc.articles.clean import UncleanError, clean_time
from feedsvc.articles.labels import label_slug
from feedsvc.errors import ParameterError
from feedsvc.feeds.query import NAME as SEARCH
from feedsvc.settings import Settings

_MOST_HOURS = 100_000
_NUMBER = re.compile(r"[0-9]{1,9}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}")
_MOST_CHARS = 500


@dataclass(frozen=True, slots=True)
class Parameter:
    """A name that means something in a feed's query string."""

    name: str
    meaning: str
    #: Of one value, in JSON Schema's words.
    schema: dict[str, Any]
    #: Whether it may be given several times; any of its values will do then.
    is_repeatable: bool = False


def list_parameters(settings: Settings) -> list[Parameter]:
    """All that a feed's query string can say."""
    text = {"type": "string", "maxLength": _MOST_CHARS}
    depths = {"type": "string", "enum": [depth.value for depth in Policy], "default": Policy.FULL}
    limit = {"type": "integer", "minimum": 1, "maximum": settings.max_entries}
    several = {"is_repeatable": True}
    return [
        Parameter(
            "limit",
            "How many articles the feed has at the most, the newest first.",
            limit | {"default": settings.default_entries},
        ),
        Parameter("category", "Only what is in this section, by its slug.", text, **several),
        Parameter("not-category", "Nothing that is in this section.", text, **several),
        Parameter("tag", "Only what has this tag.", text, **several),
        Parameter("not-tag", "Nothing that has this tag.", text, **several),
        Parameter("author", "Only what this author wrote.", text, **several),
        Parameter(
            "lang",
            "Only what is in this language (BCP 47): `en` is also what is in `en-GB`.",
            text,
            **several,
        ),
        Parameter("not", "Not this article, by its id or guid: the others.", text, **several),
        Parameter(
            "hours",
            "Only what appeared within so many hours.",
            {"type": "integer", "minimum": 1, "maximum": _MOST_HOURS},
        ),
        Parameter(
            "since",
            "Only what appeared at this moment (RFC 3339) or later.",
            {"type": "string", "format": "date-time"},
        ),
        Parameter(
            SEARCH,
            'Only what has all of these words; `"a phrase"`, and `-word` for what must not be '
            "there. Accents and case do not matter.",
            {"type": "string", "maxLength": settings.max_query_chars},
        ),
        Parameter(
            "order",
            "Of a search: the newest first, or of the newest thousand those first that have the "
            "words with the accents that were typed.",
            {"type": "string", "enum": ["date", "relevance"], "default": "date"},
        ),
        Parameter("content", "How much of each article the feed shows.", depths),
        Parameter(
            "after",
            "Not the newest, but what changed after this change number, in the order of the "
            "changes (JSON Feed alone). Begin with 0; `_feedsvc.after` of an answer is where to "
            "go on.",
            {"type": "string"},
        ),
    ]


class Given:
    """A query string's values by their names, each taken as what it must be.

    Everything here raises ParameterError for a value that its name can't have.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]], settings: Settings) -> None:
        self._settings = settings
        self._values: defaultdict[str, list[str]] = defaultdict(list)
        known = {one.name for one in list_parameters(settings)}
        for name, value in pairs:
            if name in known:
                if name != SEARCH:  # of which `query` judges everything
                    self._require(name, value)
                self._values[name].append(value)
        count = sum(len(set(values)) for values in self._values.values())
        if count > settings.max_filters:
            raise ParameterError(
                max(self._values, key=lambda name: len(self._values[name])),
                f"there are more than {settings.max_filters} filters (FEEDSVC_MAX_FILTERS).",
            )

    @staticmethod
    def _require(name: str, value: str) -> None:
        if not value.strip() or len(value) > _MOST_CHARS or not value.isprintable():
            raise ParameterError(name, f"must be text of 1 to {_MOST_CHARS} characters.")

    def many(self, name: str) -> tuple[str, ...]:
        """All values of a name, in one order, each once."""
        return tuple(sorted({value.strip() for value in self._values[name]}))

    def one(self, name: str) -> str | None:
        values = set(self._values[name])
        if len(values) > 1:
            raise ParameterError(name, "was given twice with different values.")
        return values.pop().strip() if values else None

    def labels(self, name: str) -> tuple[str, ...]:
        """Tags or authors, however they are written, by what they are known by."""
        return tuple(sorted(set(map(label_slug, self.many(name)))))

    def languages(self, name: str) -> tuple[str, ...]:
        """Language tags, however they are written, in the case that they are usually given."""
        values = self.many(name)
        for value in values:
            if not _LANGUAGE.fullmatch(value):
                raise ParameterError(name, "must be a language tag (BCP 47) such as vi or en-GB.")
        return tuple(sorted(set(map(_usual_case, values))))

    def number(self, name: str) -> int | None:
        """A whole number within what the parameter's schema says."""
        value = self.one(name)
        if value is None:
            return None
        schema = next(one.schema for one in list_parameters(self._settings) if one.name == name)
        lowest, highest = schema["minimum"], schema["maximum"]
        if not _NUMBER.fullmatch(value) or not lowest <= int(value) <= highest:
            raise ParameterError(name, f"must be a whole number from {lowest} to {highest}.")
        return int(value)

    def choice(self, name: str, of: type[StrEnum]) -> str | None:
        value = self.one(name)
        if value is not None and value not in set(of):
            raise ParameterError(name, f"must be one of {', '.join(of)}.")
        return value

    def pattern(self, name: str, pattern: re.Pattern[str], what: str) -> re.Match[str] | None:
        value = self.one(name)
        if value is None:
            return None
        match = pattern.fullmatch(value)
        if match is None:
            raise ParameterError(name, f"must be {what}.")
        return match

    def moment(self, name: str) -> datetime | None:
        value = self.one(name)
        if value is None:
            return None
        try:
            # A query string's `+` is a space, also where it was meant.
            return clean_time(value.replace(" ", "+"), None).value
        except UncleanError as error:
            raise ParameterError(name, f"{error}.") from error


def _usual_case(tag: str) -> str:
    """en-GB, zh-Hant-TW, en-a-bb (RFC 5646, section 2.1.1)."""
    first, *rest = tag.lower().split("-")
    parts, before = [first], first
    for part in rest:
        usual = {2: part.upper(), 4: part.capitalize()}.get(len(part), part)
        parts.append(part if len(before) == 1 else usual)
        before = part
    return "-".join(parts)
