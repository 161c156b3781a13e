"""A live service does what its own description says: no answer that is not in it.

Requests are made of the description by schemathesis. Most are signed, as Standard Webhooks are.
"""

import itertools
import json
import subprocess
import sys

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from requests import PreparedRequest
from requests.auth import AuthBase
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from feedsvc.reference.examples import SENDER
from feedsvc.reference.openapi import build_document
from tests.conftest import make_settings
from tests.integration.conftest import shared_service  # noqa: F401 (a fixture)
from tests.integration.server import PUBLIC_URL
from tests.newsroom import dumped, publish, signed_raw

TOKEN = "a-token-that-opens-the-inbox"
SETTINGS = {"FEEDSVC_API_TOKEN": TOKEN}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: Of so many requests, one is not signed.
_UNSIGNED = 5


@schemathesis.serializer("application/x-ndjson")
def _write_lines(context, value):  # noqa: ARG001 (it is called with two)
    """Lines are text already; what else is made of the schema is sent as it is."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


class Signing(AuthBase):
    """Signs what is sent, and shows the token; of some requests, what they were made with stays."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._numbers = itertools.count()

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if next(self._numbers) % _UNSIGNED == 0:
            return request
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        if "/ingest/" in request.url:
            signature = signed_raw(self._key, body)
            del signature["Content-Type"]
            request.headers.update(signature)
        else:
            request.headers["Authorization"] = f"Bearer {TOKEN}"
        return request


@pytest.fixture(scope="module")
def signing(shared_service):  # noqa: F811
    shared_service.push(publish())
    return Signing(shared_service.key)


def name_what_is_there(case):
    """Invented names and numbers are mostly of nothing; half of them become those of something."""
    said = case.path_parameters
    if len(str(said.get("source", ""))) % 2:
        said["source"] = "desk"
    if isinstance(said.get("number"), int) and said["number"] % 2:
        said["number"] = said["number"] % 7 + 1


#: What the service is asked by; the first test sees that it says the same of itself.
DOCUMENT = build_document(make_settings("sqlite:///none.db", public_url=PUBLIC_URL))
schema = schemathesis.openapi.from_dict(DOCUMENT)


def test_service_describes_itself_so(shared_service):  # noqa: F811
    assert shared_service.get("/openapi.json").json == DOCUMENT


@schema.parametrize()
@settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@pytest.mark.slow
def test_every_answer_is_described(case, signing, shared_service):  # noqa: F811
    address = f"http://127.0.0.1:{shared_service.port}"
    name_what_is_there(case)
    case.call_and_validate(base_url=address, checks=CHECKS, auth=signing)


def test_message_in_python_is_taken(shared_service, tmp_path):  # noqa: F811
    """The reference's program, with a key, an address and an event of its own."""
    address = f"http://127.0.0.1:{shared_service.port}/ingest/desk"
    program = SENDER.replace("https://feeds.example/ingest/desk", address)
    program = program.replace("whsec_…", shared_service.key)
    (tmp_path / "event.json").write_bytes(dumped(publish("by-python")))
    ran = subprocess.run(
        [sys.executable, "-I", "-c", program],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert json.loads(ran.stdout)["events"][0]["status"] == "created"
