"""Messages to learn from, each with its answer. The tests send them, in this order. Pure."""

import base64
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from feedsvc import kinds
from feedsvc.ingest.reading import JSON, NDJSON
from feedsvc.ingest.signatures import KEY_PREFIX, make_digest
from feedsvc.problems import PROBLEM, problem_body

#: The source that they are from.
SOURCE = "desk"
#: Sends a message, with nothing but Python's own library.
SENDER = """\
import base64, hmac, time, urllib.request, uuid

KEY = "whsec_…"
URL = "https://feeds.example/ingest/desk"

body = open("event.json", "rb").read()
message_id, now = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
secret = base64.b64decode(KEY.removeprefix("whsec_"))
signed = b".".join([message_id.encode(), now.encode(), body])
signature = base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()

request = urllib.request.Request(URL, body, {
    "Content-Type": "application/json",
    "webhook-id": message_id,
    "webhook-timestamp": now,
    "webhook-signature": f"v1,{signature}",
})
print(urllib.request.urlopen(request).read().decode())
"""


@dataclass(frozen=True, slots=True)
class Example:
    """A message, and what it is answered on a new server that has had those before it."""

    name: str
    summary: str
    media_type: str
    body: str
    status: HTTPStatus
    answer_media_type: str
    answer: str
    query: str = ""


@dataclass(frozen=True, slots=True)
class SignedExample:
    """A signature to compare one's own with."""

    key: str
    message_id: str
    timestamp: str
    body: str
    signature: str


def list_examples(public_url: str) -> list[Example]:
    return [
        _publish(),
        _batch(),
        _rehearse(),
        _refused(public_url),
        _lines(),
    ]


def sign_example() -> SignedExample:
    """A body that is short enough to type, signed with a key that is no secret."""
    secret = bytes(range(32))
    message_id, timestamp = "msg_1", "1673258700"
    body = '{"type":"article.withdrawn","data":{"id":"20230109-001"}}'
    digest = make_digest(secret, "sha256", f"{message_id}.{timestamp}.{body}".encode())
    return SignedExample(
        KEY_PREFIX + base64.b64encode(secret).decode(),
        message_id,
        timestamp,
        body,
        "v1," + base64.b64encode(digest).decode(),
    )


def _publish() -> Example:
    article = {
        "id": "20230109-001",
        "url": "https://news.example/2023/01/09/cau-moi",
        "title": "Cầu mới <b>thông xe</b>",
        "summary": "Cây cầu nối hai bờ sông.",
        "content_html": "<p>Sáng 9/1, cây cầu nối hai bờ sông đã thông xe.</p>",
        "language": "vi",
        "authors": [{"name": "T.H"}],
        "tags": ["giao thông"],
        "categories": [
            {
                "slug": "ha-tang",
                "name": "Hạ tầng",
                "parent": {"slug": "kinh-te", "name": "Kinh tế"},
            }
        ],
        "image": "https://news.example/cau.jpg",
        "image_details": {"caption": "Cầu trong ngày thông xe", "credit": "Minh Tuấn"},
        "attachments": [
            {
                "url": "https://news.example/cau.mp3",
                "mime_type": "audio/mpeg",
                "size_in_bytes": 123456,
                "duration_in_seconds": 61,
            }
        ],
        "related": [{"url": "https://news.example/pha", "title": "Chuyến phà cuối"}],
        "location": {"latitude": 16.4637, "longitude": 107.5909, "name": "Huế"},
        "date_published": "2023-01-09T16:30:00+07:00",
    }
    notes = [{"pointer": "/data/title", "message": "markup was taken as markup, and removed"}]
    result = _result("created", ["all", "ha-tang", "kinh-te"], warnings=notes)
    return _answered("publish", "Publish an article", _saves(article), [result])


def _batch() -> Example:
    events = [_saves(_small(title="Cầu mới đã thông xe")), _withdraws("20230109-002")]
    results = [
        _result("updated", ["all", "ha-tang", "kinh-te"]),
        _result("withdrawn", [], id_="20230109-002"),
    ]
    return _answered("batch", "Edit one article and withdraw another", {"events": events}, results)


def _rehearse() -> Example:
    article = _small(id="20230109-003", categories=["Thể thao"])
    result = _result("created", ["all", "the-thao"], id_="20230109-003")
    return _answered(
        "dry-run", "See what would become of it", _saves(article), [result], query="?dry-run=1"
    )


def _refused(public_url: str) -> Example:
    faults = [{"pointer": "/data/url", "message": "is missing"}]
    article = {name: value for name, value in _small().items() if name != "url"}
    problem = problem_body(
        kinds.REFUSED, public_url, "The event was refused.", errors=faults
    ) | _message("refused", [_result("rejected", [], errors=faults)])
    return Example(
        "refused",
        "Learn what is wrong",
        JSON,
        _dumped(_saves(article)),
        kinds.REFUSED.status,
        PROBLEM,
        _dumped(problem),
    )


def _lines() -> Example:
    events = [_saves(_small(id="a-1")), _withdraws("20230109-001")]
    results = [
        {"line": 1, **_result("created", ["all", "ha-tang", "kinh-te"], id_="a-1")},
        {"line": 2, **_result("withdrawn", [])},
    ]
    counts = {"created": 1, "withdrawn": 1}
    summary = {"message_id": "msg_lines", "events": 2, "counts": counts}
    return Example(
        "lines",
        "Send an archive, a line for each event",
        NDJSON,
        "".join(map(_line, events)),
        HTTPStatus.OK,
        NDJSON,
        "".join(map(_line, [*results, summary])),
    )


def _small(**fields: Any) -> dict[str, Any]:
    return {
        "id": "20230109-001",
        "url": "https://news.example/2023/01/09/cau-moi",
        "title": "Cầu mới thông xe",
        "categories": ["ha-tang"],
        "date_published": "2023-01-09T16:30:00+07:00",
    } | fields


def _saves(article: dict[str, Any]) -> dict[str, Any]:
    return {"type": "article.published", "data": article}


def _withdraws(article_id: str) -> dict[str, Any]:
    return {"type": "article.withdrawn", "data": {"id": article_id}}


def _result(
    status: str, feeds: list[str], id_: str = "20230109-001", **notes: list[dict[str, str]]
) -> dict[str, Any]:
    said = {"id": id_, "status": status, "feeds": feeds}
    return said | {name: notes.get(name, []) for name in ("warnings", "errors")}


def _message(name: str, results: list[dict[str, Any]]) -> dict[str, Any]:
    return {"message_id": f"msg_{name}", "events": results}


def _answered(
    name: str, summary: str, message: Any, results: list[dict[str, Any]], query: str = ""
) -> Example:
    return Example(
        name,
        summary,
        JSON,
        _dumped(message),
        HTTPStatus.OK,
        JSON,
        _dumped(_message(name, results)),
        query,
    )


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
