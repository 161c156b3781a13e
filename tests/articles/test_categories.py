"""The tree of categories: what is filed below shows above, wherever a category is moved to."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from feedsvc.app import create_app
from feedsvc.ingest.sources import add_source
from feedsvc.models import Article, ArticleCategory, Category, Removal, State
from tests.conftest import make_settings
from tests.newsroom import VAULT, Newsroom, publish, withdraw


def titles(client, name):
    response = client.get(f"/feeds/{name}.json?limit=200")
    assert response.status_code == 200, response.text
    return {item["title"] for item in response.json["items"]}


def push(newsroom, article_id, *categories, **fields):
    return newsroom.push(
        publish(article_id, title=article_id, categories=list(categories), **fields)
    )


def under(slug, parent, **more):
    return {"slug": slug, "parent": parent, **more}


def feed_title(client, name):
    return client.get(f"/feeds/{name}.json").json["title"]


def test_bare_name_becomes_a_slug(newsroom, client):
    assert push(newsroom, "a", "Đảng ủy Khối")["feeds"] == ["all", "dang-uy-khoi"]
    assert feed_title(client, "dang-uy-khoi") == "Đảng ủy Khối – Báo tỉnh"


def test_bare_name_does_not_rename(newsroom, client):
    push(newsroom, "a", {"slug": "tin-tuc", "name": "Tin tức"})
    push(newsroom, "b", "TIN TỨC")
    assert feed_title(client, "tin-tuc") == "Tin tức – Báo tỉnh"


def test_category_known_by_its_slug_alone_takes_the_first_name_it_gets(newsroom, client):
    push(newsroom, "a", {"slug": "chinh-tri", "parent": "tin-tuc"})
    assert feed_title(client, "tin-tuc") == "tin-tuc – Báo tỉnh"
    push(newsroom, "b", "Tin tức")
    assert feed_title(client, "tin-tuc") == "Tin tức – Báo tỉnh"


def test_named_category_renames_and_the_feed_changes(newsroom, client):
    push(newsroom, "a", {"slug": "tin-tuc", "name": "Tin tức"})
    etag = client.get("/feeds/tin-tuc.rss").headers["ETag"]
    push(newsroom, "b", {"slug": "tin-tuc", "name": "Thời sự"})
    assert feed_title(client, "tin-tuc") == "Thời sự – Báo tỉnh"
    assert client.get("/feeds/tin-tuc.rss").headers["ETag"] != etag


def test_article_in_two_children_is_once_in_the_parent(newsroom, client):
    push(newsroom, "a", under("x", "p"), under("y", "p"))
    assert len(client.get("/feeds/p.json").json["items"]) == 1


def test_unsaid_parent_leaves_a_category_where_it_is(newsroom, client):
    push(newsroom, "a", under("x", "p"))
    push(newsroom, "b", {"slug": "x"})
    assert titles(client, "p") == {"a", "b"}


def test_moved_category_takes_its_articles_along(newsroom, client):
    push(newsroom, "a", under("leaf", under("mid", "old")))
    push(newsroom, "b", under("mid", "new"))
    assert titles(client, "old") == set()
    assert titles(client, "new") == {"a", "b"}
    assert titles(client, "mid") == {"a", "b"}


def test_article_filed_elsewhere_below_the_old_parent_stays(newsroom, client):
    push(newsroom, "a", under("x", "old"), under("y", "old"))
    push(newsroom, "b", under("x", "new"))
    assert titles(client, "old") == {"a"}
    assert titles(client, "new") == {"a", "b"}


def test_moved_category_changes_the_feeds_it_left_and_joined(newsroom, client):
    push(newsroom, "a", under("x", "old"), "new")
    push(newsroom, "c", under("x", "old"))
    before = [client.get(f"/feeds/{name}.json").headers["ETag"] for name in ("old", "new")]
    push(newsroom, "b", under("x", "new"))
    after = [client.get(f"/feeds/{name}.json").headers["ETag"] for name in ("old", "new")]
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_category_can_not_be_below_itself(newsroom, client):
    push(newsroom, "a", under("c", under("b", "a")))
    response = newsroom.send(publish("x", categories=[under("a", "c")]))
    assert response.status_code == 422
    assert response.json["errors"][0]["pointer"] == "/data/categories"
    assert titles(client, "a") == {"a"}


def test_tree_is_no_deeper_than_the_limit(newsroom):
    chain = "c0"
    for level in range(1, 16):
        chain = under(f"c{level}", chain)
    assert newsroom.send(publish("a", categories=[chain])).status_code == 200
    response = newsroom.send(publish("b", categories=[under("c16", "c15")]))
    assert "FEEDSVC_MAX_CATEGORY_DEPTH" in response.json["errors"][0]["message"]
    deeper = newsroom.send(publish("b", categories=[under("c0", "top")]))
    assert deeper.status_code == 422


def test_article_that_leaves_a_category_leaves_a_removal_row(newsroom, app, client):
    push(newsroom, "a", "x", "y")
    push(newsroom, "a", "y")
    assert titles(client, "x") == set()
    database = app.extensions["feedsvc"].database
    with database.read():
        rows = list(Removal.select(Category.slug, Removal.change).join(Category).tuples())
        assert rows == [("x", database.read_counter().change)]


def test_article_that_comes_back_has_no_removal_row(newsroom, app, client):
    push(newsroom, "a", "x", "y")
    push(newsroom, "a", "y")
    push(newsroom, "a", "x")
    assert titles(client, "x") == {"a"}
    with app.extensions["feedsvc"].database.read():
        assert [row.category.slug for row in Removal.select()] == ["y"]


def test_withdrawn_article_keeps_its_filings_as_tombstones(newsroom, app):
    push(newsroom, "a", "x")
    newsroom.push(withdraw("a"))
    database = app.extensions["feedsvc"].database
    with database.read():
        (row,) = ArticleCategory.select()
        assert (row.state, row.change) == (State.WITHDRAWN, database.read_counter().change)


def test_newspaper_has_no_more_categories_than_the_limit(database_url):
    app = create_app(make_settings(database_url, max_categories=2))
    database = app.extensions["feedsvc"].database
    newsroom = Newsroom(app.test_client(), add_source(database, VAULT, "desk"))
    assert newsroom.send(publish("a", categories=["x", "y"])).status_code == 200
    response = newsroom.send(publish("b", categories=["x", "z"]))
    assert "FEEDSVC_MAX_CATEGORIES" in response.json["errors"][0]["message"]
    database.close()


class Follower:
    """Someone who follows one category by change numbers, as a hub or partner will."""

    def __init__(self, database, slug):
        self.database, self.slug = database, slug
        self.cursor = 0
        self.holds = set()

    def catch_up(self):
        with self.database.read():
            category = Category.get_or_none(Category.slug == self.slug)
            if category is None:
                return
            rows = ArticleCategory.select().where(
                ArticleCategory.category == category, ArticleCategory.change > self.cursor
            )
            events = [(row.change, row.article_id, row.state == State.LIVE) for row in rows]
            removals = Removal.select().where(
                Removal.category == category, Removal.change > self.cursor
            )
            events += [(row.change, row.article_id, False) for row in removals]
            for _, article_id, is_live in sorted(events):
                (self.holds.add if is_live else self.holds.discard)(article_id)
            self.cursor = self.database.read_counter().change

    def holds_rightly(self):
        with self.database.read():
            live = (
                ArticleCategory.select(ArticleCategory.article)
                .join(Category)
                .where(Category.slug == self.slug, ArticleCategory.state == State.LIVE)
                .tuples()
            )
            return self.holds == {id_ for (id_,) in live}


@pytest.mark.parametrize("seed", range(4))
def test_who_follows_the_changes_misses_none(newsroom, app, seed):
    chance = random.Random(seed)
    slugs = [f"c{number}" for number in range(5)]
    followers = [Follower(app.extensions["feedsvc"].database, slug) for slug in slugs]
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for step in range(80):
        article_id = f"a{chance.randrange(5)}"
        if chance.random() < 0.2:
            newsroom.send(withdraw(article_id))
        else:
            categories = [
                {"slug": slug} | ({"parent": chance.choice(slugs)} if chance.random() < 0.3 else {})
                for slug in chance.sample(slugs, chance.randrange(4))
            ]
            moment = {"date_published": later} if chance.random() < 0.25 else {}
            newsroom.send(publish(article_id, title=str(step), categories=categories, **moment))
        for follower in followers:
            if chance.random() < 0.5:
                follower.catch_up()
                assert follower.holds_rightly(), (step, follower.slug)


class Model:
    """What the feeds should hold, computed the plain way."""

    def __init__(self):
        self.parents = {}
        self.articles = {}

    def ancestors(self, slug):
        line = [slug]
        while self.parents.get(line[-1]):
            line.append(self.parents[line[-1]])
        return line

    def save(self, article_id, filings):
        for slug, parent in filings:
            if parent:
                self.parents.setdefault(parent, None)
                if slug in self.ancestors(parent):
                    return False
                self.parents[slug] = parent
            else:
                self.parents.setdefault(slug, None)
        self.articles[article_id] = [slug for slug, _ in filings]
        return True

    def feed(self, name):
        return {
            article_id
            for article_id, slugs in self.articles.items()
            if name == "all" or any(name in self.ancestors(slug) for slug in slugs)
        }


@pytest.mark.parametrize("seed", range(4))
def test_feeds_hold_what_a_plain_model_says_after_any_edits(newsroom, client, app, seed):
    chance = random.Random(seed)
    slugs = [f"c{number}" for number in range(7)]
    model = Model()
    for _ in range(60):
        article_id = f"a{chance.randrange(8)}"
        if chance.random() < 0.15:
            newsroom.send(withdraw(article_id))
            model.articles.pop(article_id, None)
            continue
        filings = [
            (slug, chance.choice([None, None, *[other for other in slugs if other != slug]]))
            for slug in chance.sample(slugs, chance.randrange(3))
        ]
        before = dict(model.parents)
        accepted = model.save(article_id, filings)
        if not accepted:
            model.parents = before
        categories = [
            {"slug": slug} | ({"parent": parent} if parent else {}) for slug, parent in filings
        ]
        response = newsroom.send(
            publish(
                article_id,
                title=article_id,
                summary=str(chance.random()),
                categories=categories,
            )
        )
        assert (response.status_code == 200) is accepted, response.text
    for name in ("all", *(slug for slug in slugs if slug in model.parents)):
        assert titles(client, name) == model.feed(name), name
    with app.extensions["feedsvc"].database.read():
        changes = [row.change for row in Article.select() if row.change]
        assert len(changes) == len(set(changes))
        for row in ArticleCategory.select():
            assert (row.state, row.visible_at) == (row.article.state, row.article.visible_at)


def test_message_changes_only_so_many_categories(database_url):
    app = create_app(make_settings(database_url, max_category_changes=3))
    database = app.extensions["feedsvc"].database
    newsroom = Newsroom(app.test_client(), add_source(database, VAULT, "desk"))
    moves = [
        publish(f"m-{n}", categories=[{"slug": "a", "parent": {"slug": f"p-{n % 2}"}}])
        for n in range(6)
    ]
    results = newsroom.send(moves).json["events"]
    assert [one["status"] for one in results] == ["created", "rejected"] * 3
    assert results[1]["errors"] == [
        {
            "pointer": "/events/1/data/categories",
            "message": "the message makes, renames or moves more than 3 categories "
            "(FEEDSVC_MAX_CATEGORY_CHANGES); send the rest in another one",
        }
    ]
    assert newsroom.send(moves[1]).json["events"][0]["status"] == "created"
    database.close()
