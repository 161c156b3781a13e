"""GET /demo/<id>: where the headlines of the sample news lead, and what they show."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from flask import Blueprint, Response, render_template, request, send_from_directory

from feedsvc.articles.lookup import get_article
from feedsvc.db import Database
from feedsvc.demo.fill import SOURCE
from feedsvc.demo.news import MEDIA, PATH
from feedsvc.pages.views import as_page
from feedsvc.serving.representation import Representation, answer
from feedsvc.settings import Settings


def create_blueprint(database: Database, settings: Settings) -> Blueprint:
    blueprint = Blueprint("demo", __name__, url_prefix=f"/{PATH}", template_folder="templates")

    @blueprint.get("/<article_id>")
    def show_article(article_id: str) -> Response:
        with database.read():
            article = get_article(SOURCE, article_id)
            counter = database.read_counter()
        representation = Representation(
            render_template("article.html", article=article).encode(),
            "text/html",
            counter.changed_at,
            age_seconds=settings.max_age_seconds,
            stale_seconds=settings.stale_seconds,
        )
        address = urlsplit(article.url)  # pictures stand beside the article
        origin = f"{address.scheme}://{address.netloc}"
        return as_page(answer(representation, request, datetime.now(UTC)), media_from=origin)

    @blueprint.get("/media/<name>")
    def send_media(name: str) -> Response:
        return send_from_directory(MEDIA, name, max_age=settings.max_age_seconds)

    return blueprint
