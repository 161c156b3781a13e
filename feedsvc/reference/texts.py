"""All that the reference says in words, for whoever translates it. Pure."""

from collections.abc import Iterator

from feedsvc.kinds import KINDS
from feedsvc.reference.outline import Body, Field, Operation, Outline


def list_texts(outline: Outline) -> set[str]:
    """The English texts that `/docs` and the pages of problems look up in the catalogues."""
    found = {text for kind in KINDS.values() for text in (kind.title, kind.meaning, kind.cure)}
    found |= {scheme.meaning for scheme in outline.schemes.values()}
    for section in outline.sections:
        found.add(section.meaning)
        for operation in section.operations:
            found |= set(_of_operation(operation))
    for model in outline.models:
        found.add(model.meaning)
        found |= set(_of_fields(model.fields))
    return found - {""}


def _of_operation(operation: Operation) -> Iterator[str]:
    yield operation.summary
    yield operation.description
    yield from _of_fields(operation.parameters)
    yield from _of_bodies(operation.bodies)
    for reply in operation.replies:
        if not reply.kinds:
            yield reply.meaning
        yield from _of_bodies(reply.bodies)


def _of_fields(fields: tuple[Field, ...]) -> Iterator[str]:
    return (field.meaning for field in fields)


def _of_bodies(bodies: tuple[Body, ...]) -> Iterator[str]:
    for body in bodies:
        yield body.meaning
        yield from (sample.summary for sample in body.samples)
