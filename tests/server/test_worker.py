"""What goes wrong with an answer is its reader's alone: the worker's main loop goes on."""

from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from feedsvc.server.crowds import Crowds
from feedsvc.server.fairness import FairWorker
from feedsvc.server.worker import PatientWorker


class Asker:
    """A connection on which a whole request was heard."""

    def __init__(self):
        self.heard = bytearray(b"GET /feeds/all.rss HTTP/1.1\r\nHost: a\r\n\r\n")


ASKED = {"REQUEST_METHOD": "GET", "PATH_INFO": "/feeds/all.rss"}


@pytest.fixture
def worker(monkeypatch):
    """Its loop without a process: whom it passes on to threads, answers, and what it logs."""
    one = object.__new__(PatientWorker)
    one.passed_on, one.answered, one.logged = [], [], []
    one.alive, one._crowds = True, Crowds()
    one.log = SimpleNamespace(exception=one.logged.append)
    monkeypatch.setattr(one, "_pass_on", one.passed_on.append)
    monkeypatch.setattr(one, "_answer", lambda conn, _, found: one.answered.append((conn, found)))
    return one


def reply(environ, _now):
    if "HTTP_ODD" in environ:
        raise ValueError("odd")
    return "made"


def test_a_reader_whose_answer_fails_gets_a_thread_and_all_others_their_answer(worker):
    worker._crowds.join("odd", "all", ASKED | {"HTTP_ODD": "x"}, 1.0)
    worker._crowds.join("plain", "all", ASKED, 2.0)
    making = Future()
    making.set_result((SimpleNamespace(reply=reply), 3.0))
    worker._answer_crowd("all", making)
    assert (worker.passed_on, worker.answered) == (["odd"], [("plain", "made")])
    assert len(worker.logged) == 1


@pytest.mark.parametrize("verb", ["_recall", "_find_outdated"])
def test_a_request_that_can_not_be_looked_up_is_for_a_thread(worker, verb):
    def fail(_environ):
        raise ValueError("odd")

    worker._recall = worker._find_outdated = lambda _environ: None
    setattr(worker, verb, fail)
    assert not worker._is_answered("conn", ASKED)
    assert not worker._is_joining("conn", ASKED, 1.0)
    assert len(worker.logged) == 1


def test_a_request_whose_answer_can_not_be_made_at_once_waits_for_a_thread(worker):
    def fail(_answer, _environ):
        raise ValueError("odd")

    conn = Asker()
    submitted, waiting = [], []
    worker._find_outdated, worker._renew_at_once = lambda _environ: "all", fail
    worker._waiting = SimpleNamespace(put_aside=lambda *_: waiting.append(conn))
    worker.tpool = SimpleNamespace(submit=lambda *job: submitted.append(job) or Future())
    assert worker._is_joining(conn, ASKED, 1.0)
    assert (len(submitted), waiting, worker.answered) == (1, [conn], [])
    assert len(worker.logged) == 1


def test_a_request_whose_answer_was_made_at_once_has_it(worker):
    conn = Asker()
    worker._find_outdated, worker._renew_at_once = lambda _environ: "all", lambda *_: "made"
    assert worker._is_joining(conn, ASKED, 1.0)
    assert worker.answered == [(conn, "made")]


@pytest.mark.parametrize("has_log", [False, True])
def test_the_loop_itself_asks_what_stands_before_the_application_unless_each_request_is_logged(
    worker, sqlite_newsroom, monkeypatch, has_log
):
    _, app = sqlite_newsroom
    verbs = ("recall", "find_outdated", "renew", "renew_at_once")
    worker._recall = worker._find_outdated = worker._renew = worker._renew_at_once = None
    worker.wsgi, worker.poller = app, None
    worker.cfg = SimpleNamespace(keepalive=75)
    worker.log.access_log_enabled = has_log
    monkeypatch.setattr(FairWorker, "run", lambda _: None)
    worker.run()
    asked = [getattr(worker, f"_{verb}") for verb in verbs]
    assert asked == [None if has_log else getattr(app.wsgi_app, verb) for verb in verbs]
