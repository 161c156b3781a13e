"""The inbox for programs: what a token opens, and nothing without one."""

import json

import pytest

from feedsvc.app import create_app
from feedsvc.errors import ConfigurationError
from feedsvc.ingest import inbox
from feedsvc.ingest.sources import add_source
from feedsvc.settings import load_settings
from tests.conftest import make_settings
from tests.newsroom import VAULT, Newsroom, publish

TOKEN = "0123456789abcdef0123"
OTHER = "another-token-for-the-change"


@pytest.fixture
def opened(database_url):
    """A newsroom whose service has the API, and its app."""
    app = create_app(make_settings(database_url, api_token=f"{TOKEN} {OTHER}"))
    database = app.extensions["feedsvc"].database
    yield Newsroom(app.test_client(), add_source(database, VAULT, "desk"))
    database.close()


def ask(newsroom, path, token=TOKEN, method="GET"):
    headers = {"Authorization": f"Bearer {token}"}
    return newsroom.client.open(path, method=method, headers=headers)


def test_list_shows_the_newest_first_and_where_the_others_are(opened):
    for number in range(5):
        opened.push(publish(f"a-{number}"), message_id=f"m-{number}")
    page = ask(opened, "/inbox?limit=2").json
    assert [one["message_id"] for one in page["messages"]] == ["m-4", "m-3"]
    assert page["messages"][0]["counts"] == {"created": 1}
    assert page["next"].startswith("https://feeds.example/inbox?limit=2&before=")
    following = ask(opened, page["next"].removeprefix("https://feeds.example")).json
    assert [one["message_id"] for one in following["messages"]] == ["m-2", "m-1"]
    last = ask(opened, following["next"].removeprefix("https://feeds.example")).json
    assert (len(last["messages"]), last["next"]) == (1, None)


def test_refused_ones_are_found_behind_a_thousand_that_were_not(opened):
    opened.send(publish("bad", url="x"), message_id="bad")
    accepted = inbox.Answer(200, '{"message_id":"m","events":[{"status":"created"}]}')

    def keep(changes):
        for number in range(1_000):
            inbox.record(
                source_id=1,
                message_id=f"m-{number}",
                body=b"{}",
                answer=accepted,
                received_at=changes.at,
                duration_seconds=0.0,
                key_id=1,
                media_type="application/json",
            )

    opened.client.application.extensions["feedsvc"].database.publish(keep)
    for query in ("refused=1", "refused=1&source=desk", "refused=1&limit=1"):
        (found,) = ask(opened, f"/inbox?{query}").json["messages"]
        assert (found["message_id"], found["refused"], found["status"]) == ("bad", True, 422)


def test_message_with_one_refused_event_counts_as_refused(opened):
    opened.send([publish("a"), publish("bad", url="x")])
    (found,) = ask(opened, "/inbox?refused=1").json["messages"]
    assert found["counts"] == {"created": 1, "rejected": 1}


def test_list_of_a_source_has_only_its_own(opened):
    opened.push(publish("a"))
    assert len(ask(opened, "/inbox?source=desk").json["messages"]) == 1
    assert ask(opened, "/inbox?source=other").json["messages"] == []


def test_message_is_shown_with_its_answer(opened):
    answer = opened.send(publish("bad", title=""), message_id="m").json
    number = ask(opened, "/inbox").json["messages"][0]["number"]
    shown = ask(opened, f"/inbox/{number}").json
    assert shown["answer"] == answer
    assert shown["message_id"] == "m"


def test_body_is_given_as_it_came_and_never_as_a_page(opened):
    body = json.dumps(publish("a", title="<script>"), ensure_ascii=False).encode()
    opened.send(body)
    number = ask(opened, "/inbox").json["messages"][0]["number"]
    response = ask(opened, f"/inbox/{number}/body")
    assert response.data == body
    assert response.content_type == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_message_is_run_again(opened):
    opened.push(publish("a"))
    number = ask(opened, "/inbox").json["messages"][0]["number"]
    response = ask(opened, f"/inbox/{number}/replay", method="POST")
    assert response.json["events"][0]["status"] == "unchanged"


def test_refused_text_that_is_none_is_shown(opened):
    opened.send(b'{"type": "article.published", "data": {"id": "\\ud800"}}')
    number = ask(opened, "/inbox").json["messages"][0]["number"]
    assert ask(opened, f"/inbox/{number}").json["answer"]["events"][0]["id"] == "\ufffd"


PATHS = [
    ("GET", "/inbox"),
    ("GET", "/inbox/1"),
    ("GET", "/inbox/1/body"),
    ("POST", "/inbox/1/replay"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], f"{TOKEN} {OTHER}"])
def test_nothing_is_shown_without_a_token(opened, method, path, token):
    response = ask(opened, path, token, method)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.headers["Cache-Control"] == "no-store"


def test_each_of_several_tokens_opens_it(opened):
    assert ask(opened, "/inbox", OTHER).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"), [*PATHS, ("PUT", "/inbox"), ("OPTIONS", "/inbox"), ("GET", PATHS[-1][1])]
)
def test_without_a_token_set_there_is_no_api(client, method, path):
    response = client.open(path, method=method, headers={"Authorization": "Bearer "})
    nothing = client.open("/there-is-nothing-here", method=method)
    assert (response.status_code, response.data) == (404, nothing.data)


def test_without_the_token_all_numbers_are_answered_alike(opened):
    opened.push(publish("a"))
    there, not_there = (ask(opened, f"/inbox/{number}", "x" * 16) for number in (1, 7))
    assert there.data == not_there.data


@pytest.mark.parametrize("spaces", ["", "  "])
def test_spaces_are_no_token(database_url, spaces):
    app = create_app(make_settings(database_url, api_token=spaces))
    response = app.test_client().get("/inbox", headers={"Authorization": f"Bearer {spaces}"})
    assert response.status_code == 404
    app.extensions["feedsvc"].database.close()


def test_pages_of_another_site_may_not_read_it(opened):
    headers = {"Authorization": f"Bearer {TOKEN}", "Origin": "https://elsewhere.example"}
    response = opened.client.get("/inbox", headers=headers)
    assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("number", ["0", "7", "99999999999999999999", "-1", "x", "2147483648", "١"])
def test_message_that_is_not_there_is_a_404(opened, number):
    assert ask(opened, f"/inbox/{number}").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=1&limit=2",
        "before=0",
        "before=99999999999",
        "refused=yes",
        "refused=1&refused=0",
        "source=desk&source=other",
    ],
)
def test_wrong_parameter_is_named(opened, query):
    response = ask(opened, f"/inbox?{query}")
    assert (response.status_code, response.json["parameter"]) == (400, query.partition("=")[0])


def test_unknown_parameter_is_ignored(opened):
    assert ask(opened, "/inbox?colour=red").status_code == 200


@pytest.mark.parametrize("name", ["other", "%00", "%ED%A0%80", "x" * 3_000])
def test_source_that_can_not_be_has_no_messages(opened, name):
    assert ask(opened, f"/inbox?source={name}").json == {"messages": [], "next": None}


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_answers_are_kept_by_nobody(opened, method, path):
    opened.push(publish("a"))
    response = ask(opened, path, method=method)
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")


def test_token_is_in_no_log(opened, caplog):
    ask(opened, "/inbox")
    ask(opened, "/inbox", "wrong-token-wrong-token")
    assert TOKEN not in caplog.text
    assert "wrong-token" not in caplog.text


@pytest.mark.parametrize(
    "tokens", ["short", f"{TOKEN} short", "mật-khẩu-đủ-dài-rồi", "0" * 16 + "\x7f"]
)
def test_token_that_can_not_do_is_told_by_its_name_alone(tokens):
    with pytest.raises(ConfigurationError, match="FEEDSVC_API_TOKEN: has a token") as caught:
        load_settings(api_token=tokens)
    assert tokens not in str(caught.value)
