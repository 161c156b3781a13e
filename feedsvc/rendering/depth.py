"""How much of an article its entry shows: what its content policy allows, its correction on top."""

import html
from dataclasses import replace

from feedsvc.articles.article import Article, Policy


def shown(article: Article) -> Article:
    """The article as far as readers may have it, the same in every format. Pure."""
    note = article.correction
    if article.content_policy == Policy.HEADLINE:
        return replace(article, summary="", content_html="", image=None, attachments=())
    if article.content_policy == Policy.SUMMARY:
        summary = f"{note} {article.summary}".strip()
        return replace(article, summary=summary, content_html="", attachments=())
    if not note:
        return article
    on_top = f"<p><strong>{html.escape(note, quote=False)}</strong></p>"
    return replace(article, content_html=on_top + article.content_html)
