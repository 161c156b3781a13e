"""What is answered is what its models say, to the letter: no member more, none of another type."""

import json

import pytest
from pydantic import BaseModel

from feedsvc.app import create_app
from feedsvc.ingest import answers, api
from feedsvc.ingest.sources import add_source
from tests.conftest import make_settings
from tests.newsroom import VAULT, Newsroom, publish, signed, withdraw

TOKEN = "a-token-that-opens-the-inbox"
NDJSON = "application/x-ndjson"


def hold(model: type[BaseModel], text: str) -> BaseModel:
    return model.model_validate_json(text, strict=True, extra="forbid")


@pytest.fixture
def newsroom(sqlite_url):
    app = create_app(make_settings(sqlite_url, api_token=TOKEN))
    database = app.extensions["feedsvc"].database
    yield Newsroom(app.test_client(), add_source(database, VAULT, "desk"))
    database.close()


def ask(newsroom, path, **options):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return newsroom.client.open(path, headers=headers, **options)


TAKEN = {
    "created": publish(),
    "repaired": publish(title="<b>Cầu</b>"),
    "later": publish(date_published="2099-01-01T00:00:00Z"),
    "withdrawn": withdraw(),
    "some": [publish("a"), publish("b", url="ftp://x"), {"data": {}}, 1],
}


@pytest.mark.parametrize("case", TAKEN)
def test_message_of_which_something_was_taken(newsroom, case):
    response = newsroom.send(TAKEN[case])
    assert response.status_code == 200
    hold(answers.MessageAnswer, response.text)


REFUSED = {
    "field": (publish(url=None), 422),
    "every event": ([publish("a", url=None), {}], 422),
    "no message": (b'"text"', 422),
    "not JSON": (b"{", 400),
}


@pytest.mark.parametrize("case", REFUSED)
def test_message_of_which_nothing_was_taken(newsroom, case):
    message, status = REFUSED[case]
    response = newsroom.send(message)
    assert response.status_code == status
    hold(answers.MessageProblem, response.text)


def test_message_of_a_type_that_is_none(newsroom):
    response = newsroom.send(publish(), headers={"Content-Type": "text/plain"})
    assert response.status_code == 415
    hold(answers.MessageProblem, response.text)


def test_parameter_with_a_wrong_value(newsroom):
    response = newsroom.client.get("/feeds/all.rss?limit=0")
    assert response.status_code == 400
    hold(answers.ParameterProblem, response.text)


def test_problem_of_no_kind_in_particular(newsroom):
    hold(answers.Problem, newsroom.client.get("/nowhere").text)


def post_lines(newsroom, *events, message_id="m"):
    body = "".join(json.dumps(event) + "\n" for event in events).encode()
    headers = signed(newsroom.key, body, message_id) | {"Content-Type": NDJSON}
    response = newsroom.client.post("/ingest/desk", data=body, headers=headers)
    assert response.status_code == 200
    return response.text.splitlines()


def test_lines_and_their_summary(newsroom):
    *results, summary = post_lines(newsroom, publish("a"), publish("b", url=None), withdraw("a"))
    for line in results:
        assert hold(answers.EventResult, line).line
    hold(answers.BatchSummary, summary)


def test_messages_of_the_inbox(newsroom):
    newsroom.send(publish("a"))
    newsroom.send(b"{")
    page = hold(api.InboxPage, ask(newsroom, "/inbox?limit=1").text)
    assert page.next
    for number in (1, 2):
        entry = hold(api.InboxEntry, ask(newsroom, f"/inbox/{number}").text)
        model = answers.MessageProblem if entry.refused else answers.MessageAnswer
        hold(model, json.dumps(entry.answer))


def test_message_done_once_more(newsroom):
    newsroom.send(publish("a"))
    response = ask(newsroom, "/inbox/1/replay", method="POST")
    assert response.status_code == 200
    hold(answers.MessageAnswer, response.text)


def test_lines_done_once_more(newsroom):
    post_lines(newsroom, publish("a"))
    response = ask(newsroom, "/inbox/1/replay", method="POST")
    assert response.status_code == 200
    hold(answers.MessageAnswer, response.text)
