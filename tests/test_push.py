"""The sender's side: signed, tried again with the same id, and clear about what came back."""

import json
import threading

import pytest
from standardwebhooks import Webhook
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from feedsvc.ingest.signatures import make_key
from feedsvc.push.files import list_events, put_together
from feedsvc.push.progress import Progress
from feedsvc.push.sending import PushError, Sender, push, push_lines

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


# A line for each event


def lines(*statuses, ends=True):
    told = [
        {"line": n, "id": f"a-{n}", "status": status, "feeds": [], "warnings": [], "errors": []}
        for n, status in enumerate(statuses, 1)
    ]
    if ends:
        told.append({"message_id": "m", "events": len(statuses), "counts": {}})
    text = "".join(json.dumps(one) + "\n" for one in told)
    return Response(text, content_type="application/x-ndjson")


def send_lines(url, told):
    return push_lines(Sender(url, "desk", make_key()), "m", b"{}\n{}\n", told.append)


def test_each_line_of_the_answer_is_told(receiver):
    url, answers, _ = receiver
    answers.append(lines("created", "rejected"))
    told = []
    assert send_lines(url, told) is None
    assert [one["status"] for one in told] == ["created", "rejected"]


def test_answer_that_breaks_off_is_asked_for_again_and_told_once(receiver):
    url, answers, requests = receiver
    cut_short = {"type": "about:blank", "title": "Service Unavailable", "status": 503}
    broken = lines("created", ends=False)
    broken.data += json.dumps(cut_short).encode() + b"\n"
    answers += [lines("created", ends=False), broken, busy(), lines("created", "updated")]
    told = []
    assert send_lines(url, told) is None
    assert [one["status"] for one in told] == ["created", "updated"]
    assert {headers["Webhook-Id"] for headers, _ in requests} == {"m"}


def test_service_that_wants_it_slower_is_obeyed(receiver):
    url, answers, requests = receiver
    answers += [Response("{}", 429, {"Retry-After": "0"}), lines("created")]
    assert send_lines(url, []) is None
    assert len(requests) == 2


def test_message_that_is_refused_whole_is_not_sent_again(receiver):
    url, answers, requests = receiver
    answers.append(Response('{"detail": "x"}', 401))
    assert send_lines(url, []).status == 401
    assert len(requests) == 1


def test_answer_that_breaks_off_again_and_again_is_given_up(receiver):
    url, answers, _ = receiver
    answers += [lines("created", ends=False)] * 20
    with pytest.raises(PushError, match="breaks off after 1 results"):
        send_lines(url, [])


# Files


def events_of(path):
    return [json.loads(entry.line) for entry in list_events(path)]


def test_bare_article_becomes_a_publication(tmp_path):
    path = tmp_path / "article.json"
    path.write_text('{"id": "a", "title": "Đảng"}', encoding="utf-8")
    assert events_of(path) == [{"type": "article.published", "data": {"id": "a", "title": "Đảng"}}]


@pytest.mark.parametrize(
    "batch", [[{"type": "t"}, {"id": "b"}], {"events": [{"type": "t"}, {"id": "b"}]}]
)
def test_batch_is_its_events(tmp_path, batch):
    path = tmp_path / "message.json"
    path.write_text(json.dumps(batch))
    assert events_of(path) == [{"type": "t"}, {"type": "article.published", "data": {"id": "b"}}]


def test_file_of_lines_has_an_event_in_each(tmp_path):
    path = tmp_path / "archive.ndjson"
    path.write_text('{"type": "t"}\n\n{"type": "u"}')
    assert [(entry.number, entry.line) for entry in list_events(path)] == [
        (1, b'{"type":"t"}\n'),
        (3, b'{"type":"u"}\n'),
    ]


def test_line_that_can_not_be_read_is_named(tmp_path):
    path = tmp_path / "archive.jsonl"
    path.write_text('{"type": "t"}\n{')
    with pytest.raises(PushError, match=r"archive\.jsonl, line 2, is not JSON"):
        events_of(path)


def test_file_that_can_not_be_read_is_named(tmp_path):
    with pytest.raises(PushError, match=r"absent\.json"):
        events_of(tmp_path / "absent.json")


def test_events_are_put_together_to_messages_within_bounds(tmp_path):
    path = tmp_path / "archive.ndjson"
    path.write_text("".join(f'{{"type": "{n}"}}\n' for n in range(2_500)))
    assert [len(batch.entries) for batch in put_together(list_events(path))] == [1000, 1000, 500]
    path.write_text("".join(f'{{"type": "{"x" * 1_500_000}"}}\n' for n in range(3)))
    assert [len(batch.entries) for batch in put_together(list_events(path))] == [2, 1]


# Going on after a break


def test_push_goes_on_with_the_same_ids_where_it_was(tmp_path):
    path = tmp_path / "archive.ndjson"
    path.write_text("".join(f'{{"type": "{n}"}}\n' for n in range(1_500)))
    first, second = put_together(list_events(path))
    progress = Progress(tmp_path / "state")
    progress.note_done(first)
    later = Progress(tmp_path / "state")
    assert (later.is_done(first), later.is_done(second)) == (True, False)
    assert later.message_id(second) == progress.message_id(second)


def test_push_without_a_state_is_a_new_one(tmp_path):
    path = tmp_path / "archive.ndjson"
    path.write_text('{"type": "t"}')
    (batch,) = put_together(list_events(path))
    assert Progress(None).message_id(batch) != Progress(None).message_id(batch)
