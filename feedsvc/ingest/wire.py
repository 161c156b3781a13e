"""What an event is on the wire: an envelope around a JSON Feed 1.1 item with categories.

Only types are judged here, strictly; what the values hold is `drafting`'s to clean. Null says the
same as leaving a field out.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

_LARGEST_INTEGER = 2**53  # beyond it JSON's readers disagree (RFC 8259, section 6)

#: Names, in a field's schema, the setting that limits its length. `drafting` judges it.
LIMIT = "x-limit"


def _limited(setting: str) -> Any:
    return Field(json_schema_extra={LIMIT: setting})


def _optional(meaning: str) -> Any:
    return Field(None, description=meaning)


def _number(meaning: str, lowest: int) -> Any:
    return Field(None, ge=lowest, le=_LARGEST_INTEGER, description=meaning)


def _many(meaning: str) -> Any:
    """A list is judged up to its first wrong item: a million of them are one fault."""
    return Field(None, description=meaning, fail_fast=True)


Id = Annotated[str, _limited("max_id_chars")]
Url = Annotated[str, _limited("max_url_chars")]
Line = Annotated[str, _limited("max_title_chars")]
Prose = Annotated[str, _limited("max_summary_chars")]
Content = Annotated[str, _limited("max_content_chars")]
_FEW = _limited("max_list_items")


class Wire(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class WireAuthor(Wire):
    name: Line | None = _optional("As bylines write it. An author without a name is left out.")
    url: Url | None = _optional("A page about the author.")
    avatar: Url | None = _optional("A picture of the author.")


class WireTranscript(Wire):
    """What is said in a recording."""

    url: Url = Field(description="Where the transcript is.")
    mime_type: str = Field(description="Its media type: `text/vtt`, `text/html` and so on.")
    language: str | None = _optional("Its language, if it is not that of the recording (BCP 47).")


class WirePerson(Wire):
    """Who is heard or seen in a recording, or made it."""

    name: Line = Field(description="What the person is called.")
    role: Line | None = _optional(
        "What the person does, in English, such as `host`, `guest` or `producer` (the roles of "
        "Podcasting 2.0). Without one, podcast players take a host."
    )
    url: Url | None = _optional("A page about the person.")
    image: Url | None = _optional("A picture of the person.")


class WireAttachment(Wire):
    url: Url = Field(description="Where the file is.")
    mime_type: str = Field(description="Its media type, such as `audio/mpeg`.")
    title: Line | None = _optional("What it is called.")
    size_in_bytes: int | None = Field(
        None, ge=0, le=_LARGEST_INTEGER, description="How large the file is."
    )
    duration_in_seconds: float | None = Field(
        None, ge=0, le=_LARGEST_INTEGER, description="How long it plays."
    )
    width: int | None = _number("How wide it is, in pixels.", lowest=0)
    height: int | None = _number("How high it is, in pixels.", lowest=0)
    caption: Prose | None = _optional("A few sentences about it, as plain text.")
    credit: Line | None = _optional("Who made it, or holds the rights.")
    thumbnail: Url | None = _optional("A picture that stands for it.")
    season: int | None = _number("The season that the episode of a podcast is in.", lowest=1)
    episode: int | None = _number("Its number in the podcast, or in its season.", lowest=1)
    episode_type: Literal["full", "trailer", "bonus"] | None = _optional(
        "What kind of episode it is. `full` is what podcast players take one for."
    )
    explicit: bool | None = _optional("Whether it is not fit for children.")
    chapters: Url | None = _optional(
        "Where its chapters are, in the JSON that Podcasting 2.0 asks for."
    )
    transcripts: Annotated[list[WireTranscript], _FEW] | None = _many(
        "What is said in it, as files."
    )
    persons: Annotated[list[WirePerson], _FEW] | None = _many("Who is heard or seen in it.")


class WireImageDetails(Wire):
    """What is said of the article's picture."""

    width: int | None = _number("How wide it is, in pixels.", lowest=0)
    height: int | None = _number("How high it is, in pixels.", lowest=0)
    caption: Prose | None = _optional("A few sentences about it, as plain text.")
    credit: Line | None = _optional("Who made it, or holds the rights.")
    alt: Prose | None = _optional("What is to be seen, for those who can't see it.")


class WireRelated(Wire):
    """Another page on the subject."""

    url: Url = Field(description="Where the page is.")
    title: Line | None = _optional("What it is called.")


class WireSource(Wire):
    """Who an article was taken over from, such as a news agency."""

    name: Line = Field(description="What the source is called.")
    url: Url | None = _optional("Its home page.")
    feed_url: Url | None = _optional("Its own feed, in RSS or Atom.")


class WireLocation(Wire):
    """A place on Earth (WGS 84)."""

    latitude: float = Field(ge=-90, le=90, description="Degrees; south of the equator below zero.")
    longitude: float = Field(ge=-180, le=180, description="Degrees; west of Greenwich below zero.")
    name: Line | None = _optional("What the place is called.")


def _from_bare_name(value: Any) -> Any:
    if isinstance(value, str):
        return {"bare": value}
    if isinstance(value, dict):  # the field is ours, not the wire's
        return {name: said for name, said in value.items() if name != "bare"}
    return value


class WireCategory(Wire):
    """A section of the paper. It needs a slug or a name. A bare name may stand for it."""

    bare: SkipJsonSchema[str | None] = Field(None, exclude=True)
    slug: str | None = _optional(
        "Its name in addresses: lower-case ASCII letters, digits and single hyphens. Made from the "
        "name where it is missing."
    )
    name: Line | None = _optional("What it is called. Another name than before renames it.")
    parent: "CategoryOrName | None" = _optional(
        "The section that it is below. Another one than before moves it."
    )


CategoryOrName = Annotated[
    WireCategory, BeforeValidator(_from_bare_name, json_schema_input_type=str | WireCategory)
]


class WireItem(Wire):
    """An article, as an item of JSON Feed 1.1 with categories. Other fields are passed over."""

    id: Id = Field(description="What its source knows the article by, for ever.")
    guid: Id | None = _optional(
        "What readers know it by, if they know it from another feed already. Without it, one is "
        "made, and kept."
    )
    #: What dialects say beside: another id of the article, and whether its address was made.
    alias: SkipJsonSchema[str | None] = None
    url: Url = Field(description="Where the article is on the web.")
    has_made_url: SkipJsonSchema[bool | None] = None
    title: Line = Field(description="Its headline, as plain text.")
    summary: Prose | None = _optional(
        "A few sentences of plain text. Without it, one is made from the content."
    )
    content_html: Content | None = _optional(
        "The text in HTML. What acts or styles is removed; relative addresses are made absolute."
    )
    content_text: Content | None = _optional(
        "The text without markup, in the place of `content_html`; blank lines part paragraphs."
    )
    language: str | None = _optional("A language tag (BCP 47), such as `vi` or `en-GB`.")
    authors: Annotated[list[WireAuthor], _FEW] | None = _many("Who wrote it, in their order.")
    tags: Annotated[list[Line], _FEW] | None = _many("Words that it may be found by.")
    categories: Annotated[list[CategoryOrName], _FEW] | None = _many(
        "The sections that it stands in, each an object or a bare name. It shows in the feeds of "
        "the sections above them, too."
    )
    image: Url | None = _optional("Its picture.")
    image_details: WireImageDetails | None = _optional("What is said of its picture.")
    attachments: Annotated[list[WireAttachment], _FEW] | None = _many(
        "Files that belong to it: sound, video, pictures, documents. RSS shows the first recording "
        "to players, or else the first file; all formats list all of them."
    )
    related: Annotated[list[WireRelated], _FEW] | None = _many("Other pages on the subject.")
    source: WireSource | None = _optional(
        "Who it was taken over from. Articles of the newsroom's own have none."
    )
    location: WireLocation | None = _optional("Where it happened.")
    date_published: str = Field(
        description="When it was published (RFC 3339). In the future, the article appears then."
    )
    date_modified: str | None = _optional(
        "When it was last edited (RFC 3339). An event with an older one than before is stale, and "
        "changes nothing."
    )
    minor: bool | None = _optional(
        "Whether it is the mending of a slip, of which readers are not told."
    )
    correction: Prose | None = _optional(
        "A sentence on what was wrong, which stands on top of the article in every format."
    )
    embargo_until: str | None = _optional(
        "The article appears at that moment (RFC 3339), if it is later than `date_published`."
    )
    expires_at: str | None = _optional(
        "The article leaves every feed at that moment (RFC 3339). A later one brings it back."
    )
    content_policy: Literal["full", "summary", "headline"] | None = _optional(
        "How much of it feeds may show: all, no more than picture and summary, or no more than "
        "the headline. `full` is the default."
    )


class WireTombstone(Wire):
    """Which article is taken back."""

    id: Id = Field(description="What its source knows the article by.")
    guid: Id | None = _optional("What readers know it by, if it was sent with one.")
    alias: SkipJsonSchema[str | None] = None
    date_modified: str | None = _optional("When it was taken back (RFC 3339).")


class Envelope(Wire):
    type: str = Field(description="What happened.")
    timestamp: str | None = _optional(
        "When it happened (RFC 3339), for telling events apart that come out of order. Without it, "
        "when the message was signed."
    )


class SaveEvent(Envelope):
    """An article was published or edited: both save it."""

    type: Literal["article.published", "article.updated"] = Field(description="What happened.")
    data: WireItem = Field(description="The article, whole.")


class WithdrawEvent(Envelope):
    """An article was taken back: it leaves every feed."""

    type: Literal["article.withdrawn"] = Field(description="What happened.")
    data: WireTombstone = Field(description="Which article.")


Event = SaveEvent | WithdrawEvent


class Batch(Wire):
    """Several events in one message."""

    events: Annotated[list[Event], _limited("max_events")] = Field(
        min_length=1, description="The events, which are done in this order."
    )


#: A whole message. `dialects.native` takes it apart, and reads each event alone.
Message = Event | Batch | Annotated[list[Event], _limited("max_events"), Field(min_length=1)]
