"""A feedsvc of its own, in processes of its own, for the promises that are about the server."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from feedsvc.db import Database
from feedsvc.ingest.sources import add_source
from tests.newsroom import JSON, SECRET_KEY, VAULT, dumped, signed

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = str(Path(sys.executable).parent / "feedsvc")
PUBLIC_URL = "https://feeds.example"
SUFFIXES = ("json", "rss", "atom")
PROBLEM = "application/problem+json"
WORKERS = 3
#: Deadlines, for a machine that is busy with other things; nothing is expected to take so long.
PATIENCE_SECONDS = 30.0
ANSWER_SECONDS = 20.0
_POLL_SECONDS = 0.02
#: What the tests do without: that a sender is slowed down, and that another process's writes to
#: PostgreSQL are seen a moment later.
_DEFAULTS = {
    "FEEDSVC_INGEST_RATE": "unlimited",
    "FEEDSVC_REVISION_TTL": "0",
    "FEEDSVC_HUB": "true",
    "FEEDSVC_WORKER": "false",
}
_ATOM = "{http://www.w3.org/2005/Atom}"
#: What a client sees of a server that is killed while it answers, or is not there.
LOST = (OSError, http.client.HTTPException)


def wait_until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """The first true value of `condition`, asked again and again until the deadline."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} seconds in vain: {what}")
        time.sleep(_POLL_SECONDS)
    return value


def bare_environment(**settings: str) -> dict[str, str]:
    """The environment of a service: of feedsvc's settings these and no others."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name != "PORT" and not name.startswith(("FEEDSVC_", "GUNICORN_"))
    }
    return inherited | settings


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_unavailable(self) -> bool:
        """Whether it is a 503 such as every sender can act on; any other 503 is a failure."""
        if self.status != http.HTTPStatus.SERVICE_UNAVAILABLE:
            return False
        assert int(self.headers["Retry-After"]) > 0
        assert self.headers["Content-Type"] == PROBLEM
        assert self.json["status"] == self.status
        return True


def articles_in(reply: Reply, suffix: str) -> list[str]:
    """The ids of the articles that a feed shows, in its order: each is the end of its address."""
    assert reply.status == http.HTTPStatus.OK, reply
    if suffix == "json":
        links = [item["url"] for item in reply.json["items"]]
    elif suffix == "rss":
        links = [link.text or "" for link in ET.fromstring(reply.body).iter("link")][1:]
    else:
        root = ET.fromstring(reply.body)
        links = [
            next(
                link.get("href", "")
                for link in entry.iter(f"{_ATOM}link")
                if link.get("rel", "alternate") == "alternate"
            )
            for entry in root.iter(f"{_ATOM}entry")
        ]
    return [link.rpartition("/")[2] for link in links]


class Service:
    """`feedsvc serve`, or another command that serves, on one database."""

    def __init__(
        self,
        database_url: str,
        log_path: Path,
        *,
        workers: int = WORKERS,
        command: Sequence[str] = (),
        **settings: str,
    ) -> None:
        self.database_url = database_url
        self.log_path = log_path
        self.workers = workers
        self.port = _free_port()
        self.environment = bare_environment(
            FEEDSVC_DATABASE_URL=database_url,
            FEEDSVC_PUBLIC_URL=PUBLIC_URL,
            FEEDSVC_SECRET_KEY=SECRET_KEY,
            **(_DEFAULTS | settings),
        )
        self._command = [
            *(command or (PROGRAM, "serve")),
            *("--bind", f"127.0.0.1:{self.port}", "--workers", str(workers)),
        ]
        self.process: subprocess.Popen[bytes] | None = None
        self.key = ""

    # Its life

    def start(self) -> None:
        """Returns when it is ready; the first time, it gets a source `desk`."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                self._command,
                cwd=REPOSITORY,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_until_ready()
        if not self.key:
            with self.database() as database:
                self.key = add_source(database, VAULT, "desk")

    def wait_until_ready(self) -> None:
        assert self.process is not None

        def is_ready() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self.log
            return len(self.list_workers()) == self.workers and self.answers("/readyz")

        wait_until(is_ready, "the service is ready")

    def answers(self, path: str) -> bool:
        try:
            return self.get(path).status == http.HTTPStatus.OK
        except LOST:
            return False

    def terminate(self) -> int:
        """Ask it to stop; gives its exit code. Nothing of it is left."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        return self._bury()

    def kill(self) -> None:
        """End every one of its processes at once, as a power cut would."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self._bury()

    def _bury(self) -> int:
        process, self.process = self.process, None
        assert process is not None
        # Until it is waited for, its number can't become another process's, nor its group's.
        has_ended = _within_patience(
            lambda: os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        )
        left = has_ended and _within_patience(lambda: not _alive_in_group(process.pid))
        os.killpg(process.pid, signal.SIGKILL)
        code = process.wait(PATIENCE_SECONDS)
        assert left, f"had to be killed: {self.log}"
        return code

    def list_workers(self) -> list[int]:
        """The process numbers of the workers: the main process's children."""
        assert self.process is not None
        return [
            pid
            for pid, state, parent, _ in _processes()
            if parent == self.process.pid and state != "Z" and not _is_keeper(pid)
        ]

    def find_hub_worker(self) -> int | None:
        """The process number of the hub's worker, if it is there now; of one, if there are two."""
        return next(iter(self.list_hub_workers()), None)

    def list_hub_workers(self) -> list[int]:
        """The process numbers of the hub's workers: the children of who keeps them."""
        keeper = self.find_hub_keeper()
        return [pid for pid, state, parent, _ in _processes() if state != "Z" and parent == keeper]

    def find_hub_keeper(self) -> int | None:
        """The process number of who starts the hub's worker again: the main process's child."""
        assert self.process is not None
        children = [
            pid for pid, state, up, _ in _processes() if up == self.process.pid and state != "Z"
        ]
        return next(filter(_is_keeper, children), None)

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    # Its database, past it

    @contextmanager
    def database(self) -> Iterator[Database]:
        database = Database(self.database_url)
        try:
            yield database
        finally:
            database.close()

    def read_change(self) -> int:
        with self.database() as database:
            return database.read_counter().change

    # Speaking to it

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: dict[str, str] | None = None,
        connection: http.client.HTTPConnection | None = None,
    ) -> Reply:
        """One request: on a fresh connection, unless one that is kept is given.

        A body in parts is sent in chunks.
        """
        line = connection or self.connect()
        try:
            line.request(method, path, body, headers or {})
            response = line.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            if connection is None:
                line.close()

    def get(self, path: str, **options: Any) -> Reply:
        return self.request("GET", path, **options)

    def shown(self, suffix: str = "json", name: str = "all", limit: int = 200) -> list[str]:
        """The ids that a feed shows."""
        return articles_in(self.get(f"/feeds/{name}.{suffix}?limit={limit}"), suffix)

    def send(
        self,
        message: Any,
        message_id: str | None = None,
        media_type: str = JSON,
        **options: Any,
    ) -> Reply:
        """Push a message once."""
        body = dumped(message)
        headers = signed(self.key, body, message_id) | {"Content-Type": media_type}
        return self.request("POST", "/ingest/desk", body, headers, **options)

    def push(self, message: Any, **options: Any) -> dict[str, Any]:
        """Push one event that is expected to be taken at once; gives its result."""
        reply = self.send(message, **options)
        assert reply.status == http.HTTPStatus.OK, reply
        result: dict[str, Any] = reply.json["events"][0]
        return result

    def push_until_taken(self, message: Any, message_id: str) -> dict[str, Any]:
        """Push as an editorial system does: the same message again until it is acknowledged."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        last: object = None
        while time.monotonic() < deadline:
            try:
                last = reply = self.send(message, message_id)
            except LOST as error:
                last = error
            else:
                if reply.status == http.HTTPStatus.OK:
                    result: dict[str, Any] = reply.json["events"][0]
                    return result
                assert reply.is_unavailable, reply
            time.sleep(_POLL_SECONDS)
        raise AssertionError(f"{message_id} was not taken; the last answer: {last!r}")

    @contextmanager
    def connection_to_each_worker(self) -> Iterator[list[http.client.HTTPConnection]]:
        """A kept connection to every worker: each is made while the other workers are stopped."""
        workers = self.list_workers()
        with contextlib.ExitStack() as stack:
            connections = []
            for worker in workers:
                with stopped([other for other in workers if other != worker]):
                    connection = stack.enter_context(contextlib.closing(self.connect()))
                    assert self.get("/healthz", connection=connection).body == b"alive\n"
                connection.auto_open = 0  # what is closed stays so, and is noticed
                connections.append(connection)
            yield connections

    def exchange(self, *parts: bytes) -> bytes:
        """What it says to bytes, to the end; after the last part, nothing more is sent."""
        with socket.create_connection(("127.0.0.1", self.port), ANSWER_SECONDS) as line:
            try:
                for part in parts:
                    line.sendall(part)
                line.shutdown(socket.SHUT_WR)
            except OSError:  # it has heard enough
                pass
            return read_to_end(line)


def _is_keeper(pid: int) -> bool:
    """Whether a process keeps the hub's worker."""
    try:
        return b"feedsvc.server.keeper" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def read_to_end(line: socket.socket) -> bytes:
    heard = b""
    with contextlib.suppress(ConnectionError):
        while block := line.recv(65_536):
            heard += block
    return heard


def statuses(heard: bytes) -> list[int]:
    """The statuses of the answers in what was heard on one connection."""
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) [^\r\n]*\r\n", heard)]


@contextmanager
def stopped(pids: Sequence[int]) -> Iterator[None]:
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        wait_until(
            lambda: all(state == "T" for pid, state, _, _ in _processes() if pid in pids),
            "the workers are stopped",
        )
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _within_patience(condition: Callable[[], Any]) -> bool:
    try:
        return bool(wait_until(condition, "an end"))
    except AssertionError:
        return False


def _alive_in_group(group: int) -> list[int]:
    return [pid for pid, state, _, of_group in _processes() if of_group == group and state != "Z"]


def _processes() -> list[tuple[int, str, int, int]]:
    """Each process's number, state, parent and group (proc(5), `/proc/pid/stat`)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, group = path.read_text(errors="replace").rpartition(")")[2].split()[:3]
        except (OSError, ValueError):  # it has just ended
            continue
        found.append((int(path.parent.name), state, int(parent), int(group)))
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
