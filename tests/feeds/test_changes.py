"""Following the changes of a feed: everything that changed, once, in order."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.newsroom import publish, withdraw

PUBLIC_URL = "https://feeds.example"


class Partner:
    """Keeps a copy of a feed by its changes."""

    def __init__(self, client, address="/feeds/all.json", query=""):
        self.client, self.address, self.query = client, address, query
        self.after = "0"
        self.copy = {}
        self.told = []

    def step(self):
        """Take one answer in; whether it was the last."""
        response = self.client.get(f"{self.address}?after={self.after}{self.query}")
        assert response.status_code == 200, response.text
        document = response.json
        for item in document["items"]:
            self.told.append(item["id"])
            self.copy[item["id"]] = item
        for one in document["_feedsvc"].get("deleted", ()):
            self.copy.pop(one["id"], None)
        self.after = document["_feedsvc"]["after"]
        return "next_url" not in document

    def follow(self):
        while not self.step():
            pass

    @property
    def titles(self):
        return {item["title"] for item in self.copy.values()}


def section(slug, parent=None):
    return {"slug": slug} | ({"parent": section(parent)} if parent else {})


def titles(client, address):
    return {item["title"] for item in client.get(address).json["items"]}


def test_everything_comes_in_the_order_of_its_changes(newsroom, client):
    for name in "abc":
        newsroom.push(publish(name, title=name))
    newsroom.push(publish("a", title="a2"))
    partner = Partner(client)
    partner.follow()
    assert [partner.copy[id_]["title"] for id_ in partner.told] == ["b", "c", "a2"]


def test_a_partner_goes_on_where_it_stood(newsroom, client):
    newsroom.send([publish(f"n{n}", title=f"n{n}") for n in range(7)])
    partner = Partner(client, query="&limit=3")
    assert not partner.step()
    newsroom.push(publish("n1", title="again"))
    newsroom.push(withdraw("n6"))
    partner.follow()
    assert partner.titles == titles(client, "/feeds/all.json")
    assert len(partner.told) == 7  # n1 twice, since it changed after it was told, n6 never


def test_next_url_is_the_next_part(newsroom, client):
    newsroom.send([publish(f"n{n}") for n in range(5)])
    first = client.get("/feeds/all.json?after=0&limit=3").json
    following = client.get(first["next_url"].removeprefix(PUBLIC_URL)).json
    assert len(following["items"]) == 2
    assert "next_url" not in following


def test_withdrawn_expired_and_moved_articles_are_told_as_deleted(newsroom, client):
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    newsroom.push(publish("w", title="w"))
    newsroom.push(publish("e", title="e", expires_at=soon))
    newsroom.push(publish("m", title="m"))
    newsroom.push(publish("s", title="s"))
    partner = Partner(client, "/feeds/tin-tuc.json")
    partner.follow()
    assert partner.titles == {"w", "e", "m", "s"}
    newsroom.push(withdraw("w"))
    newsroom.push(publish("m", title="m", categories=[section("kinh-te")]))
    until = datetime.now(UTC) + timedelta(seconds=1.1)
    while datetime.now(UTC) < until:
        pass
    partner.follow()
    assert partner.titles == {"s"}


def test_what_was_never_shown_is_not_told_as_deleted(newsroom, client):
    newsroom.push(publish("other", categories=[section("kinh-te")]))
    newsroom.push(publish("later", date_published="2999-01-01T00:00:00Z"))
    newsroom.push(withdraw("unknown"))
    document = client.get("/feeds/all.json?after=0&category=kinh-te").json
    assert len(document["items"]) == 1
    assert "deleted" not in document["_feedsvc"]


@pytest.mark.parametrize(
    ("address", "query"),
    [
        ("/feeds/tin-tuc.json", ""),
        ("/feeds/all.json", "&category=tin-tuc"),
        ("/feeds/all.json", "&not-category=tin-tuc"),
        ("/feeds/kinh-te.json", "&not-category=tin-tuc"),
    ],
)
def test_a_section_that_moves_takes_its_articles_along(newsroom, client, address, query):
    newsroom.push(publish("t", categories=[section("tin-tuc"), section("kinh-te")]))
    newsroom.send(
        [publish(f"n{n}", title=f"n{n}", categories=[section("lua", "kinh-te")]) for n in range(7)]
    )
    partner = Partner(client, address, f"{query}&limit=3")
    partner.follow()
    asked = f"{address}?{query.removeprefix('&')}&limit=100"
    assert partner.titles == titles(client, asked)
    newsroom.push(publish("x", title="x", categories=[section("lua", "tin-tuc")]))
    partner.follow()
    assert partner.titles == titles(client, asked)
    newsroom.push(publish("y", title="y", categories=[section("lua", "kinh-te")]))
    partner.follow()
    assert partner.titles == titles(client, asked)


def test_a_change_that_many_articles_share_can_be_stopped_in(newsroom, client):
    newsroom.push(publish("t", categories=[section("tin-tuc")]))
    newsroom.send([publish(f"n{n}", categories=[section("lua", "kinh-te")]) for n in range(9)])
    partner = Partner(client, "/feeds/tin-tuc.json", "&limit=2")
    partner.follow()
    newsroom.push(publish("x", categories=[section("lua", "tin-tuc")]))
    steps = 1
    while not partner.step():
        steps += 1
    assert steps >= 5
    assert len(partner.copy) == 11


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("after=x", "must be a change number"),
        ("after=-1", "must be a change number"),
        ("after=1&after=2", "twice"),
        ("after=5", "beyond the last change, "),
        ("after=0-00000000", "from before a restore"),
        ("after=0&hours=3", "can't go with hours"),
        ("after=0&since=2023-01-01T00:00:00Z", "can't go with since"),
        ("after=99999999999999999999", "must be a change number"),
    ],
)
def test_a_cursor_that_can_not_be_is_refused(newsroom, client, query, said):
    newsroom.push(publish(categories=[]))
    response = client.get(f"/feeds/all.json?{query}")
    assert response.status_code == 400
    assert response.json["parameter"] == "after"
    assert said in response.json["detail"]


@pytest.mark.parametrize("suffix", ["rss", "atom"])
def test_changes_are_told_in_json_alone(client, suffix):
    assert client.get(f"/feeds/all.{suffix}?after=0").status_code == 400


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["publish", "withdraw", "step"]),
        st.integers(0, 5),
        st.sampled_from(["tin-tuc", "kinh-te", ""]),
        st.sampled_from(["lúa", ""]),
    ),
    max_size=25,
)


@pytest.mark.parametrize("query", ["", "&category=tin-tuc", "&tag=lua", "&not-tag=lua"])
def test_whatever_happens_a_partner_ends_with_what_the_feed_shows(newsroom, client, query):
    newsroom.push(publish("x", categories=[section("tin-tuc"), section("kinh-te")]))
    partner = Partner(client, "/feeds/all.json", f"{query}&limit=2")

    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(ACTIONS)
    def check(actions):
        for number, (action, id_, slug, tag) in enumerate(actions):
            at = datetime.now(UTC).isoformat()
            if action == "publish":
                newsroom.push(
                    publish(
                        f"n{id_}",
                        title=f"n{id_} {number}",
                        tags=[tag] if tag else [],
                        categories=[section(slug)] if slug else [],
                        date_modified=at,
                    )
                )
            elif action == "withdraw":
                newsroom.push(withdraw(f"n{id_}", date_modified=at))
            else:
                partner.step()
        partner.follow()
        assert partner.titles == titles(client, f"/feeds/all.json?limit=100{query}")

    check()


@pytest.mark.parametrize("cursor", ["0", "0.0"])
def test_what_is_still_to_come_is_named_nowhere(newsroom, client, cursor):
    newsroom.push(publish("s", categories=[section("sub")]))
    embargoed = {"date_published": "2999-01-01T00:00:00Z", "guid": "https://news.example/secret"}
    newsroom.push(publish("later", categories=[section("sub")], **embargoed))
    newsroom.push(publish("t", categories=[section("sub", "top")]))  # moves the section
    for name in ("all", "sub", "top"):
        assert "secret" not in client.get(f"/feeds/{name}.json?after={cursor}").text


def test_an_article_of_several_sections_is_told_once(newsroom, client):
    newsroom.push(publish("a", categories=[section("x"), section("y")]))
    newsroom.push(publish("b", categories=[section("x"), section("y")]))
    newsroom.push(withdraw("b"))
    document = client.get("/feeds/all.json?category=x&category=y&after=0").json
    assert len(document["items"]) == 1
    assert len(document["_feedsvc"]["deleted"]) == 1
