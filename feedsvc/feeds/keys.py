"""Which answer a feed's address means: equal addresses, however they are written, have one key."""

import re
from collections.abc import Callable

from werkzeug import Request

from feedsvc.errors import ParameterError
from feedsvc.feeds.selection import Selection, canonical_query, parse_selection
from feedsvc.rendering.document import FORMATS
from feedsvc.serving.layer import Key, Segment
from feedsvc.settings import Settings

_NAME = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_FEED = re.compile(rf"/feeds/{_NAME}(/[0-9a-zT.-]+)?\.(?:{'|'.join(FORMATS)})")
#: What is the same for everyone, whatever stands behind the question mark.
_ALONE = frozenset(("/feeds.opml", "/feeds.json", "/news-sitemap.xml", "/robots.txt"))


def make_finder(settings: Settings) -> Callable[[str, str], Key | None]:
    """What a path and a query string mean; None for what is not a public document of ours.

    It need not be one either: whether there is such a feed, is not known here.
    """

    def find_key(path: str, query: str) -> Key | None:
        if path in _ALONE:
            return Key(Segment.PLAIN, path)
        match = _FEED.fullmatch(path)
        if match is None:
            return None
        is_archive = match[1] is not None
        if not query:
            return Key(Segment.FILTERED if is_archive else Segment.PLAIN, path)
        pairs = list(Request({"QUERY_STRING": query}).args.items(multi=True))
        try:
            selection = parse_selection(pairs, settings)
        except ParameterError:
            return None  # the view says what is wrong
        name = path + canonical_query(selection, settings)
        # A saved feed may have another default than the one that is left out here.
        if "limit=" not in name and any(name == "limit" for name, _ in pairs):
            name += "#limit"
        if _is_endless(selection):
            return Key(Segment.ENDLESS, name)
        return Key(Segment.FILTERED if is_archive or name != path else Segment.PLAIN, name)

    return find_key


def _is_endless(selection: Selection) -> bool:
    """Whether a client can think of any number of such selections."""
    endless = (selection.query, selection.since, selection.hours, selection.after)
    return any(one is not None for one in endless) or bool(selection.not_articles)
