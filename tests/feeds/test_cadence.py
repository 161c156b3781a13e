"""A feed is asked for as often as it has something new, within limits."""

from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from feedsvc.db import to_microseconds
from feedsvc.feeds.cadence import poll_seconds
from tests.newsroom import publish

NOW = datetime(2023, 1, 9, tzinfo=UTC)
SY = "{http://purl.org/rss/1.0/modules/syndication/}"


def moments(*minutes_ago):
    return [to_microseconds(NOW - timedelta(minutes=minutes)) for minutes in minutes_ago]


@pytest.mark.parametrize(
    ("newest", "seconds"),
    [
        (moments(), 300),
        (moments(0), 300),
        (moments(0, 600), 300),
        (moments(0, 1, 2, 3), 300),
        (moments(0, 30, 60, 90), 900),
        (moments(0, 30, 60, 9_000), 900),
        (moments(0, 600, 1_200, 1_800), 3600),
        (moments(0, 0, 0, 0), 300),
    ],
)
def test_it_is_half_the_usual_time_between_articles(newest, seconds):
    assert poll_seconds(newest, 300, 3600) == seconds


def test_a_feed_that_fell_silent_is_asked_for_less():
    assert poll_seconds(moments(60, 61, 62), 300, 3600, to_microseconds(NOW)) == 1800


@pytest.mark.parametrize(("apart", "ttl", "frequency"), [(1, 5, 12), (40, 20, 3), (600, 60, 1)])
def test_rss_says_how_often(newsroom, client, apart, ttl, frequency):
    start = datetime.now(UTC) - timedelta(minutes=5 * apart)
    for number in range(5):
        at = start + timedelta(minutes=number * apart)
        newsroom.push(publish(f"n{number}", date_published=at.isoformat()))
    response = client.get("/feeds/all.rss")
    channel = etree.fromstring(response.data).find("channel")
    assert channel.findtext("ttl") == str(ttl)
    assert channel.findtext(f"{SY}updatePeriod") == "hourly"
    assert channel.findtext(f"{SY}updateFrequency") == str(frequency)
    assert abs(response.cache_control.max_age - ttl * 60) <= 120 * (apart == 40)
