"""`python -m tests.benchmarks.django_site.fill URL`: the articles of the product, for Django."""

import os
import sys
from collections.abc import Iterable
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.django_site.settings"
django.setup()

from django.core.management import call_command  # noqa: E402 (only now are there settings)

from feedsvc import models as product  # noqa: E402
from feedsvc.db import Database  # noqa: E402
from tests.benchmarks.django_site import models  # noqa: E402


def fill(database: Database) -> None:
    call_command("migrate", run_syncdb=True, verbosity=0)
    with database.read():
        rows = list(product.Article.select())
    for row in rows:
        article = models.Article.objects.create(
            guid=row.guid,
            url=row.url,
            title=row.title,
            summary=row.summary,
            content_html=row.content_html,
            published_at=row.published_at,
            modified_at=row.modified_at,
        )
        article.categories.set(_named(models.Category, row.categories))
        article.authors.set(_named(models.Author, row.authors))
        article.tags.set(_named(models.Tag, row.tags))


def _named(model: Any, records: Iterable[Any]) -> list[Any]:
    names = [one if isinstance(one, str) else one["name"] for one in records]
    return [model.objects.get_or_create(name=name)[0] for name in names]


if __name__ == "__main__":
    fill(Database(sys.argv[1]))
