"""GET /: what people look at."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request

from feedsvc.articles.release import Releases
from feedsvc.db import Database
from feedsvc.feeds.catalog import list_feeds
from feedsvc.feeds.views import feed_title, feed_url, max_age
from feedsvc.rendering.document import FORMATS
from feedsvc.serving.representation import Representation, answer
from feedsvc.settings import Settings


def create_blueprint(database: Database, settings: Settings, releases: Releases) -> Blueprint:
    zone = ZoneInfo(settings.timezone)
    blueprint = Blueprint("pages", __name__, template_folder="templates")

    @blueprint.get("/")
    def show_feeds() -> Response:
        next_release_at = releases.carry_out()
        with database.read():
            feeds = list_feeds(database)
        page = render_template(
            "feeds.html",
            settings=settings,
            feeds=[
                (
                    feed_title(feed, settings),
                    feed_url(feed, settings),
                    feed.changed_at.astimezone(zone),
                )
                for feed in feeds
            ],
            formats=list(FORMATS.values()),
        )
        now = datetime.now(UTC)
        representation = Representation(
            page.encode(),
            "text/html",
            feeds[0].changed_at,  # `all`: a change anywhere
            max_age_seconds=max_age(settings, next_release_at, now),
            stale_seconds=settings.stale_seconds,
        )
        return answer(representation, request, now)

    return blueprint
