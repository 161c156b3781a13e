"""Feeds that a person opens in a browser: styled by CSS alone, on desktop and phone.

FEEDSVC_TEST_SCREENSHOTS names a folder to keep pictures of them in.
"""

from contextlib import contextmanager

import pytest

from tests.browser.test_pages import opened, photograph

FORMATS = ("rss", "atom")
#: What a phone says of itself: its pages are laid out in its width if they ask for it, and an XML
#: document can't.
PHONE = {"is_mobile": True, "has_touch": True, "device_scale_factor": 2}
LOOKS = {
    "desktop": {"size": "desktop", "scheme": "light", "language": "vi"},
    "phone": {"size": "phone", "scheme": "dark", "language": "en"},
}
WORDS = {"sample": "Đây là một nguồn tin", "english": "This is a feed"}

each_format = pytest.mark.parametrize("suffix", FORMATS)
each_device = pytest.mark.parametrize("device", LOOKS)


@contextmanager
def shown(browser, address, device="desktop"):
    with opened(browser, address, LOOKS[device], **(PHONE if device == "phone" else {})) as page:
        yield page


def boxes(page, *names):
    """Where the elements of these names are that can be seen, from top to bottom."""
    return page.evaluate(
        """names => [...document.querySelectorAll('*')]
            .filter(one => names.includes(one.nodeName))
            .map(one => [one.nodeName, one.textContent, one.getBoundingClientRect()])
            .filter(([, , box]) => box.height)
            .map(([name, text, box]) => [name, text, box.x, box.y, box.width, box.height])
            .sort((a, b) => a[3] - b[3] || a[2] - b[2])""",
        names,
    )


def generated(page, selector, part):
    return page.evaluate(
        f"getComputedStyle(document.querySelector({selector!r}), {part!r}).content"
    )


@pytest.mark.parametrize("kind", WORDS)
@each_format
@each_device
def test_feed_is_readable_in_its_own_language(browser, sites, kind, suffix, device):
    with shown(browser, f"{sites(kind)}/feeds/all.{suffix}", device) as page:
        photograph(page, f"feed-{kind}-{suffix}", LOOKS[device], full_page=False)
        assert page.evaluate("document.contentType") == "application/xml"
        first, *headlines = boxes(page, "title")
        assert first[1] == "Báo Sông Ngàn"
        assert len(headlines) > 10
        page_element = "channel" if suffix == "rss" else "feed"
        assert generated(page, page_element, "::before").startswith(f'"{WORDS[kind]}')
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )


@each_format
@each_device
def test_letters_are_as_large_as_on_other_pages(browser, sample, suffix, device):
    """On a phone, in the pixels that are left when it has shrunk the page."""
    with shown(browser, f"{sample}/feeds/all.{suffix}", device) as page:
        size = page.evaluate(
            """parseFloat(getComputedStyle(document.documentElement).fontSize)
               * screen.width / innerWidth"""
        )
        assert 15 <= size <= 17


@each_format
def test_headline_stands_above_its_date_and_byline(browser, sample, suffix):
    date, author = ("pubDate", "dc:creator") if suffix == "rss" else ("published", "author")
    with shown(browser, f"{sample}/feeds/all.{suffix}") as page:
        _, *names = [box[0] for box in boxes(page, "title", date, author)]
        assert names[:3] == ["title", date, author]


@each_format
def test_content_and_all_that_is_for_programs_is_hidden(browser, sample, suffix):
    hidden = ["content:encoded", "guid", "id", "category", "enclosure", "ttl", "generator", "docs"]
    hidden += ["content", "updated", "lastBuildDate", "media:content", "dc:language", "language"]
    with shown(browser, f"{sample}/feeds/all.{suffix}") as page:
        assert boxes(page, *hidden) == []


@each_format
@each_device
def test_click_takes_the_address_that_is_to_be_copied(browser, sample, suffix, device):
    wanted = f"{sample}/feeds/kinh-te.{suffix}?limit=5"
    with shown(browser, wanted, device) as page:
        ((_, address, x, y, _, height),) = boxes(page, "dc:identifier")
        assert address == wanted
        page.mouse.click(x + 60, y + height * 0.7)
        assert page.evaluate("getSelection().toString()") == address


@each_format
def test_feed_without_articles_says_so(browser, sites, suffix):
    with shown(browser, f"{sites('empty')}/feeds/all.{suffix}") as page:
        photograph(page, f"feed-empty-{suffix}", LOOKS["desktop"], full_page=False)
        page_element = "channel" if suffix == "rss" else "feed"
        assert generated(page, page_element, "::after") == '"Chưa có bài nào được đăng."'


@each_format
@each_device
def test_feed_stays_readable_whatever_is_in_it(browser, sites, suffix, device):
    with shown(browser, f"{sites('hostile')}/feeds/all.{suffix}?limit=200", device) as page:
        page.mouse.wheel(0, 1_000_000)  # what is strange is oldest
        photograph(page, f"feed-hostile-{suffix}", LOOKS[device], full_page=False)
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )


@each_format
def test_dark_feed_is_dark_and_light_feed_is_light(browser, sample, suffix):
    brightness = {}
    for device, look in LOOKS.items():
        with shown(browser, f"{sample}/feeds/all.{suffix}", device) as page:
            color = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
            brightness[look["scheme"]] = sum(int(part) for part in color[4:-1].split(","))
    assert brightness["light"] > 600
    assert brightness["dark"] < 200
