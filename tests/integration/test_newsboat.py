"""A reader's first subscription: newsboat, and the address that the page tells it."""

import shutil
import subprocess

import pytest
from lxml import html

from tests.integration.conftest import on_sqlite
from tests.newsroom import article, event

BROWSER = {"Accept": "text/html", "Accept-Language": "vi"}
SECTION = {"slug": "kinh-te", "name": "Kinh tế"}
INFRASTRUCTURE = {"slug": "ha-tang", "name": "Hạ tầng", "parent": SECTION}


@pytest.fixture
def newsboat(tmp_path):
    """Runs newsboat, whose files are below `tmp_path`; gives what it says."""
    program = shutil.which("newsboat")
    if program is None:
        pytest.skip("newsboat is not installed")
    for name in ("urls", "config"):
        (tmp_path / name).touch()
    files = ["-C", tmp_path / "config", "-u", tmp_path / "urls", "-c", tmp_path / "cache.db"]
    environment = {"HOME": str(tmp_path), "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}

    def run(*options):
        return subprocess.run(
            [program, *files, *options],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout

    return run


@on_sqlite
def test_newsboat_reads_the_headlines_of_a_section_that_the_page_offers(serve, newsboat, tmp_path):
    service = serve()
    service.push(event(article("a-1", title="Cầu mới thông xe", categories=[SECTION])))
    service.push(event(article("a-2", title="Mưa lớn ở vùng núi", categories=["Thời tiết"])))
    page = html.fromstring(service.get("/", headers=BROWSER).body.decode())
    (offered,) = page.xpath('//link[@rel="alternate"][starts-with(@title, "Kinh tế")]/@href')
    address = offered.replace("https://feeds.example", f"http://127.0.0.1:{service.port}")
    (tmp_path / "urls").write_text(f'{address} "~Kinh tế"\n', encoding="utf-8")
    newsboat("-x", "reload")
    assert "1 unread" in newsboat("-x", "print-unread")
    assert read_titles(tmp_path / "cache.db") == [("Cầu mới thông xe", "B.H")]


@on_sqlite
def test_newsboat_imports_all_feeds_with_their_sections(serve, newsboat, tmp_path):
    service = serve()
    service.push(event(article("a-1", title="Cầu mới thông xe", categories=[INFRASTRUCTURE])))
    service.push(event(article("a-2", title="Mưa lớn ở vùng núi", categories=["Thời tiết"])))
    own = f"http://127.0.0.1:{service.port}"
    opml = service.get("/feeds.opml").body.decode().replace("https://feeds.example", own)
    (tmp_path / "feeds.opml").write_text(opml, encoding="utf-8")
    newsboat("-i", tmp_path / "feeds.opml")
    assert (tmp_path / "urls").read_text(encoding="utf-8").splitlines() == [
        f"{own}/feeds/all.rss",
        f'{own}/feeds/kinh-te.rss "Kinh tế"',
        f'{own}/feeds/ha-tang.rss "Kinh tế"',
        f"{own}/feeds/thoi-tiet.rss",
    ]
    newsboat("-x", "reload")
    titles = [title for title, _ in read_titles(tmp_path / "cache.db")]
    assert sorted(set(titles)) == ["Cầu mới thông xe", "Mưa lớn ở vùng núi"]


def read_titles(cache):
    """What newsboat keeps of the feeds that it has read."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(cache)) as connection:
        return connection.execute("SELECT title, author FROM rss_item ORDER BY id").fetchall()
