"""GET /feeds/<name>.<format>, and its archive below it; how any feed is answered."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Blueprint, Response, request

from feedsvc.db import Database
from feedsvc.errors import FeedNotFoundError
from feedsvc.feeds.catalog import Feed
from feedsvc.feeds.kiosk import ArchiveOrder, Kiosk, Order, Pairs
from feedsvc.feeds.periods import parse_period
from feedsvc.feeds.saved.subscribers import open_any
from feedsvc.rendering.document import FORMATS, Format
from feedsvc.serving.representation import answer, find_previous


def create_blueprint(kiosk: Kiosk) -> Blueprint:
    blueprint = Blueprint("feeds", __name__)

    @blueprint.get("/feeds/<document>")
    def show_feed(document: str) -> Response:
        return serve(kiosk, document, sent_token(), open_any)

    @blueprint.get("/feeds/<name>/<document>")
    def show_archive(name: str, document: str) -> Response:
        period_name, format_ = _parse_document(document, f"{name}/{document}")
        period = parse_period(period_name)
        if period is None:
            raise FeedNotFoundError(f"{name}/{document}")
        order = ArchiveOrder(name, period, format_, _list_pairs())
        made = kiosk.serve_archive(order, find_previous(request))
        if isinstance(made, str):
            return _elsewhere(made)
        return answer(made, request, datetime.now(UTC))

    return blueprint


def sent_token() -> str | None:
    """The token in a request's Basic credentials (RFC 7617): the password, for any user name."""
    sent = request.authorization
    return sent.password if sent is not None and sent.type == "basic" else None


def serve(
    kiosk: Kiosk,
    document: str,
    token: str | None,
    find: Callable[[Database, str, str | None], Feed],
) -> Response:
    """The answer to a request for a document, such as `all.rss`; `find` gives its feed."""
    name, format_ = _parse_document(document, document)
    order = Order(name, format_, _list_pairs(), token, find)
    made = kiosk.serve(order, find_previous(request))
    return answer(made, request, datetime.now(UTC))


def _list_pairs() -> Pairs:
    return list(request.args.items(multi=True))


def _parse_document(document: str, whole: str) -> tuple[str, Format]:
    """What comes before the suffix, and the format that it names."""
    name, _, suffix = document.rpartition(".")
    if suffix not in FORMATS:
        raise FeedNotFoundError(whole)
    return name, FORMATS[suffix]


def _elsewhere(address: str) -> Response:
    """To a smaller part of what was asked for, for as long as it is too much for one document."""
    return Response(status=302, headers={"Location": address, "Cache-Control": "no-cache"})
