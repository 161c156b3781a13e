"""The index of words has exactly the live articles, after whatever becomes of them."""

from datetime import UTC, datetime, timedelta

import pytest

from feedsvc import migrations
from feedsvc.articles.release import expire_due, release_due
from feedsvc.articles.search_index import ID_MASK, block, row_id
from feedsvc.articles.statements import execute, fetch
from feedsvc.articles.withdrawal import Chosen, find_articles, withdraw_articles
from feedsvc.db import from_microseconds
from feedsvc.models import Article, ArticleAuthor, ArticleCategory, ArticleTag
from tests.newsroom import dumped, event, publish, signed, withdraw
from tests.search_index import read_index


@pytest.fixture
def database(app):
    return app.extensions["feedsvc"].database


def in_future(**delta):
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


def indexed(database):
    """The first word of the title of each article that is in the index, by the article's name."""
    with database.read():
        names = dict(Article.select(Article.id, Article.external_id).tuples())
        return {names[id_]: title.split()[0] for id_, title in read_index().items()}


def whole_index(database):
    columns = "rowid, folded, typed"
    if database.peewee.for_update:
        columns = "article_id, visible_at, lexemes::text, folded, typed"
    with database.read():
        return sorted(fetch(f"SELECT {columns} FROM article_search"))


def pass_time(database, field, *external_ids):
    """Move articles' moments into the past, as if the time had come."""
    past = datetime.now(UTC) - timedelta(seconds=1)

    def move(_):
        chosen = Article.select(Article.id).where(Article.external_id.in_(external_ids))
        Article.update({field: past}).where(Article.id.in_(chosen)).execute()
        if field is Article.visible_at:
            for table in (ArticleCategory, ArticleTag, ArticleAuthor):
                table.update(visible_at=past).where(table.article.in_(chosen)).execute()

    database.publish(move)


def test_a_published_article_is_in_the_index(newsroom, database):
    newsroom.push(publish("a", title="Một"))
    assert indexed(database) == {"a": "mot"}


def test_a_message_s_articles_are_all_in_the_index(newsroom, database):
    newsroom.send([publish(f"a-{number}", title=f"Tin{number}") for number in range(130)])
    assert indexed(database) == {f"a-{number}": f"tin{number}" for number in range(130)}


def test_an_edit_is_followed(newsroom, database):
    newsroom.push(publish("a", title="Một"))
    newsroom.push(publish("a", title="Hai"))
    assert indexed(database) == {"a": "hai"}


def test_an_edit_within_a_message_is_followed(newsroom, database):
    newsroom.send([publish("a", title="Một"), publish("a", title="Hai"), publish("b", title="Ba")])
    assert indexed(database) == {"a": "hai", "b": "ba"}


def test_a_new_date_is_followed(newsroom, database):
    newsroom.push(publish("a", title="Một"))
    newsroom.push(publish("a", title="Hai", date_published="2021-02-03T04:05:06Z"))
    assert indexed(database) == {"a": "hai"}


def test_a_withdrawn_article_is_not_in_the_index_and_comes_back(newsroom, database):
    newsroom.push(publish("a", title="Một"))
    newsroom.push(withdraw("a"))
    assert indexed(database) == {}
    newsroom.push(withdraw("a"))
    newsroom.push(publish("a", title="Hai"))
    assert indexed(database) == {"a": "hai"}


def test_an_article_withdrawn_within_its_message_is_not_in_the_index(newsroom, database):
    newsroom.send([publish("a"), withdraw("a"), withdraw("b")])
    assert indexed(database) == {}


def test_what_is_withdrawn_by_hand_is_not_in_the_index(newsroom, database):
    newsroom.send([publish("a"), publish("b", title="Ba")])
    list(withdraw_articles(database, find_articles(database, Chosen(external_ids=("a",)))))
    assert indexed(database) == {"b": "ba"}


def test_an_article_is_in_the_index_from_its_release_on(newsroom, database):
    newsroom.push(publish("a", title="Một", date_published=in_future(hours=1)))
    newsroom.push(publish("a", title="Hai", date_published=in_future(hours=1)))
    assert indexed(database) == {}
    pass_time(database, Article.visible_at, "a")
    assert database.publish(release_due) == 1
    assert indexed(database) == {"a": "hai"}
    newsroom.push(publish("a", title="Ba"))
    assert indexed(database) == {"a": "ba"}


def test_an_article_moved_into_the_future_leaves_the_index(newsroom, database):
    newsroom.push(publish("a"))
    newsroom.push(publish("a", date_published=in_future(hours=1)))
    assert indexed(database) == {}


def test_an_expired_article_is_not_in_the_index(newsroom, database):
    newsroom.push(publish("a", title="Một", expires_at=in_future(hours=1)))
    newsroom.push(publish("b", title="Hai", expires_at="2023-01-10T00:00:00Z"))
    assert indexed(database) == {"a": "mot"}
    pass_time(database, Article.expires_at, "a")
    assert database.publish(expire_due) == 1
    assert indexed(database) == {}
    newsroom.push(publish("a", title="Ba"))
    assert indexed(database) == {"a": "ba"}


def test_what_readers_may_not_see_is_not_in_the_index(newsroom, database):
    body = {"title": "Một", "summary": "tomtat", "content_html": "<p>noidung</p>"}
    newsroom.push(publish("a", content_policy="full", **body))
    assert "tomtat" in whole_index(database)[0][-2]
    assert "noidung" in whole_index(database)[0][-2]
    newsroom.push(publish("a", content_policy="summary", **body))
    assert "tomtat" in str(whole_index(database))
    assert "noidung" not in str(whole_index(database))
    newsroom.push(publish("a", content_policy="headline", **body))
    assert "tomtat" not in str(whole_index(database))
    assert indexed(database) == {"a": "mot"}


def test_a_rehearsal_leaves_nothing_in_the_index(newsroom, database):
    newsroom.push(publish("a", title="Một"))
    body = dumped([publish("a", title="Hai"), publish("b")])
    response = newsroom.client.post(
        "/ingest/desk?dry-run=1", data=body, headers=signed(newsroom.key, body)
    )
    assert [one["status"] for one in response.json["events"]] == ["updated", "created"]
    assert indexed(database) == {"a": "mot"}


def test_a_refused_event_leaves_nothing_in_the_index(newsroom, database):
    newsroom.push(publish("a", title="Một"))
    circle = [{"slug": "x", "parent": "x"}]
    response = newsroom.send([publish("a", title="Hai", categories=circle), publish("b")])
    assert [one["status"] for one in response.json["events"]] == ["rejected", "created"]
    assert indexed(database) == {"a": "mot", "b": "dang"}


@pytest.mark.parametrize("date", ["1000-01-01T00:00:00Z", "1969-12-31T23:59:59Z"])
def test_articles_from_before_1970_are_in_the_index(newsroom, database, date):
    newsroom.push(publish("a", title="Một", date_published=date))
    newsroom.push(publish("a", title="Hai", date_published=date))
    assert indexed(database) == {"a": "hai"}


def test_an_article_of_the_longest_kind_is_in_the_index(newsroom, database):
    words = " ".join(chr(0x10400 + number % 80) + f"{number:x}" for number in range(90_000))
    newsroom.push(publish("a", title="Một", content_html=f"<p>{words}</p>"))
    assert indexed(database) == {"a": "mot"}


def test_rows_are_in_the_order_of_dates():
    moments = [
        datetime(year, 1, 1, 0, 0, second, tzinfo=UTC)
        for year in (1000, 1969, 1970, 2023, 9998)
        for second in (0, 1)
    ]
    rows = [row_id(number, moment) for moment in moments for number in (1, ID_MASK)]
    assert rows == sorted(set(rows))
    assert [row & ID_MASK for row in rows] == [1, ID_MASK] * len(moments)
    assert rows[0] >= -(2**63)
    assert rows[-1] < 2**63 - 1
    assert [block(moment) for moment in moments] == sorted(block(moment) for moment in moments)


def test_an_article_that_no_row_has_room_for_is_refused():
    with pytest.raises(OverflowError, match="33,554,431 articles"):
        row_id(ID_MASK + 1, from_microseconds(0))


def test_a_database_from_before_the_index_is_indexed(newsroom, database):
    """Exactly as if its articles came today; if folding has changed, a later migration did it."""
    newsroom.send(
        [
            publish("a", title="“Đảng” ủy COVID-19 日本 ไทย Straße", correction="Sai ﬁ"),
            publish("b", content_policy="summary", summary="tóm tắt"),
            publish("c", content_policy="headline"),
            publish("d", date_published=in_future(hours=1)),
            publish("e", date_published="1950-01-01T00:00:00Z"),
            publish("f", content_html='<p>m<sup>2</sup> <a href="/x">a</a><br>b &amp; c</p>'),
            publish("g", content_html=f"<p>{'dài ' * 40_000}</p>"),
            *(publish(f"x-{number}", title=f"Tin {number}") for number in range(450)),
            publish("z"),
            withdraw("z"),
            event({"id": "y"}, "article.withdrawn"),
        ]
    )
    before = whole_index(database)
    assert len(before) == 456

    def forget(_):
        execute("DROP TABLE article_search")
        execute("DELETE FROM schema_migration WHERE name = ?", "0004_add_search")

    database.publish(forget)
    assert migrations.migrate(database) == ["0004_add_search"]
    assert whole_index(database) == before
