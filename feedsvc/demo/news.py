"""The sample news as webhook events. Pure: the file `news.toml` and a moment in, events out."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MEDIA = HERE / "media"
#: Under the public address: where the sample articles and their pictures can be seen.
PATH = "demo"

_MEDIA_TYPES = {".mp3": "audio/mpeg"}
#: What `news.toml` says as the wire does.
_SAME = ("source", "location")


def read_news() -> dict[str, Any]:
    """`news.toml`: `categories`, parents first, and `articles`, in any order."""
    return tomllib.loads((HERE / "news.toml").read_text(encoding="utf-8"))


def list_ids(news: Mapping[str, Any]) -> list[str]:
    return [article["id"] for article in news["articles"]]


def make_events(
    news: Mapping[str, Any], public_url: str, moment: datetime
) -> Sequence[dict[str, Any]]:
    """All that happened until `moment`, earliest first: publications, corrections, withdrawals.

    The same address and moment make the same events.
    """
    filings = _filings(news["categories"])
    titles = {article["id"]: article["title"] for article in news["articles"]}
    events = [
        event
        for article in news["articles"]
        for event in _story(article, filings, titles, f"{public_url}/{PATH}", moment)
    ]
    return sorted(events, key=lambda event: (event["timestamp"], event["data"]["id"]))


def _story(
    article: Mapping[str, Any],
    filings: Mapping[str, Any],
    titles: Mapping[str, str],
    base_url: str,
    moment: datetime,
) -> Iterator[dict[str, Any]]:
    """What happens to one article."""
    published = _ago(moment, article["minutes_ago"])
    data = _item(article, filings, base_url) | {"date_published": published}
    if related := article.get("related"):
        data["related"] = [{"url": f"{base_url}/{id_}", "title": titles[id_]} for id_ in related]
    yield _event("published", published, data | {"date_modified": published})
    if correction := article.get("correction"):
        corrected = _ago(moment, correction["minutes_ago"])
        data |= _texts(correction) | {"date_modified": corrected}
        yield _event("updated", corrected, data)
    if (minutes := article.get("withdrawn_minutes_ago")) is not None:
        withdrawn = _ago(moment, minutes)
        yield _event("withdrawn", withdrawn, {"id": article["id"], "date_modified": withdrawn})


def _item(article: Mapping[str, Any], filings: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    item = {
        "id": article["id"],
        "url": f"{base_url}/{article['id']}",
        "language": article["language"],
        "categories": [filings[slug] for slug in article["categories"]],
        **_texts(article),
    }
    if image := article.get("image"):
        item["image"] = f"{base_url}/media/{image}"
        item["image_details"] = article.get("image_details", {}) | _pixels(MEDIA / image)
    if audio := article.get("audio"):
        file = MEDIA / audio["file"]
        item["attachments"] = [
            {
                "url": f"{base_url}/media/{file.name}",
                "mime_type": _MEDIA_TYPES[file.suffix],
                "title": audio["title"],
                "size_in_bytes": file.stat().st_size,
                "duration_in_seconds": audio["seconds"],
                **audio["details"],
            }
        ]
    return item | {name: article[name] for name in _SAME if name in article}


def _pixels(picture: Path) -> dict[str, int]:
    """The size of a PNG, which stands at its beginning (PNG, section 11.2.1)."""
    header = picture.read_bytes()[16:24]
    return {"width": int.from_bytes(header[:4]), "height": int.from_bytes(header[4:])}


def _texts(said: Mapping[str, Any]) -> dict[str, Any]:
    """What a correction may say anew."""
    texts = {name: said[name] for name in ("title", "summary", "tags") if name in said}
    if "body" in said:
        texts["content_html"] = said["body"].strip()
    if "authors" in said:
        texts["authors"] = [{"name": name} for name in said["authors"]]
    return texts


def _filings(categories: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Each category as the wire has it, inside those above it."""
    filings: dict[str, Any] = {}
    for category in categories:
        filing: dict[str, Any] = {"slug": category["slug"], "name": category["name"]}
        if parent := category.get("parent"):
            filing["parent"] = filings[parent]
        filings[category["slug"]] = filing
    return filings


def _event(kind: str, timestamp: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": f"article.{kind}", "timestamp": timestamp, "data": dict(data)}


def _ago(moment: datetime, minutes: int) -> str:
    return (moment - timedelta(minutes=minutes)).isoformat()
