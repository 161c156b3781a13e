"""How answers are described: their headers, and the kinds of problems that stand behind a status.

Pure.
"""

from http import HTTPStatus
from typing import Any

from feedsvc import kinds
from feedsvc.kinds import Kind
from feedsvc.problems import PROBLEM
from feedsvc.reference.schemas import ref

#: Header fields that answers have, each described once.
OWN_HEADERS = {
    "ETag": {
        "description": "A validator of these bytes, for `If-None-Match`.",
        "schema": {"type": "string"},
    },
    "Last-Modified": {
        "description": "When anything in it last changed, for `If-Modified-Since`.",
        "schema": {"type": "string"},
    },
    "Location": {
        "description": "Where it is.",
        "schema": {"type": "string", "format": "uri"},
    },
    "Cache-Control": {
        "description": "For how long it may be kept.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "After how many seconds to try again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "What is expected.",
        "required": True,
        "schema": {"type": "string"},
    },
}
CONDITIONS = [
    {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of what is there already: if it still stands, 304.",
        "schema": {"type": "string"},
    },
    {
        "name": "If-Modified-Since",
        "in": "header",
        "description": "The `Last-Modified` of what is there already. `If-None-Match` goes before.",
        "schema": {"type": "string"},
    },
]
#: Of kinds that say more than every problem does, the models.
_SAY_MORE = {
    kinds.PARAMETER: "ParameterProblem",
    kinds.HUB_REFUSES: "ParameterProblem",
    kinds.WRONG_CONTENT_TYPE: "MessageProblem",
    kinds.REFUSED: "MessageProblem",
}
_HEADERS = {
    HTTPStatus.UNAUTHORIZED: "WWW-Authenticate",
    HTTPStatus.TOO_MANY_REQUESTS: "Retry-After",
    HTTPStatus.SERVICE_UNAVAILABLE: "Retry-After",
}


def header(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def problems(public_url: str, *found: Kind) -> dict[str, Any]:
    """What is answered when something is wrong, by status."""
    by_status: dict[HTTPStatus, list[Kind]] = {}
    for kind in (*found, kinds.MISTAKE):
        by_status.setdefault(kind.status, []).append(kind)
    return {str(int(status)): _response(public_url, by_status[status]) for status in by_status}


def unavailable(*more: Kind) -> tuple[Kind, ...]:
    """The kinds by which whatever needs the database can fail."""
    return (kinds.DATABASE_AWAY, kinds.NOT_READY, *more)


def _response(public_url: str, found: list[Kind]) -> dict[str, Any]:
    models = dict.fromkeys(_SAY_MORE.get(kind, "Problem") for kind in found)
    schema = {
        "anyOf": [ref(model) for model in models],
        "properties": {"type": {"enum": [kind.uri(public_url) for kind in found]}},
    }
    status = found[0].status
    told = {"headers": header(_HEADERS[status])} if status in _HEADERS else {}
    return {
        "description": "; ".join(kind.title for kind in found),
        **told,
        "content": {PROBLEM: {"schema": schema}},
    }
