"""The description of feedsvc's HTTP interface, as an OpenAPI 3.1 document. Pure: values in and out.

What each room takes and answers is read from it: models, formats, parameters, limits, schemes,
kinds of problems. Texts are English, static, and translated by who shows them.
"""

from typing import Any

from feedsvc import __version__, kinds
from feedsvc.ingest.schemes import SCHEMES
from feedsvc.reference import directory, hub, inbox, reading, writing
from feedsvc.reference.answers import OWN_HEADERS
from feedsvc.reference.schemas import describe_models
from feedsvc.settings import Settings

TITLE = "feedsvc"
SUMMARY = "Signed articles in; RSS, Atom and JSON Feed out."
#: The parts of the interface, by their tags.
TAGS = {
    "pushing": "An editorial system sends what it publishes, edits and withdraws.",
    "reading": "Feed readers, partner sites and programs read the feeds.",
    "following": "Programs subscribe to feeds, and are sent what changes.",
    "inbox": "What came, what became of it, and doing it once more.",
    "operation": "Whether the service is there, and what it can do.",
}


def build_document(settings: Settings) -> dict[str, Any]:
    """The whole document. The same settings always make the same one."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "summary": SUMMARY,
            "version": __version__,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": settings.public_url}],
        "externalDocs": {"url": f"{settings.public_url}/docs", "description": "To be read"},
        "tags": [{"name": name, "description": said} for name, said in TAGS.items()],
        "paths": writing.paths(settings)
        | reading.paths(settings)
        | directory.paths(settings)
        | hub.paths(settings)
        | inbox.paths(settings),
        "components": {
            "schemas": describe_models(settings) | hub.schemas(settings),
            "headers": OWN_HEADERS,
            "securitySchemes": _security_schemes(),
        },
        "x-problems": [
            {"type": kind.uri(settings.public_url), "status": int(kind.status), "title": kind.title}
            for kind in kinds.KINDS.values()
        ],
    }


def _security_schemes() -> dict[str, Any]:
    named = {
        name: _security_scheme(name, meaning)
        for scheme in SCHEMES.values()
        for name, meaning in scheme.headers
    }
    return named | {inbox.TOKEN: inbox.TOKEN_SCHEME, reading.TOKEN: reading.TOKEN_SCHEME}


def _security_scheme(name: str, meaning: str) -> dict[str, Any]:
    if name == "authorization":
        return {"type": "http", "scheme": "bearer", "description": meaning}
    return {"type": "apiKey", "in": "header", "name": name, "description": meaning}
