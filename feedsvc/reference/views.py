"""GET /openapi.json, /docs and /problems/<slug>: what feedsvc says of itself."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask_babel import get_locale, gettext
from markupsafe import Markup, escape
from werkzeug.exceptions import NotFound

from feedsvc.kinds import KINDS, PATH, Kind
from feedsvc.pages.views import as_page, is_person
from feedsvc.reference.examples import SENDER, sign_example
from feedsvc.reference.openapi import build_document
from feedsvc.reference.outline import read_outline
from feedsvc.serving.representation import Representation, answer
from feedsvc.settings import Settings

_JSON = "application/json"
_CODE = re.compile(r"`([^`]+)`")


def create_blueprint(settings: Settings) -> Blueprint:
    blueprint = Blueprint("reference", __name__, template_folder="templates")
    document = build_document(settings)
    written = _dumped(document)
    outline = read_outline(document)
    sender = SENDER.replace("https://feeds.example", settings.public_url)

    @blueprint.get("/openapi.json")
    def show_document() -> Response:
        return _answer(written, _JSON)

    @blueprint.get("/docs")
    def show_reference() -> Response:
        page = render_template(
            "docs.html",
            outline=outline,
            kinds=KINDS,
            signed=sign_example(),
            sender=sender,
        )
        return as_page(_answer(page, "text/html"))

    @blueprint.get(f"/{PATH}/<slug>")
    def show_kind(slug: str) -> Response:
        kind = KINDS.get(slug)
        if kind is None:
            raise NotFound
        if is_person():
            page = render_template("kind.html", kind=kind, uri=kind.uri(settings.public_url))
            response = as_page(_answer(page, "text/html"))
        else:
            response = _answer(_dumped(_described(kind)), _JSON)
        response.vary.add("Accept")
        return response

    def _described(kind: Kind) -> dict[str, Any]:
        return {
            "type": kind.uri(settings.public_url),
            "title": kind.title,
            "status": int(kind.status),
            "meaning": kind.meaning,
            "cure": kind.cure,
        }

    def _answer(text: str, media_type: str) -> Response:
        representation = Representation(
            text.encode(),
            media_type,
            None,
            age_seconds=settings.max_age_seconds,
            stale_seconds=settings.stale_seconds,
        )
        return answer(representation, request, datetime.now(UTC))

    blueprint.add_app_template_filter(_told, "told")
    blueprint.add_app_template_filter(_prose, "prose")
    blueprint.add_app_template_test(_is_foreign, "foreign")
    return blueprint


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _told(text: str) -> str:
    """A text of ours in the reader's language."""
    return str(gettext(text))


def _prose(text: str) -> Markup:
    """The same, with what stands between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(_told(text)))))  # noqa: S704 (escaped)


def _is_foreign(text: str) -> bool:
    """Whether a text stands in English for a reader of another language."""
    return str(get_locale()) != "en" and _told(text) == text
