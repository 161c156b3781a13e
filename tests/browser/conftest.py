"""Fixtures: sites to look at, and a browser to look with. `make browser` brings what they want."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import end
from tests.integration.server import PROGRAM, REPOSITORY, Service
from tests.newsroom import article, event, publish

AXE = Path(__file__).resolve().parent / "node_modules" / "axe-core" / "axe.min.js"
#: It is to be quiet: nothing of a test goes to another machine.
_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def playwright_api() -> Any:
    return pytest.importorskip(
        "playwright.sync_api", reason="no Playwright; `make browser` brings it"
    )


@pytest.fixture(scope="session")
def expect(playwright_api) -> Callable[..., Any]:
    """Waits, for a bounded time, until a page or a part of it is as it is expected to be.

    What a key or a click starts comes after it.
    """
    return playwright_api.expect


@pytest.fixture(scope="session")
def browser(playwright_api) -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    with playwright_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=_QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checks, as a script."""
    if not AXE.exists():
        pytest.skip("no axe-core: run `make browser`")
    return AXE.read_text(encoding="utf-8")


@contextmanager
def _site(folder: Path, fill: Callable[[Service], None]) -> Iterator[str]:
    service = Service(f"sqlite:///{folder}/feedsvc.db", folder / "log", workers=2)
    address = f"http://127.0.0.1:{service.port}"
    service.environment |= {"FEEDSVC_PUBLIC_URL": address, "FEEDSVC_TITLE": "Báo Sông Ngàn"}
    with ExitStack() as stack:
        stack.callback(end, service)
        fill(service)
        yield address


def _with_sample_news(service: Service) -> None:
    subprocess.run(
        [PROGRAM, "demo"], cwd=REPOSITORY, env=service.environment, check=True, timeout=60
    )
    service.start()


def _with_hostile_news(service: Service) -> None:
    service.start()
    service.push(publish("long", title="W" * 500, authors=[{"name": "N" * 200}]))
    service.push(publish("rtl", title="عنوان الخبر العاجل: افتتاح الجسر", language="ar"))
    trap = {"slug": "lua", "name": '"Lừa" & &lt;b&gt;đảo&lt;/b&gt;'}
    title = "&lt;img src=x onerror=alert(1)&gt; & “x”"
    service.push(publish("trap", title=title, categories=[trap]))
    service.push(publish("emoji", title="🎉🌾🚜" * 30, categories=["أخبار", "D" * 80]))
    for trunk in range(5):
        events = []
        for line in range(25):
            parent = None
            for level in range(8):
                slug = f"c{trunk}-{line}-{level}" if level else f"c{trunk}"
                parent = {"slug": slug, "name": f"Chuyên mục {slug}", "parent": parent}
            events.append(event(article(f"a{trunk}-{line}", categories=[parent])))
        assert service.send(events).status == 200


def _with_english_news(service: Service) -> None:
    service.environment["FEEDSVC_LANGUAGE"] = "en-GB"
    _with_sample_news(service)


_SITES = {
    "sample": _with_sample_news,
    "english": _with_english_news,
    "hostile": _with_hostile_news,
    "empty": lambda service: service.start(),
}


@pytest.fixture(scope="session")
def sites(tmp_path_factory) -> Iterator[Callable[[str], str]]:
    """The address of a site of a kind; each is started once."""
    started: dict[str, str] = {}
    with ExitStack() as stack:

        def start(kind: str) -> str:
            if kind not in started:
                folder = tmp_path_factory.mktemp(kind)
                started[kind] = stack.enter_context(_site(folder, _SITES[kind]))
            return started[kind]

        yield start


@pytest.fixture
def sample(sites) -> str:
    return sites("sample")
