"""The application: settings, database, rooms and error handlers, put together."""

import logging
from dataclasses import dataclass

from flask import Flask, Response

from feedsvc import migrations
from feedsvc.articles.release import Releases
from feedsvc.db import Database
from feedsvc.demo import views as demo
from feedsvc.errors import DatabaseUnavailableError, SecretKeyError
from feedsvc.feeds import views as feeds
from feedsvc.feeds.directory import views as directory
from feedsvc.feeds.fragments import Fragments
from feedsvc.feeds.keys import make_finder
from feedsvc.feeds.kiosk import Kiosk
from feedsvc.feeds.saved import views as private_feeds
from feedsvc.feeds.saved.subscribers import Uses
from feedsvc.hub import views as hub
from feedsvc.hub.door import Door
from feedsvc.hub.guard import Guard
from feedsvc.hub.rates import HubRates
from feedsvc.incoming.rates import Counters
from feedsvc.ingest import api as inbox_api
from feedsvc.ingest import views as ingest
from feedsvc.ingest.rates import Rates
from feedsvc.ingest.sources import list_unreadable
from feedsvc.logs import FORMAT, LineHandler
from feedsvc.pages import views as pages
from feedsvc.problems import register_error_handlers
from feedsvc.reference import views as reference
from feedsvc.secrecy import redact_record
from feedsvc.serving.layer import Layer
from feedsvc.serving.sharing import share_documents
from feedsvc.settings import Settings, load_settings
from feedsvc.vault import Vault, open_vault

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What an application was put together from: `app.extensions["feedsvc"]`."""

    settings: Settings
    database: Database
    vault: Vault


def open_database(settings: Settings) -> Database:
    return Database(
        settings.database_url,
        busy_timeout_seconds=settings.busy_timeout_seconds,
        pool_size=settings.pool_size,
        revision_ttl_seconds=settings.revision_ttl,
    )


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application of one process.

    A database that can't be reached yet does not keep it from starting: it answers 503 until
    there is one.

    Raises:
        SchemaError: the database's tables are not those of this code.
        ConfigurationError: a setting is wrong.
    """
    settings = settings or load_settings()
    configure_logging(settings)
    database = open_database(settings)
    try:
        migrations.prepare(database, auto_migrate=settings.auto_migrate)
    except DatabaseUnavailableError as error:
        log.error("the database can't be used yet: %s", error)  # noqa: TRY400 (not a bug)
    vault = _open_vault(settings, database)
    app = Flask("feedsvc", static_folder=None)
    # Werkzeug would redirect `//` to the host that the client named.
    app.url_map.merge_slashes = False
    app.extensions["feedsvc"] = Services(settings, database, vault)
    releases = Releases(database)
    counters = Counters(settings)
    rates = Rates(settings, counters)
    app.register_blueprint(ingest.create_blueprint(database, settings, vault, rates))
    if settings.api_token:
        app.register_blueprint(inbox_api.create_blueprint(database, settings))
    fragments = Fragments(settings.fragment_bytes)
    kiosk = Kiosk(database, settings, releases, fragments, Uses(database))
    app.register_blueprint(feeds.create_blueprint(kiosk))
    app.register_blueprint(directory.create_blueprint(database, settings, releases))
    app.register_blueprint(private_feeds.create_blueprint(kiosk))
    if settings.hub:
        guard = Guard(settings.allowed_networks, settings.allowed_ports)
        door = Door(database, settings, vault, guard, HubRates(settings, counters))
        app.register_blueprint(hub.create_blueprint(door))
    app.register_blueprint(demo.create_blueprint(database, settings))
    app.register_blueprint(reference.create_blueprint(settings))
    pages.register_pages(app, database, settings, releases)
    _register_probes(app, database)
    share_documents(app)
    register_error_handlers(
        app, settings.public_url, settings.retry_after_seconds, pages.tell_people
    )
    find_key, standing = make_finder(settings), releases.standing
    layer = Layer(
        app.wsgi_app,
        find_key,
        standing.look,
        standing.peek,
        settings.cache_bytes,
        is_embedded=database.path is not None,
    )
    app.wsgi_app = layer  # type: ignore[method-assign]  # the way that Flask's manual shows
    return app


def _open_vault(settings: Settings, database: Database) -> Vault:
    """The keys' vault; what can't be opened is said plainly, and feeds are served all the same."""
    try:
        vault = open_vault(settings.secret_key, database.path)
    except SecretKeyError as error:
        log.error("%s Sources can't push; all feeds are served.", error)  # noqa: TRY400
        vault = Vault([])
    try:
        names = list_unreadable(database, vault)
    except DatabaseUnavailableError:
        return vault  # said already; nobody can push without it
    if names:
        log.error(
            "FEEDSVC_SECRET_KEY is not the one that keys of these sources were sealed with: %s. "
            "They can't push; all feeds are served. Set the old secret, or give each a new key: "
            "feedsvc source rotate NAME",
            ", ".join(names),
        )
    return vault


def configure_logging(settings: Settings) -> None:
    """Write feedsvc's log to standard error, unless the process has its own way with logs."""
    logger = logging.getLogger("feedsvc")
    logger.setLevel(settings.log_level)
    if not logger.hasHandlers():
        handler = LineHandler()
        handler.setFormatter(logging.Formatter(FORMAT))
        handler.addFilter(redact_record)
        logger.addHandler(handler)


def _register_probes(app: Flask, database: Database) -> None:
    @app.get("/healthz")
    def is_alive() -> Response:
        return _plain("alive")

    @app.get("/readyz")
    def is_ready() -> Response:
        migrations.read_schema(database).require_current()
        database.read_counter()
        return _plain("ready")


def _plain(text: str) -> Response:
    return Response(text + "\n", mimetype="text/plain", headers={"Cache-Control": "no-store"})
