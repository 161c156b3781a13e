"""What an editor says of a single article: minor edits, corrections, embargo, expiry, policy."""

from datetime import UTC, datetime, timedelta

import pytest

from feedsvc.articles.release import Releases, expire_due
from feedsvc.models import Article, ArticleCategory, State
from tests.newsroom import event, publish

FIRST = "2023-01-09T16:30:00+07:00"
LATER = "2023-01-09T18:00:00+07:00"
LATEST = "2023-01-09T19:00:00+07:00"


@pytest.fixture
def database(app):
    return app.extensions["feedsvc"].database


@pytest.fixture
def show(client):
    """The one item of `all`, as JSON Feed has it."""

    def one():
        (item,) = client.get("/feeds/all.json").json["items"]
        return item

    return one


def in_future(**delta):
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


def make_expired(database, external_id):
    """Move an article's expiry into the past, as if the time had come."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    moved = Article.update(expires_at=past).where(Article.external_id == external_id)
    database.publish(lambda _: moved.execute())


def refused(newsroom, **fields):
    response = newsroom.send(publish(**fields))
    assert response.status_code == 422
    (fault,) = response.json["errors"]
    return fault


# Minor


def test_minor_edit_changes_the_text_and_not_the_time(newsroom, show):
    newsroom.push(publish(date_modified=FIRST))
    before = show()
    result = newsroom.push(publish(title="Đúng chính tả", date_modified=LATER, minor=True))
    after = show()
    assert result["status"] == "updated"
    assert after["title"] == "Đúng chính tả"
    assert after["date_modified"] == before["date_modified"]


def test_minor_edit_without_a_date_leaves_the_time_too(newsroom, show):
    newsroom.push(publish())
    before = show()
    newsroom.push(publish(title="Mới", minor=True))
    assert (show()["title"], show()["date_modified"]) == ("Mới", before["date_modified"])


def test_minor_edit_is_noticed_by_who_has_the_feed(newsroom, client):
    newsroom.push(publish(date_modified=FIRST))
    etag = client.get("/feeds/all.atom").headers["ETag"]
    newsroom.push(publish(title="Mới", date_modified=LATER, minor=True))
    assert client.get("/feeds/all.atom", headers={"If-None-Match": etag}).status_code == 200


def test_what_is_older_than_a_minor_edit_is_stale(newsroom, show):
    newsroom.push(publish(date_modified=FIRST))
    newsroom.push(publish(title="Mới", date_modified=LATEST, minor=True))
    assert newsroom.push(publish(title="Cũ", date_modified=LATER))["status"] == "stale"
    assert show()["title"] == "Mới"


def test_edit_after_a_minor_one_is_told(newsroom, show):
    newsroom.push(publish(date_modified=FIRST))
    newsroom.push(publish(title="Nhỏ", date_modified=LATER, minor=True))
    newsroom.push(publish(title="Lớn", date_modified=LATEST))
    assert show()["date_modified"] == "2023-01-09T12:00:00Z"


def test_minor_says_nothing_of_a_new_article(newsroom, show):
    assert newsroom.push(publish(date_modified=LATER, minor=True))["status"] == "created"
    assert show()["date_modified"] == "2023-01-09T11:00:00Z"


def test_minor_edit_of_a_withdrawn_article_publishes_it_with_its_own_time(newsroom, show):
    newsroom.push(publish(date_modified=FIRST))
    newsroom.push(event({"id": "a-1", "date_modified": LATER}, "article.withdrawn"))
    newsroom.push(publish(date_modified=LATEST, minor=True))
    assert show()["date_modified"] == "2023-01-09T12:00:00Z"


# Correction


def test_correction_stands_on_top_in_every_format(newsroom, client):
    newsroom.push(publish(correction="Ông A là phó chủ tịch <không> phải chủ tịch."))
    on_top = "<p><strong>Đính chính: Ông A là phó chủ tịch phải chủ tịch.</strong></p><p>Ngày"
    assert client.get("/feeds/all.json").json["items"][0]["content_html"].startswith(on_top)
    for suffix in ("rss", "atom"):
        escaped = on_top.replace("<", "&lt;").replace(">", "&gt;")
        text = client.get(f"/feeds/all.{suffix}").text
        assert escaped in text or on_top in text


@pytest.mark.parametrize(
    ("language", "begin"),
    [
        ("vi", "Đính chính: x"),
        ("en-GB", "Correction: x"),
        ("de", "Korrektur: x"),
        ("th", "Correction: x"),
        (None, "Đính chính: x"),  # the paper's own
    ],
)
def test_correction_is_named_in_the_language_of_the_article(newsroom, show, language, begin):
    newsroom.push(publish(correction="x", language=language))
    assert show()["_feedsvc"]["correction"] == begin


def test_correction_that_says_so_itself_is_not_named_twice(newsroom, show):
    newsroom.push(publish(correction="ĐÍNH CHÍNH: x"))
    assert show()["_feedsvc"]["correction"] == "ĐÍNH CHÍNH: x"


def test_correction_alone_is_an_update(newsroom, show):
    newsroom.push(publish(date_modified=FIRST))
    assert newsroom.push(publish(date_modified=FIRST, correction="x"))["status"] == "updated"
    assert newsroom.push(publish(date_modified=FIRST, correction="x"))["status"] == "unchanged"
    assert newsroom.push(publish(date_modified=LATER))["status"] == "updated"
    assert "correction" not in show()["_feedsvc"]


# Embargo


def test_article_under_embargo_appears_when_that_ends(newsroom, client):
    ends_at = in_future(hours=1)
    result = newsroom.push(publish(embargo_until=ends_at))
    assert datetime.fromisoformat(result["visible_at"]) == datetime.fromisoformat(ends_at)
    assert client.get("/feeds/all.json").json["items"] == []


def test_embargo_that_has_ended_dates_the_article(newsroom, show):
    newsroom.push(publish(embargo_until="2023-01-10T06:00:00+07:00"))
    assert show()["date_published"] == "2023-01-09T23:00:00Z"


def test_embargo_before_the_publication_says_nothing(newsroom, show):
    newsroom.push(publish(embargo_until="2023-01-09T06:00:00+07:00"))
    assert show()["date_published"] == "2023-01-09T09:30:00Z"


# Expiry


def test_article_leaves_the_feeds_when_it_expires(newsroom, client, database):
    newsroom.push(publish(expires_at=in_future(hours=1)))
    etag = client.get("/feeds/tin-tuc.json").headers["ETag"]
    before = database.read_counter().change
    make_expired(database, "a-1")
    response = client.get("/feeds/tin-tuc.json", headers={"If-None-Match": etag})
    assert (response.status_code, response.json["items"]) == (200, [])
    assert database.read_counter().change == before + 1
    with database.read():
        assert {row.state for row in ArticleCategory.select()} == {State.EXPIRED}


def test_expiring_again_takes_nothing_out(newsroom, database):
    newsroom.push(publish(expires_at=in_future(hours=1)))
    make_expired(database, "a-1")
    assert database.publish(expire_due) == 1
    assert database.publish(expire_due) == 0


def test_article_that_has_expired_is_kept_and_not_shown(newsroom, client):
    result = newsroom.push(publish(expires_at="2023-02-01T00:00:00+07:00"))
    assert (result["status"], result["feeds"]) == ("created", [])
    assert result["warnings"] == [
        {"pointer": "/data/expires_at", "message": "has passed: no feed shows the article"}
    ]
    assert client.get("/feeds/all.json").json["items"] == []


def test_article_whose_expiry_is_put_off_comes_back(newsroom, show):
    newsroom.push(publish(date_modified=FIRST, expires_at="2023-02-01T00:00:00+07:00"))
    result = newsroom.push(publish(date_modified=FIRST, expires_at=in_future(hours=1)))
    assert (result["status"], result["feeds"][0]) == ("updated", "all")
    assert show()["url"].endswith("a-1")


def test_answers_may_not_be_kept_past_the_next_expiry(newsroom, client):
    newsroom.push(publish(expires_at=in_future(seconds=40)))
    for path in ("/feeds/all.rss", "/"):
        assert client.get(path).cache_control.max_age <= 40


def test_what_came_due_while_nobody_looked_appears_and_expires(newsroom, client, database):
    newsroom.push(publish(date_published=in_future(hours=1), expires_at=in_future(hours=2)))
    past = datetime.now(UTC) - timedelta(seconds=1)
    database.publish(lambda _: Article.update(visible_at=past, expires_at=past).execute())
    assert Releases(database).carry_out() is None
    assert client.get("/feeds/all.json").json["items"] == []
    with database.read():
        assert [row.state for row in Article.select()] == [State.EXPIRED]


def test_expiry_before_the_publication_is_refused(newsroom):
    fault = refused(newsroom, expires_at="2023-01-09T16:30:00+07:00")
    assert fault == {
        "pointer": "/data/expires_at",
        "message": "is not after the article is published",
    }


# Policy


def test_headline_policy_gives_no_text_in_any_format(newsroom, client):
    sound = [{"url": "https://news.example/a.mp3", "mime_type": "audio/mpeg"}]
    newsroom.push(publish(content_policy="headline", summary="Tóm tắt", attachments=sound))
    for suffix in ("rss", "atom", "json"):
        text = client.get(f"/feeds/all.{suffix}").text
        assert "Đảng ủy Khối triển khai" in text
        for held_back in ("hội nghị.", "Tóm tắt", "a.mp3"):
            assert held_back not in text


def test_summary_policy_gives_the_summary_alone(newsroom, client):
    newsroom.push(publish(content_policy="summary", summary="Tóm tắt", correction="x"))
    for suffix in ("rss", "atom", "json"):
        text = client.get(f"/feeds/all.{suffix}").text
        assert "Đính chính: x Tóm tắt" in text
        assert "tổ chức hội nghị" not in text


def test_article_that_is_opened_again_is_shown_whole(newsroom, show):
    newsroom.push(publish(date_modified=FIRST, content_policy="headline"))
    newsroom.push(publish(date_modified=LATER))
    assert "tổ chức hội nghị" in show()["content_html"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"minor": "yes"}, "/data/minor"),
        ({"correction": 1}, "/data/correction"),
        ({"embargo_until": "tomorrow"}, "/data/embargo_until"),
        ({"expires_at": "never"}, "/data/expires_at"),
        ({"content_policy": "none"}, "/data/content_policy"),
    ],
)
def test_control_that_is_none_is_refused_at_its_field(newsroom, fields, pointer):
    assert refused(newsroom, **fields)["pointer"] == pointer


def test_correction_has_a_limit(newsroom):
    fault = refused(newsroom, correction="x" * 10_001)
    assert fault == {
        "pointer": "/data/correction",
        "message": "is over 10000 characters (FEEDSVC_MAX_SUMMARY_CHARS)",
    }
