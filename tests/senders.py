"""The editorial systems of the five dialects: what each says of an article, and its proof.

Written as their documents and captures have it, not with our code.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, count
from typing import Any

from feedsvc.ingest.sources import Registration
from tests.newsroom import JSON, article, event, signed, withdraw

BODY = "<p>Sáng 9/1, cây cầu nối hai bờ sông thông xe.</p>"
URL = "https://news.example/cau"
#: In UTC; an article is published at the first.
TIMES = [f"2023-01-{day:02}T03:00:00" for day in (9, 10, 11, 12)]
WORDPRESS_ID = 4
#: Sections, each with the one that it is below.
Pairs = Sequence[tuple[str, str]]


def digest(key: str, body: bytes, algorithm: str = "sha256") -> str:
    return hmac.new(key.encode(), body, algorithm).hexdigest()


def sign_native(key: str, body: bytes, at: datetime | None = None) -> dict[str, str]:
    return signed(key, body, at=at)


def sign_superdesk(key: str, body: bytes, at: datetime | None = None) -> dict[str, str]:  # noqa: ARG001
    return {"Content-Type": JSON, "x-superdesk-signature": f"sha1={digest(key, body, 'sha1')}"}


def sign_ghost(key: str, body: bytes, at: datetime | None = None) -> dict[str, str]:
    milliseconds = str(int((at or datetime.now(UTC)).timestamp() * 1000))
    signature = digest(key, body + milliseconds.encode())
    return {"Content-Type": JSON, "X-Ghost-Signature": f"sha256={signature}, t={milliseconds}"}


def sign_hub(key: str, body: bytes, at: datetime | None = None) -> dict[str, str]:  # noqa: ARG001
    return {"Content-Type": JSON, "X-Hub-Signature-256": f"sha256={digest(key, body)}"}


def show_token(key: str, body: bytes, at: datetime | None = None) -> dict[str, str]:  # noqa: ARG001
    return {"Content-Type": JSON, "Authorization": f"Bearer {key}"}


def say_native(title: str, at: str, *, public: bool = True) -> dict[str, Any]:
    if not public:
        return withdraw("cau", date_modified=f"{at}Z")
    return event(article("cau", title=title, content_html=BODY, date_modified=f"{at}Z", url=URL))


def say_superdesk(title: str, at: str, *, public: bool = True) -> dict[str, Any]:
    return {
        "guid": "urn:newsml:desk.example:2023:cau",
        "type": "text",
        "version": "1",
        "pubstatus": "usable" if public else "canceled",
        "headline": title,
        "slugline": "cầu mới",
        "byline": "B.H",
        "body_html": BODY,
        "language": "vi",
        "service": [{"code": "a", "name": "Hạ tầng"}],
        "subject": [{"code": "04000000", "name": "giao thông"}],
        "firstpublished": f"{TIMES[0]}+0000",
        "versioncreated": f"{at}+0000",
    }


def say_ghost(title: str, at: str, *, public: bool = True) -> dict[str, Any]:
    current = {
        "id": "64d623b64676110001e897d9",
        "uuid": "8b3a1f8e-2b1a-4c66-9f60-000000000001",
        "title": title,
        "html": BODY,
        "status": "published" if public else "draft",
        "visibility": "public",
        "url": URL,
        "published_at": f"{TIMES[0]}.000Z",
        "updated_at": f"{at}.000Z",
        "authors": [{"name": "B.H", "url": "https://news.example/b-h"}],
        "tags": [{"name": "Hạ tầng", "slug": "ha-tang", "visibility": "public"}],
    }
    return {"post": {"current": current, "previous": {}}}


def say_wordpress(title: str, at: str, *, public: bool = True) -> dict[str, Any]:
    return {
        "id": WORDPRESS_ID,
        "date_gmt": TIMES[0],
        "modified_gmt": at,
        "status": "publish" if public else "trash",
        "type": "post",
        "link": URL,
        "guid": {"rendered": "https://news.example/?p=4"},
        "title": {"rendered": title.replace("&", "&#038;")},
        "content": {"rendered": BODY, "protected": False},
        "excerpt": {"rendered": "<p>Cây cầu nối hai bờ sông.</p>\n", "protected": False},
        "_embedded": {
            "author": [{"id": 1, "name": "B.H", "link": "https://news.example/author/b-h/"}],
            "wp:term": [
                [{"id": 2, "name": "Hạ tầng", "slug": "ha-tang", "taxonomy": "category"}],
                [{"id": 3, "name": "giao thông", "slug": "giao-thong", "taxonomy": "post_tag"}],
            ],
        },
    }


def say_jsonfeed(title: str, at: str, *, public: bool = True) -> dict[str, Any]:
    item = {
        "id": "https://news.example/cau",
        "url": URL,
        "title": title,
        "content_html": BODY,
        "tags": ["giao thông"],
        "date_published": f"{TIMES[0]}Z",
        "date_modified": f"{at}Z",
    }
    if not public:
        item["_feedsvc"] = {"withdrawn": True}
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Báo tỉnh",
        "language": "vi",
        "authors": [{"name": "B.H"}],
        "items": [item],
    }


def below_by_parent(pairs: Pairs) -> Any:
    """What files an article in sections, each below another: by the section itself."""
    return [{"slug": section, "parent": {"slug": parent}} for section, parent in pairs]


def below_by_number(pairs: Pairs) -> Any:
    """The same, where a section names its parent's number, and both are filed in."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(chain(*pairs)), 1)}
    parents = dict(pairs)
    return [
        [
            {
                "id": number,
                "name": name,
                "slug": name,
                "taxonomy": "category",
                "parent": numbers.get(parents.get(name), 0),
            }
            for name, number in numbers.items()
        ]
    ]


@dataclass(frozen=True)
class System:
    """An editorial system. Pointers begin at what it says of one article."""

    dialect: str
    #: A message about an article: `say(title, time in UTC, public=…)`.
    say: Callable[..., Any]
    sign: Callable[..., dict[str, str]]
    #: What gives the article its identity; a number, or text.
    ids: tuple[str, ...]
    title: str
    content: str
    published: str
    modified: str
    #: Where the article is in a message that is about it alone.
    item: str = ""
    scheme: str | None = None
    #: Whether what is signed has a time.
    is_dated: bool = False
    #: Whether the body is signed.
    is_bound: bool = True
    #: One message of many, and where the nth article is in it; None: there are none.
    batch: Callable[[list[Any]], Any] | None = None
    nth: str = ""
    #: Where sections are, and how they are said to be below others; None: they can't be.
    sections: str = ""
    below: Callable[[Pairs], Any] | None = None

    @property
    def registration(self) -> Registration:
        template = "https://news.example/{slug}-{id}"
        return Registration(
            self.dialect, self.scheme, timezone="Asia/Ho_Chi_Minh", url_template=template
        )

    def say_anew(self, title: str, at: str = TIMES[0]) -> Any:
        """A message about an article that was never seen."""
        message, number = self.say(title, at), next(_NUMBERS)
        for place in self.ids:
            known = value_at(message, self.item + place)
            put(
                message, self.item + place, number if known == WORDPRESS_ID else f"{known}-{number}"
            )
        return message


_NUMBERS = count(1_000)


def put(message: Any, pointer: str, value: Any) -> None:
    """Write a value where a JSON pointer (RFC 6901) says."""
    *steps, last = _steps(pointer)
    for step in steps:
        message = message[step]
    message[last] = value


def value_at(message: Any, pointer: str) -> Any:
    for step in _steps(pointer):
        message = message[step]
    return message


def _steps(pointer: str) -> list[Any]:
    return [int(step) if step.isdigit() else step for step in pointer.split("/")[1:]]


NATIVE = System(
    "native",
    say_native,
    sign_native,
    ids=("/data/id",),
    title="/data/title",
    content="/data/content_html",
    published="/data/date_published",
    modified="/data/date_modified",
    is_dated=True,
    batch=lambda messages: {"events": messages},
    nth="/events/{}",
    sections="/data/categories",
    below=below_by_parent,
)
SUPERDESK = System(
    "superdesk",
    say_superdesk,
    sign_superdesk,
    ids=("/guid",),
    title="/headline",
    content="/body_html",
    published="/firstpublished",
    modified="/versioncreated",
    batch=list,
    nth="/{}",
)
GHOST = System(
    "ghost",
    say_ghost,
    sign_ghost,
    ids=("/post/current/id",),
    title="/post/current/title",
    content="/post/current/html",
    published="/post/current/published_at",
    modified="/post/current/updated_at",
    is_dated=True,
)
WORDPRESS = System(
    "wordpress",
    say_wordpress,
    show_token,
    ids=("/id", "/guid/rendered"),
    title="/title/rendered",
    content="/content/rendered",
    published="/date_gmt",
    modified="/modified_gmt",
    is_bound=False,
    batch=list,
    nth="/{}",
    sections="/_embedded/wp:term",
    below=below_by_number,
)
JSONFEED = System(
    "jsonfeed",
    say_jsonfeed,
    show_token,
    ids=("/id",),
    title="/title",
    content="/content_html",
    published="/date_published",
    modified="/date_modified",
    item="/items/0",
    is_bound=False,
    batch=lambda feeds: feeds[0] | {"items": [feed["items"][0] for feed in feeds]},
    nth="/items/{}",
    sections="/categories",
    below=below_by_parent,
)
#: The same, of which the body is signed.
HUB = replace(JSONFEED, scheme="hub-signature", sign=sign_hub, is_bound=True)
SYSTEMS = [NATIVE, SUPERDESK, GHOST, WORDPRESS, JSONFEED]
