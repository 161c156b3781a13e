"""The parts of an article as records that JSON can keep, and back. What is unsaid takes no room."""

from collections.abc import Mapping
from typing import Any

from feedsvc.articles.article import Attachment, Author
from feedsvc.articles.details import (
    NO_DETAILS,
    NO_EPISODE,
    Agency,
    Details,
    Episode,
    Location,
    Person,
    Picture,
    Related,
    Transcript,
)

#: What stands inside another part.
_PARTS = (Picture, Agency, Location, Episode)
#: What counts in a digest though it is not said; what came later counts only where it is.
_ALWAYS = {
    Author: ("name", "url"),
    Attachment: ("url", "mime_type", "title", "size_bytes", "duration_seconds"),
}


def record_of(part: Any) -> dict[str, Any]:
    """What a part says, by its fields' names; of parts within it too.

    By hand, since `asdict` copies deeply and took five times as long for every article.
    """
    record: dict[str, Any] = {}
    for name in part.__slots__:
        value = getattr(part, name)
        if value is None or value is NO_EPISODE or value == ():
            continue
        if isinstance(value, tuple):
            record[name] = [record_of(one) for one in value]
        else:
            record[name] = record_of(value) if isinstance(value, _PARTS) else value
    return record


def digest_record(value: Author | Attachment) -> dict[str, Any]:
    """What of a part a digest is made from, the same as ever for what could always be said."""
    record = record_of(value)
    return {name: record.get(name) for name in _ALWAYS[type(value)]} | record


def attachment_from(record: Mapping[str, Any]) -> Attachment:
    return Attachment(**dict(record) | {"episode": _episode_from(record.get("episode"))})


def details_from(record: Mapping[str, Any] | None) -> Details:
    """From a record, or from null: most articles have none."""
    if record is None:
        return NO_DETAILS
    picture, agency, location = map(record.get, ("picture", "agency", "location"))
    return Details(
        picture=Picture(**picture) if picture else None,
        related=tuple(Related(**one) for one in record.get("related", ())),
        agency=Agency(**agency) if agency else None,
        location=Location(**location) if location else None,
    )


def _episode_from(record: Mapping[str, Any] | None) -> Episode:
    if record is None:
        return NO_EPISODE
    transcripts = tuple(Transcript(**one) for one in record.get("transcripts", ()))
    persons = tuple(Person(**one) for one in record.get("persons", ()))
    return Episode(**dict(record) | {"transcripts": transcripts, "persons": persons})
