"""A reader's first subscription: newsboat, and the address that the page tells it."""

import shutil
import subprocess

import pytest
from lxml import html

from tests.integration.conftest import on_sqlite
from tests.newsroom import article, event

BROWSER = {"Accept": "text/html", "Accept-Language": "vi"}
SECTION = {"slug": "kinh-te", "name": "Kinh tế"}


@on_sqlite
def test_newsboat_reads_the_headlines_of_a_section_that_the_page_offers(serve, tmp_path):
    newsboat = shutil.which("newsboat")
    if newsboat is None:
        pytest.skip("newsboat is not installed")
    service = serve()
    service.push(event(article("a-1", title="Cầu mới thông xe", categories=[SECTION])))
    service.push(event(article("a-2", title="Mưa lớn ở vùng núi", categories=["Thời tiết"])))
    page = html.fromstring(service.get("/", headers=BROWSER).body.decode())
    (offered,) = page.xpath('//link[@rel="alternate"][starts-with(@title, "Kinh tế")]/@href')
    address = offered.replace("https://feeds.example", f"http://127.0.0.1:{service.port}")
    (tmp_path / "urls").write_text(f'{address} "~Kinh tế"\n', encoding="utf-8")
    (tmp_path / "config").write_text("", encoding="utf-8")
    files = ["-C", tmp_path / "config", "-u", tmp_path / "urls", "-c", tmp_path / "cache.db"]
    environment = {"HOME": str(tmp_path), "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}

    def run(*options):
        return subprocess.run(
            [newsboat, *files, *options],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout

    run("-x", "reload")
    assert "1 unread" in run("-x", "print-unread")
    assert read_titles(tmp_path / "cache.db") == [("Cầu mới thông xe", "B.H")]


def read_titles(cache):
    """What newsboat keeps of the feeds that it has read."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(cache)) as connection:
        return connection.execute("SELECT title, author FROM rss_item ORDER BY id").fetchall()
