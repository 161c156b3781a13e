"""GET /feeds.opml, /feeds.json, /news-sitemap.xml and /robots.txt: where everything is found."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from feedsvc.articles.release import Releases
from feedsvc.articles.store import EVERYTHING
from feedsvc.db import Database
from feedsvc.feeds.catalog import Feed, get_feed, list_feeds
from feedsvc.feeds.directory import listing, opml, sitemap
from feedsvc.feeds.documents import first
from feedsvc.feeds.headlines import list_headlines
from feedsvc.serving.representation import Representation, answer
from feedsvc.settings import Settings


def create_blueprint(database: Database, settings: Settings, releases: Releases) -> Blueprint:
    blueprint = Blueprint("directory", __name__)

    @blueprint.get("/feeds.opml")
    def show_opml() -> Response:
        everything, listed = _read_list()
        body = opml.render_opml(listed, everything.created_at)
        return _answer(body, opml.MEDIA_TYPE, everything.changed_at)

    @blueprint.get("/feeds.json")
    def show_list() -> Response:
        everything, listed = _read_list()
        body = listing.render_list(listed)
        return _answer(body, listing.MEDIA_TYPE, everything.changed_at)

    @blueprint.get("/news-sitemap.xml")
    def show_news_sitemap() -> Response:
        next_release_at = releases.carry_out()
        with database.read():
            everything = get_feed(database, EVERYTHING)
            headlines = list_headlines(sitemap.MOST)
        news = sitemap.take_news(headlines, datetime.now(UTC))
        body = sitemap.render_sitemap(news, settings.title, settings.language)
        fell_out_at = sitemap.find_last_change(headlines, news) or everything.changed_at
        return _answer(
            body,
            sitemap.MEDIA_TYPE,
            max(everything.changed_at, fell_out_at),
            first(next_release_at, sitemap.find_next_change(news)),
        )

    @blueprint.get("/robots.txt")
    def show_robots() -> Response:
        private = f"{urlsplit(settings.public_url).path}/private/"
        address = f"{settings.public_url}/news-sitemap.xml"
        text = f"User-agent: *\nDisallow: {private}\n\nSitemap: {address}\n"
        return _answer(text.encode(), "text/plain", None)

    def _read_list() -> tuple[Feed, listing.FeedList]:
        with database.read():
            feeds = list_feeds(database)
        return feeds[0], listing.build_list(feeds, settings)

    def _answer(
        body: bytes,
        media_type: str,
        changed_at: datetime | None,
        next_change_at: datetime | None = None,
    ) -> Response:
        age, stale = settings.max_age_seconds, settings.stale_seconds
        made = Representation(body, media_type, changed_at, age, stale, next_change_at)
        return answer(made, request, datetime.now(UTC))

    return blueprint
