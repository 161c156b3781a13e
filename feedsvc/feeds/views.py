"""GET /feeds/<name>.<format>"""

from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Blueprint, Response, request

from feedsvc.articles.article import Article
from feedsvc.articles.release import Releases
from feedsvc.db import Database
from feedsvc.errors import FeedNotFoundError
from feedsvc.feeds.catalog import Feed, get_feed
from feedsvc.feeds.selection import Selection, canonical_query, list_articles, parse_selection
from feedsvc.rendering.document import FORMATS, Channel, render_document
from feedsvc.serving.representation import Representation, answer
from feedsvc.settings import Settings


def create_blueprint(database: Database, settings: Settings, releases: Releases) -> Blueprint:
    blueprint = Blueprint("feeds", __name__)

    @blueprint.get("/feeds/<document>")
    def show_feed(document: str) -> Response:
        name, _, suffix = document.rpartition(".")
        format_ = FORMATS.get(suffix)
        if format_ is None:
            raise FeedNotFoundError(document)
        selection = parse_selection(list(request.args.items(multi=True)), settings)
        next_release_at = releases.carry_out()
        with database.read():
            feed = get_feed(database, name)
            articles = list_articles(feed, selection)
        channel = describe(feed, selection, articles, settings)
        now = datetime.now(UTC)
        representation = Representation(
            render_document(format_, channel, articles),
            format_.media_type,
            feed.changed_at,
            max_age_seconds=max_age(settings, next_release_at, now),
            stale_seconds=settings.stale_seconds,
        )
        return answer(representation, request, now)

    return blueprint


def feed_url(name: str, settings: Settings) -> str:
    """A feed's address without its suffix."""
    return f"{settings.public_url}/feeds/{name}"


def feed_title(feed: Feed, settings: Settings) -> str:
    return f"{feed.title} – {settings.title}" if feed.title else settings.title


def describe(
    feed: Feed, selection: Selection, articles: Sequence[Article], settings: Settings
) -> Channel:
    """What the feed says of itself. Nothing of it depends on this moment or machine."""
    title = feed_title(feed, settings)
    return Channel(
        title=title,
        description=settings.description if not feed.title and settings.description else title,
        language=settings.language,
        base_url=feed_url(feed.name, settings),
        query=canonical_query(selection, settings),
        home_url=settings.site_url,
        author=settings.title,
        updated_at=max((article.modified_at for article in articles), default=feed.created_at),
        ttl_minutes=max(1, settings.max_age_seconds // 60),
    )


def max_age(settings: Settings, next_release_at: datetime | None, now: datetime) -> int:
    """How many seconds an answer may be kept: not past when the next article appears."""
    if next_release_at is None:
        return settings.max_age_seconds
    return max(0, min(settings.max_age_seconds, int((next_release_at - now).total_seconds())))
