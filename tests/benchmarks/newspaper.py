"""A newspaper to ask for its feed: articles pushed through the product's own door."""

from tests.benchmarks.articles import make_lines
from tests.benchmarks.batch_ingest import push_lines
from tests.integration.server import Service

#: Twice as many as its feed shows.
ARTICLES = 60
ENTRIES = 30
FEED = "/feeds/all.rss"


def fill(service: Service) -> None:
    push_lines(service, [make_lines(0, ARTICLES)])
