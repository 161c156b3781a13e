"""What an event says beside its text, cleaned: authors, files, picture, source, place."""

from collections.abc import Sequence

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
from feedsvc.ingest.cleaning import Cleaning, unique
from feedsvc.ingest.wire import (
    WireAttachment,
    WireAuthor,
    WireImageDetails,
    WireItem,
    WireLocation,
    WirePerson,
    WireRelated,
    WireSource,
    WireTranscript,
)

_DECIMALS = 6  # of a degree: a hand's breadth


def draft_authors(
    clean: Cleaning, values: Sequence[WireAuthor], base_url: str
) -> tuple[Author, ...]:
    """Each author once; those without a name are left out."""
    authors = []
    for index, value in enumerate(clean.within("/data/authors", values)):
        pointer = f"/data/authors/{index}"
        name = clean.line(f"{pointer}/name", value.name or "")
        if name:
            url = clean.url(f"{pointer}/url", value.url, base_url)
            avatar = clean.url(f"{pointer}/avatar", value.avatar, base_url)
            authors.append(Author(name, url, avatar))
        else:
            clean.warn(pointer, ["an author without a name was left out"])
    return unique(authors, lambda author: author.name)


def draft_attachments(
    clean: Cleaning, values: Sequence[WireAttachment], base_url: str
) -> tuple[Attachment, ...]:
    """Each file once, by its address."""
    within = clean.within("/data/attachments", values)
    if not (_is_bounded(clean, within, "transcripts") and _is_bounded(clean, within, "persons")):
        return ()
    drafted = [
        _attachment(clean, f"/data/attachments/{index}", value, base_url)
        for index, value in enumerate(within)
    ]
    attachments = [attachment for attachment in drafted if attachment is not None]
    return unique(attachments, lambda attachment: attachment.url)


def draft_details(clean: Cleaning, item: WireItem, image: str | None, base_url: str) -> Details:
    """What few articles say; the same value for all that say nothing of it."""
    if not (item.image_details or item.related or item.source or item.location):
        return NO_DETAILS
    return Details(
        picture=_picture(clean, item.image_details, image) if item.image_details else None,
        related=_related(clean, item.related or (), base_url),
        agency=_agency(clean, item.source, base_url) if item.source else None,
        location=_location(clean, item.location) if item.location else None,
    )


def _is_bounded(clean: Cleaning, values: Sequence[WireAttachment], name: str) -> bool:
    """Whether all attachments together have no more in these lists than one list may have.

    Lists in lists would multiply: 150,000 persons fit into a message, and took seven seconds.
    """
    count = 0
    for index, value in enumerate(values):
        count += len(getattr(value, name) or ())
        if not clean.is_within(f"/data/attachments/{index}/{name}", count):
            return False
    return True


def _attachment(
    clean: Cleaning, pointer: str, value: WireAttachment, base_url: str
) -> Attachment | None:
    url = clean.url(f"{pointer}/url", value.url, base_url)
    attachment = Attachment(
        url or "",
        clean.media_type(f"{pointer}/mime_type", value.mime_type),
        clean.line(f"{pointer}/title", value.title or "") or None,
        value.size_in_bytes,
        value.duration_in_seconds,
        value.width or None,
        value.height or None,
        clean.prose(f"{pointer}/caption", value.caption) or None,
        clean.line(f"{pointer}/credit", value.credit or "") or None,
        clean.url(f"{pointer}/thumbnail", value.thumbnail, base_url),
        _episode(clean, pointer, value, base_url),
    )
    return attachment if url is not None else None


def _episode(clean: Cleaning, pointer: str, value: WireAttachment, base_url: str) -> Episode:
    episode = Episode(
        season=value.season,
        number=value.episode,
        kind=value.episode_type,
        is_explicit=value.explicit,
        chapters=clean.url(f"{pointer}/chapters", value.chapters, base_url),
        transcripts=_transcripts(
            clean, f"{pointer}/transcripts", value.transcripts or (), base_url
        ),
        persons=_persons(clean, f"{pointer}/persons", value.persons or (), base_url),
    )
    return NO_EPISODE if episode == NO_EPISODE else episode


def _transcripts(
    clean: Cleaning, pointer: str, values: Sequence[WireTranscript], base_url: str
) -> tuple[Transcript, ...]:
    transcripts = []
    for index, value in enumerate(values):
        place = f"{pointer}/{index}"
        url = clean.url(f"{place}/url", value.url, base_url)
        mime_type = clean.media_type(f"{place}/mime_type", value.mime_type)
        language = clean.language(f"{place}/language", value.language)
        if url is not None:
            transcripts.append(Transcript(url, mime_type, language))
    return unique(transcripts, lambda transcript: transcript.url)


def _persons(
    clean: Cleaning, pointer: str, values: Sequence[WirePerson], base_url: str
) -> tuple[Person, ...]:
    persons = []
    for index, value in enumerate(values):
        place = f"{pointer}/{index}"
        person = Person(
            clean.required(f"{place}/name", value.name),
            clean.line(f"{place}/role", value.role or "") or None,
            clean.url(f"{place}/url", value.url, base_url),
            clean.url(f"{place}/image", value.image, base_url),
        )
        persons.append(person)
    return tuple(dict.fromkeys(persons))


def _picture(clean: Cleaning, value: WireImageDetails, image: str | None) -> Picture | None:
    pointer = "/data/image_details"
    if image is None:
        clean.warn(pointer, ["was left out: there is no image that it tells of"])
        return None
    picture = Picture(
        value.width or None,
        value.height or None,
        clean.prose(f"{pointer}/caption", value.caption) or None,
        clean.line(f"{pointer}/credit", value.credit or "") or None,
        clean.prose(f"{pointer}/alt", value.alt) or None,
    )
    return None if picture == Picture() else picture


def _related(clean: Cleaning, values: Sequence[WireRelated], base_url: str) -> tuple[Related, ...]:
    related = []
    for index, value in enumerate(clean.within("/data/related", values)):
        pointer = f"/data/related/{index}"
        url = clean.url(f"{pointer}/url", value.url, base_url)
        title = clean.line(f"{pointer}/title", value.title or "") or None
        if url is not None:
            related.append(Related(url, title))
    return unique(related, lambda one: one.url)


def _agency(clean: Cleaning, value: WireSource, base_url: str) -> Agency:
    return Agency(
        clean.required("/data/source/name", value.name),
        clean.url("/data/source/url", value.url, base_url),
        clean.url("/data/source/feed_url", value.feed_url, base_url),
    )


def _location(clean: Cleaning, value: WireLocation) -> Location:
    # Zero is added, since minus zero would be written otherwise.
    latitude, longitude = (
        round(float(degrees), _DECIMALS) + 0.0 for degrees in (value.latitude, value.longitude)
    )
    name = clean.line("/data/location/name", value.name or "") or None
    return Location(latitude, longitude, name)
