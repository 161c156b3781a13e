"""How much of an article its entry shows: what its content policy allows, its correction on top."""

import html
from dataclasses import replace

from feedsvc.articles.article import Article, Policy
from feedsvc.articles.details import Details


def shown(article: Article) -> Article:
    """The article as far as readers may have it, the same in every format. Pure.

    Who wrote it first is named in any case.
    """
    note = article.correction
    if article.content_policy == Policy.HEADLINE:
        details = Details(agency=article.details.agency)
        return replace(
            article, summary="", content_html="", image=None, attachments=(), details=details
        )
    if article.content_policy == Policy.SUMMARY:
        details = Details(picture=article.details.picture, agency=article.details.agency)
        summary = f"{note} {article.summary}".strip()
        return replace(article, summary=summary, content_html="", attachments=(), details=details)
    if not note:
        return article
    on_top = f"<p><strong>{html.escape(note, quote=False)}</strong></p>"
    return replace(article, content_html=on_top + article.content_html)
