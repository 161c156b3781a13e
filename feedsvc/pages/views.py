"""GET /: what people look at; and what they are told when something is wrong."""

import hashlib
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, render_template, request, send_from_directory
from flask_babel import Babel, get_locale

from feedsvc.articles.release import Releases
from feedsvc.db import Counter, Database
from feedsvc.feeds.catalog import count_articles, list_feeds
from feedsvc.feeds.selection import list_headlines, list_section_headlines
from feedsvc.feeds.views import feed_title, feed_url, max_age
from feedsvc.pages.directory import Directory, build_directory
from feedsvc.pages.languages import LANGUAGES, TRANSLATIONS, default_language, speak_dates
from feedsvc.rendering.document import FORMATS
from feedsvc.serving.representation import Representation, answer
from feedsvc.settings import Settings

_STATIC = Path(__file__).resolve().parent / "static"
_STATIC_SECONDS = 365 * 86_400  # their addresses change with what they hold
_NEWEST = 8
_NEWEST_OF_SECTION = 3
#: Addresses that programs ask: they get no HTML, whatever they say they accept.
_FOR_PROGRAMS = ("/feeds/", "/feeds.", "/ingest/", "/private/", "/hub")


def register_pages(app: Flask, database: Database, settings: Settings, releases: Releases) -> None:
    """Add the pages to the application, and teach it the readers' languages."""
    _speak_languages(app, settings)
    app.register_blueprint(_create_blueprint(database, settings, releases))


def _create_blueprint(database: Database, settings: Settings, releases: Releases) -> Blueprint:
    blueprint = Blueprint("pages", __name__, template_folder="templates")
    press = _Press(database)

    @blueprint.get("/")
    def show_feeds() -> Response:
        next_release_at = releases.carry_out()
        counter, page = press.print_page()
        now = datetime.now(UTC)
        representation = Representation(
            page,
            "text/html",
            counter.changed_at,  # a change anywhere
            max_age_seconds=max_age(settings, next_release_at, now),
            stale_seconds=settings.stale_seconds,
        )
        return as_page(answer(representation, request, now))

    @blueprint.get("/static/<name>")
    def send_static(name: str) -> Response:
        return send_from_directory(_STATIC, name, max_age=_STATIC_SECONDS)

    @blueprint.get("/favicon.ico")
    def send_icon() -> Response:  # for those who ask without having read the page
        return send_from_directory(_STATIC, "icon.svg", max_age=_STATIC_SECONDS)

    return blueprint


@dataclass(frozen=True, slots=True)
class _Edition:
    """The feeds as of one change, and the pages printed of them, by language."""

    counter: Counter
    directory: Directory
    pages: dict[str, bytes]


class _Press:
    """Prints the page once for each change and language, however often it is asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._edition: _Edition | None = None
        self._lock = threading.Lock()

    def print_page(self) -> tuple[Counter, bytes]:
        """The page in the reader's language, and the counter as of which it is."""
        language = str(get_locale())
        edition = self._edition
        if edition is None or edition.counter != self._database.read_counter():
            with self._lock:  # those who come meanwhile find it there
                edition = self._read_edition()
        if language not in edition.pages:
            page = render_template(
                "feeds.html", directory=edition.directory, formats=FORMATS.values()
            )
            edition.pages[language] = page.encode()
        return edition.counter, edition.pages[language]

    def _read_edition(self) -> _Edition:
        with self._database.read():
            counter = self._database.read_counter()
            edition = self._edition
            if edition is None or edition.counter != counter:
                self._edition = edition = _Edition(counter, _read_directory(self._database), {})
            return edition


def _read_directory(database: Database) -> Directory:
    feeds = list_feeds(database)
    return build_directory(
        feeds,
        count_articles(),
        list_headlines(feeds[0], _NEWEST),
        list_section_headlines(_NEWEST_OF_SECTION),
    )


def as_page(response: Response, media_from: str = "") -> Response:
    """Say of an answer in HTML what it depends on, and that nothing foreign may run in it.

    `media_from` is an origin that pictures and sound may come from, beside the page's own.
    """
    media = f"'self' {media_from}".rstrip()
    if not _asked_language():
        response.vary.add("Accept-Language")
    response.headers["Content-Language"] = str(get_locale())
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; script-src 'self'; img-src {media}; "
        f"media-src {media}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return response


def tell_people(response: Response) -> Response:
    """A problem as a page, if it is a person who asks; programs keep the problem document."""
    if request.path.startswith(_FOR_PROGRAMS):
        return response
    response.vary.add("Accept")
    if not any(kind == "text/html" and weight > 0 for kind, weight in request.accept_mimetypes):
        return response
    response.set_data(render_template("problem.html", status=response.status_code))
    response.content_type = "text/html; charset=utf-8"
    return as_page(response)


def _speak_languages(app: Flask, settings: Settings) -> None:
    otherwise = default_language(settings.language)

    def choose_language() -> str:
        # Not Werkzeug's best_match: to it, `vi-VN, en;q=0.5` is best served in English.
        accepted = (tag.partition("-")[0].lower() for tag in request.accept_languages.values())
        chosen = next((language for language in accepted if language in LANGUAGES), otherwise)
        return _asked_language() or chosen

    Babel(
        app,
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=choose_language,
    )
    base_path = urlsplit(settings.public_url).path
    assets = {path.name: _fingerprint(path) for path in _STATIC.iterdir()}

    def asset(name: str) -> str:
        return f"{base_path}/static/{name}?v={assets[name]}"

    @app.context_processor
    def offer() -> dict[str, Any]:
        """What every page needs."""
        asked = _asked_language()
        return {
            "settings": settings,
            "language": str(get_locale()),
            "languages": LANGUAGES,
            "asset": asset,
            "home_path": f"{base_path}/" + (f"?lang={asked}" if asked else ""),
            "feed_url": lambda feed: feed_url(feed, settings),
            "feed_title": lambda feed: feed_title(feed, settings),
        }

    app.jinja_env.filters.update(speak_dates(ZoneInfo(settings.timezone)))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _asked_language() -> str | None:
    """The language that the address itself names."""
    asked = request.args.get("lang", "")
    return asked if asked in LANGUAGES else None


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
