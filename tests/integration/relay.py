"""What stands between a reader and the service, and writes down what each was answered."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PATIENCE_SECONDS = 20
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length"}


@dataclass(slots=True)
class Relay:
    """Its port, and the path and status of each answer."""

    port: int = 0
    answers: list[tuple[str, int]] = field(default_factory=list)

    def statuses(self) -> list[int]:
        """Those since the last time that they were asked for."""
        statuses = [status for _, status in self.answers]
        self.answers.clear()
        return statuses


@contextmanager
def relay_to(port: int) -> Iterator[Relay]:
    """Pass on every GET to the service on a port of this machine."""
    relay = Relay()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
            try:
                line.request("GET", self.path, headers=dict(self.headers))
                response = line.getresponse()
                body = response.read()
            finally:
                line.close()
            relay.answers.append((self.path, response.status))
            self.send_response(response.status)
            for name, value in response.getheaders():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            if body:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the test shows what it needs."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    relay.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        server.shutdown()
        server.server_close()
        thread.join(_PATIENCE_SECONDS)
