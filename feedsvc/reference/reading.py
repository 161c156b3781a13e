"""The description of what is read: feeds, and what the service says of itself. Pure."""

from typing import Any

from feedsvc import kinds
from feedsvc.feeds.kiosk import SHOWN_AS
from feedsvc.feeds.parameters import Parameter, list_parameters
from feedsvc.reference.answers import CONDITIONS, header, problems, unavailable
from feedsvc.rendering.document import FORMATS
from feedsvc.settings import Settings

_JSON_FEED = "application/feed+json"
_VALIDATORS = ("ETag", "Last-Modified", "Cache-Control")
_FEED = (
    "The newest articles of the whole paper (`all`), of a section, or of a feed that the newsroom "
    "has put together, in one of three formats. Parents show what their children hold. Ask again "
    "with the validators of what you have."
)
#: The schemes by which a subscriber shows that a private feed is for them.
TOKEN = "feed-token"  # noqa: S105 (its name)
TOKEN_SCHEME = {
    "type": "http",
    "scheme": "basic",
    "description": "`Basic`: the private feed's token as the password, and any user name.",
}
_PRIVATE = (
    "For readers that can only keep an address. The token is a password: it is in no log of "
    "feedsvc's, and the answer is not to be kept."
)
_ASKED_FOR = (
    "For readers that keep a user name and a password. Everybody is asked for them, whether there "
    "is such a feed or not. Readers that send them unasked may use `/feeds/` as well."
)

_SHOWN = "RSS and Atom, for a browser that shows them to a person (`Sec-Fetch-Dest: document`)."
_PAST = (
    "What appeared in a period (RFC 5005, section 4). The feed, and each of these documents, names "
    "the one before it: follow those links; they lead to the first article. A document whose "
    "period is over changes only when one of its own articles does."
)

#: The server's own answers, which come before the service is asked.
_TOO_LONG = {
    "414": {"description": "The address is too long."},
    "431": {"description": "The address and the header fields are too long."},
}


def paths(settings: Settings) -> dict[str, Any]:
    return {
        "/feeds/{name}.{format}": _feed(settings),
        "/feeds/{name}/{period}.{format}": _archive(settings),
        "/private/{token}/{name}.{format}": {"get": _private(settings)},
        "/private/{name}.{format}": {"get": _private_by_password(settings)},
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
    wrong = _wrong(settings)
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


def _wrong(settings: Settings) -> dict[str, Any]:
    return _TOO_LONG | problems(
        settings.public_url,
        kinds.PARAMETER,
        kinds.TOO_BROAD,
        kinds.NO_FEED,
        kinds.NO_ADDRESS,
        *unavailable(),
    )


def _archive(settings: Settings) -> dict[str, Any]:
    """As a feed, of a period; which filters there are is said with the feed."""
    ignored = ("limit", "hours", "since", "after")
    filters = [one for one in list_parameters(settings) if one.name not in ignored]
    moved = {
        "302": {
            "description": "The period is more than a document may hold: to its last part.",
            "headers": header("Location", "Cache-Control"),
        }
    }
    wrong = _wrong(settings)
    return {
        "get": {
            "operationId": "readArchive",
            "tags": ["reading"],
            "summary": "Read a feed's past",
            "description": _PAST,
            "parameters": [
                _name(),
                _period(),
                _format(),
                *map(_parameter, filters),
                *CONDITIONS,
            ],
            "responses": _read() | moved | wrong,
        }
    }


def _period() -> dict[str, Any]:
    return {
        "name": "period",
        "in": "path",
        "required": True,
        "description": "A month, or a day, hour or minute of it (UTC).",
        "schema": {"type": "string"},
        "example": "2023-01",
    }


def _private(settings: Settings) -> dict[str, Any]:
    said = _private_feed(settings, kinds.NO_FEED)
    return said | {
        "operationId": "readPrivateFeed",
        "summary": "Read a private feed by an address with its token",
        "description": _PRIVATE,
        "parameters": [_token(), *said["parameters"]],
    }


def _private_by_password(settings: Settings) -> dict[str, Any]:
    return _private_feed(settings, kinds.NO_CREDENTIALS) | {
        "operationId": "readPrivateFeedByPassword",
        "summary": "Read a private feed with its token as a password",
        "description": _ASKED_FOR,
        "security": [{TOKEN: []}],
    }


def _private_feed(settings: Settings, wrong: kinds.Kind) -> dict[str, Any]:
    return {
        "tags": ["reading"],
        "parameters": [
            _name() | {"description": "The feed's name."},
            _format(),
            *(_parameter(one) for one in list_parameters(settings)),
            *CONDITIONS,
        ],
        "responses": _read()
        | _TOO_LONG
        | problems(
            settings.public_url,
            kinds.PARAMETER,
            kinds.TOO_BROAD,
            wrong,
            kinds.NO_ADDRESS,
            *unavailable(),
        ),
    }


def _token() -> dict[str, Any]:
    return {
        "name": "token",
        "in": "path",
        "required": True,
        "description": "A subscriber's token.",
        "schema": {"type": "string"},
    }


def _read() -> dict[str, Any]:
    content = {
        format_.media_type: {"schema": _schema(format_.media_type)} for format_ in FORMATS.values()
    }
    content[SHOWN_AS] = {"schema": {"type": "string", "description": _SHOWN}}
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
        "description": "`all`, a section's slug, or the name of a feed of the newsroom's.",
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
        "schema": {"type": "array", "items": one.schema} if one.is_repeatable else one.schema,
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
