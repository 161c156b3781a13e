"""The reference as pages: for people in their language, for programs as data."""

import re

import pytest
from lxml import html

from feedsvc.app import create_app
from feedsvc.kinds import KINDS
from feedsvc.reference.openapi import build_document
from tests.conftest import make_settings
from tests.newsroom import publish

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
VI, EN = {"Accept-Language": "vi"}, {"Accept-Language": "en"}
DOCUMENT = build_document(make_settings("sqlite:///none.db"))


@pytest.fixture
def client(sqlite_url):
    app = create_app(make_settings(sqlite_url))
    yield app.test_client()
    app.extensions["feedsvc"].database.close()


def page(client, path, language=EN):
    response = client.get(path, headers=BROWSER | language)
    assert response.status_code == 200
    assert response.content_type == "text/html; charset=utf-8"
    return html.fromstring(response.text)


def words(node):
    return re.sub(r"\s+", " ", node.text_content()).strip()


# Kinds of problems


@pytest.mark.parametrize("slug", KINDS)
def test_kind_has_a_page_in_both_languages(client, slug):
    english, vietnamese = (page(client, f"/problems/{slug}", one) for one in (EN, VI))
    kind = KINDS[slug]
    assert english.xpath("//h1/text()") == [kind.title]
    assert words(english.xpath("//main")[0]).count(kind.cure.replace("`", "")) == 1
    assert vietnamese.get("lang") == "vi"
    assert vietnamese.xpath("//h1/text()") != [kind.title]
    assert not vietnamese.xpath("//main//*[@lang]")


def test_problem_names_the_address_of_its_page(client):
    problem = client.get("/feeds/none.rss").json
    assert problem["type"] == "https://feeds.example/problems/no-such-feed"
    assert page(client, "/problems/no-such-feed").xpath("//h1/text()") == [problem["title"]]


def test_program_gets_a_kind_as_data(client):
    response = client.get("/problems/refused", headers={"Accept": "application/json"})
    assert response.content_type == "application/json"
    assert response.json["type"] == "https://feeds.example/problems/refused"
    assert response.json["status"] == 422
    assert "Accept" in response.headers["Vary"]


@pytest.mark.parametrize("slug", ["none", "", "Refused", "%00", "a/b"])
def test_unknown_kind_is_a_404(client, slug):
    assert client.get(f"/problems/{slug}").status_code == 404


def test_type_is_below_the_public_address(sqlite_url):
    app = create_app(make_settings(sqlite_url, public_url="https://news.example/tin"))
    problem = app.test_client().get("/nowhere").json
    assert problem["type"] == "https://news.example/tin/problems/no-such-address"
    app.extensions["feedsvc"].database.close()


def test_refused_message_says_its_kind(sqlite_newsroom):
    newsroom, _ = sqlite_newsroom
    cases = {
        "refused": newsroom.send(publish(url=None)),
        "unreadable-message": newsroom.send(b"{"),
        "wrong-content-type": newsroom.send(publish(), headers={"Content-Type": "text/plain"}),
        "unverified": newsroom.send(publish(), headers={"webhook-id": "other"}),
        "parameter": newsroom.client.get("/feeds/all.rss?limit=none"),
        "wrong-method": newsroom.client.get("/ingest/desk"),
    }
    for slug, response in cases.items():
        assert response.json["type"] == f"https://feeds.example/problems/{slug}"
        assert response.json["title"] == KINDS[slug].title
        assert response.json["status"] == response.status_code == KINDS[slug].status


# The reference


def test_every_operation_stands_in_the_reference(client):
    text = words(page(client, "/docs").xpath("//main")[0])
    for path, item in DOCUMENT["paths"].items():
        for method in item:
            assert method.upper() in text
        assert path in text


@pytest.mark.parametrize("language", [EN, VI], ids=["en", "vi"])
def test_every_field_stands_in_the_reference_with_its_meaning(client, language):
    root = page(client, "/docs", language)
    for name, schema in DOCUMENT["components"]["schemas"].items():
        (card,) = root.xpath(f'//*[@id="model-{name}"]')
        shown = [words(node) for node in card.xpath(".//dt/code")]
        assert shown == list(schema.get("properties", {}))
        assert all(words(node) for node in card.xpath(".//dd"))


def test_whole_reference_is_vietnamese_for_a_vietnamese_reader(client):
    root = page(client, "/docs", VI)
    assert root.get("lang") == "vi"
    assert not root.xpath("//main//*[@lang='en']")


@pytest.mark.parametrize("path", ["/docs", "/docs?lang=en", "/problems/refused?lang=vi"])
def test_links_lead_somewhere(client, path):
    root = page(client, path)
    ids = {f"#{one}" for one in root.xpath("//@id")}
    for link in set(root.xpath("//a/@href")):
        place, mark, name = link.partition("#")
        if not place:
            assert link in ids
        elif not place.startswith("?"):
            there = client.get(place, headers=BROWSER)
            assert there.status_code == 200, link
            assert not mark or html.fromstring(there.text).xpath(f'//*[@id="{name}"]')


def test_chosen_language_is_kept_from_page_to_page(client):
    links = page(client, "/docs?lang=vi").xpath("//ul[contains(@class, 'kinds')]//a/@href")
    assert all(link.endswith("?lang=vi") for link in links)


def test_first_page_leads_to_the_reference(client):
    assert page(client, "/").xpath("//footer//a/@href") == ["/docs"]


@pytest.mark.parametrize("path", ["/docs", "/problems/refused"])
def test_nothing_foreign_and_no_script_is_in_the_page(client, path):
    response = client.get(path, headers=BROWSER)
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    root = html.fromstring(response.text)
    assert not root.xpath("//script | //style | //*[@style] | //img | //iframe")
    loaded = root.xpath("//link[@rel='stylesheet' or @rel='icon']/@href")
    assert all(address.startswith("/static/") for address in loaded)


def test_unchanged_reference_is_a_304(client):
    first = client.get("/docs", headers=VI)
    again = client.get("/docs", headers=VI | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get("/docs", headers=EN | {"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


def test_address_of_the_description_gives_no_html(client):
    assert client.get("/openapi.json", headers=BROWSER).content_type == "application/json"
    assert (
        client.delete("/openapi.json", headers=BROWSER).content_type == "application/problem+json"
    )
