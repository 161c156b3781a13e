"""The description of /inbox. Pure."""

from typing import Any

from feedsvc import kinds
from feedsvc.ingest.api import DEFAULT_LIMIT, MOST
from feedsvc.kinds import Kind
from feedsvc.reference.answers import problems, unavailable
from feedsvc.reference.schemas import ref
from feedsvc.settings import Settings

#: The scheme by which a program shows that it may read the inbox.
TOKEN = "inbox-token"  # noqa: S105 (its name)
TOKEN_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "`Bearer`, and the token that whoever runs the server has set.",
}

_NUMBER = {
    "name": "number",
    "in": "path",
    "required": True,
    "description": "The message's number.",
    "schema": {"type": "integer", "minimum": 1},
}


def paths(settings: Settings) -> dict[str, Any]:
    public_url = settings.public_url
    page = _json("The messages, the newest first.", "InboxPage")
    return {
        "/inbox": {
            "get": _operation("listMessages", "List messages", page, public_url, kinds.PARAMETER)
            | {"parameters": _filters()}
        },
        "/inbox/{number}": {"get": _one("readMessage", "Read a message", _entry(), public_url)},
        "/inbox/{number}/body": {
            "get": _one("readBody", "Read a message's body as it came", _bytes(), public_url)
        },
        "/inbox/{number}/replay": {
            "post": _one(
                "replay",
                "Do a message once more",
                _json("What became of it this time.", "MessageAnswer"),
                public_url,
                kinds.UNREADABLE_MESSAGE,
                kinds.WRONG_CONTENT_TYPE,
                kinds.REFUSED,
            )
            | {
                "description": "As today's code and settings have it. It counts as sent when it "
                "came: what has been said since then is not undone."
            }
        },
    }


def _operation(
    name: str, summary: str, answer: dict[str, Any], public_url: str, *wrong: Kind
) -> dict[str, Any]:
    return {
        "operationId": name,
        "tags": ["inbox"],
        "summary": summary,
        "security": [{TOKEN: []}],
        "responses": {"200": answer}
        | problems(public_url, kinds.WRONG_TOKEN, kinds.NO_ADDRESS, *wrong, *unavailable()),
    }


def _one(
    name: str, summary: str, answer: dict[str, Any], public_url: str, *wrong: Kind
) -> dict[str, Any]:
    found = _operation(name, summary, answer, public_url, kinds.NO_MESSAGE, *wrong)
    return found | {"parameters": [_NUMBER]}


def _filters() -> list[dict[str, Any]]:
    return [
        {
            "name": "source",
            "in": "query",
            "description": "Only what this source sent.",
            "schema": {"type": "string"},
        },
        {
            "name": "refused",
            "in": "query",
            "description": "With `1`, only what was refused, or had an event that was.",
            "schema": {"type": "string", "enum": ["0", "1"], "default": "0"},
        },
        {
            "name": "limit",
            "in": "query",
            "description": "How many there are on a page at the most.",
            "schema": {
                "type": "integer",
                "minimum": 1,
                "maximum": MOST,
                "default": DEFAULT_LIMIT,
            },
        },
        {
            "name": "before",
            "in": "query",
            "description": "Only messages that came before the one of this number.",
            "schema": {"type": "integer", "minimum": 1},
        },
    ]


def _json(said: str, model: str) -> dict[str, Any]:
    return {"description": said, "content": {"application/json": {"schema": ref(model)}}}


def _entry() -> dict[str, Any]:
    return _json("The message, with the answer that it was given.", "InboxEntry")


def _bytes() -> dict[str, Any]:
    return {
        "description": "The bytes.",
        "content": {"application/octet-stream": {"schema": {}}},
    }
