"""What the index of words has, read beside the verbs that search it."""

from feedsvc.articles.search_index import ID_MASK, is_embedded
from feedsvc.articles.search_text import split_words
from feedsvc.articles.statements import fetch


def read_index() -> dict[int, str]:
    """The title of each article that is in it, folded, by the article's id; within a view."""
    place = f"rowid & {ID_MASK}" if is_embedded() else "article_id"
    rows = fetch(f"SELECT {place}, folded FROM article_search")
    titles = {id_: text.partition(" ¶ ")[0] for id_, text in rows}
    assert len(titles) == len(rows)
    return titles


def folded(title: str) -> str:
    return split_words(title).folded
