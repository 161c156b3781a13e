"""What people are told when something is wrong, and that programs still get problem documents."""

import pytest
from lxml import html

from feedsvc.app import create_app
from tests.conftest import make_settings

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
VI, EN = {"Accept-Language": "vi"}, {"Accept-Language": "en"}


@pytest.mark.parametrize(
    ("language", "words"),
    [(VI, "Không có gì ở địa chỉ này"), (EN, "There is nothing at this address")],
)
def test_person_is_told_in_their_language_that_nothing_is_there(client, language, words):
    response = client.get("/nowhere", headers=BROWSER | language)
    assert response.status_code == 404
    assert response.content_type == "text/html; charset=utf-8"
    root = html.fromstring(response.text)
    assert root.xpath("//h1/text()") == [words]
    assert root.xpath("//main//a/@href") == ["/"]
    assert response.headers["Cache-Control"] == "no-store"
    assert {name.strip() for name in response.headers["Vary"].split(",")} == {
        "Accept",
        "Accept-Language",
    }


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "text/html;q=0, */*"])
def test_program_gets_a_problem_document(client, accept):
    response = client.get("/nowhere", headers={"Accept": accept})
    assert response.content_type == "application/problem+json"
    assert response.headers["Vary"] == "Accept"


@pytest.mark.parametrize(
    "path",
    ["/feeds/none.rss", "/feeds/none", "/feeds/", "/feeds.xml", "/private/x/all.rss", "/hub/x"],
)
def test_no_html_where_programs_ask(client, path):
    response = client.get(path, headers=BROWSER)
    assert response.status_code == 404
    assert response.content_type == "application/problem+json"


@pytest.mark.parametrize("accept", ["TEXT/HTML", "text/html;level=1", "image/png, text/html;q=0.1"])
def test_person_is_known_however_it_is_written(client, accept):
    response = client.get("/nowhere", headers={"Accept": accept})
    assert response.content_type == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/hubbub", "text/html; charset=utf-8"),
        ("/feeds", "application/problem+json"),
        ("/ingest", "application/problem+json"),
        ("/private", "application/problem+json"),
    ],
)
def test_where_programs_ask_is_told_by_the_whole_word(client, path, kind):
    assert client.get(path, headers=BROWSER).content_type == kind


def test_page_that_fails_leaves_the_problem_document(app, caplog):
    app.jinja_env.loader = None
    response = app.test_client().get("/nowhere", headers=BROWSER)
    assert response.status_code == 404
    assert response.content_type == "application/problem+json"
    assert "could not be told" in caplog.text


def test_push_is_answered_for_programs(client):
    response = client.post("/ingest/desk", data=b"{}", headers=BROWSER)
    assert response.status_code == 401
    assert response.content_type == "application/problem+json"


def test_person_is_told_that_the_database_is_away(tmp_path):
    app = create_app(make_settings(f"sqlite:///{tmp_path}/no/such/place.db"))
    response = app.test_client().get("/", headers=BROWSER | EN)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert "We will be back in a moment" in response.text
    assert "place.db" not in response.text


def test_person_is_told_of_a_mistake_of_ours_without_its_secrets(app):
    @app.get("/broken")
    def fail():
        raise ZeroDivisionError("the secret inside")

    response = app.test_client().get("/broken", headers=BROWSER | EN)
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.text
    assert "secret" not in response.text


def test_person_who_asks_wrongly_is_told_so(client):
    response = client.delete("/", headers=BROWSER | EN)
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
    assert "This can't be answered" in response.text


def test_head_of_a_problem_has_no_body(client):
    response = client.head("/nowhere", headers=BROWSER)
    assert (response.status_code, response.data) == (404, b"")


def test_switch_of_language_works_on_a_problem_too(client):
    response = client.get("/nowhere?lang=en", headers=BROWSER | VI)
    root = html.fromstring(response.text)
    assert root.get("lang") == "en"
    assert root.xpath("//main//a/@href") == ["/?lang=en"]
