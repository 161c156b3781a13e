"""GET /: what people look at; and what they are told when something is wrong."""

import hashlib
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, render_template, request, send_from_directory, url_for
from flask_babel import Babel, get_locale

from feedsvc.articles.release import Releases
from feedsvc.db import Counter, Database
from feedsvc.feeds.catalog import count_articles, list_feeds
from feedsvc.feeds.channels import feed_title, feed_url
from feedsvc.feeds.headlines import list_headlines, list_section_headlines
from feedsvc.pages.directory import Directory, build_directory
from feedsvc.pages.languages import LANGUAGES, TRANSLATIONS, default_language, speak_dates
from feedsvc.rendering.document import FORMATS
from feedsvc.serving.representation import Representation, answer
from feedsvc.settings import Settings

_STATIC = Path(__file__).resolve().parent / "static"
_STATIC_SECONDS = 365 * 86_400  # of an address that changes with what it holds
_FINGERPRINTS = {
    path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in _STATIC.iterdir()
}
_NEWEST = 8
_NEWEST_OF_SECTION = 3
#: What addresses begin with that programs ask: they get no HTML, whatever they say they accept.
_FOR_PROGRAMS = frozenset(
    {"feeds", "ingest", "private", "hub", "healthz", "readyz", "metrics", "inbox", "openapi"}
    | {"news-sitemap", "robots", "rsscloud"}
)


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
            age_seconds=settings.max_age_seconds,
            stale_seconds=settings.stale_seconds,
            ends_at=next_release_at,
        )
        return as_page(answer(representation, request, now))

    @blueprint.get("/static/<name>")
    def send_static(name: str) -> Response:
        is_lasting = request.args.get("v") == _FINGERPRINTS.get(name)
        seconds = _STATIC_SECONDS if is_lasting else settings.max_age_seconds
        response = send_from_directory(_STATIC, name, max_age=seconds)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @blueprint.get("/static/feed.<tag>.css")
    def send_feed_style(tag: str) -> Response:  # `tag` is the feed's language, as in BCP 47
        return send_static(f"feed.{default_language(tag)}.css")

    @blueprint.get("/favicon.ico")
    def send_icon() -> Response:  # for those who ask without having read the page
        return send_static("icon.svg")

    return blueprint


@dataclass(frozen=True, slots=True)
class _Edition:
    """The feeds as of one change, and the pages printed of them."""

    #: By the monotonic clock: whoever came before sees in it all that was there when they came.
    read_at: float
    counter: Counter
    directory: Directory
    #: By the reader's language, and the one that the address names.
    pages: dict[tuple[str, str | None], bytes]


class _Press:
    """Reads the feeds and prints the page once for all who wait for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._edition: _Edition | None = None
        self._lock = threading.Lock()

    def print_page(self) -> tuple[Counter, bytes]:
        """The page in the reader's language, and the counter as of which it is."""
        wanted = (str(get_locale()), _asked_language())
        came_at = time.monotonic()
        counter = self._database.read_counter()
        edition = self._edition
        if edition is None or edition.counter != counter or wanted not in edition.pages:
            with self._lock:
                edition = self._edition
                is_current = edition is not None and edition.counter == counter
                if edition is None or not (is_current or edition.read_at >= came_at):
                    edition = self._edition = self._read_edition()
                if wanted not in edition.pages:
                    edition.pages[wanted] = _print(edition.directory)
        return edition.counter, edition.pages[wanted]

    def _read_edition(self) -> _Edition:
        read_at = time.monotonic()
        with self._database.read():
            return _Edition(
                read_at, self._database.read_counter(), _read_directory(self._database), {}
            )


def _print(directory: Directory) -> bytes:
    page = render_template("feeds.html", directory=directory, formats=FORMATS.values())
    return page.encode()


def _read_directory(database: Database) -> Directory:
    feeds = list_feeds(database)
    return build_directory(
        feeds,
        count_articles(),
        list_headlines(_NEWEST),
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
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; script-src 'self'; img-src {media}; "
        f"media-src {media}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return response


def tell_people(response: Response) -> Response:
    """A problem as a page, if it is a person who asks; programs keep the problem document."""
    if request.path.strip("/").partition("/")[0].partition(".")[0] in _FOR_PROGRAMS:
        return response
    response.vary.add("Accept")
    if not is_person():
        return response
    response.set_data(render_template("problem.html", status=response.status_code))
    response.content_type = "text/html; charset=utf-8"
    return as_page(response)


def is_person() -> bool:
    """Whether who asks accepts HTML by name: whoever takes anything has no browser."""
    kinds = [kind.partition(";")[0].strip() for kind, weight in request.accept_mimetypes if weight]
    return "text/html" in map(str.lower, kinds)


def _speak_languages(app: Flask, settings: Settings) -> None:
    otherwise = default_language(settings.language)

    def choose_language() -> str:
        # Not Werkzeug's best_match: to it, `vi-VN, en;q=0.5` is best served in English.
        accepted = (
            tag.partition("-")[0].lower() for tag, weight in request.accept_languages if weight
        )
        chosen = next((language for language in accepted if language in LANGUAGES), otherwise)
        return _asked_language() or chosen

    Babel(
        app,
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=choose_language,
    )
    public = urlsplit(settings.public_url)
    base_path, public_origin = public.path, f"{public.scheme}://{public.netloc}"

    def page_path(path: str) -> str:
        """Another page's address, in the language that this one's names."""
        asked = _asked_language()
        return base_path + path + (f"?lang={asked}" if asked else "")

    def asset(name: str) -> str:
        return base_path + url_for("pages.send_static", name=name, v=_FINGERPRINTS[name])

    @app.context_processor
    def offer() -> dict[str, Any]:
        """What every page needs."""
        return {
            "settings": settings,
            "language": str(get_locale()),
            "languages": LANGUAGES,
            "asset": asset,
            "page_path": page_path,
            "home_path": page_path("/"),
            "address_language": _asked_language(),
            "public_origin": public_origin,
            "feed_url": lambda name: feed_url(name, settings),
            "feed_title": lambda feed: feed_title(feed, settings),
        }

    app.jinja_env.filters.update(speak_dates(ZoneInfo(settings.timezone)))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _asked_language() -> str | None:
    """The language that the address itself names."""
    asked = request.args.get("lang", "")
    return asked if asked in LANGUAGES else None
