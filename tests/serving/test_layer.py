"""The layer in front of Flask: the same answers, from memory."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from flask import Flask, request
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from werkzeug.test import Client

from feedsvc.errors import DatabaseUnavailableError, FeedNotFoundError
from feedsvc.serving.layer import Key, Layer, Segment
from feedsvc.serving.representation import Representation, answer, find_previous
from tests.benchmarks.articles import make_event
from tests.serving.test_codings import DECODE

BODY = ("<rss>" + "Đảng ủy Khối " * 200 + "</rss>").encode()
LONG_AGO = datetime(2023, 1, 9, 9, 30, tzinfo=UTC)


class Clock:
    """In the place of `time`: it stands still, but for what is said to have passed."""

    time = staticmethod(time.time)

    def __init__(self):
        self.now = 1_000.0

    def monotonic(self):
        return self.now


class Paper:
    """An application with documents, that counts how often it is asked."""

    def __init__(self, limit_bytes=10_000_000, *, is_embedded=True):
        self.epoch, self.change = "epoch", 1
        self.due_at = float("inf")
        self.asked = 0
        self.made = {"body": BODY, "changed_at": LONG_AGO}
        self.trouble = None
        self.clock = Clock()
        self.app = Flask(__name__)
        self.app.add_url_rule("/feeds/<name>", view_func=self.show, methods=["GET", "POST"])
        self.layer = Layer(
            self.app.wsgi_app,
            self.find_key,
            self.look,
            self.look,
            limit_bytes,
            is_embedded=is_embedded,
        )
        self.client = Client(self.layer)

    def show(self, name):  # noqa: ARG002 (part of the address)
        self.asked += 1
        if self.trouble is not None:
            return self.trouble
        fields = {
            "media_type": "application/rss+xml",
            "age_seconds": 300,
            "stale_seconds": 86_400,
            "shown_as": "application/xml",
        }
        response = answer(Representation(**fields | self.made), request, datetime.now(UTC))
        response.headers["Content-Security-Policy"] = "default-src 'none'"
        return response

    def find_key(self, path, query):
        if not path.startswith("/feeds/"):
            return None
        return Key(Segment.ENDLESS if "q=" in query else Segment.PLAIN, path + query)

    def look(self):
        return SimpleNamespace(stamp=self.stamp, due_at=self.due_at)

    @property
    def stamp(self):
        return self.epoch, self.change

    def get(self, path="/feeds/all", method="GET", **fields):
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        return self.client.open(path, method=method, headers=headers)


@pytest.fixture
def paper():
    return Paper()


def test_a_repeated_answer_is_given_from_memory(paper):
    first, second = paper.get(), paper.get()
    assert paper.asked == 1
    assert (first.status, first.data) == (second.status, second.data) == ("200 OK", BODY)
    assert dict(first.headers) == dict(second.headers)


def test_what_the_view_said_beside_is_said_again(paper):
    paper.get()
    assert paper.get().headers["Content-Security-Policy"] == "default-src 'none'"


def test_a_change_is_in_the_next_answer(paper):
    paper.get()
    paper.change, paper.made["body"] = 2, b"<rss>new</rss>"
    assert paper.get().data == b"<rss>new</rss>"


def test_a_document_that_a_change_left_alone_keeps_its_bodies(paper):
    packed = paper.get(accept_encoding="br").data
    (kept,) = [paper.layer.caches[Segment.PLAIN].find("/feeds/all")]
    paper.change = 2
    assert paper.get(accept_encoding="br").data == packed
    again = paper.layer.caches[Segment.PLAIN].find("/feeds/all")
    assert again is not kept
    assert again.bodies is kept.bodies


def test_the_view_is_told_what_it_said_last(paper):
    seen = []
    paper.app.before_request(lambda: seen.append(find_previous(request)))
    paper.get()
    paper.change = 2
    paper.get()
    assert seen[0] is None
    assert seen[1].body == BODY


def test_an_answer_ends_at_its_moment(paper):
    paper.made["ends_at"] = datetime.now(UTC) + timedelta(seconds=0.3)
    paper.get()
    paper.get()
    assert paper.asked == 1
    time.sleep(0.35)
    paper.made["ends_at"] = None
    paper.get()
    assert paper.asked == 2


def test_max_age_runs_down_to_the_end(paper):
    paper.made["ends_at"] = datetime.now(UTC) + timedelta(seconds=100)
    paper.get()
    assert 90 <= paper.get().cache_control.max_age <= 100


def test_what_is_due_is_asked_for(paper):
    paper.get()
    paper.due_at = time.time() - 1
    paper.get()
    assert paper.asked == 2


def test_a_fresh_change_is_not_judged_by_date(paper):
    paper.made["changed_at"] = datetime.now(UTC)
    date = paper.get().headers["Last-Modified"]
    assert paper.get(if_modified_since=date).status_code == 200
    assert paper.get(if_modified_since="Fri, 01 Jan 2100 00:00:00 GMT").status_code == 200


def test_head_has_all_but_the_body(paper):
    got = paper.get(accept_encoding="gzip")
    head = paper.get(method="HEAD", accept_encoding="gzip")
    assert head.data == b""
    assert dict(head.headers) == dict(got.headers)


def test_head_first_fills_it_too(paper):
    assert paper.get(method="HEAD").headers["Content-Length"] == str(len(BODY))
    assert paper.get().data == BODY
    assert paper.asked == 1


def test_not_modified_says_what_may_be_kept(paper):
    mark = paper.get().headers["ETag"]
    paper.get(if_none_match=mark)
    response = paper.get(if_none_match=mark)
    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == mark
    assert "max-age=300" in response.headers["Cache-Control"]
    assert "Content-Type" not in response.headers
    assert "Content-Length" not in response.headers
    assert paper.asked == 1


def test_a_miss_may_be_answered_with_not_modified(paper):
    mark = paper.get().headers["ETag"]
    paper.change = 2
    assert paper.get(if_none_match=mark).status_code == 304


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_client_gets_the_coding_it_takes(paper, coding):
    response = paper.get(accept_encoding=coding)
    assert response.headers["Content-Encoding"] == coding
    assert response.headers["Content-Length"] == str(len(response.data))
    assert DECODE[coding](response.data) == BODY
    assert "Content-Encoding" not in paper.get().headers


def test_all_codings_have_one_etag(paper):
    marks = {paper.get(accept_encoding=one).headers["ETag"] for one in ("gzip", "br", "zstd", "")}
    assert len(marks) == 1


def test_what_is_asked_for_often_gets_smaller(paper):
    paper.made["body"] = text = make_event(0, 20_000)["data"]["content_html"].encode()
    first = paper.get(accept_encoding="gzip").data
    time.sleep(1.05)  # for so long, it is not known whether it stays
    for _ in range(3):
        paper.get(accept_encoding="gzip")
    paper.layer.press.wait()
    response = paper.get(accept_encoding="gzip")
    assert len(response.data) < len(first)
    assert response.headers["Content-Length"] == str(len(response.data))
    assert DECODE["gzip"](response.data) == text


def test_what_has_just_changed_is_not_made_smaller_yet(paper):
    first = paper.get(accept_encoding="gzip").data
    for _ in range(10):
        paper.get(accept_encoding="gzip")
    paper.layer.press.wait()
    assert paper.get(accept_encoding="gzip").data == first


def test_a_browser_gets_the_type_that_it_shows(paper):
    paper.get()
    shown = paper.get(sec_fetch_dest="document")
    assert shown.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert shown.data == BODY
    assert paper.get().headers["Content-Type"] == "application/rss+xml; charset=utf-8"
    assert paper.get().headers["Vary"] == "Accept-Encoding, Sec-Fetch-Dest"


def test_other_methods_pass_through(paper):
    paper.get()
    paper.get(method="POST")
    assert paper.asked == 2


def test_what_is_not_known_passes_through(paper):
    assert paper.get("/elsewhere").status_code == 404
    assert all(len(cache) == 0 for cache in paper.layer.caches.values())


def test_an_error_is_passed_on_and_not_kept(paper):
    paper.trouble = ("gone", 503, {"Retry-After": "5"})
    response = paper.get()
    assert (response.status_code, response.data) == (503, b"gone")
    assert response.headers["Retry-After"] == "5"
    paper.trouble = None
    assert paper.get().status_code == 200


def test_an_error_keeps_nothing_back_that_was_kept(paper):
    paper.get()
    paper.change, paper.trouble = 2, ("gone", 503)
    assert paper.get().status_code == 503


def test_what_is_private_is_kept_nowhere(paper):
    paper.made["is_private"] = True
    response = paper.get(accept_encoding="gzip")
    assert response.headers["Cache-Control"] == "private, no-store"
    assert DECODE["gzip"](response.data) == BODY
    paper.get()
    assert paper.asked == 2


def fail_to_look():
    raise DatabaseUnavailableError("gone")


def test_a_database_that_can_not_be_looked_at_is_for_the_application_to_tell(paper):
    paper.get()
    paper.layer._look = fail_to_look
    paper.trouble = ("unavailable", 503)
    assert paper.get().status_code == 503


def test_of_many_who_ask_at_once_one_is_let_through(paper):
    began, go_on = threading.Event(), threading.Event()

    @paper.app.before_request
    def wait():
        began.set()
        assert go_on.wait(10)

    answers = []
    ask = lambda: answers.append(paper.get().data)  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(8)]
    threads[0].start()
    assert began.wait(10)
    for thread in threads[1:]:
        thread.start()
    time.sleep(0.2)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert answers == [BODY] * 8
    assert paper.asked == 1


def test_who_waited_for_one_that_failed_asks_itself(paper):
    began, go_on = threading.Event(), threading.Event()
    paper.trouble = ("gone", 503)

    @paper.app.before_request
    def wait():
        if not began.is_set():
            began.set()
            assert go_on.wait(10)
            return
        paper.trouble = None

    answers = []
    ask = lambda: answers.append(paper.get().status_code)  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(2)]
    threads[0].start()
    assert began.wait(10)
    threads[1].start()
    time.sleep(0.1)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert sorted(answers) == [200, 503]


def test_what_nobody_can_count_pushes_no_feed_out():
    paper = Paper(limit_bytes=8 * (len(BODY) + 2_000))
    paper.get("/feeds/all")
    for number in range(200):
        paper.get(f"/feeds/all?q={number}")
    asked = paper.asked
    paper.get("/feeds/all")
    assert paper.asked == asked


def recall(paper, path="/feeds/all", query="", **fields):
    asked = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query, **fields}
    return paper.layer.recall(asked)


def test_what_is_in_memory_is_recalled(paper):
    assert recall(paper) is None
    paper.get()
    asked = paper.asked
    reply = recall(paper)
    assert reply.body == BODY
    assert reply.head.startswith(b"200 OK\r\n")
    assert b"\r\nContent-Length: %d\r\n" % len(BODY) in reply.head
    assert recall(paper, query="x" * 1_000) is None
    assert recall(paper, "/elsewhere") is None
    paper.change = 2
    assert recall(paper) is None
    assert paper.asked == asked


def find_outdated(paper, path="/feeds/all", query=""):
    return paper.layer.find_outdated({"PATH_INFO": path, "QUERY_STRING": query})


class Remade:
    """How a paper's feed is made anew, and to whom all was handed over for that."""

    body = b"<rss>new</rss>"
    fault = None
    #: How long it takes, by the paper's clock.
    seconds = 0.0
    #: What is told that it has begun, and what it then waits for.
    began = go_on = None

    def __init__(self, paper):
        self.paper = paper
        self.handed_over = []
        paper.made["remake"], paper.made["fields"] = self, (("Link", "<old>"),)
        paper.get()
        paper.change = 2

    def __call__(self, previous):
        self.handed_over.append(previous)
        self.paper.clock.now += self.seconds
        if self.began is not None:
            self.began.set()
            assert self.go_on.wait(10)
        if self.fault is not None:
            raise self.fault
        if self.body is None:
            return None
        fields = (("Link", "<new>"),)
        return replace(previous, body=self.body, stamp=self.paper.stamp, fields=fields)


@pytest.fixture
def remade(paper):
    return Remade(paper)


def test_only_what_is_in_memory_and_says_how_it_is_made_is_to_be_made_for_all(paper):
    assert find_outdated(paper) is None
    paper.get()
    paper.change = 2
    assert find_outdated(paper) is None
    paper.made["remake"] = lambda previous: previous
    paper.get()
    paper.change = 3
    assert find_outdated(paper) is not None
    assert find_outdated(paper, "/elsewhere") is None


def test_what_says_how_it_is_made_is_made_without_the_application(paper, remade):
    got = paper.get()
    assert (got.data, got.headers["Link"]) == (b"<rss>new</rss>", "<new>")
    assert got.headers["Content-Security-Policy"] == "default-src 'none'"
    assert (paper.asked, [one.body for one in remade.handed_over]) == (1, [BODY])
    assert (paper.get().data, paper.asked, len(remade.handed_over)) == (b"<rss>new</rss>", 1, 1)


def test_it_is_made_before_anyone_has_asked_the_application(paper, remade):
    made = paper.layer.renew(find_outdated(paper))
    assert made.reply({}, time.time()).body == b"<rss>new</rss>"
    assert recall(paper).body == b"<rss>new</rss>"
    assert (paper.asked, len(remade.handed_over)) == (1, 1)


def test_what_nothing_has_changed_is_not_made_anew_because_nobody_has_looked():
    paper = Paper(is_embedded=False)
    remade = Remade(paper)
    made = paper.layer.renew(find_outdated(paper))
    assert paper.layer.renew(find_outdated(paper)) is made
    assert len(remade.handed_over) == 1


def test_what_has_more_than_was_looked_for_is_recalled(paper, remade):
    paper.layer.renew(find_outdated(paper))
    paper.change = 1  # as if it had been looked before the change, for which it was made
    assert recall(paper).body == b"<rss>new</rss>"
    assert len(remade.handed_over) == 1


def test_what_is_of_another_epoch_is_not_recalled(paper, remade):  # noqa: ARG001 (is in memory)
    paper.layer.renew(find_outdated(paper))
    paper.epoch, paper.change = "restored", 1
    assert recall(paper) is None


def renew_at_once(paper):
    key = find_outdated(paper)
    return paper.layer.renew_at_once(key, {"REQUEST_METHOD": "GET", "PATH_INFO": "/feeds/all"})


@pytest.fixture
def clock(paper, monkeypatch):
    monkeypatch.setattr("feedsvc.serving.layer.time", paper.clock)
    return paper.clock


@pytest.fixture
def known(paper, remade, clock):  # noqa: ARG001 (says how it is made, and how long it takes)
    """A paper of which it is known how long its feed takes, and which has changed since."""
    paper.layer.renew(find_outdated(paper))
    paper.change = 3
    return paper


def test_what_takes_little_time_is_made_where_others_wait(known):
    assert renew_at_once(known).body == b"<rss>new</rss>"
    assert recall(known).body == b"<rss>new</rss>"
    assert known.asked == 1


def test_what_was_never_made_anew_is_not_made_where_others_wait(paper, remade):
    assert renew_at_once(paper) is None
    assert not remade.handed_over


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(("seconds", "is_made"), [(0.009, True), (0.011, False)])
def test_what_took_long_is_not_made_where_others_wait(paper, remade, seconds, is_made):
    remade.seconds = seconds
    paper.layer.renew(find_outdated(paper))
    paper.change = 3
    assert (renew_at_once(paper) is not None) == is_made


def test_what_takes_long_there_is_made_elsewhere_next_time(known, remade, clock):
    remade.seconds = 0.011
    assert renew_at_once(known) is not None
    clock.now += 1
    known.change = 4
    assert renew_at_once(known) is None


def test_no_more_than_half_of_the_time_goes_into_making(known, remade, clock):
    remade.seconds = 0.005
    assert renew_at_once(known) is not None
    known.change = 4
    clock.now += 0.004
    assert renew_at_once(known) is None
    clock.now += 0.002
    assert renew_at_once(known) is not None


def test_what_reads_another_machine_is_not_made_where_others_wait():
    paper = Paper(is_embedded=False)
    Remade(paper)
    paper.layer.renew(find_outdated(paper))
    paper.change = 3
    assert renew_at_once(paper) is None


def test_what_is_due_soon_is_not_made_where_others_wait(known):
    known.due_at = time.time() + 0.5
    assert renew_at_once(known) is None


def test_what_another_thread_is_making_is_not_waited_for(known, remade):
    remade.began, remade.go_on = threading.Event(), threading.Event()
    thread = threading.Thread(target=known.layer.renew, args=(find_outdated(known),))
    thread.start()
    assert remade.began.wait(10)
    assert renew_at_once(known) is None
    remade.go_on.set()
    thread.join(10)
    assert recall(known).body == b"<rss>new</rss>"


def test_a_database_that_is_gone_is_for_the_application_to_tell(known, monkeypatch):
    def fail():
        raise DatabaseUnavailableError("gone")

    monkeypatch.setattr(known.layer, "_look", fail)
    assert renew_at_once(known) is None
    assert known.layer.renew(find_outdated(known)) is None


@pytest.mark.parametrize(("fault", "body"), [(FeedNotFoundError("all"), b""), (None, None)])
def test_what_can_not_be_made_anew_is_for_the_application_to_tell(paper, remade, fault, body):
    paper.trouble = "there is no such feed", 404
    remade.fault, remade.body = fault, body
    assert paper.layer.renew(find_outdated(paper)) is None
    assert paper.get().status_code == 404


def test_what_can_not_be_made_anew_is_not_tried_again(paper, remade):
    remade.fault = FeedNotFoundError("all")
    paper.trouble = "there is no such feed", 404
    assert [paper.get().status_code for _ in range(3)] == [404] * 3
    assert (len(remade.handed_over), find_outdated(paper)) == (1, None)


def test_what_a_database_in_trouble_kept_from_being_made_is_tried_again(paper, remade):
    remade.fault = DatabaseUnavailableError("locked")
    assert paper.layer.renew(find_outdated(paper)) is None
    assert find_outdated(paper) is not None


def test_a_fault_in_making_it_is_logged_and_the_application_asked(paper, remade, caplog):
    remade.fault = ValueError("broken")
    assert paper.get().data == BODY
    assert "/feeds/all could not be made anew" in caplog.text
    assert paper.asked == 2


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "If-None-Match": st.one_of(
            st.sampled_from(
                [
                    *("{mark}", "{strong}", "*", '"other"', 'W/"other"', '"a", {mark}', "{mark},"),
                    *("{gzip}", "{semicolon}", "", '"', "W/", "garbage", "{mark} {mark}", '""'),
                ]
            ),
            st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
        ),
        "If-Match": st.sampled_from(["*", "{mark}", "{strong}", '"other"', "", "garbage"]),
        "If-Modified-Since": st.sampled_from(
            [
                *("{date}", "Mon, 09 Jan 2023 09:29:59 GMT", "Mon, 09 Jan 2023 09:30:01 GMT"),
                *("2023-01-09", "", "Monday, 09-Jan-23 09:30:00 GMT", "{date}; length=5"),
            ]
        ),
        "If-Unmodified-Since": st.sampled_from(["{date}", "Mon, 09 Jan 2023 09:29:59 GMT", ""]),
        "If-Range": st.sampled_from(["{mark}", "{date}"]),
        "Range": st.sampled_from(["bytes=0-10", "garbage"]),
        "Accept-Encoding": st.sampled_from(["gzip", "br", "identity", "*", "gzip;q=0"]),
        "Sec-Fetch-Dest": st.sampled_from(["document", "empty"]),
    },
)


@hypothesis_settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(fields=FIELDS, method=st.sampled_from(["GET", "HEAD"]))
def test_every_condition_is_judged_as_werkzeug_does(paper, fields, method):
    """What the layer answers from memory is what Flask alone would answer, but for the coding."""
    first = paper.get()
    words = {
        "mark": first.headers["ETag"],
        "strong": first.headers["ETag"].removeprefix("W/"),
        "gzip": first.headers["ETag"][:-1] + '-gzip"',
        "semicolon": first.headers["ETag"][:-1] + ';gzip"',
        "date": first.headers["Last-Modified"],
    }
    headers = {}
    for name, value in fields.items():
        for word, said in words.items():
            value = value.replace("{" + word + "}", said)  # noqa: PLW2901
        headers[name] = value
    kept = paper.client.open("/feeds/all", method=method, headers=headers)
    plain = Client(paper.app.wsgi_app).open("/feeds/all", method=method, headers=headers)
    assert kept.status == plain.status
    drop = {"content-encoding", "content-length"}
    assert sorted(one for one in kept.headers if one[0].lower() not in drop) == sorted(
        one for one in plain.headers if one[0].lower() not in drop
    )
    if kept.status_code == 200 and method == "GET":
        assert DECODE[kept.headers.get("Content-Encoding", "identity")](kept.data) == plain.data
    else:
        assert kept.data == plain.data == b""
