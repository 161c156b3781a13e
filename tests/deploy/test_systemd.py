"""deploy/feedsvc.service and .socket: what systemd says, and what a held socket is good for."""

import shlex
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from feedsvc.settings import Settings, load_settings, variable_name
from tests.deploy.nginx import free_port, in_front_of, require
from tests.integration.conftest import end
from tests.integration.server import PROGRAM, REPOSITORY, Service, bare_environment, wait_until
from tests.newsroom import publish

SERVICE = REPOSITORY / "deploy" / "feedsvc.service"
SOCKET = REPOSITORY / "deploy" / "feedsvc.socket"
#: Of 10; what is left is that it uses the network at all.
EXPOSURE = 1.5


@pytest.fixture
def units(tmp_path) -> list[str]:
    """The units, with the program where it is here: systemd looks whether it is there."""
    require("systemd-analyze")
    text, written = SERVICE.read_text(), "/opt/feedsvc/.venv/bin/feedsvc"
    assert written in text
    (tmp_path / SERVICE.name).write_text(text.replace(written, PROGRAM))
    shutil.copy(SOCKET, tmp_path)
    return [str(tmp_path / SERVICE.name), str(tmp_path / SOCKET.name)]


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_systemd_has_nothing_to_say_against_the_units(units):
    said = analyze("verify", *units)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_service_can_do_little_beside_its_work(units):
    said = analyze("security", "--offline=true", f"--threshold={EXPOSURE * 10:.0f}", units[0])
    assert said.returncode == 0, said.stdout


def list_calls(name: str) -> set[str]:
    """The system call of this name, or those of the group, as systemd has them."""
    if not name.startswith("@"):
        return {name}
    lines = analyze("syscall-filter", name).stdout.splitlines()[1:]
    names = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    return set().union(*map(list_calls, names))


def test_service_may_keep_its_workers_on_processors():
    require("systemd-analyze")
    lines = [line.partition("=") for line in SERVICE.read_text().splitlines()]
    allowed: set[str] = set()
    for _, _, said in [line for line in lines if line[0] == "SystemCallFilter"]:
        calls = set().union(*map(list_calls, said.removeprefix("~").split()))
        allowed = allowed - calls if said.startswith("~") else allowed | calls
    assert {"sched_getaffinity", "sched_setaffinity"} <= allowed
    assert "sched_setscheduler" not in allowed  # what the groups take away is taken away


def test_socket_is_the_one_that_nginx_asks():
    (line,) = [line for line in SOCKET.read_text().splitlines() if "ListenStream=" in line]
    address = line.removeprefix("ListenStream=")
    assert f"server {address} " in (REPOSITORY / "deploy" / "nginx.conf").read_text()


def test_stopping_waits_longer_than_the_workers():
    graceful = (REPOSITORY / "deploy" / "gunicorn.conf.py").read_text()
    assert "graceful_timeout = 30" in graceful
    # And after them the hub's worker, which has 25 seconds (feedsvc/server/keeper.py).
    assert "TimeoutStopSec=60" in SERVICE.read_text()


class Activated(Service):
    """A service that is handed a listening socket, as systemd does, which outlives it."""

    def __init__(self, database_url: str, log_path: Path, listener: socket.socket) -> None:
        super().__init__(database_url, log_path, workers=2)
        self.port = listener.getsockname()[1]
        self._listener = listener

    def start(self) -> None:
        # LISTEN_PID is the number of the process that is to serve (sd_listen_fds(3)).
        handed = self._listener.fileno()
        script = f'exec 3<&{handed}; LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" serve --workers 2'
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                ["bash", "-c", script, PROGRAM],
                cwd=REPOSITORY,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[handed],
            )


@pytest.fixture
def activated(tmp_path) -> Iterator[Activated]:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        service = Activated(f"sqlite:///{tmp_path}/feedsvc.db", tmp_path / "output", listener)
        service.start()
        try:
            service.wait_until_ready()
            service.key = _add_source(service)
            yield service
        finally:
            end(service)


def _add_source(service: Service) -> str:
    return subprocess.run(
        [PROGRAM, "source", "add", "desk"],
        env=service.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout.strip()


@contextmanager
def asking(ask, threads: int = 4) -> Iterator[list]:
    """Ask again and again in threads; what was answered is in the list in the end."""
    stop, answers = threading.Event(), []

    def go_on(thread: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            answers.append(ask(f"{thread}-{number}"))

    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(go_on, thread) for thread in range(threads)]
        try:
            yield answers
        finally:
            stop.set()
    for future in futures:
        future.result()


def restart(service: Activated, answers: list) -> None:
    for _ in range(2):
        before = len(answers)
        wait_until(lambda before=before: len(answers) > before + 8, "they are asking")
        assert service.terminate() == 0
        service.start()
        service.wait_until_ready()
    before = len(answers)
    wait_until(lambda: len(answers) > before + 8, "they are answered again")


@pytest.mark.slow
def test_nobody_is_refused_while_the_service_is_restarted(activated):
    """Not even without nginx: they wait in the queue of the socket that is held."""
    with asking(lambda _: activated.get("/feeds/all.rss").status) as answers:
        restart(activated, answers)
    assert set(answers) == {200}


@pytest.mark.slow
def test_no_push_through_nginx_fails_while_the_service_is_restarted(activated, tmp_path):
    front = tmp_path / "front"
    front.mkdir()
    with in_front_of(activated.port, front) as nginx:

        def push(number: str) -> int:
            connection = nginx.connect()
            try:
                threading.Event().wait(0.2)  # four of them keep below the limit of an address
                return activated.send(publish(number), connection=connection).status
            finally:
                connection.close()

        with asking(push) as answers:
            restart(activated, answers)
        assert set(answers) == {200}
        # Feeds that are not kept, each asked for once, get through as well.
        with asking(lambda n: nginx.get(f"/feeds/all.rss?limit=5&n={n}").status) as answers:
            restart(activated, answers)
        assert set(answers) == {200}


@pytest.mark.slow
def test_reload_brings_new_workers_to_the_same_socket(activated):
    old = set(activated.list_workers())
    with asking(lambda _: activated.get("/feeds/all.rss").status) as answers:
        activated.process.send_signal(signal.SIGHUP)
        wait_until(
            lambda: len(new := set(activated.list_workers())) == 2 and not new & old,
            "the workers are new ones",
        )
    assert set(answers) == {200}
    assert activated.get("/readyz").status == 200


def test_systemd_hands_its_socket_over(tmp_path):
    """systemd's own tool, which starts the program when the first client comes."""
    port = free_port()
    environment = bare_environment(FEEDSVC_DATABASE_URL=f"sqlite:///{tmp_path}/feedsvc.db")
    command = [require("systemd-socket-activate"), "--listen", f"127.0.0.1:{port}"]
    command += [f"--setenv={name}" for name in environment]
    with (tmp_path / "output").open("wb") as log:
        process = subprocess.Popen(
            [*command, PROGRAM, "serve"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=tmp_path,
        )
    try:
        service = Service("", tmp_path / "output")
        service.port = port
        wait_until(lambda: service.answers("/readyz"), "it answers on the socket")
        assert f"Listening at: http://127.0.0.1:{port} ({process.pid})" in service.log
    finally:
        process.terminate()
        assert process.wait(30) == 0


def test_service_says_that_it_is_ready(tmp_path):
    """`Type=notify`: without the word, systemd would take the start for a failure."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.settimeout(30)
        environment = bare_environment(
            FEEDSVC_DATABASE_URL=f"sqlite:///{tmp_path}/feedsvc.db", NOTIFY_SOCKET=address
        )
        with (tmp_path / "output").open("wb") as log:
            process = subprocess.Popen(
                [PROGRAM, "serve", "--bind", f"127.0.0.1:{free_port()}"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            ancillary = socket.CMSG_SPACE(12)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            said, (credentials,), *_ = listener.recvmsg(1000, ancillary)
            assert said.startswith(b"READY=1\n")
            # It is the main process, the only one that systemd listens to.
            assert int.from_bytes(credentials[2][:4], "little") == process.pid
        finally:
            process.terminate()
            assert process.wait(30) == 0


def test_examples_settings_are_settings(monkeypatch):
    """Also those that are commented out: each is one that feedsvc has, with a value it takes."""
    text = (REPOSITORY / "deploy" / "feedsvc.env.example").read_text()
    lines = [line.removeprefix("#") for line in text.splitlines()]
    pairs = [line.split("=", 1) for line in lines if line.startswith("FEEDSVC_")]
    known = {variable_name(field) for field in Settings.model_fields}
    for name, value in pairs:
        assert name.removesuffix("_FILE") in known
        if not name.endswith("_FILE"):  # there is no such file here
            (unquoted,) = shlex.split(value)
            monkeypatch.setenv(name, unquoted)
    assert load_settings().public_url == "https://feeds.example"
