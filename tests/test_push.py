"""The sender's side: signed, tried again with the same id, and clear about what came back."""

import json
import threading

import pytest
from standardwebhooks import Webhook
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from feedsvc.ingest.signatures import make_key
from feedsvc.push import PushError, push, read_message

TAKEN = {"events": [{"id": "a", "status": "created", "feeds": [], "warnings": [], "errors": []}]}


@pytest.fixture
def receiver():
    """A service that gives prepared answers, and keeps what it was sent."""
    answers, requests = [], []

    @Request.application
    def receive(request):
        requests.append((dict(request.headers), request.get_data()))
        return answers.pop(0)

    server = make_server("127.0.0.1", 0, receive)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}", answers, requests
    server.shutdown()
    thread.join()
    server.server_close()


def taken():
    return Response(json.dumps(TAKEN), content_type="application/json")


def busy():
    return Response("{}", 503, {"Retry-After": "0"})


def test_message_is_signed_as_the_standard_says(receiver):
    url, answers, requests = receiver
    answers.append(taken())
    key = make_key()
    assert push(url, "desk", key, b'{"a": "\xc4\x90"}').accepted
    headers, body = requests[0]
    assert Webhook(key).verify(body, headers) == {"a": "Đ"}


def test_service_that_is_busy_is_asked_again_with_the_same_id(receiver):
    url, answers, requests = receiver
    answers += [busy(), busy(), taken()]
    assert push(url, "desk", make_key(), b"{}").accepted
    assert len({headers["Webhook-Id"] for headers, _ in requests}) == 1
    assert len(requests) == 3


def test_service_that_stays_busy_is_said_to_be(receiver):
    url, answers, requests = receiver
    answers += [busy()] * 4
    reply = push(url, "desk", make_key(), b"{}")
    assert (reply.status, reply.accepted, len(requests)) == (503, False, 4)


def test_answer_that_is_not_ours_is_said_to_be(receiver):
    url, answers, _ = receiver
    answers.append(Response("<h1>It works!</h1>"))
    with pytest.raises(PushError, match="not from feedsvc"):
        push(url, "desk", make_key(), b"{}")


@pytest.mark.parametrize("key", ["", "whsec_", "none", "whsec_é"])
def test_key_that_is_none_is_refused_before_anything_is_sent(receiver, key):
    url, _, requests = receiver
    with pytest.raises(PushError, match="key"):
        push(url, "desk", key, b"{}")
    assert requests == []


def test_bare_article_becomes_a_publication(tmp_path):
    path = tmp_path / "article.json"
    path.write_text('{"id": "a", "title": "Đảng"}', encoding="utf-8")
    event = json.loads(read_message(path))
    assert (event["type"], event["data"]) == ("article.published", {"id": "a", "title": "Đảng"})


@pytest.mark.parametrize("message", [{"type": "article.withdrawn", "data": {}}, {"events": []}])
def test_message_is_sent_as_it_is(tmp_path, message):
    path = tmp_path / "message.json"
    path.write_text(json.dumps(message))
    assert json.loads(read_message(path)) == message


def test_file_that_can_not_be_read_is_named(tmp_path):
    with pytest.raises(PushError, match=r"absent\.json"):
        read_message(tmp_path / "absent.json")
