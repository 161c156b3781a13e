"""The description of POST /ingest/<source>. Pure."""

import json
from typing import Any

from feedsvc import kinds
from feedsvc.ingest.reading import JSON, NDJSON
from feedsvc.ingest.schemes import SCHEMES
from feedsvc.problems import PROBLEM
from feedsvc.reference.answers import problems, unavailable
from feedsvc.reference.examples import Example, list_examples
from feedsvc.reference.schemas import SETTING, ref
from feedsvc.settings import Settings, variable_name

#: The native dialect's scheme comes first; a source's own dialect says which one it has.
SECURITY: list[dict[str, list[str]]] = [
    {name: [] for name, _ in scheme.headers} for scheme in SCHEMES.values()
]

_DESCRIPTION = (
    "One message: an event, or a batch of them, or an event a line. The answer says of each event, "
    "in order, what became of it; what is answered 200 is on disk, and in the next feed that is "
    "read. A message that comes again with the same id is answered as before, and changes nothing."
)
_FOREIGN = {
    "type": ["object", "array"],
    "description": "What another editorial system sends, as its dialect has it.",
}
_RESULT_LINES = {
    "schema": {
        "type": "string",
        "description": "A result for each event, and a summary in the last line; or a problem "
        "document, if it could not be done to the end.",
    },
    "x-itemSchema": {"anyOf": [ref("EventResult"), ref("BatchSummary"), ref("Problem")]},
}
_KINDS = (
    kinds.PARAMETER,
    kinds.UNREADABLE_MESSAGE,
    kinds.BROKEN_BODY,
    kinds.UNVERIFIED,
    kinds.NO_ADDRESS,
    kinds.SLOW_BODY,
    kinds.TOO_LARGE,
    kinds.LINES_OVER_LIMIT,
    kinds.WRONG_CONTENT_TYPE,
    kinds.REFUSED,
    kinds.TOO_MANY_MESSAGES,
)


def paths(settings: Settings) -> dict[str, Any]:
    examples = list_examples(settings.public_url)
    answers = {
        "200": {
            "description": "At least one event was taken; of lines, the message was.",
            "content": {
                JSON: {"schema": ref("MessageAnswer")} | _answers(examples, JSON),
                NDJSON: _RESULT_LINES | _answers(examples, NDJSON),
            },
        }
    } | problems(settings.public_url, *_KINDS, *unavailable(kinds.NO_ROOM))
    answers["422"]["content"][PROBLEM] |= _answers(examples, PROBLEM)
    operation = {
        "operationId": "push",
        "tags": ["pushing"],
        "summary": "Send a message",
        "description": _DESCRIPTION,
        "security": SECURITY,
        "parameters": [_source(), _dry_run()],
        "requestBody": _body(examples, settings),
        "responses": answers,
    }
    return {"/ingest/{source}": {"post": operation}}


def _source() -> dict[str, Any]:
    return {
        "name": "source",
        "in": "path",
        "required": True,
        "description": "The name that the editorial system was added under.",
        "schema": {"type": "string"},
        "example": "desk",
    }


def _dry_run() -> dict[str, Any]:
    return {
        "name": "dry-run",
        "in": "query",
        "description": "With `1`, the message is answered what would become of it, and nothing is "
        "done or kept.",
        "schema": {"type": "string", "enum": ["0", "1"], "default": "0"},
    }


def _body(examples: list[Example], settings: Settings) -> dict[str, Any]:
    return {
        "required": True,
        "content": {
            JSON: {
                "schema": {"anyOf": [ref("Message"), _FOREIGN]},
                "examples": {
                    one.name: {"summary": one.summary, "value": json.loads(one.body)}
                    for one in examples
                    if one.media_type == JSON
                },
            }
            | _most_bytes("max_body_bytes", settings),
            NDJSON: {
                "schema": {
                    "type": "string",
                    "description": "An event, or an item of another system, in each line.",
                },
                "x-itemSchema": ref("Event"),
                "examples": {
                    one.name: {"summary": one.summary, "value": one.body}
                    for one in examples
                    if one.media_type == NDJSON
                },
            }
            | _most_bytes("max_batch_bytes", settings),
        },
    }


def _most_bytes(setting: str, settings: Settings) -> dict[str, Any]:
    return {"x-maxBytes": getattr(settings, setting), SETTING: variable_name(setting)}


def _answers(examples: list[Example], media_type: str) -> dict[str, Any]:
    return {
        "examples": {
            one.name: {
                "summary": one.summary,
                "value": one.answer if media_type == NDJSON else json.loads(one.answer),
            }
            for one in examples
            if one.answer_media_type == media_type
        }
    }
