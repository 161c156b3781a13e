"""What an article may say beside its text: its picture, its recordings, where it comes from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """What is said of an article's picture, beside its address. Sizes are pixels."""

    width: int | None = None
    height: int | None = None
    caption: str | None = None
    credit: str | None = None
    #: What is to be seen, for those who don't see it.
    alt: str | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """Another page on the subject."""

    url: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Agency:
    """Who an article was taken over from. `feed_url` is a feed's address, `url` a page's."""

    name: str
    url: str | None = None
    feed_url: str | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """Where it happened, in degrees of WGS 84, to the sixth decimal: a hand's breadth."""

    latitude: float
    longitude: float
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """All that few articles say, so that an article without any of it has one value for it."""

    picture: Picture | None = None
    related: tuple[Related, ...] = ()
    agency: Agency | None = None
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """What is said in a recording, as a file."""

    url: str
    mime_type: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Who is heard or seen in a recording, or made it."""

    name: str
    role: str | None = None
    url: str | None = None
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """What podcasts say of a recording. `kind` is full, trailer or bonus."""

    season: int | None = None
    number: int | None = None
    kind: str | None = None
    is_explicit: bool | None = None
    #: Where its chapters are, as JSON of the Podcasting 2.0 namespace.
    chapters: str | None = None
    transcripts: tuple[Transcript, ...] = ()
    persons: tuple[Person, ...] = ()


NO_DETAILS = Details()
NO_EPISODE = Episode()
