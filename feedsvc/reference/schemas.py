"""The models of what is sent and answered, as JSON Schema (2020-12). Pure."""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from feedsvc.feeds.directory.listing import FeedList
from feedsvc.ingest import answers, api, wire
from feedsvc.settings import Settings, variable_name

_REF = "#/components/schemas/"
#: Names the setting that a limit comes from.
SETTING = "x-setting"

_MODELS: dict[str, Any] = {
    "Message": wire.Message,
    "Event": wire.Event,
    "MessageAnswer": answers.MessageAnswer,
    "EventResult": answers.EventResult,
    "BatchSummary": answers.BatchSummary,
    "Problem": answers.Problem,
    "ParameterProblem": answers.ParameterProblem,
    "MessageProblem": answers.MessageProblem,
    "InboxPage": api.InboxPage,
    "InboxEntry": api.InboxEntry,
    "FeedList": FeedList,
}
_READ: JsonSchemaMode = "validation"


def ref(name: str) -> dict[str, str]:
    return {"$ref": _REF + name}


def describe_models(settings: Settings) -> dict[str, Any]:
    """A schema for each model, by its name, with the limits that the settings set."""
    adapters = [(name, _READ, TypeAdapter(model)) for name, model in _MODELS.items()]
    tops, definitions = TypeAdapter.json_schemas(
        adapters, ref_template=_REF + "{model}", schema_generator=_Writer
    )
    found: dict[str, Any] = dict(definitions["$defs"])
    for (name, _), schema in tops.items():
        if schema != ref(str(name)):
            found[str(name)] = schema
    for schema in found.values():
        schema.pop("title", None)  # its name again
    limited: dict[str, Any] = _limited(found, settings)
    return dict(sorted(limited.items()))


def _limited(value: Any, settings: Settings) -> Any:
    """The schema, with each limit that is a setting as the number that it is."""
    if isinstance(value, list):
        return [_limited(one, settings) for one in value]
    if not isinstance(value, dict):
        return value
    said = {name: _limited(one, settings) for name, one in value.items() if name != wire.LIMIT}
    setting = value.get(wire.LIMIT)
    if isinstance(setting, str):
        keyword = "maxItems" if value["type"] == "array" else "maxLength"
        said |= {keyword: getattr(settings, setting), SETTING: variable_name(setting)}
    return said


class _Writer(GenerateJsonSchema):
    """Without what says nothing: titles made of names, and null where leaving out means it."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        said = super().default_schema(schema)
        if said.get("default", "") is None:
            del said["default"]
        return said

    def normalize_name(self, name: str) -> str:
        return super().normalize_name(name).removeprefix("Wire")
