"""An OpenAPI document as values that a page can be printed from. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from feedsvc.reference.schemas import SETTING

_LIMITS = ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum")


@dataclass(frozen=True, slots=True)
class TypeName:
    """What a value is: a JSON type, a model by its name, or a list `of` one of several."""

    word: str
    model: str = ""
    of: tuple["TypeName", ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """What a value may be: `maxLength`, `choices` and so on. `setting` is where it can be set."""

    word: str
    value: Any
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A member of an object, or a parameter."""

    name: str
    types: tuple[TypeName, ...]
    is_required: bool
    meaning: str
    limits: tuple[Limit, ...]
    #: Where a parameter stands: `path`, `query` or `header`.
    place: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """An object with fields, or one of several `types`."""

    name: str
    meaning: str
    fields: tuple[Field, ...]
    types: tuple[TypeName, ...]
    #: Whether clients send it, rather than get it.
    is_sent: bool


@dataclass(frozen=True, slots=True)
class Sample:
    summary: str
    text: str


@dataclass(frozen=True, slots=True)
class Body:
    """`types` are those of the whole, or of each line."""

    media_type: str
    types: tuple[TypeName, ...]
    meaning: str
    samples: tuple[Sample, ...]
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered with a status. `kinds` are the slugs of the problems behind it."""

    status: int
    phrase: str
    meaning: str
    bodies: tuple[Body, ...]
    headers: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    methods: tuple[str, ...]
    path: str
    summary: str
    description: str
    #: The names of schemes; each inner one needs all of its.
    security: tuple[tuple[str, ...], ...]
    parameters: tuple[Field, ...]
    bodies: tuple[Body, ...]
    replies: tuple[Reply, ...]


@dataclass(frozen=True, slots=True)
class Section:
    tag: str
    meaning: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a program shows who it is: a header field, and what it holds."""

    name: str
    header: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Outline:
    sections: tuple[Section, ...]
    models: tuple[Model, ...]
    schemes: Mapping[str, Scheme]


def read_outline(document: Mapping[str, Any]) -> Outline:
    schemas = document["components"]["schemas"]
    sent = _reachable(
        [
            operation.get("requestBody")
            for item in document["paths"].values()
            for operation in item.values()
        ],
        schemas,
    )
    operations = list(_operations(document["paths"]))
    return Outline(
        tuple(
            Section(
                tag["name"],
                tag["description"],
                tuple(found for said, found in operations if said == tag["name"]),
            )
            for tag in document["tags"]
        ),
        tuple(_model(name, schema, is_sent=name in sent) for name, schema in schemas.items()),
        {
            name: Scheme(name, said.get("name", "authorization"), said["description"])
            for name, said in document["components"]["securitySchemes"].items()
        },
    )


def _reachable(value: Any, schemas: Mapping[str, Any]) -> set[str]:
    """The models that something refers to, also by way of others."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, Mapping):
            waiting += one.values()
            name = str(one.get("$ref", "")).rpartition("/")[2]
            if name in schemas and name not in found:
                found.add(name)
                waiting.append(schemas[name])
    return found


def _operations(paths: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, item in paths.items():
        for method, said in item.items():
            if method == "head":
                continue  # stands beside its GET
            methods = (method.upper(), "HEAD") if "head" in item else (method.upper(),)
            yield (
                said["tags"][0],
                Operation(
                    said["operationId"],
                    methods,
                    path,
                    said["summary"],
                    said.get("description", ""),
                    tuple(tuple(names) for names in said.get("security", ())),
                    tuple(map(_parameter, said.get("parameters", ()))),
                    _bodies(said.get("requestBody", {})),
                    tuple(_reply(status, one) for status, one in sorted(said["responses"].items())),
                ),
            )


def _parameter(said: Mapping[str, Any]) -> Field:
    return _field(
        said["name"],
        said["schema"] | {"description": said["description"]},
        is_required=said.get("required", False),
        place=said["in"],
    )


def _reply(status: str, said: Mapping[str, Any]) -> Reply:
    types = [
        body["schema"].get("properties", {}).get("type", {}).get("enum", ())
        for body in said.get("content", {}).values()
    ]
    return Reply(
        int(status),
        HTTPStatus(int(status)).phrase,
        said["description"],
        _bodies(said),
        tuple(said.get("headers", ())),
        tuple(uri.rpartition("/")[2] for uris in types for uri in uris),
    )


def _bodies(said: Mapping[str, Any]) -> tuple[Body, ...]:
    return tuple(
        Body(
            media_type,
            _types(one.get("x-itemSchema", one["schema"])),
            one["schema"].get("description", ""),
            tuple(_sample(sample) for sample in one.get("examples", {}).values()),
            (Limit("maxBytes", one["x-maxBytes"], one[SETTING]),) if "x-maxBytes" in one else (),
        )
        for media_type, one in said.get("content", {}).items()
    )


def _sample(said: Mapping[str, Any]) -> Sample:
    value = said["value"]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return Sample(said["summary"], text)


def _model(name: str, schema: Mapping[str, Any], *, is_sent: bool) -> Model:
    required = schema.get("required", ())
    fields = tuple(
        _field(field, said, is_required=field in required)
        for field, said in schema.get("properties", {}).items()
    )
    types = () if fields else _types(schema)
    return Model(name, schema.get("description", ""), fields, types, is_sent)


def _field(name: str, schema: Mapping[str, Any], *, is_required: bool, place: str = "") -> Field:
    # Left out or null is the same, but in what is always there.
    is_nullable = is_required and {"type": "null"} in schema.get("anyOf", ())
    return Field(
        name,
        _types(schema) + ((TypeName("null"),) if is_nullable else ()),
        is_required,
        schema.get("description", ""),
        tuple(_limits(schema)),
        place,
    )


def _types(schema: Mapping[str, Any]) -> tuple[TypeName, ...]:
    """What a value can be, null apart."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return (TypeName("object", model=name),)
    if "anyOf" in schema:
        return tuple(found for one in schema["anyOf"] for found in _types(one))
    said = schema.get("type", ())
    return tuple(
        TypeName(word, of=_types(schema.get("items", {})) if word == "array" else ())
        for word in ([said] if isinstance(said, str) else said)
        if word != "null"
    )


def _limits(schema: Mapping[str, Any]) -> Iterator[Limit]:
    if "enum" in schema:
        yield Limit("choices", tuple(schema["enum"]))
    for word in _LIMITS:
        if word in schema:
            is_set = word.startswith("max") and word != "maximum"
            yield Limit(word, schema[word], schema.get(SETTING, "") if is_set else "")
    if "default" in schema:
        yield Limit("default", schema["default"])
    if "const" in schema:
        yield Limit("choices", (schema["const"],))
    for one in schema.get("anyOf", ()):
        yield from _limits(one)
