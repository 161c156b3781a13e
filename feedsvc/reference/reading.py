"""The description of what is read: feeds, and what the service says of itself. Pure."""

from typing import Any

from feedsvc import kinds
from feedsvc.feeds.selection import Parameter, list_parameters
from feedsvc.reference.answers import CONDITIONS, header, problems, unavailable
from feedsvc.rendering.document import FORMATS
from feedsvc.settings import Settings

_JSON_FEED = "application/feed+json"
_VALIDATORS = ("ETag", "Last-Modified", "Cache-Control")
_FEED = (
    "The newest articles of the whole paper (`all`) or of a section, in one of three formats. "
    "Parents show what their children hold. Ask again with the validators of what you have."
)


def paths(settings: Settings) -> dict[str, Any]:
    return {
        "/feeds/{name}.{format}": _feed(settings),
        "/healthz": {"get": _probe("isAlive", "Whether the process is alive", settings.public_url)},
        "/readyz": {
            "get": _probe(
                "isReady",
                "Whether the database can be used",
                settings.public_url,
                *unavailable(),
            )
        },
        "/openapi.json": {"get": _document(settings.public_url)},
        "/docs": {"get": _page(settings.public_url)},
    }


def _feed(settings: Settings) -> dict[str, Any]:
    common = {
        "tags": ["reading"],
        "parameters": [
            _name(),
            _format(),
            *(_parameter(one) for one in list_parameters(settings)),
            *CONDITIONS,
        ],
    }
    wrong = problems(
        settings.public_url, kinds.PARAMETER, kinds.NO_FEED, kinds.NO_ADDRESS, *unavailable()
    )
    return {
        "get": {
            "operationId": "readFeed",
            **common,
            "summary": "Read a feed",
            "description": _FEED,
            "responses": _read() | wrong,
        },
        "head": {
            "operationId": "checkFeed",
            **common,
            "summary": "Ask whether a feed has changed",
            "description": "As GET, without the body.",
            "responses": _bodiless(_read() | wrong),
        },
    }


def _read() -> dict[str, Any]:
    content = {
        format_.media_type: {"schema": _schema(format_.media_type)} for format_ in FORMATS.values()
    }
    return {
        "200": {
            "description": "The feed.",
            "headers": header(*_VALIDATORS),
            "content": content,
        },
        "304": {
            "description": "What is there already still stands.",
            "headers": header("ETag", "Cache-Control"),
        },
    }


def _schema(media_type: str) -> dict[str, Any]:
    if media_type == _JSON_FEED:
        more = {"url": "https://www.jsonfeed.org/version/1.1/"}
        return {"type": "object", "description": "JSON Feed 1.1", "externalDocs": more}
    return {"type": "string"}


def _bodiless(responses: dict[str, Any]) -> dict[str, Any]:
    return {
        status: {name: said for name, said in response.items() if name != "content"}
        for status, response in responses.items()
    }


def _name() -> dict[str, Any]:
    return {
        "name": "name",
        "in": "path",
        "required": True,
        "description": "`all`, or a section's slug.",
        "schema": {"type": "string"},
        "example": "all",
    }


def _format() -> dict[str, Any]:
    return {
        "name": "format",
        "in": "path",
        "required": True,
        "description": "How it is written: RSS 2.0, Atom 1.0 or JSON Feed 1.1.",
        "schema": {"type": "string", "enum": list(FORMATS)},
        "example": "rss",
    }


def _parameter(one: Parameter) -> dict[str, Any]:
    return {
        "name": one.name,
        "in": "query",
        "description": one.meaning,
        "schema": {
            "type": "integer",
            "minimum": one.lowest,
            "maximum": one.highest,
            "default": one.default,
        },
    }


def _probe(name: str, summary: str, public_url: str, *wrong: kinds.Kind) -> dict[str, Any]:
    text = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "operationId": name,
        "tags": ["operation"],
        "summary": summary,
        "responses": {"200": {"description": "Yes.", "content": text}}
        | problems(public_url, *wrong),
    }


def _document(public_url: str) -> dict[str, Any]:
    said = {
        "description": "An OpenAPI 3.1 document.",
        "headers": header("ETag", "Cache-Control"),
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
    return _unchanging("describe", "This description, for programs", said, public_url)


def _page(public_url: str) -> dict[str, Any]:
    said = {
        "description": "A page in Vietnamese or English.",
        "headers": header("ETag", "Cache-Control"),
        "content": {"text/html": {"schema": {"type": "string"}}},
    }
    return _unchanging("explain", "This description, for people", said, public_url)


def _unchanging(name: str, summary: str, said: dict[str, Any], public_url: str) -> dict[str, Any]:
    stands = {
        "description": "What is there already still stands.",
        "headers": header("ETag", "Cache-Control"),
    }
    return {
        "operationId": name,
        "tags": ["operation"],
        "summary": summary,
        "parameters": CONDITIONS[:1],
        "responses": {"200": said, "304": stands} | problems(public_url),
    }
