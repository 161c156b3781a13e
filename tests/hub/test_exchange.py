"""A request as it goes over the line, and which connections are kept."""

import pytest

from tests.hub.receiver import receive, say, take
from tests.hub.test_delivery import BODY, HEADERS, get, post, run

TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.fixture(scope="module")
def receiver():
    with receive() as one:
        yield one


def test_delivery_has_these_fields_and_no_others(receiver):
    post(receiver.url("/fields"))
    (received,) = receiver.at("/fields")
    assert received.headers.pop("user-agent").startswith("feedsvc/")
    assert received.headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "accept": "*/*",
        "accept-encoding": "identity",
        "content-type": "application/atom+xml",
        "content-length": str(len(BODY)),
    }


def test_question_has_no_body(receiver):
    get(receiver.url("/question"))
    (received,) = receiver.at("/question")
    assert (received.method, received.body) == ("GET", b"")
    assert "content-length" not in received.headers


def test_empty_body_has_a_length(receiver):
    assert post(receiver.url("/empty"), b"").status == 204
    (received,) = receiver.at("/empty")
    assert received.headers["content-length"] == "0"


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("", "/"),
        ("/", "/"),
        ("?a=b", "/?a=b"),
        ("/a?", "/a?"),
        ("/a?b#c", "/a?b"),
        ("#c", "/"),
        ("//a//b", "//a//b"),
        ("/tin/đảng?q=ủy", "/tin/%C4%91%E1%BA%A3ng?q=%E1%BB%A7y"),
        ("/a@b:80/http://c", "/a@b:80/http://c"),
    ],
)
def test_target_is_what_the_address_has_behind_its_host(receiver, written, target):
    assert get(receiver.url(written)).status is not None
    assert receiver.received[-1].target == target


def test_address_of_the_other_family_is_named_as_it_is_written():
    with receive("::1") as receiver:
        url = receiver.url("/six", host="[::1]")
        assert post(url, hub_allow="::1/128").status == 204
        assert receiver.received[0].headers["host"] == f"[::1]:{receiver.port}"


def test_name_and_password_of_an_address_are_sent_as_such(receiver):
    """An operator may write them into another hub's."""
    post(receiver.url("/named", host="me:secret@127.0.0.1"))
    (received,) = receiver.at("/named")
    assert received.headers["authorization"] == "Basic bWU6c2VjcmV0"
    assert received.headers["host"] == f"127.0.0.1:{receiver.port}"


def test_interim_answers_are_passed_over(receiver):
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
    assert post(receiver.tell("/interim", say(interim + TAKEN))).status == 204


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(TAKEN + TAKEN, id="two answers"),
        pytest.param(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", id="close"),
        pytest.param(b"HTTP/1.0 204 No Content\r\n\r\n", id="HTTP/1.0"),
    ],
)
def test_such_a_connection_is_not_used_again(receiver, said):
    url = receiver.tell("/once", say(said), take)

    async def twice(caller):
        return [await caller.post(url, BODY, HEADERS) for _ in range(2)]

    before = len(receiver.at("/once"))
    assert [outcome.status for outcome in run(twice)] == [204, 204]
    first, second = receiver.at("/once")[before:]
    assert first.connection != second.connection


def test_body_until_the_end_of_the_connection_is_taken(receiver):
    async def behave(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nall of it")
        writer.close()

    outcome = get(receiver.tell("/until", behave))
    assert (outcome.status, outcome.body) == (200, b"all of it")


def test_body_in_chunks_is_taken_and_its_connection_kept(receiver):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n0\r\n\r\n"
    url = receiver.tell("/chunked", say(chunked))

    async def twice(caller):
        return [await caller.get(url) for _ in range(2)]

    assert [outcome.body for outcome in run(twice)] == [b"all", b"all"]
    first, second = receiver.at("/chunked")
    assert first.connection == second.connection
