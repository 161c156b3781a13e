"""The description says what is so: of its own form, of limits, schemes and kinds of problems."""

import json
from datetime import UTC, datetime

import pytest
import schemathesis
from jsonschema import Draft202012Validator

from feedsvc import errors, problems
from feedsvc.app import create_app
from feedsvc.errors import FeedsvcError, SignatureError
from feedsvc.ingest import wire
from feedsvc.ingest.schemes import SCHEMES
from feedsvc.kinds import KINDS
from feedsvc.reference.openapi import build_document
from tests.conftest import make_settings
from tests.newsroom import article, event

DOCUMENT = build_document(make_settings("sqlite:///none.db"))
SCHEMAS = DOCUMENT["components"]["schemas"]


def test_document_is_openapi():
    schemathesis.openapi.from_dict(DOCUMENT).validate()


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_json_schema(name):
    Draft202012Validator.check_schema(SCHEMAS[name])


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from references(one)


def test_whatever_is_referred_to_is_there():
    for found in set(references(DOCUMENT)):
        place = DOCUMENT
        for step in found.removeprefix("#/").split("/"):
            place = place[step]


def test_every_schema_is_referred_to():
    used = {found.rpartition("/")[2] for found in references(DOCUMENT)}
    assert SCHEMAS.keys() <= used


def test_every_field_and_parameter_has_a_meaning():
    for name, schema in SCHEMAS.items():
        for field, said in schema.get("properties", {}).items():
            assert said.get("description"), f"{name}.{field}"
    for item in DOCUMENT["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                assert parameter["description"]


def test_no_field_of_ours_is_shown():
    assert "bare" not in SCHEMAS["Category"]["properties"]


@pytest.mark.parametrize(
    "category", ["Hạ tầng", {"slug": "ha-tang"}, {"name": "Hạ tầng", "parent": "Kinh tế"}]
)
def test_category_may_be_a_bare_name(category):
    whole = {"$ref": "#/$defs/Item", "$defs": {}}
    text = json.dumps(SCHEMAS).replace("#/components/schemas/", "#/$defs/")
    whole["$defs"] = json.loads(text)
    Draft202012Validator(whole).validate(article(categories=[category]))


# What is answered


def test_document_is_the_same_whenever_it_is_asked_for(sqlite_url):
    tags = set()
    for _ in range(2):
        app = create_app(make_settings(sqlite_url))
        response = app.test_client().get("/openapi.json")
        assert response.content_type == "application/json"
        assert "max-age=300" in response.headers["Cache-Control"]
        tags.add(response.headers["ETag"])
        app.extensions["feedsvc"].database.close()
    assert len(tags) == 1


def test_unchanged_document_is_a_304(client):
    first = client.get("/openapi.json")
    again = client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_servers_address_is_the_public_one(client):
    assert client.get("/openapi.json").json["servers"] == [{"url": "https://feeds.example"}]


def test_routes_are_all_described(sqlite_url):
    app = create_app(make_settings(sqlite_url, api_token="a-token-that-opens-the-inbox"))
    app.extensions["feedsvc"].database.close()
    described = {
        path.replace("{name}.{format}", "{document}")
        .replace("{period}.{format}", "{document}")
        .replace("{source}", "{source_name}")
        for path in DOCUMENT["paths"]
    }
    undescribed = {"/", "/static/{name}", "/favicon.ico", "/problems/{slug}"}
    undescribed.add("/static/feed.{tag}.css")
    routes = {
        rule.rule.replace("<", "{").replace(">", "}")
        for rule in app.url_map.iter_rules()
        if not rule.rule.startswith("/demo")
    }
    assert routes == described | undescribed


# Limits


#: Where each model stands in an event.
PLACES = {
    "Item": "/data",
    "Author": "/data/authors/0",
    "ImageDetails": "/data/image_details",
    "Attachment": "/data/attachments/0",
    "Transcript": "/data/attachments/0/transcripts/0",
    "Person": "/data/attachments/0/persons/0",
    "Related": "/data/related/0",
    "Source": "/data/source",
    "Location": "/data/location",
}


def limited_fields():
    for name, place in PLACES.items():
        for field, said in SCHEMAS[name]["properties"].items():
            for one in (said, *said.get("anyOf", ())):
                if "x-setting" in one:
                    yield f"{place}/{field}", one


def whole_event():
    """An article with one of everything."""
    address = "https://news.example/a"
    transcript = {"url": f"{address}.vtt", "mime_type": "text/vtt"}
    sound = {"url": f"{address}.mp3", "mime_type": "audio/mpeg", "transcripts": [transcript]}
    return event(
        article(
            image=f"{address}.jpg",
            image_details={"alt": "a"},
            attachments=[sound | {"persons": [{"name": "A"}]}],
            related=[{"url": address}],
            source={"name": "A"},
            location={"latitude": 0, "longitude": 0},
        )
    )


def too_much(limit, value):
    """More of a value than its limit, for a list more of what it has."""
    if "maxItems" in limit:
        return (value or ["a"]) * (limit["maxItems"] + 1)
    return "https://news.example/".ljust(limit["maxLength"] + 1, "a")


@pytest.mark.parametrize(
    ("pointer", "limit"), list(limited_fields()), ids=lambda one: str(one)[:50]
)
def test_limit_that_is_described_is_the_one_that_holds(sqlite_newsroom, pointer, limit):
    newsroom, _ = sqlite_newsroom
    message = whole_event()
    *steps, field = pointer.removeprefix("/").split("/")
    place = message
    for step in steps:
        place = place[int(step) if step.isdigit() else step]
    place[field] = too_much(limit, place.get(field))
    if field == "content_text":
        del place["content_html"]
    response = newsroom.send(message)
    assert response.status_code == 422
    (fault,) = response.json["errors"]
    assert fault["pointer"] == pointer
    assert limit["x-setting"] in fault["message"] or "characters" in fault["message"]


def test_limits_follow_the_settings():
    document = build_document(make_settings("sqlite:///none.db", max_title_chars=77))
    assert document["components"]["schemas"]["Item"]["properties"]["title"]["maxLength"] == 77
    assert wire.LIMIT not in json.dumps(document)


# Who may


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda scheme: scheme.name)
def test_scheme_reads_the_headers_that_it_says(scheme):
    asked = set()

    class Headers:
        def get(self, name, default=None):
            asked.add(name)
            return default

    with pytest.raises(SignatureError):
        scheme.verify(Headers(), b"", [], datetime.now(UTC), 300)
    assert asked == {name for name, _ in scheme.headers}


def test_every_scheme_is_described():
    described = DOCUMENT["paths"]["/ingest/{source}"]["post"]["security"]
    assert len(described) == len(SCHEMES)
    for one in described:
        assert one.keys() <= DOCUMENT["components"]["securitySchemes"].keys()


# Kinds of problems


def test_every_error_that_is_answered_has_a_kind():
    kinds = set(problems._KINDS.values()) | set(problems._HTTP_KINDS.values())
    said_in_ingest = {KINDS["refused"], KINDS["wrong-content-type"]}
    assert kinds | said_in_ingest == set(KINDS.values())


def test_kinds_are_of_errors():
    known = {one for one in vars(errors).values() if isinstance(one, type)}
    assert problems._KINDS.keys() <= {one for one in known if issubclass(one, FeedsvcError)}


def test_described_problems_are_of_the_kinds_of_their_status():
    for item in DOCUMENT["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {}).get("application/problem+json")
                for uri in content["schema"]["properties"]["type"]["enum"] if content else ():
                    assert KINDS[uri.rpartition("/")[2]].status == int(status)
