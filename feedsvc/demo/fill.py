"""Filling an empty database with the sample news, through the endpoint that newsrooms push to."""

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.serving import WSGIRequestHandler, make_server

from feedsvc.articles.clean import clean_url
from feedsvc.articles.lookup import get_article, has_others
from feedsvc.db import Database
from feedsvc.demo.news import list_ids, make_events, read_news
from feedsvc.errors import ArticleNotFoundError, FeedsvcError
from feedsvc.ingest import sources
from feedsvc.push.sending import PushError, Reply, push
from feedsvc.settings import Settings
from feedsvc.vault import Vault

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

SOURCE = "sample-news"
_KEY_SECONDS = 600


class NotEmptyError(FeedsvcError):
    """The database has articles of its own, among which sample news must not stand."""

    def __init__(self) -> None:
        super().__init__("The database has articles already; sample news goes into an empty one.")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be pushed, earliest first, and the key to do it with."""

    events: Sequence[dict[str, Any]]
    key_id: int = 0
    key: str = ""


def plan(database: Database, vault: Vault, settings: Settings) -> Plan:
    """All of the sample news, or nothing if it is there already.

    It is dated back from when its source was made. Pushed again, because the last time was
    interrupted or the public address is another one, it gives the same articles.

    Raises:
        NotEmptyError: there are other articles.
    """
    news = read_news()
    with database.read():
        if has_others(SOURCE, list_ids(news)):
            raise NotEmptyError
        found = sources.find_source(SOURCE)
        if found is not None and _is_there(_make_events(news, found[0], settings)[-1]):
            return Plan(())
    key_id, key = sources.lend_key(database, vault, SOURCE, _KEY_SECONDS)
    with database.read():
        found = sources.find_source(SOURCE)
    if found is None:
        raise AssertionError("a key of the source was just made")
    return Plan(_make_events(news, found[0], settings), key_id, key)


def carry_out(
    app: "WSGIApplication", database: Database, plan: Plan, events: Iterable[dict[str, Any]]
) -> None:
    """Sign and send each of the plan's events to the application.

    Raises:
        PushError: one was refused.
    """
    try:
        with _served(app) as url:
            for event in events:
                reply = push(url, SOURCE, plan.key, json.dumps(event, ensure_ascii=False).encode())
                if not reply.accepted:
                    raise PushError(f"The sample news was refused: {_reason(reply)}")
    finally:
        sources.revoke_keys(database, SOURCE, plan.key_id)


def _make_events(
    news: Mapping[str, Any], source: sources.Source, settings: Settings
) -> Sequence[dict[str, Any]]:
    moment = source.created_at.replace(second=0, microsecond=0)
    return make_events(news, settings.public_url, moment)


def _is_there(last: Mapping[str, Any]) -> bool:
    """Whether the last event was pushed, for the public address that it has now."""
    try:
        article = get_article(SOURCE, last["data"]["id"])
    except ArticleNotFoundError:
        return False
    url: str = last["data"]["url"]
    return article.url == clean_url(url, len(url)).value


def _reason(reply: Reply) -> str:
    errors = [error for event in reply.events for error in event["errors"]]
    detail = str(reply.body.get("detail", reply.status))
    return f"{detail} {errors[0]['pointer']}: {errors[0]['message']}" if errors else detail


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: object = "-", size: object = "-") -> None:
        """The progress is shown; each request is no news."""


@contextmanager
def _served(app: "WSGIApplication") -> Iterator[str]:
    """The application at an address of this machine, for as long as the block runs."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
