"""What readers know an article by, when its source says so."""

import pytest
from lxml import etree

from tests.newsroom import publish, withdraw

ATOM = {"a": "http://www.w3.org/2005/Atom"}


def guids(client):
    """Of the one article: in JSON Feed, RSS and Atom."""
    (item,) = client.get("/feeds/all.json").json["items"]
    (guid,) = etree.fromstring(client.get("/feeds/all.rss").data).xpath("//item/guid")
    (atom_id,) = etree.fromstring(client.get("/feeds/all.atom").data).xpath(
        "//a:entry/a:id/text()", namespaces=ATOM
    )
    assert guid.get("isPermaLink") == "false"
    return item["id"], guid.text, atom_id


@pytest.mark.parametrize(
    "guid", ["https://old.example/?p=4", "urn:newsml:desk:1", "tag:old.example,2020:đ"]
)
def test_it_is_kept_to_the_letter(newsroom, client, guid):
    newsroom.push(publish("a", guid=guid))
    assert guids(client) == (guid, guid, guid)


def test_what_is_no_iri_gets_another_name_in_atom_alone(newsroom, client):
    newsroom.push(publish("a", guid="64d623b64676110001e897d9"))
    json_id, rss_guid, atom_id = guids(client)
    assert json_id == rss_guid == "64d623b64676110001e897d9"
    assert atom_id.startswith("urn:uuid:")


def test_article_keeps_the_one_it_has(newsroom, client):
    newsroom.push(publish("a", guid="urn:first"))
    result = newsroom.push(publish("a", guid="urn:second", title="Khác"))
    assert result["status"] == "updated"
    assert [one["pointer"] for one in result["warnings"]] == ["/data/guid"]
    assert guids(client)[0] == "urn:first"


def test_without_one_the_article_keeps_what_it_was_given(newsroom, client):
    newsroom.push(publish("a", guid="urn:first"))
    assert newsroom.push(publish("a", title="Khác"))["warnings"] == []
    assert guids(client)[0] == "urn:first"


@pytest.mark.parametrize("event", [publish("b", guid="urn:one"), withdraw("b", guid="urn:one")])
def test_that_of_another_article_is_refused(newsroom, client, event):
    newsroom.push(publish("a", guid="urn:one"))
    response = newsroom.send(event)
    assert response.status_code == 422
    assert response.json["errors"] == [
        {"pointer": "/data/guid", "message": "is that of another article"}
    ]
    assert len(client.get("/feeds/all.json").json["items"]) == 1


def test_that_of_another_article_in_the_same_batch_is_refused(newsroom):
    response = newsroom.send([publish("a", guid="urn:one"), publish("b", guid="urn:one")])
    assert [event["status"] for event in response.json["events"]] == ["created", "rejected"]
    assert response.json["events"][1]["errors"][0]["pointer"] == "/events/1/data/guid"


def test_tombstone_that_came_first_has_it_too(newsroom, client):
    newsroom.push(withdraw("a", guid="urn:one", date_modified="2023-01-09T00:00:00Z"))
    newsroom.push(publish("a", date_modified="2023-01-10T00:00:00Z"))
    assert guids(client)[0] == "urn:one"


@pytest.mark.parametrize(
    "guid", ["", " ", "a\u0000b", "e\u0301", "x" * 501, "a\nb", "\ud800"], ids=ascii
)
def test_what_can_be_none_is_refused(newsroom, guid):
    import json

    body = json.dumps({"events": [publish("a", guid=guid)]}).encode()
    response = newsroom.send_raw(body)
    assert response.status_code == 422
    assert response.json["errors"][0]["pointer"] == "/events/0/data/guid"
