"""Many pushes at once, on several workers, end in the one state that their dates ask for."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from feedsvc.models import Article, ArticleCategory, Category, Message, State
from tests.integration.server import SUFFIXES
from tests.newsroom import publish

ARTICLES = 40
VERSIONS = 4
REPEATS = 40
SECTIONS = ("chinh-tri", "van-hoa", "the-thao")


def version(article: int, number: int):
    """An article as of one of its modifications, each of which files it elsewhere."""
    return publish(
        f"a-{article:02}",
        title=f"Bài {article}, bản {number}",
        categories=[{"slug": section(article, number), "parent": {"slug": "tin-tuc"}}],
        tags=[f"bản {number}"],
        date_modified=f"2023-01-09T17:{number:02}:00+07:00",
    )


def section(article: int, number: int) -> str:
    return SECTIONS[(article + number) % len(SECTIONS)]


def test_concurrent_pushes_end_in_one_consistent_state(shared_service):
    shared_service.push(
        publish("first", categories=[{"slug": s, "parent": {"slug": "tin-tuc"}} for s in SECTIONS])
    )
    change = shared_service.read_change()
    messages = {
        f"msg_{article}_{number}": version(article, number)
        for article in range(ARTICLES)
        for number in range(VERSIONS)
    }
    # The same order in each run; what the threads make of it is not.
    shuffler = random.Random(1)
    waiting = list(messages) + shuffler.sample(sorted(messages), REPEATS)
    shuffler.shuffle(waiting)
    assert len(waiting) == 200

    with ThreadPoolExecutor(20) as pool:
        results = list(
            pool.map(
                lambda id_: (id_, shared_service.push_until_taken(messages[id_], id_)), waiting
            )
        )

    answers = dict(results)
    # A message that came twice was answered the same both times.
    assert all(answers[id_] == result for id_, result in results)
    outcomes = Counter(result["status"] for result in answers.values())
    assert outcomes["created"] == ARTICLES
    assert set(outcomes) <= {"created", "updated", "stale"}
    assert shared_service.read_change() == change + outcomes["created"] + outcomes["updated"]
    check_rows(shared_service)
    check_feeds(shared_service)


def check_rows(service):
    newest = VERSIONS - 1
    with service.database() as database, database.read():
        rows = {row.external_id: row for row in Article.select() if row.external_id != "same"}
        filings = list(ArticleCategory.select(ArticleCategory, Category).join(Category))
        messages = Counter(
            row.message_id for row in Message.select().where(Message.message_id != "msg_same")
        )
    first = rows.pop("first")
    assert {id_: row.title for id_, row in rows.items()} == {
        f"a-{article:02}": f"Bài {article}, bản {newest}" for article in range(ARTICLES)
    }
    assert {row.state for row in rows.values()} == {State.LIVE}
    changes = [row.change for row in [first, *rows.values()]]
    assert len(set(changes)) == len(changes)
    assert max(changes) == service.read_change()
    assert set(messages.values()) == {1}
    assert len(messages) == ARTICLES * VERSIONS + 1
    for article in range(ARTICLES):
        row = rows[f"a-{article:02}"]
        filed = {one.category.slug: one for one in filings if one.article_id == row.id}
        assert {slug: one.direct for slug, one in filed.items()} == {
            section(article, newest): True,
            "tin-tuc": False,
        }
        for one in filed.values():
            assert (one.state, one.visible_at, one.change) == (
                row.state,
                row.visible_at,
                row.change,
            )


def check_feeds(service):
    newest = VERSIONS - 1
    expected = {f"a-{article:02}" for article in range(ARTICLES)} | {"first"}
    for suffix in SUFFIXES:
        shown = service.shown(suffix)
        assert len(shown) == len(set(shown))
        assert set(shown) - {"same"} == expected
    for slug in SECTIONS:
        there = {f"a-{n:02}" for n in range(ARTICLES) if section(n, newest) == slug}
        assert set(service.shown(name=slug)) == there | {"first"}
    assert set(service.shown(name="tin-tuc")) == expected
    titles = [item["title"] for item in service.get("/feeds/all.json?limit=200").json["items"]]
    assert sum(title.endswith(f"bản {newest}") for title in titles) == ARTICLES


def test_same_message_sent_by_many_at_once_is_done_once(shared_service):
    """A sender that lost patience sends it again while the first is still being worked on."""
    event = publish("same", categories=["Elsewhere"])
    with ThreadPoolExecutor(20) as pool:
        results = list(
            pool.map(lambda _: shared_service.push_until_taken(event, "msg_same"), range(40))
        )
    assert all(result == results[0] for result in results)
    assert results[0]["status"] == "created"
    with shared_service.database() as database, database.read():
        rows = Article.select().where(Article.external_id == "same")
        assert [row.version for row in rows] == [1]
        assert Message.select().where(Message.message_id == "msg_same").count() == 1
