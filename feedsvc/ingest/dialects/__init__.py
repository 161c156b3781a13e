"""The dialects of editorial systems: how each says what an article is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from feedsvc.ingest.dialects import ghost, jsonfeed, superdesk, wordpress
from feedsvc.ingest.dialects.translation import Item, Options, Translation

NATIVE = "native"


@dataclass(frozen=True, slots=True)
class Dialect:
    """A dialect, and the schemes by which its system's messages can be verified, the usual first.

    Without functions, its messages are native events already.
    """

    schemes: tuple[str, ...]
    list_items: Callable[[Any], list[Item]] | None = None
    translate: Callable[[Any, Options], Translation] | None = None
    #: Whether an article may come under another id later.
    has_aliases: bool = False


DIALECTS = {
    NATIVE: Dialect(("standard-webhooks",)),
    "superdesk": Dialect(
        ("superdesk",), superdesk.list_items, superdesk.translate, has_aliases=True
    ),
    "ghost": Dialect(("ghost",), ghost.list_items, ghost.translate),
    "wordpress": Dialect(("bearer", "hub-signature"), wordpress.list_items, wordpress.translate),
    "jsonfeed": Dialect(("bearer", "hub-signature"), jsonfeed.list_items, jsonfeed.translate),
}
