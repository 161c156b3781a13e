"""POST /hub (WebSub), POST /rsscloud/pleaseNotify (rssCloud)."""

from html import escape
from http import HTTPStatus

from flask import Blueprint, Response, request
from flask_babel import gettext

from feedsvc.errors import HubError
from feedsvc.feeds.channels import CLOUD_PATH, HUB_PATH
from feedsvc.hub.door import Door
from feedsvc.hub.requests import Pairs, parse_cloud_request, parse_form, parse_request
from feedsvc.incoming.bodies import read_body
from feedsvc.incoming.clients import find_client

_NO_STORE = {"Cache-Control": "no-store"}


def create_blueprint(door: Door) -> Blueprint:
    blueprint = Blueprint("hub", __name__)
    settings = door.settings

    @blueprint.get(HUB_PATH)
    def explain() -> Response:
        text = gettext(
            "This is a WebSub hub: programs subscribe here to the feeds of %(address)s, "
            "and are sent what changes.",
            address=settings.public_url,
        )
        response = _plain(f"{text}\n{settings.public_url}/docs\n", HTTPStatus.OK)
        response.vary.add("Accept-Language")
        return response

    @blueprint.post(HUB_PATH)
    def take_request() -> Response:
        door.rates.count_client(_client())
        door.ask(parse_request(_read_form(), settings))
        # WebSub, section 5.1.1: what comes of it is told to the callback.
        return _plain("", HTTPStatus.ACCEPTED)

    @blueprint.post(CLOUD_PATH)
    def take_cloud_request() -> Response:
        client = _client()
        door.rates.count_client(client)
        try:
            door.ask_cloud(parse_cloud_request(_read_form(), client), client)
        except HubError as error:
            return _notify_result(str(error), is_success=False)
        return _notify_result("Asked for; it is verified in a moment.", is_success=True)

    def _read_form() -> Pairs:
        limit, seconds = settings.hub_max_body_bytes, settings.body_timeout_seconds
        body = read_body(limit, "FEEDSVC_HUB_MAX_BODY_BYTES", seconds)
        return parse_form(body, request.mimetype)

    def _client() -> str:
        forwarded = ",".join(request.headers.getlist("X-Forwarded-For"))
        return find_client(request.remote_addr, forwarded, settings.proxies)

    return blueprint


def _plain(text: str, status: HTTPStatus) -> Response:
    return Response(text, status, mimetype="text/plain", headers=_NO_STORE)


def _notify_result(message: str, *, is_success: bool) -> Response:
    """As rssCloud servers answer: the status says nothing, the document all."""
    success = "true" if is_success else "false"
    text = f'<?xml version="1.0"?>\n<notifyResult success="{success}" msg="{escape(message)}"/>\n'
    return Response(text, content_type="text/xml; charset=utf-8", headers=_NO_STORE)
