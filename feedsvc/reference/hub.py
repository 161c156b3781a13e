"""The description of the hub. Pure."""

from typing import Any

from feedsvc import kinds
from feedsvc.feeds.channels import CLOUD_PATH, HUB_PATH
from feedsvc.hub.requests import FORM, SUBSCRIBE, UNSUBSCRIBE
from feedsvc.reference.answers import problems, unavailable
from feedsvc.reference.schemas import ref
from feedsvc.settings import Settings

_DESCRIPTION = (
    "W3C WebSub. The hub asks the callback whether it wants this, by a GET with `hub.mode`, "
    "`hub.topic`, `hub.challenge` and `hub.lease_seconds`; who wants it answers with the "
    "challenge. Then each change of the feed is posted to the callback within a second: the feed "
    "with the entries that have changed, and with tombstones of those that are no more. Who has "
    "given a secret verifies `X-Hub-Signature`. Subscribe again before the lease ends."
)
_CLOUD = (
    "rssCloud. The callback is `protocol`, `domain`, `port` and `path`; without `domain` it is on "
    "the host that asks. It is verified a moment later, told of each change by a POST with `url`, "
    "and forgotten after 25 hours. The answer says in XML whether it was taken; its status is 200 "
    "then, too."
)
_TEXT: dict[str, Any] = {"type": "string"}
_ADDRESS: dict[str, Any] = {"type": "string", "format": "uri"}
_WRONG = (
    kinds.BROKEN_BODY,
    kinds.NO_ADDRESS,
    kinds.SLOW_BODY,
    kinds.TOO_LARGE,
    kinds.TOO_MANY_SUBSCRIPTIONS,
    kinds.NO_SECRET_KEY,
)


def paths(settings: Settings) -> dict[str, Any]:
    return {HUB_PATH: _hub(settings), CLOUD_PATH: {"post": _cloud(settings)}}


def schemas(settings: Settings) -> dict[str, Any]:
    """The models of what is sent."""
    return {
        "HubRequest": _model(
            "What is asked of the hub.",
            _wishes(settings),
            *("hub.mode", "hub.topic", "hub.callback"),
        ),
        "CloudRequest": _model(
            "What is asked of rssCloud.", _registration(), "port", "path", "url1"
        ),
    }


def _hub(settings: Settings) -> dict[str, Any]:
    accepted = {
        "202": {"description": "Asked for. The callback is asked in a moment."},
    }
    said = {"text/plain": {"schema": _TEXT}}
    return {
        "post": {
            "operationId": "subscribe",
            "tags": ["following"],
            "summary": "Subscribe to a feed, or end a subscription",
            "description": _DESCRIPTION,
            "requestBody": _form("HubRequest"),
            "responses": accepted
            | problems(settings.public_url, kinds.HUB_REFUSES, *_WRONG, *unavailable()),
        },
        "get": {
            "operationId": "explainHub",
            "tags": ["following"],
            "summary": "What the hub is, in words",
            "responses": {"200": {"description": "A sentence.", "content": said}}
            | problems(settings.public_url, kinds.NO_ADDRESS),
        },
    }


def _wishes(settings: Settings) -> dict[str, Any]:
    return {
        "hub.mode": {
            "type": "string",
            "enum": [SUBSCRIBE, UNSUBSCRIBE],
            "description": "Whether to begin, or renew, or to end.",
        },
        "hub.topic": _ADDRESS
        | {"description": "The feed: its own address, which its link `self` says."},
        "hub.callback": _ADDRESS
        | {"description": "Where changes are sent to: public, without fragment or password."},
        "hub.lease_seconds": {
            "type": "integer",
            "minimum": 1,
            "default": settings.hub_lease_seconds,
            "description": "For how long. What is out of bounds becomes the shortest or longest "
            "that there is; the verification says which it is.",
        },
        "hub.secret": {
            "type": "string",
            "maxLength": 199,
            "description": "What is sent is signed with this. Under 200 bytes.",
        },
    }


def _registration() -> dict[str, Any]:
    return {
        "protocol": {
            "type": "string",
            "enum": ["http-post", "https-post"],
            "default": "http-post",
            "description": "How the callback is called.",
        },
        "domain": _TEXT | {"description": "The callback's host."},
        "port": {"type": "integer", "description": "The callback's port."},
        "path": _TEXT | {"description": "The callback's path."},
        "notifyProcedure": _TEXT | {"description": "Empty."},
        "url1": _ADDRESS | {"description": "A feed; more of them are `url2` and so on."},
    }


def _cloud(settings: Settings) -> dict[str, Any]:
    result = {
        "200": {
            "description": "Whether it was taken.",
            "content": {"text/xml": {"schema": _TEXT}},
        }
    }
    return {
        "operationId": "pleaseNotify",
        "tags": ["following"],
        "summary": "Be told of a feed's changes by rssCloud",
        "description": _CLOUD,
        "requestBody": _form("CloudRequest"),
        "responses": result | problems(settings.public_url, *_WRONG, *unavailable()),
    }


def _form(model: str) -> dict[str, Any]:
    return {"required": True, "content": {FORM: {"schema": ref(model)}}}


def _model(meaning: str, fields: dict[str, Any], *required: str) -> dict[str, Any]:
    said = {"type": "object", "properties": fields, "required": list(required)}
    return said | {"description": meaning}
