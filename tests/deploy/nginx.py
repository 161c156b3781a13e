"""A real nginx with the configuration that is shipped, and something for it to stand before."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.integration.server import PATIENCE_SECONDS, REPOSITORY, Reply, Service, wait_until

CONFIGURATION = REPOSITORY / "deploy" / "nginx.conf"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def require(program: str) -> str:
    """The path of a program; the test is skipped, saying so, where there is none."""
    # Debian keeps servers out of the path of people.
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


def put(text: str, written: str, here: str) -> str:
    """The text with `here` where it has `written`; it must have it."""
    assert written in text
    return text.replace(written, here)


def listen_plainly(text: str, port: int) -> str:
    written = "    listen 80;\n    listen [::]:80;\n    # listen 443"
    return put(text, written, f"    listen 127.0.0.1:{port};\n    #")


class AnyNginx:
    """nginx with the servers that `site` configures for a port, and all it writes in `directory`.

    `more` is what else the machine's own configuration says, beside them.
    """

    # It is spoken to as a service is.
    connect, request, get, exchange = (
        Service.connect,
        Service.request,
        Service.get,
        Service.exchange,
    )

    def __init__(
        self, directory: Path, site: Callable[[int], str], *, workers: int = 2, more: str = ""
    ) -> None:
        self.directory = directory
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        (directory / "feedsvc.conf").write_text(site(self.port), encoding="utf-8")
        paths = " ".join(
            f"{kind}_temp_path {directory}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (directory / "nginx.conf").write_text(
            f"daemon off; worker_processes {workers}; pid {directory}/nginx.pid;\n"
            f"{'user root;' if os.geteuid() == 0 else ''}\n"
            f"error_log {directory}/main.log warn;\n"
            "events { worker_connections 1024; }\n"
            f"http {{ {paths} access_log {directory}/main.access.log; {more}\n"
            f"include {directory}/feedsvc.conf; }}\n"
        )
        configuration = directory / "nginx.conf"
        self._command = [require("nginx"), "-p", str(directory), "-c", str(configuration)]

    def check(self) -> subprocess.CompletedProcess[str]:
        """What `nginx -t` says of the configuration."""
        return subprocess.run(
            [*self._command, "-t"], capture_output=True, text=True, timeout=30, check=False
        )

    def start(self) -> None:
        with (self.directory / "output.log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_until(self._listens, f"nginx listens: {self.logs}")

    def _listens(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.logs
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """End it, after what it is answering: only then is all of it in the logs."""
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(signal.SIGQUIT)
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait(PATIENCE_SECONDS)
            raise

    @property
    def logs(self) -> str:
        """All that it wrote to any log."""
        return "".join(path.read_text() for path in sorted(self.directory.glob("*.log")))

    @property
    def kept(self) -> bytes:
        """All that is in its cache."""
        files = self.directory.glob("cache*/**/*")
        return b"".join(path.read_bytes() for path in files if path.is_file())


class Nginx(AnyNginx):
    """nginx before 127.0.0.1:`upstream_port`, as it is shipped."""

    def __init__(
        self,
        directory: Path,
        upstream_port: int,
        edit: Callable[[str, int], str] = listen_plainly,
        **options: Any,
    ) -> None:
        def site(port: int) -> str:
            shipped = edit(CONFIGURATION.read_text(encoding="utf-8"), port)
            for written, here in (
                ("127.0.0.1:8000", f"127.0.0.1:{upstream_port}"),
                ("127.0.0.1:8001", f"127.0.0.1:{free_port()}"),
                ("/var/cache/nginx-feedsvc", f"{directory}/cache"),
                ("/var/log/nginx/feedsvc", f"{directory}/feedsvc"),
                ("/var/www/html", f"{directory}/html"),
            ):
                shipped = put(shipped, written, here)
            return shipped

        super().__init__(directory, site, **options)


@contextmanager
def running(nginx: Nginx) -> Iterator[Nginx]:
    try:
        nginx.start()
        yield nginx
    finally:
        nginx.stop()
        print(nginx.logs)  # noqa: T201 (pytest shows it beside a failure)


def in_front_of(port: int, directory: Path) -> contextlib.AbstractContextManager[Nginx]:
    return running(Nginx(directory, port))


class Echo:
    """A server that answers with the request's header, and counts what it is asked.

    `respond` may be replaced: it is given the request's fields and path, and gives status, fields
    and body; None ends the connection without an answer.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.respond: Callable[[Mapping[str, str], str], tuple[int, dict[str, str], bytes] | None]
        self.reset()
        echo = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # an answer's body need not wait for its head

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                echo.asked[f"{self.command} {self.path}"] += 1
                response = echo.respond(self.headers, self.path)
                if response is None:
                    self.close_connection = True
                    return
                status, headers, body = response
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = answer  # noqa: N815 (the library's names)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.port: int = self._server.server_port

    def reset(self) -> None:
        self.asked.clear()
        self.respond = echoed

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join(PATIENCE_SECONDS)
        self._server.server_close()


def echoed(headers: Mapping[str, str], path: str) -> tuple[int, dict[str, str], bytes]:
    body = {"path": path, "headers": [(name.lower(), value) for name, value in headers.items()]}
    return 200, {"Cache-Control": "public, max-age=300"}, json.dumps(body).encode()


def received(reply: Any) -> dict[str, str]:
    """The fields that `echoed` had been sent, of which none came twice."""
    fields = reply.json["headers"]
    names = [name for name, _ in fields]
    assert len(names) == len(set(names)), names
    return dict(fields)


def send_raw(nginx: Nginx, request: bytes) -> Reply:
    """The answer to bytes that no library would send."""
    with socket.create_connection(("127.0.0.1", nginx.port), PATIENCE_SECONDS) as line:
        line.sendall(request)
        with contextlib.closing(http.client.HTTPResponse(line)) as response:
            response.begin()
            return Reply(response.status, response.headers, response.read())
