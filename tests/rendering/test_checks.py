"""An article that can't be written is found out before it is kept, with the field to mend."""

from dataclasses import replace

import pytest

from feedsvc.articles.article import Author
from feedsvc.errors import RenderingError
from feedsvc.rendering.document import check_renders
from tests.rendering.test_documents import ARTICLES

ARTICLE = ARTICLES[0]


@pytest.mark.parametrize("article", ARTICLES)
def test_article_that_can_be_written_passes(article):
    check_renders(article)


@pytest.mark.parametrize("field", ["title", "summary", "content_html"])
@pytest.mark.parametrize("character", ["\x08", "\ufffe", "\ud800"], ids=ascii)
def test_text_that_xml_can_not_hold_is_named_by_its_field(field, character):
    """Cleaning removes these before; this is what stands behind it."""
    with pytest.raises(RenderingError, match="can't be written as RSS") as refusal:
        check_renders(replace(ARTICLE, **{field: f"a{character}b"}))
    assert refusal.value.pointer == f"/data/{field}"


def test_fault_in_another_field_is_the_articles():
    with pytest.raises(RenderingError) as refusal:
        check_renders(replace(ARTICLE, authors=(Author("a\x08"),)))
    assert refusal.value.pointer == "/data"
