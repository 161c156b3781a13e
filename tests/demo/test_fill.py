"""`feedsvc demo` on a real database, through the signed endpoint."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from lxml import html

from feedsvc.app import create_app
from feedsvc.cli import main
from feedsvc.db import Database
from feedsvc.demo.fill import SOURCE
from feedsvc.demo.news import read_news
from feedsvc.ingest.sources import find_source, lend_key, list_sources
from tests.conftest import make_settings
from tests.integration.server import PROGRAM, bare_environment
from tests.newsroom import SECRET_KEY, VAULT, Newsroom, dumped, publish, signed, withdraw

NEWS = read_news()["articles"]
WITHDRAWN = next(article["id"] for article in NEWS if "withdrawn_minutes_ago" in article)
CORRECTED = next(article for article in NEWS if "title" in article.get("correction", {}))
TOLD_BEFORE = "The database has articles already; sample news goes into an empty one."


@pytest.fixture
def demo(runner, database_url):
    """Run the command on the test's database."""

    def run(*options, **environment):
        defaults = {"FEEDSVC_DATABASE_URL": database_url, "FEEDSVC_SECRET_KEY": SECRET_KEY}
        environment = defaults | environment
        return runner.invoke(main, ["demo", *options], env=environment, catch_exceptions=False)

    return run


@pytest.fixture
def look(database_url):
    """Open a page or feed of the filled database."""
    apps = []

    def get(path, **settings):
        app = create_app(make_settings(database_url, **settings))
        apps.append(app)
        return app.test_client().get(path)

    yield get
    for app in apps:
        app.extensions["feedsvc"].database.close()


def test_news_is_in_the_feeds(demo, look):
    result = demo()
    assert (result.exit_code, result.stdout) == (0, "")
    items = look("/feeds/all.json?limit=200").json["items"]
    assert len(items) == len(NEWS) - 1
    assert {item["url"].rpartition("/")[2] for item in items} == {
        article["id"] for article in NEWS if article["id"] != WITHDRAWN
    }
    assert [item for item in items if item.get("attachments")]


def test_correction_is_in_its_entry(demo, look):
    demo()
    items = look("/feeds/all.json?limit=200").json["items"]
    (item,) = [item for item in items if item["url"].endswith(f"/{CORRECTED['id']}")]
    assert item["title"] == CORRECTED["correction"]["title"]
    assert item["date_modified"] > item["date_published"]


def test_headlines_lead_to_the_articles(demo, look):
    demo(FEEDSVC_PUBLIC_URL="https://feeds.example")
    address = look("/feeds/all.json").json["items"][0]["url"]
    assert address.startswith("https://feeds.example/demo/")
    page = look(address.removeprefix("https://feeds.example"))
    assert page.status_code == 200
    titles = [article["title"] for article in NEWS]
    assert html.fromstring(page.text).xpath("//h1/text()")[0] in titles


def test_article_shows_its_pictures_from_the_public_address_alone(demo, look):
    demo(FEEDSVC_PUBLIC_URL="https://feeds.example")
    article = next(one for one in NEWS if "image" in one and one["id"] != WITHDRAWN)
    page = look(f"/demo/{article['id']}")
    pictures = html.fromstring(page.text).xpath("//img/@src")
    assert f"https://feeds.example/demo/media/{article['image']}" in pictures
    policy = page.headers["Content-Security-Policy"]
    assert "img-src 'self' https://feeds.example;" in policy
    with look(f"/demo/media/{article['image']}") as picture:
        assert picture.content_type == "image/png"
        assert picture.data.startswith(b"\x89PNG")


def test_withdrawn_article_is_gone(demo, look):
    demo()
    assert look(f"/demo/{WITHDRAWN}").status_code == 410


@pytest.mark.parametrize(
    "path", ["/demo/nothing", "/demo/media/nothing.png", "/demo/media/../fill.py", "/demo/%00"]
)
def test_what_is_not_there_is_not_found(demo, look, path):
    demo()
    assert look(path).status_code == 404


def test_other_sources_articles_have_no_page_here(look, database_url):
    from feedsvc.ingest.sources import add_source

    app = create_app(make_settings(database_url))
    newsroom = Newsroom(
        app.test_client(), add_source(app.extensions["feedsvc"].database, VAULT, "desk")
    )
    newsroom.push(publish("a"))
    assert look("/demo/a").status_code == 404
    app.extensions["feedsvc"].database.close()


def test_filling_again_changes_nothing(demo, look):
    demo()
    before = look("/feeds/all.atom?limit=200").data
    assert demo().exit_code == 0
    assert look("/feeds/all.atom?limit=200").data == before


def test_filling_again_at_another_address_moves_the_articles_there(demo, look):
    demo(PORT="8001")
    before = look("/feeds/all.json?limit=200").json["items"]
    demo(PORT="8002")
    after = look("/feeds/all.json?limit=200").json["items"]
    assert [item["id"] for item in after] == [item["id"] for item in before]
    assert [item["date_published"] for item in after] == [item["date_published"] for item in before]
    assert all(item["url"].startswith("http://127.0.0.1:8002/demo/") for item in after)


def test_filling_moves_the_articles_back_to_an_earlier_address(demo, look):
    for port in ("8001", "8002", "8001"):
        assert demo(PORT=port).exit_code == 0
    items = look("/feeds/all.json?limit=200").json["items"]
    assert {item["url"].partition("/demo/")[0] for item in items} == {"http://127.0.0.1:8001"}


def test_refusal_is_not_for_good(demo, look):
    refused = demo(FEEDSVC_MAX_TITLE_CHARS="20")
    assert refused.exit_code == 1
    assert "FEEDSVC_MAX_TITLE_CHARS" in refused.stderr
    assert demo().exit_code == 0
    assert len(look("/feeds/all.json?limit=200").json["items"]) == len(NEWS) - 1


def test_filling_again_writes_nothing(demo, database_url):
    demo()
    database = Database(database_url)

    def count_keys():
        with database.read():
            return database.peewee.execute_sql("SELECT COUNT(*) FROM signing_key").fetchone()

    before = count_keys()
    assert demo("--if-empty").stderr == ""
    assert count_keys() == before
    database.close()


def test_two_that_fill_at_once_both_succeed(database_url, look):
    environment = bare_environment(FEEDSVC_DATABASE_URL=database_url, FEEDSVC_SECRET_KEY=SECRET_KEY)
    both = [subprocess.Popen([PROGRAM, "demo"], env=environment) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert len(look("/feeds/all.json?limit=200").json["items"]) == len(NEWS) - 1


def test_pictures_may_come_from_an_address_in_letters_of_its_language(demo, look):
    address = "https://tỉnh.example"
    demo(FEEDSVC_PUBLIC_URL=address)
    article = next(one for one in NEWS if "image" in one and one["id"] != WITHDRAWN)
    page = look(f"/demo/{article['id']}", public_url=address)
    origin = "https://xn--tnh-dlz.example"
    assert f"img-src 'self' {origin};" in page.headers["Content-Security-Policy"]
    assert html.fromstring(page.text).xpath("//img/@src")[0].startswith(f"{origin}/demo/media/")


def test_article_that_is_not_visible_yet_has_no_page(database_url, look):
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    app = create_app(make_settings(database_url))
    database = app.extensions["feedsvc"].database
    _, key = lend_key(database, VAULT, SOURCE, 60)
    body = dumped(publish("later", date_published=later))
    reply = app.test_client().post(f"/ingest/{SOURCE}", data=body, headers=signed(key, body))
    assert reply.json["events"][0]["status"] == "created"
    assert look("/demo/later").status_code == 404
    database.close()


def test_withdrawn_article_of_others_counts_too(demo, newsroom):
    newsroom.push(withdraw("never-seen"))
    assert demo().exit_code == 1


def test_filling_goes_on_where_it_was_interrupted(demo, look, monkeypatch):
    from feedsvc.demo import fill

    calls = []
    push = fill.push

    def die_at_the_tenth(*arguments):
        calls.append(arguments)
        if len(calls) == 10:
            raise KeyboardInterrupt
        return push(*arguments)

    monkeypatch.setattr(fill, "push", die_at_the_tenth)
    assert demo().exit_code != 0
    assert demo().exit_code == 0
    assert len(look("/feeds/all.json?limit=200").json["items"]) == len(NEWS) - 1


def test_no_key_is_left_behind(demo, database_url):
    demo()
    app = create_app(make_settings(database_url))
    database = app.extensions["feedsvc"].database
    with database.read():
        assert find_source(SOURCE)[1] == []
    assert [source.name for source, _ in list_sources(database)] == [SOURCE]
    database.close()


def test_database_with_other_articles_is_refused(demo, look, newsroom):
    newsroom.push(publish("a"))
    result = demo()
    assert result.exit_code == 1
    assert TOLD_BEFORE in result.stderr
    assert [item["url"] for item in look("/feeds/all.json").json["items"]] == [
        "https://news.example/a"
    ]


def test_database_with_other_articles_is_passed_over_when_told_so(demo, newsroom, look):
    newsroom.push(publish("a"))
    result = demo("--if-empty")
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(look("/feeds/all.json").json["items"]) == 1


def test_database_that_can_not_be_used_is_told(runner, tmp_path):
    url = f"sqlite:///{tmp_path}/no/such/place.db"
    result = runner.invoke(main, ["demo", "--if-empty"], env={"FEEDSVC_DATABASE_URL": url})
    assert result.exit_code == 1
    assert "place.db" in result.stderr
