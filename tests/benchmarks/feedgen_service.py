"""A feed as it is written plainly: a Flask view that asks the product's tables and uses feedgen."""

import os

from feedgen.feed import FeedGenerator
from flask import Flask, Response

from feedsvc.db import Database
from feedsvc.models import Article, State
from tests.benchmarks.newspaper import ENTRIES

FEEDGEN = "tests.benchmarks.feedgen_service:create_app()"


def create_app() -> Flask:
    """Its database is FEEDSVC_DATABASE_URL, as the product's is."""
    app, database = Flask("plain"), Database(os.environ["FEEDSVC_DATABASE_URL"])

    @app.get("/feeds/all.rss")
    def newest() -> Response:
        with database.read():
            articles = list(
                Article.select()
                .where(Article.state == State.LIVE)
                .order_by(Article.visible_at.desc(), Article.id.desc())
                .limit(ENTRIES)
            )
        return Response(_render(articles), mimetype="application/rss+xml")

    @app.get("/readyz")
    def readyz() -> str:
        return "ready\n"

    return app


def _render(articles: list[Article]) -> bytes:
    feed = FeedGenerator()
    feed.title("News")
    feed.description("The newest articles.")
    feed.link(href="https://feeds.example/")
    for article in articles:
        entry = feed.add_entry(order="append")
        entry.guid(article.guid)
        entry.title(article.title)
        entry.link(href=article.url)
        entry.description(article.summary)
        entry.content(article.content_html, type="CDATA")
        entry.published(article.published_at)
        entry.updated(article.modified_at)
        for author in article.authors:
            entry.author(name=author["name"], email="desk@news.example")
        for category in (*article.categories, *article.tags):
            entry.category(term=category if isinstance(category, str) else category["name"])
    rendered: bytes = feed.rss_str()
    return rendered
