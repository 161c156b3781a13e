"""The stylesheets by which browsers show feeds: one of rules, and one of words a language."""

import re
from pathlib import Path

import pytest

import feedsvc
from feedsvc.pages.languages import LANGUAGES

STATIC = Path(feedsvc.__file__).parent / "pages" / "static"
RULES = (STATIC / "feed.css").read_text(encoding="utf-8")


def words(language):
    text = (STATIC / f"feed.{language}.css").read_text(encoding="utf-8")
    return text, dict(re.findall(r'^  --(\w+): "([^"\\]+)";$', text, re.MULTILINE))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_word_that_is_shown(language):
    _, said = words(language)
    assert said.keys() == set(re.findall(r"content: var\(--(\w+)\)", RULES))


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_come_with_the_rules(language):
    text, _ = words(language)
    assert text.startswith('@import url("feed.css");\n')


def test_rules_take_nothing_from_anywhere():
    assert "url(" not in RULES
    assert "@import" not in RULES


@pytest.mark.parametrize("path", ["/static/feed.css", "/static/feed.vi.css", "/static/feed.x.css"])
def test_styles_are_css_that_may_be_kept(sqlite_newsroom, path):
    newsroom, _ = sqlite_newsroom
    with newsroom.client.get(path) as response:
        assert response.content_type == "text/css; charset=utf-8"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "max-age=300" in response.headers["Cache-Control"]
        etag = response.headers["ETag"]
    with newsroom.client.get(path, headers={"If-None-Match": etag}) as again:
        assert again.status_code == 304


@pytest.mark.parametrize("path", ["/static/feed..css", "/static/feed.%2F..%2Fviews.css"])
def test_strange_languages_are_no_other_files(sqlite_newsroom, path):
    newsroom, _ = sqlite_newsroom
    with newsroom.client.get(path) as response:
        assert response.status_code in (200, 404)
        assert "import url" in response.text or response.status_code == 404
