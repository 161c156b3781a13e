"""HTML made safe to hand to the sanitiser: what bounds its time and memory. Pure.

A conforming HTML parser can be made to work without end by little input: its time goes with the
square of nested tags, of the attributes in one tag, and of the characters that have to be escaped;
formatting that is left open is opened again in every block after it (2,500 `<b>` with attributes
of their own and as many `<p>`, 80 kB, were six million elements and six seconds). So tags are
counted, and every tag is written anew with only the attributes that will be kept: what a parser
then sees is no more than what was counted here. What this reads otherwise than a parser would is
still sanitised after it.
"""

import html
import re

#: For each tag, the attributes that are kept; `*` stands for all but formatting.
ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href", "hreflang"},
    "audio": {"controls", "src"},
    "col": {"span"},
    "colgroup": {"span"},
    "del": {"datetime"},
    "img": {"alt", "height", "src", "width"},
    "ins": {"datetime"},
    "ol": {"reversed", "start", "type"},
    "source": {"src", "type"},
    "td": {"colspan", "headers", "rowspan"},
    "th": {"colspan", "headers", "rowspan", "scope"},
    "time": {"datetime"},
    "video": {"controls", "height", "poster", "src", "width"},
}
_ALLOWED = {name: ATTRIBUTES["*"] | own for name, own in ATTRIBUTES.items()}
#: Elements that a parser opens anew in each block (HTML, section 13.2.4.3): with the same
#: attributes, which is none, three of each at the most. `a` is one too, but there is one at a time.
_FORMATTING = frozenset(
    ("b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u")
)
#: Characters to be escaped for each tag that is allowed.
_ESCAPES_PER_TAG = 20
#: Articles as costly as may be, of each message: each takes an eighth of a second.
_WORST_ARTICLES = 6

_OPENING = re.compile(r"<[a-zA-Z]|(?i:</(?:p|br)\b)")  # an end that opens what it finds closed
_ESCAPED = ("&", "<", ">", "\xa0")
_TAG_NAME = re.compile(r"<([a-zA-Z][^\s/>]*+)")
# The rest of a tag, in which a quote after `=` hides a `>`.
_TAG_REST = re.compile(r"""((?:[^>=]++|=[\t\n\f\r ]*+(?:"[^"]*+"|'[^']*+'|))*+)>""")
_ATTRIBUTE = re.compile(
    r"""([^\s/>=]++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"'][^\s>]*+)))?"""
)
_DATA_URI = re.compile(r"(?i)data:[a-z]+/[a-z0-9.+-]+;base64,[a-z0-9+/=%\s]*")


class TooMuchMarkupError(ValueError):
    """More than the sanitiser may be given; the message says of what."""


class Budget:
    """How much markup the articles of one message may have, each and together.

    Together it is counted in squares, as the sanitiser's time is: a thousand ordinary articles
    cost less than one of the worst.
    """

    def __init__(self, max_tags: int) -> None:
        self._max_tags = max_tags
        self._left = _WORST_ARTICLES * max_tags**2

    def spend(self, markup: str) -> None:
        """Raises TooMuchMarkupError if this is too much for one article, or for the message."""
        tags, most_tags = len(_OPENING.findall(markup)), self._max_tags
        if tags > most_tags:
            raise TooMuchMarkupError(f"has {tags:,} tags, over {most_tags:,}")
        escapes, most_escapes = sum(map(markup.count, _ESCAPED)), most_tags * _ESCAPES_PER_TAG
        if escapes > most_escapes:
            raise TooMuchMarkupError(f"has {escapes:,} characters to escape, over {most_escapes:,}")
        self._left -= max(tags, escapes // _ESCAPES_PER_TAG) ** 2
        if self._left < 0:
            raise TooMuchMarkupError(
                "is more than can be cleaned with what comes before it in the message: send fewer"
            )


def bound(markup: str, budget: Budget) -> str:
    """The same markup as far as it can be shown, in a form that is quick to sanitise.

    Raises:
        TooMuchMarkupError: it is more than the budget has room for.
    """
    budget.spend(markup)
    # A picture written into its own address is dropped anyway, and may be megabytes of a tag.
    return _rewrite(_DATA_URI.sub("data:", markup))


def _rewrite(markup: str) -> str:
    """Write every opening tag anew, in one pass: what was scanned in vain is not tried again."""
    written, at, quotes_pair = [], 0, True
    while found := _TAG_NAME.search(markup, at):
        written.append(markup[at : found.start()])
        rest = _TAG_REST.match(markup, found.end()) if quotes_pair else None
        quotes_pair = rest is not None
        end = rest.end(1) if rest else markup.find(">", found.end())
        if end < 0:  # it never ends, and so is no tag
            written.append(html.escape(markup[found.start() :], quote=False))
            return "".join(written)
        written.append(_tag(found[1].lower(), markup[found.end() : end]))
        at = end + 1
    return "".join([*written, markup[at:]])


def _tag(name: str, rest: str) -> str:
    if not rest or name in _FORMATTING:
        return f"<{name}>"
    attributes = _kept_attributes(name, rest)
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{written}>"


def _kept_attributes(tag_name: str, text: str) -> dict[str, str]:
    """The attributes that may be kept, quoted; the first of a name counts, as for a parser."""
    allowed = _ALLOWED.get(tag_name, ATTRIBUTES["*"])
    kept: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        key = name.lower()
        if key in allowed and key not in kept:
            # Only quotes: what an ampersand means in an attribute is for the parser to say
            # ("&section" in an address is no section sign, whatever html.unescape makes of it).
            kept[key] = (double or single or bare).replace('"', "&quot;")
    return kept
