"""The newest articles as Django's syndication framework writes them, with their whole text."""

from typing import Any

from django.contrib.syndication.views import Feed
from django.utils.feedgenerator import Rss201rev2Feed

from tests.benchmarks.django_site.models import Article
from tests.benchmarks.newspaper import ENTRIES


class FullTextRss(Rss201rev2Feed):
    """With `content:encoded`, as Django's documentation shows how to add elements."""

    def root_attributes(self) -> dict[str, str]:
        return super().root_attributes() | {
            "xmlns:content": "http://purl.org/rss/1.0/modules/content/"
        }

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("content:encoded", item["content"])


class Newest(Feed):
    feed_type = FullTextRss
    title = "News"
    link = "/"
    description = "The newest articles."

    def items(self) -> Any:
        return Article.objects.prefetch_related("categories", "authors", "tags")[:ENTRIES]

    def item_title(self, item: Article) -> str:
        return item.title

    def item_description(self, item: Article) -> str:
        return item.summary

    def item_link(self, item: Article) -> str:
        return item.url

    def item_guid(self, item: Article) -> str:
        return item.guid

    item_guid_is_permalink = False

    def item_author_name(self, item: Article) -> str:
        return ", ".join(author.name for author in item.authors.all())

    def item_pubdate(self, item: Article) -> Any:
        return item.published_at

    def item_updateddate(self, item: Article) -> Any:
        return item.modified_at

    def item_categories(self, item: Article) -> list[str]:
        return [one.name for one in (*item.categories.all(), *item.tags.all())]

    def item_extra_kwargs(self, item: Article) -> dict[str, str]:
        return {"content": item.content_html}
