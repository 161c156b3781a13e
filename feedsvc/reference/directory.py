"""The description of the directory: the list of feeds, and what search engines are told. Pure."""

from typing import Any

from feedsvc.feeds.directory import listing, opml, sitemap
from feedsvc.reference.answers import CONDITIONS, header, problems, unavailable
from feedsvc.reference.schemas import ref
from feedsvc.settings import Settings

_TEXT: dict[str, Any] = {"type": "string"}
_VALIDATORS = ("ETag", "Last-Modified", "Cache-Control")


def paths(settings: Settings) -> dict[str, Any]:
    public_url = settings.public_url
    return {
        "/feeds.json": _read(
            public_url,
            "listFeeds",
            "List the feeds",
            "The feed of everything and one for each section, with their addresses, and what may "
            "be asked of them. Scripts of any site may read it, and every feed in JSON, errors "
            "too.",
            _body("The list.", listing.MEDIA_TYPE, ref("FeedList")),
        ),
        "/feeds.opml": _read(
            public_url,
            "exportFeeds",
            "List the feeds for feed readers",
            "OPML 2.0, which feed readers import: the sections in their tree. Scripts of any site "
            "may read it.",
            _body("The list.", opml.MEDIA_TYPE, _TEXT),
        ),
        "/news-sitemap.xml": _read(
            public_url,
            "listNews",
            "List the news for search engines",
            "A sitemap with Google's news extension: the articles of the last two days, the newest "
            "first.",
            _body("The sitemap.", sitemap.MEDIA_TYPE, _TEXT),
        ),
        "/robots.txt": {
            "get": {
                "operationId": "tellRobots",
                "tags": ["reading"],
                "summary": "What search engines may read",
                "parameters": CONDITIONS[:1],
                "responses": _body("The rules, and where the sitemap is.", "text/plain", _TEXT)
                | _unchanged()
                | problems(public_url),
            }
        },
    }


def _read(
    public_url: str, name: str, summary: str, description: str, answered: dict[str, Any]
) -> dict[str, Any]:
    answered["200"]["headers"] = header(*_VALIDATORS)
    return {
        "get": {
            "operationId": name,
            "tags": ["reading"],
            "summary": summary,
            "description": description,
            "parameters": CONDITIONS,
            "responses": answered | _unchanged() | problems(public_url, *unavailable()),
        }
    }


def _body(said: str, media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "200": {
            "description": said,
            "headers": header("ETag", "Cache-Control"),
            "content": {media_type: {"schema": schema}},
        }
    }


def _unchanged() -> dict[str, Any]:
    return {
        "304": {
            "description": "What is there already still stands.",
            "headers": header("ETag", "Cache-Control"),
        }
    }
