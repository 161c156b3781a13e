"""Filling an empty database with the sample news, through the endpoint that newsrooms push to."""

import hashlib
import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server

from feedsvc.articles.lookup import has_others
from feedsvc.db import Database
from feedsvc.demo.news import list_ids, make_events, read_news
from feedsvc.errors import FeedsvcError
from feedsvc.ingest import inbox, sources
from feedsvc.push import PushError, push
from feedsvc.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

SOURCE = "sample-news"


class NotEmptyError(FeedsvcError):
    """The database has articles of its own, among which sample news must not stand."""

    def __init__(self) -> None:
        super().__init__("The database has articles already; sample news goes into an empty one.")


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    body: bytes


def list_messages(database: Database, settings: Settings) -> list[Message]:
    """What is to be pushed, earliest first: all of the sample news, or nothing if it is there.

    It is dated back from when its source was made, and a message's id is made from what it says.
    So one that was pushed before changes nothing, and where the public address is another one than
    the last time, the same articles move there.

    Raises:
        NotEmptyError: there are other articles.
    """
    news = read_news()
    with database.read():
        if has_others(SOURCE, list_ids(news)):
            raise NotEmptyError
        found = sources.find_source(SOURCE)
    if found is None:
        sources.add_source(database, SOURCE)
        with database.read():
            found = sources.find_source(SOURCE)
    if found is None:
        raise AssertionError("the source was just added")
    source = found[0]
    moment = source.created_at.replace(second=0, microsecond=0)
    messages = [
        _message(json.dumps(event, ensure_ascii=False).encode())
        for event in make_events(news, settings.public_url, moment)
    ]
    with database.read():
        is_there = inbox.find_answer(source.id, messages[-1].id) is not None
    return [] if is_there else messages


def push_messages(app: "WSGIApplication", database: Database, messages: Iterable[Message]) -> None:
    """Sign and send each to the application, with a key that is valid for so long only.

    Raises:
        PushError: one was refused.
    """
    key = sources.rotate_key(database, SOURCE, 0)
    try:
        with _served(app) as url:
            for message in messages:
                reply = push(url, SOURCE, key, message.body, message.id)
                if not reply.accepted:
                    raise PushError(f"The sample news was refused: {reply.body}")
    finally:
        sources.revoke_keys(database, SOURCE)


def _message(body: bytes) -> Message:
    return Message(f"sample-{hashlib.sha256(body).hexdigest()[:40]}", body)


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
