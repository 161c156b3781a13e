"""What a message is answered, as models: for whoever describes it.

`applying`, `receive`, `batches` and `problems` write these answers; the tests hold them to this.
"""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from feedsvc.articles.store import Status
from feedsvc.ingest.inbox import REJECTED

#: What can become of an event.
_STATUSES = [*(str(status) for status in Status), REJECTED]
EventStatus = Annotated[str, Field(json_schema_extra={"enum": [*_STATUSES]})]


class Answered(BaseModel):
    """Clients must not mind members that come later; the tests do."""

    model_config = ConfigDict(frozen=True)


class FieldNote(Answered):
    """A repair or a fault, at its field."""

    pointer: str = Field(
        description="Where it is: a JSON pointer (RFC 6901) into what was sent. Empty, it is the "
        "whole."
    )
    message: str = Field(description="What was repaired, or is wrong, for an editor to read.")


class EventResult(Answered):
    """What became of an event."""

    id: str | None = Field(description="The article's id, as far as it could be read.")
    status: EventStatus = Field(description="What became of it.")
    feeds: list[str] = Field(description="The names of the feeds that show the article now.")
    warnings: list[FieldNote] = Field(description="What was repaired.")
    errors: list[FieldNote] = Field(description="What is wrong, if it was rejected.")
    line: int | SkipJsonSchema[None] = Field(
        None, ge=1, description="The line that the event stands in, if each has one."
    )
    visible_at: datetime | SkipJsonSchema[None] = Field(
        None, description="When the article will appear, if it is not visible yet."
    )


class MessageAnswer(Answered):
    """What became of a message of which something was taken."""

    message_id: str = Field(description="The message's id: sent, or made of what was signed.")
    events: list[EventResult] = Field(description="What became of each event, in their order.")


class BatchSummary(Answered):
    """The last line of an answer that is whole."""

    message_id: str = Field(description="The message's id: sent, or made of what was signed.")
    events: int = Field(ge=0, description="How many events were answered.")
    counts: dict[EventStatus, int] = Field(description="How many came to which status.")


class Problem(Answered):
    """What went wrong (RFC 9457)."""

    type: str = Field(
        json_schema_extra={"format": "uri"},
        description="What kind of problem it is: the address of a page about it.",
    )
    title: str = Field(description="What the kind is called.")
    status: int = Field(ge=400, le=599, description="The HTTP status.")
    detail: str = Field(description="What is wrong this time, for people.")


class ParameterProblem(Problem):
    """A parameter has a value that it can't have."""

    parameter: str = Field(description="The parameter's name.")


class MessageProblem(Problem):
    """Nothing of a message was taken."""

    message_id: str = Field(description="The message's id: sent, or made of what was signed.")
    errors: list[FieldNote] = Field(description="Everything that is wrong with it.")
    events: list[EventResult] = Field(
        description="What became of each event; empty where none could be read."
    )
