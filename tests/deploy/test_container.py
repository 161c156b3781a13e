"""deploy/Containerfile: what is in the image, who runs in it, how it lives and ends.

It is built on a base that make-container-base.sh makes: no registry of images is asked. pip fetches
the locked versions with this machine's certificates and pip.conf, which are lent for the build.
"""

import json
import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.nginx import free_port, require
from tests.integration.server import REPOSITORY, Service, wait_until

BASE = os.environ.get("FEEDSVC_TEST_CONTAINER_BASE")
LENT = [path for path in ("/etc/ssl/certs", "/etc/pip.conf") if Path(path).exists()]
SECRET = "only-the-builder-knows"
CONTEXT = (".containerignore", "LICENSE", "README.md", "deploy", "feedsvc", "pyproject.toml")

pytestmark = pytest.mark.slow


def buildah(*arguments: str, check: bool = True, timeout: int = 60) -> str:
    done = subprocess.run(
        ["buildah", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0 or not check, done.stdout[-2_000:] + done.stderr[-2_000:]
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Iterator[str]:
    """An image that was built beside secrets, as they lie about in a checkout."""
    if not BASE:
        pytest.skip("FEEDSVC_TEST_CONTAINER_BASE names no image to build on")
    require("buildah")
    if os.geteuid() != 0:
        pytest.skip("buildah's chroot isolation is for root")
    checkout = tmp_path_factory.mktemp("checkout")
    for name in CONTEXT:
        copy = shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy
        copy(REPOSITORY / name, checkout / name)
    for name in ("feedsvc.db", "desk.key", "feedsvc/desk.key", "deploy/feedsvc.env", ".env"):
        (checkout / name).write_text(SECRET)
    name = f"localhost/feedsvc-test-{uuid.uuid4().hex[:12]}"
    volumes = [f"--volume={path}:{path}:ro" for path in LENT]
    buildah(
        *("build", "--isolation=chroot", "--format=docker", f"--build-arg=BASE={BASE}", *volumes),
        *("--file", f"{checkout}/deploy/Containerfile", "--tag", name, str(checkout)),
        timeout=900,
    )
    yield name
    buildah("rmi", name)


@pytest.fixture
def container(image) -> Iterator[str]:
    name = buildah("from", image)
    yield name
    buildah("rm", name)


def run(container: str, *command: str, port: int = 8000) -> subprocess.CompletedProcess[str]:
    """A command in the container, as the image's user."""
    return subprocess.run(
        ["buildah", "run", "--isolation=chroot", f"--env=PORT={port}", container, "--", *command],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def read_config(image: str) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(buildah("inspect", "--type=image", image))
    return config


class Contained(Service):
    """`feedsvc serve` in a container, on a port of this machine's."""

    def __init__(self, container: str, log_path: Path) -> None:
        super().__init__("", log_path, workers=2)
        self._container = container

    def start(self) -> None:
        command = ["buildah", "run", "--isolation=chroot", f"--env=PORT={self.port}"]
        command += ["--env=FEEDSVC_HOST=127.0.0.1", self._container, "--", "feedsvc", "serve"]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(lambda: self.answers("/readyz"), f"the container serves: {self.log}")

    @property
    def main(self) -> int:
        """The process that would be number one in a container of its own."""
        (line,) = [line for line in self.log.splitlines() if "Listening at:" in line]
        return int(line.rpartition("(")[2].rstrip(")"))


@pytest.fixture
def contained(container, tmp_path) -> Iterator[Contained]:
    service = Contained(container, tmp_path / "output")
    try:
        service.start()
        yield service
    finally:
        if service.process is not None:
            service.kill()


def test_image_serves_as_a_user_who_is_not_root(contained):
    assert contained.get("/healthz").body == b"alive\n"
    assert contained.get("/feeds/all.rss").status == 200
    assert contained.get("/static/pages.css").status == 200
    assert Path(f"/proc/{contained.main}").stat().st_uid == 10_001


def test_signal_to_stop_ends_it_in_order(contained):
    os.kill(contained.main, signal.SIGTERM)
    assert contained.process.wait(30) == 0
    assert "Shutting down: Master" in contained.log
    contained.process = None


def test_health_check_tells_up_from_down(image, container, contained):
    kind, *command = read_config(image)["Docker"]["config"]["Healthcheck"]["Test"]
    assert kind == "CMD"
    up = run(container, *command, port=contained.port)
    assert up.returncode == 0, up.stderr
    down = run(container, *command, port=free_port())
    assert down.returncode == 1


def test_commands_use_the_data_volume(image, container):
    added = run(container, "feedsvc", "source", "add", "desk")
    assert added.stdout.startswith("whsec_"), added.stderr
    assert "desk" in run(container, "feedsvc", "source", "list").stdout
    assert "/var/lib/feedsvc/feedsvc.db" in run(container, "find", "/var/lib/feedsvc").stdout
    assert "/var/lib/feedsvc" in read_config(image)["Docker"]["config"]["Volumes"]


def test_image_names_what_it_runs(image):
    config = read_config(image)["Docker"]["config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["feedsvc"]
    assert config["Cmd"] == ["serve"]
    assert "8000/tcp" in config["ExposedPorts"]


def test_image_holds_no_secret_and_nothing_to_build_with(image, container):
    root = Path(buildah("mount", container))
    files = [path for path in (root / "opt").rglob("*") if path.is_file()]
    assert len(files) > 1_000
    assert not [path for path in files if path.suffix in (".key", ".db") or path.name == ".env"]
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
    assert not (root / "src").exists()
    for package in ("pip", "setuptools", "hatchling", "editables"):
        assert not list(root.glob(f"opt/feedsvc/lib/python3*/site-packages/{package}"))
    # Of what was lent for the build there is at most the place where it was mounted.
    lent = root / "etc" / "pip.conf"
    assert not lent.exists() or lent.read_bytes() == b""
    assert "pip.conf" not in json.dumps(read_config(image))
