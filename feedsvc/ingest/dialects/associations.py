"""What belongs to a ninjs item: its picture, sound and film, and the articles it is related to."""

from feedsvc.errors import Fault
from feedsvc.ingest.dialects.parts import Members, Native, Part, Said

_PICTURES = ("picture", "graphic")
_TEXTS = ("text", "composite")
_MOST_RELATED = 20  # of a package, which may hold any number
#: Widths in pixels that suit a page: Superdesk's `baseImage` has 1,400, an original any.
_NARROWEST, _WIDEST = 600, 2_000
_SIZES = ("size", "sizeinbytes", "sizeInBytes")
_LEFT_OUT = "was left out: it has no rendition with a media type and an http or https address"


def is_address(said: Said) -> bool:
    return said.text.strip().lower().startswith(("http://", "https://"))


def value_of(entries: list[Part]) -> Said | None:
    """The main one of a list's values, or else the first."""
    entries = sorted(entries, key=lambda entry: entry.word("role") != "main")
    return next(filter(None, (entry.text("value") for entry in entries)), None)


def illustrate(item: Part, native: Native) -> None:
    """The featured picture, or else the first; sound and film are attached, texts related."""
    associations = item.parts("associations")
    featured = [part for part in associations if "featuremedia" in (part.key, part.word("name"))]
    pictures = [part for part in associations if part.word("type") in _PICTURES]
    pictured, found = next(
        ((part, found) for part in featured + pictures if (found := _renditions(part, "image/"))),
        (Part({}), []),
    )
    if found:
        _show_picture(max(found, key=_fitness), pictured, native)
    elif featured:
        native.warnings.append(Fault(featured[0].pointer, _LEFT_OUT))
    for part in associations:
        if part.word("type") in ("audio", "video"):
            _attach(part, native)
    for part in [part for part in associations if part.word("type") in _TEXTS][:_MOST_RELATED]:
        _relate(part, native)


def _attach(part: Part, native: Native) -> None:
    found = _renditions(part, "audio/", "video/")
    if not found:
        return native.warnings.append(Fault(part.pointer, _LEFT_OUT))
    best = min(found, key=lambda each: (each.word("name") or each.key) not in ("original", "main"))
    made = Members()
    made.put("url", best.text("href"))
    made.put("mime_type", _media_type(best, part))
    made.put("title", part.text("headline") or value_of(part.parts("headlines")))
    made.put("caption", _caption(part))
    made.put("credit", _credit(part))
    made.put("thumbnail", _thumbnail(part))
    made.put_size(best, "width", "height")
    for name in (*_SIZES, "duration"):
        if (number := _number(best, name)) is not None:
            native_name = "size_in_bytes" if name in _SIZES else "duration_in_seconds"
            made.put_value(native_name, number, f"{best.pointer}/{name}")
    return native.add("attachments", made.values, best.pointer, **made.places)


def _show_picture(rendition: Part, part: Part, native: Native) -> None:
    native.put("image", rendition.text("href"))
    made = Members()
    made.put("caption", _caption(part))
    made.put("credit", _credit(part))
    if part.word("type") in _PICTURES:
        made.put("alt", part.find("body_text"))  # where Superdesk's formatter puts it
    made.put_size(rendition, "width", "height")
    native.put_object("image_details", made, part.pointer)


def _relate(part: Part, native: Native) -> None:
    """Another article, where its address is known; most have one only where they are published."""
    address = next(
        (said for name in ("url", "link", "uri") if (said := part.find(name)) and is_address(said)),
        None,
    )
    if address is not None:
        made = Members()
        made.put("url", address)
        made.put("title", part.find("headline") or value_of(part.find_parts("headlines")))
        native.add("related", made.values, part.pointer, **made.places)


def _caption(part: Part) -> Said | None:
    """Of 2.x and 3.x, what is not the credit."""
    listed = [
        entry
        for entry in part.find_parts("descriptions")
        if entry.find("value")
        if not _is_credit(entry)
    ]
    listed.sort(key=lambda entry: _role(entry) != "caption")
    return part.find("description_text") or (listed[0].find("value") if listed else None)


def _credit(part: Part) -> Said | None:
    lines = [entry.find("value") for entry in part.find_parts("descriptions") if _is_credit(entry)]
    holders = ("byline", "by", "creditline", "creditLine")
    return (
        part.find(*holders)
        or next(filter(None, lines), None)
        or part.find("copyrightholder", "copyrightHolder")
    )


def _is_credit(entry: Part) -> bool:
    return _role(entry) == "creditline"


def _role(entry: Part) -> str:
    said = entry.find("role")
    return said.text.strip().lower() if said else ""


def _thumbnail(part: Part) -> Said | None:
    """A picture among the renditions of sound or film; a thumbnail goes without a media type."""
    found = _renditions(part, "image/")
    if found:
        return max(found, key=_fitness).text("href")
    named = [each for each in part.parts("renditions") if each.key == "thumbnail"]
    said = named[0].find("href") if named else None
    return said if said and is_address(said) else None


def _renditions(part: Part, *kinds: str) -> list[Part]:
    """Those of these kinds with an address, which Superdesk leaves out where it sends the files."""
    return [
        each
        for each in part.parts("renditions")
        if (href := each.text("href")) and is_address(href)
        if (media_type := _media_type(each, part))
        if media_type.text.strip().lower().startswith(kinds)
    ]


def _media_type(rendition: Part, part: Part) -> Said | None:
    names = ("mimetype", "contenttype", "contentType")
    said = rendition.text(*names) or part.text(*names)
    return said or (Said("image/", "") if part.word("type") in _PICTURES else None)


def _fitness(rendition: Part) -> tuple[int, float]:
    """The widest that suits a page; else what is larger, else what is smaller than that."""
    width = _number(rendition, "width") or 0
    if width > _WIDEST:
        return 1, -width
    return (2 if width >= _NARROWEST else 0), width


def _number(part: Part, name: str) -> float | None:
    value = part.members.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
