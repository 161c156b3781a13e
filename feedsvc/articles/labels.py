"""Tags and authors: what an article is found under besides its categories."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import peewee

from feedsvc import models
from feedsvc.articles.article import Article
from feedsvc.articles.clean import make_slug
from feedsvc.articles.filings import Stamp
from feedsvc.articles.statements import fetch, insert_rows
from feedsvc.models import ArticleAuthor, ArticleTag

_MAX_SLUG_CHARS = 200


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of label: its table, the one that files articles under it, and the field there."""

    table: str
    label: type[peewee.Model]
    filing: type[models.Filing]
    field_name: str
    columns: tuple[str, ...]


_TAGS = _Kind("tag", models.Tag, ArticleTag, "tag", ("slug", "name"))
_AUTHORS = _Kind("author", models.Author, ArticleAuthor, "author", ("slug", "name", "url"))


def unlabel(article_id: int) -> None:
    """Take an article out from under its labels, before it is labelled anew."""
    for table in (ArticleTag, ArticleAuthor):
        table.delete().where(table.article == article_id).execute()


def label(labelled: Sequence[tuple[int, Article, Stamp]]) -> None:
    """File articles, by their ids, under their tags and authors; they have no labels yet."""
    _label(
        _TAGS,
        [
            (id_, stamp, {label_slug(tag): (tag,) for tag in reversed(article.tags)})
            for id_, article, stamp in labelled
        ],
    )
    _label(
        _AUTHORS,
        [
            (
                id_,
                stamp,
                {label_slug(one.name): (one.name, one.url) for one in reversed(article.authors)},
            )
            for id_, article, stamp in labelled
        ],
    )


def _label(
    kind: _Kind, labelled: Iterable[tuple[int, Stamp, dict[str, tuple[str | None, ...]]]]
) -> None:
    wanted = [(id_, stamp, labels) for id_, stamp, labels in labelled if labels]
    named: dict[str, tuple[str | None, ...]] = {}
    for _, _, labels in reversed(wanted):
        named |= labels
    if not named:
        return
    ids = _ids(kind, named)
    if missing := {slug: said for slug, said in named.items() if slug not in ids}:
        # In one order, so that two writers at once never wait for each other.
        rows = [(slug, *missing[slug]) for slug in sorted(missing)]
        insert_rows(kind.label, kind.columns, rows, ignore_conflicts=True)
        ids |= _ids(kind, missing)
    insert_rows(
        kind.filing,
        ("article", kind.field_name, "state", "visible_at", "change"),
        [
            (id_, ids[slug], stamp.state, stamp.visible_at, stamp.change)
            for id_, stamp, labels in wanted
            for slug in labels
        ],
    )


def _ids(kind: _Kind, slugs: Iterable[str]) -> dict[str, int]:
    wanted = list(slugs)
    return dict(fetch(f"SELECT slug, id FROM {kind.table} WHERE slug IN (?)", wanted))  # noqa: S608


def label_slug(name: str) -> str:
    """What a tag or author is known by: those who are written a little differently are one."""
    slug = make_slug(name, _MAX_SLUG_CHARS)
    # What no slug can be made of (emoji, rare scripts) may be longer than an index can hold.
    return slug or hashlib.sha256(name.casefold().encode()).hexdigest()[:32]
