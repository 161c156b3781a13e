"""What an event is on the wire: an envelope around a JSON Feed 1.1 item with categories.

Only types are judged here, strictly; what the values hold is `drafting`'s to clean. Null says the
same as leaving a field out.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_LARGEST_INTEGER = 2**53  # beyond it JSON's readers disagree (RFC 8259, section 6)


#: A list is judged up to its first wrong item: a million of them are one fault, not a million.
_MANY: Any = Field(None, fail_fast=True)


class Wire(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class WireAuthor(Wire):
    name: str | None = None
    url: str | None = None


class WireAttachment(Wire):
    url: str
    mime_type: str
    title: str | None = None
    size_in_bytes: int | None = Field(None, ge=0, le=_LARGEST_INTEGER)
    duration_in_seconds: float | None = Field(None, ge=0, le=_LARGEST_INTEGER)


def _from_bare_name(value: Any) -> Any:
    if isinstance(value, str):
        return {"bare": value}
    if isinstance(value, dict):  # the field is ours, not the wire's
        return {name: said for name, said in value.items() if name != "bare"}
    return value


class WireCategory(Wire):
    bare: str | None = Field(None, exclude=True)
    slug: str | None = None
    name: str | None = None
    parent: "CategoryOrName | None" = None


CategoryOrName = Annotated[WireCategory, BeforeValidator(_from_bare_name)]


class WireItem(Wire):
    id: str
    guid: str | None = None
    alias: str | None = None
    url: str
    has_made_url: bool | None = None
    title: str
    summary: str | None = None
    content_html: str | None = None
    content_text: str | None = None
    language: str | None = None
    authors: list[WireAuthor] | None = _MANY
    tags: list[str] | None = _MANY
    categories: list[CategoryOrName] | None = _MANY
    image: str | None = None
    attachments: list[WireAttachment] | None = _MANY
    date_published: str
    date_modified: str | None = None
    minor: bool | None = None
    correction: str | None = None
    embargo_until: str | None = None
    expires_at: str | None = None
    content_policy: Literal["full", "summary", "headline"] | None = None


class WireTombstone(Wire):
    id: str
    guid: str | None = None
    alias: str | None = None
    date_modified: str | None = None


class Envelope(Wire):
    type: str
    timestamp: str | None = None


class SaveEvent(Envelope):
    type: Literal["article.published", "article.updated"]
    data: WireItem


class WithdrawEvent(Envelope):
    type: Literal["article.withdrawn"]
    data: WireTombstone
