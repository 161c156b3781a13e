"""What the product is compared with gives readers the same news."""

import gzip

import feedparser
import pytest

from tests.benchmarks.archives import Archives
from tests.benchmarks.django_site.server import django_on
from tests.benchmarks.feedgen_service import FEEDGEN
from tests.benchmarks.harness import Bench, Effort
from tests.benchmarks.load import GZIP
from tests.benchmarks.newspaper import ENTRIES, FEED, fill
from tests.benchmarks.programs import ProgramMissingError, require
from tests.benchmarks.recorded import BARE, FLASK, record
from tests.benchmarks.servers import baseline_on, feedsvc_on

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    directory = tmp_path_factory.mktemp("baselines")
    return Bench(Effort.TINY, directory, Archives(Effort.TINY, directory))


@pytest.fixture(scope="module")
def product(bench):
    with feedsvc_on(bench.new_directory("product")) as service:
        fill(service)
        yield service


def _news(reply):
    body = reply.body
    if reply.headers["Content-Encoding"] == "gzip":
        body = gzip.decompress(body)
    entries = feedparser.parse(body).entries
    assert len(entries) == ENTRIES
    return [
        (
            *(one.id, one.title, one.link, one.published_parsed, one.summary),
            one.content[-1].value,
            sorted(tag.term for tag in one.tags),
        )
        for one in entries
    ]


@pytest.mark.parametrize("is_cached", [True, False])
def test_django_shows_what_the_product_shows(bench, product, is_cached):
    try:
        require("django")
    except ProgramMissingError as error:
        pytest.skip(str(error))
    directory = bench.new_directory("django")
    with django_on(directory, product, is_cached=is_cached) as django:
        reply = django.get(FEED, headers=GZIP)
        assert (reply.headers["Content-Encoding"] == "gzip") == is_cached
        assert _news(reply) == _news(product.get(FEED))


def test_feedgen_shows_what_the_product_shows(bench, product):
    url = product.database_url
    with baseline_on(bench.new_directory("feedgen"), FEEDGEN, FEEDSVC_DATABASE_URL=url) as feedgen:
        assert _news(feedgen.get(FEED)) == _news(product.get(FEED))


@pytest.mark.parametrize("application", [BARE, FLASK])
def test_recorded_answer_is_the_products(bench, product, application):
    given = product.get(FEED, headers=GZIP)
    answer = record(given, bench.directory / "answer.json")
    with baseline_on(bench.new_directory("recorded"), application, **answer) as recorded:
        again = recorded.get(FEED, headers=GZIP)
    assert again.body == given.body
    assert _fields(again) == _fields(given)


def _fields(reply):
    return {name: value for name, value in reply.headers.items() if name != "Date"}
