"""An editorial system, for the tests: it signs with the published library, not with our code."""

import base64
import hmac
import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from feedsvc.vault import Vault

JSON = "application/json"
#: What the keys of the tests' sources are sealed with.
SECRET_KEY = "the-secret-of-the-tests"
VAULT = Vault([SECRET_KEY])


def article(article_id: str = "a-1", **fields: Any) -> dict[str, Any]:
    """The `data` of an event: a small article, with `fields` over it; None leaves one out."""
    data = {
        "id": article_id,
        "url": f"https://news.example/{article_id}",
        "title": "Đảng ủy Khối triển khai nhiệm vụ năm 2023",
        "content_html": "<p>Ngày 9/1, Đảng ủy Khối tổ chức hội nghị.</p>",
        "language": "vi",
        "authors": [{"name": "B.H"}],
        "tags": ["hội nghị"],
        "categories": [
            {
                "slug": "xay-dung-dang",
                "name": "Xây dựng Đảng",
                "parent": {"slug": "tin-tuc", "name": "Tin tức"},
            }
        ],
        "date_published": "2023-01-09T16:30:00+07:00",
    } | fields
    return {name: value for name, value in data.items() if value is not None}


def event(data: dict[str, Any], kind: str = "article.published", **more: Any) -> dict[str, Any]:
    return {"type": kind, "data": data} | more


def publish(article_id: str = "a-1", **fields: Any) -> dict[str, Any]:
    return event(article(article_id, **fields))


def withdraw(article_id: str = "a-1", **fields: Any) -> dict[str, Any]:
    return event({"id": article_id} | fields, "article.withdrawn")


def signed(
    key: str, body: bytes, message_id: str | None = None, at: datetime | None = None
) -> dict[str, str]:
    """The headers of a signed message."""
    message_id = message_id or f"msg_{uuid.uuid4().hex}"
    at = at or datetime.now(UTC)
    return {
        "Content-Type": JSON,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(key).sign(message_id, at, body.decode()),
    }


def signed_raw(key: str, body: bytes) -> dict[str, str]:
    """As `signed`, for a body that the library could not decode: the scheme written out."""
    message_id, timestamp = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    secret = base64.b64decode(key.removeprefix("whsec_"))
    digest = hmac.digest(secret, f"{message_id}.{timestamp}.".encode() + body, "sha256")
    return {
        "Content-Type": JSON,
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def dumped(message: Any) -> bytes:
    """A message's bytes: bytes as they are, a list as a batch, anything else as JSON."""
    if isinstance(message, bytes):
        return message
    if isinstance(message, list):
        message = {"events": message}
    return json.dumps(message, ensure_ascii=False).encode()


class Newsroom:
    """Pushes through a Flask test client, as the source `desk`."""

    def __init__(self, client: Any, key: str) -> None:
        self.client = client
        self.key = key

    def send(self, message: Any, message_id: str | None = None, **options: Any) -> Any:
        """Push a message; gives the response. `headers` are laid over the signed ones."""
        body = dumped(message)
        headers = signed(self.key, body, message_id, options.get("at"))
        headers |= options.get("headers", {})
        return self.client.post("/ingest/desk", data=body, headers=headers)

    def send_raw(self, body: bytes) -> Any:
        """Push bytes that may not even be text."""
        return self.client.post("/ingest/desk", data=body, headers=signed_raw(self.key, body))

    def push(self, message: Any, **options: Any) -> dict[str, Any]:
        """Push one event that is expected to be taken; gives its result."""
        response = self.send(message, **options)
        assert response.status_code == 200, response.text
        return response.json["events"][0]
