"""An answer of the product, given again from memory: the least that serving it can cost.

Once by a bare WSGI function, and once by a Flask view.
"""

import json
import os
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask, Response

from tests.integration.server import Reply

#: Names the file that both read.
VARIABLE = "BENCH_ANSWER"
BARE = "tests.benchmarks.recorded:create_bare()"
FLASK = "tests.benchmarks.recorded:create_flask()"
#: What gunicorn writes itself.
_OF_THE_SERVER = {"connection", "date", "server", "transfer-encoding"}


def record(reply: Reply, path: Path) -> dict[str, str]:
    """Keep an answer; gives the environment of a server that is to give it again."""
    headers = [
        (name, value) for name, value in reply.headers.items() if name.lower() not in _OF_THE_SERVER
    ]
    status = f"{reply.status} {HTTPStatus(reply.status).phrase}"
    path.with_suffix(".body").write_bytes(reply.body)
    path.write_text(json.dumps({"status": status, "headers": headers}))
    return {VARIABLE: str(path)}


def create_bare() -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    status, headers, body = _read()
    answer, ready = [body], [("Content-Type", "text/plain")]

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/readyz":
            start_response("200 OK", ready)
            return [b"ready\n"]
        start_response(status, headers)
        return answer

    return serve


def create_flask() -> Flask:
    status, headers, body = _read()
    app = Flask("recorded")

    @app.get("/feeds/<name>")
    def feed(name: str) -> Response:
        del name
        return Response(body, status, headers)

    @app.get("/readyz")
    def readyz() -> str:
        return "ready\n"

    return app


def _read() -> tuple[str, list[tuple[str, str]], bytes]:
    path = Path(os.environ[VARIABLE])
    kept = json.loads(path.read_text())
    headers = [(name, value) for name, value in kept["headers"]]
    return kept["status"], headers, path.with_suffix(".body").read_bytes()
