"""From the newsroom to the reader: pushed articles, as feedparser reads them from the service."""

import json
import re
import shutil
import subprocess
import unicodedata

import feedparser
import pytest

from tests.conftest import SHARED
from tests.integration.conftest import on_sqlite
from tests.integration.server import PROGRAM, REPOSITORY
from tests.newsroom import article, event

PAGE = SHARED / "real" / "vietnamese-news-page.txt"
FEEDS = ("all", "xay-dung-dang", "tin-tuc")


def page_article() -> dict:
    """A provincial paper's page as an article: title, lead, paragraphs, byline."""
    parts = [part.strip() for part in PAGE.read_text(encoding="utf-8").split("\n\n")]
    title, lead, *paragraphs = parts[1], parts[3], *parts[4 : parts.index("B.H")]
    return article(
        "20230109-001",
        title=title,
        summary=lead,
        content_html="".join(f"<p>{paragraph}</p>" for paragraph in (lead, *paragraphs)),
        date_published="2023-01-09T00:00:00+07:00",
    )


def own_article() -> dict:
    return article(
        "own-1",
        title="Chợ phiên vùng cao “mở lại” sau mùa mưa & lũ",
        summary="Sáng thứ Hai, chợ phiên đông trở lại.",
        content_html="<p>Sáng thứ Hai, chợ phiên đông trở lại.</p><p>Ông Ẩn kể: “Vui lắm!”</p>",
    )


@pytest.mark.parametrize("name", FEEDS)
@pytest.mark.parametrize("suffix", ["rss", "atom"])
@pytest.mark.parametrize("make", [own_article, page_article])
def test_reader_reads_what_the_newsroom_wrote(shared_service, make, suffix, name):
    if make is page_article and not PAGE.exists():
        pytest.skip(f"the sample page is not here: {PAGE}")
    data = make()
    shared_service.push(event(data))
    feed = feedparser.parse(shared_service.get(f"/feeds/{name}.{suffix}").body)
    assert not feed.bozo, feed.get("bozo_exception")
    (entry,) = [entry for entry in feed.entries if entry.link == data["url"]]
    assert entry.title == unicodedata.normalize("NFC", data["title"])
    assert [author.name for author in entry.authors] == ["B.H"]
    hour = 9 if make is own_article else 17
    day = 9 if make is own_article else 8
    assert entry.published_parsed[:5] == (2023, 1, day, hour, 30 if make is own_article else 0)
    assert entry.content[0].value == unicodedata.normalize("NFC", data["content_html"])
    assert entry.summary == unicodedata.normalize("NFC", data["summary"])


@pytest.mark.parametrize("name", FEEDS)
def test_json_feed_has_what_the_newsroom_wrote(shared_service, name):
    data = own_article()
    shared_service.push(event(data))
    items = json.loads(shared_service.get(f"/feeds/{name}.json").body)["items"]
    (item,) = [item for item in items if item["url"] == data["url"]]
    for field in ("title", "summary", "content_html", "language", "authors"):
        assert item[field] == data[field]
    assert item["date_published"] == "2023-01-09T09:30:00Z"


@on_sqlite
def test_readmes_commands_push_the_sample(service, tmp_path):
    """The shell lines of the README, but for the port and that the source is there already."""
    for program in ("bash", "curl", "openssl", "od", "sed"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    script = "".join(
        next(block for block in blocks if words in block)
        for words in ("source add", "curl", "feedsvc push")
    )
    address = f"http://127.0.0.1:{service.port}"
    for written, here in (
        ("http://127.0.0.1:8000", address),
        (".venv/bin/feedsvc", PROGRAM),
        ("source add", "source rotate"),
    ):
        assert written in script
        script = script.replace(written, here)
    shutil.copytree(REPOSITORY / "deploy", tmp_path / "deploy")
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=service.environment | {"FEEDSVC_PUBLIC_URL": address},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    first, _, second = result.stdout.partition("\n")
    assert json.loads(first)["events"][0]["status"] == "created"
    assert second.split()[:2] == ["unchanged", "20230109-001"]
    assert service.shown(name="kinh-te") == ["cau-moi-noi-hai-bo-song"]
