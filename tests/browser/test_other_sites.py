"""Pages of other sites, on another origin: what their scripts may read, and the code to copy."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser.test_pages import LOOKS, opened, photograph, violations

PAGE = """<!doctype html><html lang="vi"><meta charset="utf-8"><title>Trang khác</title>
<link rel="icon" href="data:,"><main><h1>Trang khác</h1>{}</main></html>"""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    body = PAGE.format("").encode()
    policy = ""


class _Pages(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(self.server.body)))
        if self.server.policy:
            self.send_header("Content-Security-Policy", self.server.policy)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def partner() -> Iterator[_Server]:
    """A site on another port, which is another origin."""
    server = _Server(("127.0.0.1", 0), _Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def visited(browser, partner, **options):
    """The other site's page, with what its console said and whom it asked."""
    context = browser.new_context(locale="vi-VN", viewport={"width": 360, "height": 740}, **options)
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("request", lambda request: page.asked.append(request.url))
    try:
        page.goto(f"http://127.0.0.1:{partner.server_port}/")
        yield page
    finally:
        context.close()


@pytest.fixture
def copied(browser, expect) -> Callable[..., str]:
    """What a button of the first page copies, for a feed by its title."""

    def copy(address: str, label: str, title: str | None = None) -> str:
        permissions = ["clipboard-read", "clipboard-write"]
        with opened(browser, f"{address}/", permissions=permissions) as page:
            if title is not None:
                page.select_option("#chooser select", label=title)
            page.click(f"button[aria-label='{label}']")
            expect(page.locator("#said")).to_have_text("Đã sao chép")
            text: str = page.evaluate("navigator.clipboard.readText()")
        return text

    return copy


# What scripts may read


READ = """async (address) => {
    const answer = await fetch(address);
    const feed = await answer.json();
    return [answer.status, answer.headers.get("ETag"), feed.items?.map(item => item.title), feed];
}"""


def test_script_reads_the_headlines(browser, partner, sample):
    with visited(browser, partner) as page:
        status, etag, titles, _ = page.evaluate(READ, f"{sample}/feeds/kinh-te.json?limit=3")
        assert (status, len(titles)) == (200, 3)
        assert etag.startswith('W/"')


def test_script_reads_the_list_of_feeds(browser, partner, sample):
    with visited(browser, partner) as page:
        *_, listed = page.evaluate(READ, f"{sample}/feeds.json")
        assert listed["feeds"][0]["name"] == "all"


def test_script_reads_what_went_wrong(browser, partner, sample):
    with visited(browser, partner) as page:
        status, _, _, problem = page.evaluate(READ, f"{sample}/feeds/none.json")
        assert (status, problem["title"]) == (404, "There is no such feed")
        status, _, _, problem = page.evaluate(READ, f"{sample}/feeds/all.json?limit=0")
        assert (status, problem["parameter"]) == (400, "limit")


def test_script_asks_whether_anything_changed(browser, partner, sample):
    """`If-None-Match` makes the browser ask first, by OPTIONS."""
    with visited(browser, partner) as page:
        status = page.evaluate(
            """async (address) => {
                const first = await fetch(address);
                const headers = {"If-None-Match": first.headers.get("ETag")};
                return (await fetch(address, {headers, cache: "no-store"})).status;
            }""",
            f"{sample}/feeds/all.json",
        )
        assert status == 304


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("/feeds/all.json", {"credentials": "include"}),
        ("/feeds/all.json", {"headers": {"X-Other": "1"}}),
        ("/feeds/all.json", {"method": "PUT"}),
        ("/feeds/all.rss", {}),
        ("/", {}),
        ("/ingest/desk", {"method": "POST"}),
        ("/inbox", {"headers": {"Authorization": "Bearer x"}}),
    ],
    ids=str,
)
def test_script_may_do_nothing_else(browser, partner, sample, path, options):
    with visited(browser, partner) as page:
        outcome = page.evaluate(
            """([address, options]) => fetch(address, options).then(
                answer => answer.status, error => error.name)""",
            [sample + path, options],
        )
        assert outcome == "TypeError"


# The code to copy


def test_copied_list_shows_the_newest_headlines(browser, expect, axe, partner, sample, copied):
    code = copied(sample, "Sao chép danh sách tin", "Kinh tế – Báo Sông Ngàn")
    partner.body = PAGE.format(code).encode()
    with visited(browser, partner) as page:
        page.wait_for_selector("li time")
        photograph(page, "other-site", LOOKS[4])
        *_, titles, _ = page.evaluate(READ, f"{sample}/feeds/kinh-te.json?limit=5&content=headline")
        assert page.locator("section li a").all_inner_texts() == titles
        assert page.locator("section").get_attribute("aria-label") == "Kinh tế – Báo Sông Ngàn"
        assert violations(page, axe) == []
        assert page.said == []
        origin = f"http://127.0.0.1:{partner.server_port}/"
        assert {url for url in page.asked if not url.startswith(("data:", origin))} == {
            f"{sample}/feeds/kinh-te.json?limit=5&content=headline"
        }
        page.locator("section li a").first.click()
        expect(page.locator("h1")).to_have_text(titles[0])


def test_whatever_headlines_say_is_text_in_the_copied_list(browser, axe, partner, sites, copied):
    site = sites("hostile")
    code = copied(site, "Sao chép danh sách tin", '"Lừa" & <b>đảo</b> – Báo Sông Ngàn')
    partner.body = PAGE.format(code).encode()
    with visited(browser, partner) as page:
        page.wait_for_selector("li time")
        (link,) = page.locator("section li a").all()
        assert link.inner_text() == "<img src=x onerror=alert(1)> & “x”"
        label = page.locator("section").get_attribute("aria-label")
        assert label == '"Lừa" & <b>đảo</b> – Báo Sông Ngàn'
        assert page.locator("section :is(img, b)").count() == 0
        assert page.said == []
        assert violations(page, axe) == []


@pytest.mark.parametrize("trouble", ["away", "no scripts", "policy", "no articles"])
def test_link_stays_where_the_copied_list_can_not_be_filled(
    browser, partner, sites, copied, trouble
):
    site = sites("empty" if trouble == "no articles" else "sample")
    code = copied(site, "Sao chép danh sách tin")
    if trouble == "away":
        code = code.replace("/feeds/all.json", "/feeds/none.json")
    partner.body = PAGE.format(code).encode()
    partner.policy = "connect-src 'none'" if trouble == "policy" else ""
    with visited(browser, partner, java_script_enabled=trouble != "no scripts") as page:
        page.wait_for_timeout(500)  # longer than the list takes
        (link,) = page.locator("section li a").all()
        assert link.inner_text() == "Báo Sông Ngàn"


def test_copied_links_are_found_by_readers(browser, partner, sample, copied):
    code = copied(sample, "Sao chép các liên kết", "Kinh tế – Báo Sông Ngàn")
    partner.body = PAGE.replace("<main>", f"{code}<main>").format("").encode()
    with visited(browser, partner) as page:
        found = page.evaluate(
            """[...document.head.querySelectorAll("link[rel=alternate]")]
                .map(link => [link.type, link.href, link.title])"""
        )
    title = "Kinh tế – Báo Sông Ngàn"
    assert found == [
        ["application/rss+xml", f"{sample}/feeds/kinh-te.rss", f"{title} (RSS)"],
        ["application/atom+xml", f"{sample}/feeds/kinh-te.atom", f"{title} (Atom)"],
        ["application/feed+json", f"{sample}/feeds/kinh-te.json", f"{title} (JSON Feed)"],
    ]


def test_code_is_that_of_everything_without_a_choice_or_scripts(browser, sample, copied):
    with opened(browser, f"{sample}/", java_script_enabled=False) as page:
        code, links = page.locator(".snippet code").all_inner_texts()
        assert page.locator("#chooser select").count() == 0
    assert f'fetch("{sample}/feeds/all.json?limit=5&content=headline")' in code
    assert links.count(f"{sample}/feeds/all.") == 3
    assert copied(sample, "Sao chép các liên kết").strip() == links.strip()
