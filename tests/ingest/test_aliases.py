"""Updates that are items of their own: one article, however long the chain, in whatever order."""

import itertools
import json

import pytest

from feedsvc.ingest.sources import Registration, add_key, add_source
from feedsvc.models import Alias, Article
from tests.newsroom import VAULT

#: A story, its update, and two updates of that, one after the other.
CHAIN = (("a", None), ("b", "a"), ("c", "b"), ("d", "c"))


@pytest.fixture
def database(app):
    return app.extensions["feedsvc"].database


@pytest.fixture
def send(client, database):
    """Push one ninjs item; gives its result."""
    import hashlib
    import hmac

    template = "https://news.example/{slug}-{id}"
    key = add_source(database, VAULT, "sd", Registration("superdesk", url_template=template))

    def push(name, evolved_from=None, status=200, signed_by=key, **fields):
        hour = 9 + "abcd".index(name)
        item = {
            "guid": f"tag:{name}",
            "type": "text",
            "headline": f"Headline {name}",
            "slugline": "Bridge",
            "body_html": f"<p>{name}</p>",
            "versioncreated": f"2023-01-09T{hour:02}:00:00+0000",
            "firstpublished": "2023-01-09T09:00:00+0000",
            "pubstatus": "usable",
        } | fields
        if evolved_from:
            item["evolvedfrom"] = f"tag:{evolved_from}"
        body = json.dumps(item).encode()
        digest = hmac.new(signed_by.encode(), body, hashlib.sha256).hexdigest()
        headers = {"x-superdesk-signature": f"sha256={digest}", "Content-Type": "application/json"}
        response = client.post("/ingest/sd", data=body, headers=headers)
        assert response.status_code == status, response.text
        return response.json["events"][0]

    return push


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_chain_in_any_order_is_one_article_that_says_the_last(send, client, database, order):
    for index in order:
        send(*CHAIN[index])
    with database.read():
        rows = [row.external_id for row in Article.select()]
    items = client.get("/feeds/all.json").json["items"]
    assert [item["title"] for item in items] == ["Headline d"], rows


def test_address_and_guid_stay_those_of_the_first(send, client):
    for link in CHAIN:
        send(*link)
    (item,) = client.get("/feeds/all.json").json["items"]
    assert item["id"] == "tag:a"
    assert item["url"] == "https://news.example/bridge-tag:a"


def test_update_that_is_withdrawn_takes_the_article_along(send, client):
    for link in CHAIN[:3]:
        send(*link)
    assert (
        send("c", "b", pubstatus="canceled", versioncreated="2023-01-09T15:00:00+0000")["status"]
        == "withdrawn"
    )
    assert client.get("/feeds/all.json").json["items"] == []


def test_older_item_that_comes_again_changes_nothing(send, client):
    for link in CHAIN:
        send(*link)
    assert send("a", body_html="<p>again</p>")["status"] == "stale"
    assert client.get("/feeds/all.json").json["items"][0]["title"] == "Headline d"


def test_update_that_is_refused_names_nothing(send, client, database):
    send("a")
    send("c")  # which will turn out to be of the same story
    limited = add_key(database, VAULT, "sd", ["the-thao"])
    assert send("d", "c", status=422, signed_by=limited)["status"] == "rejected"
    assert send("c", "a", status=422, signed_by=limited)["status"] == "rejected"
    with database.read():
        assert not Alias.select().exists()
    assert len(client.get("/feeds/all.json").json["items"]) == 2


def test_other_stories_are_others(send, client):
    send("a")
    send("b")
    assert len(client.get("/feeds/all.json").json["items"]) == 2
