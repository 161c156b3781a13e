"""The pages in a real browser: how they look and behave on desktop and phone, for everyone.

FEEDSVC_TEST_SCREENSHOTS names a folder to keep pictures of them in.
"""

import os
from contextlib import contextmanager
from pathlib import Path

import pytest

SCREENSHOTS = os.environ.get("FEEDSVC_TEST_SCREENSHOTS")
SIZES = {"desktop": (1280, 900), "phone": (360, 740)}
LOCALES = {"vi": "vi-VN", "en": "en-GB"}
SAMPLE_ARTICLES = (
    "/demo/cau-song-ngan-thong-xe",
    "/demo/ban-tin-sang",
    "/demo/lich-tiep-cong-dan",
)
FOCUSABLE = "a[href], button, input, select, summary, audio[controls]"

LOOKS = [
    {"size": size, "scheme": scheme, "language": language}
    for size in SIZES
    for scheme in ("light", "dark")
    for language in LOCALES
]
each_look = pytest.mark.parametrize("look", LOOKS, ids=lambda look: "-".join(look.values()))
#: Each size, scheme and language, but not each with each other.
some_looks = pytest.mark.parametrize(
    "look", [LOOKS[0], LOOKS[3], LOOKS[5], LOOKS[6]], ids=lambda look: "-".join(look.values())
)


@contextmanager
def opened(browser, address, look=LOOKS[0], **options):
    """A page, whose console must stay silent and which must ask no other host for anything."""
    width, height = SIZES[look["size"]]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=look["scheme"],
        locale=LOCALES[look["language"]],
        **options,
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    complaints, requests = [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    try:
        status = page.goto(address).status
        yield page
    finally:
        context.close()
    host = "/".join(address.split("/")[:3])
    assert [url for url in requests if not url.startswith(f"{host}/")] == []
    # Of a page that is itself an error, the console says so.
    assert [one for one in complaints if f"status of {status}" not in one] == []


def photograph(page, name, look=LOOKS[0], *, full_page=True):
    """Keep a picture. Of XML, Playwright can take no more than what can be seen at once."""
    if SCREENSHOTS:
        path = Path(SCREENSHOTS) / f"{'-'.join((name, *look.values()))}.png"
        page.screenshot(path=path, full_page=full_page)


def fits(page):
    """Whether nothing has to be scrolled sideways."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def violations(page, axe):
    page.evaluate(axe)
    found = page.evaluate("axe.run().then(result => result.violations)")
    return [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found]


@each_look
def test_first_page_is_accessible_and_fits(browser, axe, sample, look):
    with opened(browser, f"{sample}/", look) as page:
        photograph(page, "feeds", look)
        assert page.locator("html").get_attribute("lang") == look["language"]
        assert fits(page)
        assert violations(page, axe) == []


@pytest.mark.parametrize("path", SAMPLE_ARTICLES)
@some_looks
def test_sample_articles_are_accessible_and_fit(browser, axe, sample, path, look):
    with opened(browser, sample + path, look) as page:
        photograph(page, path.rpartition("/")[2], look)
        assert fits(page)
        assert violations(page, axe) == []
        assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")


@some_looks
def test_page_without_articles_is_accessible_and_fits(browser, axe, sites, look):
    with opened(browser, f"{sites('empty')}/", look) as page:
        photograph(page, "empty", look)
        assert fits(page)
        assert violations(page, axe) == []


@pytest.mark.slow
@some_looks
def test_page_stays_readable_whatever_is_on_it(browser, axe, sites, look):
    """A headline without end, another direction of writing, a thousand sections on eight levels."""
    with opened(browser, f"{sites('hostile')}/", look) as page:
        photograph(page, "hostile", look)
        assert fits(page)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert fits(page)
        assert violations(page, axe) == []


@some_looks
def test_page_of_an_address_that_is_none_is_accessible_and_fits(browser, axe, sample, look):
    with opened(browser, f"{sample}/nowhere", look) as page:
        photograph(page, "nowhere", look)
        assert fits(page)
        assert violations(page, axe) == []


@each_look
def test_reference_is_accessible_and_fits(browser, axe, sample, look):
    with opened(browser, f"{sample}/docs", look) as page:
        photograph(page, "docs", look)
        assert page.locator("html").get_attribute("lang") == look["language"]
        assert fits(page)
        assert violations(page, axe) == []
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert fits(page)
        assert violations(page, axe) == []


@some_looks
def test_page_of_a_kind_of_problem_is_accessible_and_fits(browser, axe, sample, look):
    with opened(browser, f"{sample}/problems/refused", look) as page:
        photograph(page, "problem", look)
        assert fits(page)
        assert violations(page, axe) == []


def test_footer_leads_to_the_reference_and_that_to_a_kind_of_problem(browser, expect, sample):
    with opened(browser, f"{sample}/") as page:
        page.click("footer a")
        page.click(".contents a[href='#problems']")
        expect(page).to_have_url(f"{sample}/docs#problems")
        link = page.locator(".headlines a").last
        title = link.inner_text()
        link.click()
        expect(page.locator("h1")).to_have_text(title)


def test_reference_says_everything_without_scripts(browser, sample):
    with opened(browser, f"{sample}/docs", java_script_enabled=False) as page:
        page.click("summary >> nth=0")
        assert '"article.published"' in page.locator("details pre").first.inner_text()


@pytest.mark.parametrize("size", SIZES)
def test_keyboard_alone_reaches_everything_and_shows_where_it_is(browser, sample, size):
    with opened(browser, f"{sample}/", LOOKS[0] | {"size": size}) as page:
        page.wait_for_selector("button")
        count = page.locator(FOCUSABLE).count()
        reached = set()
        for _ in range(count):
            page.keyboard.press("Tab")
            index, outline, left = page.evaluate(
                f"""() => {{
                    const all = [...document.querySelectorAll({FOCUSABLE!r})];
                    const one = document.activeElement;
                    return [all.indexOf(one), getComputedStyle(one).outlineStyle,
                            one.getBoundingClientRect().left];
                }}"""
            )
            assert outline != "none"
            assert left >= 0
            reached.add(index)
        assert reached == set(range(count))


def test_skip_link_leads_to_the_content(browser, expect, sample):
    with opened(browser, f"{sample}/") as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{sample}/#main")


def test_button_copies_the_address_of_everything(browser, expect, sample):
    with opened(browser, f"{sample}/", permissions=["clipboard-read", "clipboard-write"]) as page:
        page.click(".field button")
        expect(page.locator("#said")).to_have_text(f"Đã sao chép: {sample}/feeds/all.rss")
        assert page.evaluate("navigator.clipboard.readText()") == f"{sample}/feeds/all.rss"


def test_button_of_a_section_copies_its_address(browser, expect, sample):
    with opened(browser, f"{sample}/", permissions=["clipboard-read", "clipboard-write"]) as page:
        page.click("#feed-kinh-te > .row button")
        expect(page.locator("#said")).to_have_text(f"Đã sao chép: {sample}/feeds/kinh-te.rss")
        assert page.evaluate("navigator.clipboard.readText()") == f"{sample}/feeds/kinh-te.rss"
        assert page.input_value("#address") == f"{sample}/feeds/all.rss"


def test_copying_works_where_the_clipboard_is_refused(browser, expect, sample):
    """As over plain http from another machine, where browsers have no `navigator.clipboard`."""
    with opened(browser, f"{sample}/") as page:
        page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        page.evaluate(
            "document.addEventListener('copy',"
            " () => { document.title = document.activeElement.value; })"
        )
        page.click("#feed-kinh-te > .row button")
        page.wait_for_function(f"document.title === '{sample}/feeds/kinh-te.rss'")
        expect(page.locator("#said")).to_have_text(f"Đã sao chép: {sample}/feeds/kinh-te.rss")


def test_page_says_everything_without_scripts(browser, sample):
    with opened(browser, f"{sample}/", java_script_enabled=False) as page:
        assert page.locator("button").count() == 0
        assert page.input_value("#address") == f"{sample}/feeds/all.rss"
        assert page.locator("#feed-thuy-san .formats a").count() == 3


def test_switch_changes_the_language(browser, expect, sample):
    with opened(browser, f"{sample}/") as page:
        page.click("header nav a[lang=en]")
        expect(page.locator("h1")).to_have_text("News that comes to you")
        page.click("header nav a[lang=vi]")
        expect(page.locator("html")).to_have_attribute("lang", "vi")


def test_headline_leads_to_the_article_and_back(browser, expect, sample):
    with opened(browser, f"{sample}/") as page:
        headline = page.locator(".latest a").first
        title = headline.inner_text()
        headline.click()
        expect(page.locator("h1")).to_have_text(title)
        page.click(".brand")
        expect(page.locator(".latest")).to_have_count(1)


def test_article_whose_picture_is_missing_stays_readable(browser, sample):
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.route("**/*.png", lambda route: route.fulfill(status=404, body=""))
    page.goto(sample + SAMPLE_ARTICLES[0])
    photograph(page, "missing-picture")
    assert fits(page)
    assert page.locator(".story p").count() > 2
    context.close()


def test_dark_page_is_dark_and_light_page_is_light(browser, sample):
    brightness = {}
    for scheme in ("light", "dark"):
        with opened(browser, f"{sample}/", LOOKS[0] | {"scheme": scheme}) as page:
            color = page.evaluate("getComputedStyle(document.body).backgroundColor")
            brightness[scheme] = sum(int(part) for part in color[4:-1].split(","))
    assert brightness["light"] > 600
    assert brightness["dark"] < 200
