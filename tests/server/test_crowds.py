"""For the first who comes an answer is made; those who come meanwhile wait for the same."""

import socket
from types import SimpleNamespace

import pytest

from feedsvc.server.connection import Connection
from feedsvc.server.crowds import Crowds
from feedsvc.server.line import Line

ASKED = {"PATH_INFO": "/feeds/all.rss"}


@pytest.fixture
def connect():
    lines = []

    def new():
        line = Line(socket.socket(), 1.0)
        lines.append(line)
        return Connection(SimpleNamespace(is_ssl=False), line, None, None)

    yield new
    for line in lines:
        line.close()


def test_the_first_has_the_answer_made_and_all_are_told_in_their_order(connect):
    crowds, conns = Crowds(), [connect() for _ in range(3)]
    firsts = [crowds.join(one, "all", ASKED, since) for since, one in enumerate(conns)]
    assert firsts == [True, False, False]
    assert crowds.disperse("all") == [(one, ASKED, since) for since, one in enumerate(conns)]


def test_another_answer_has_another_crowd(connect):
    crowds, (one, other) = Crowds(), (connect() for _ in range(2))
    assert crowds.join(one, "all", ASKED, 1)
    assert crowds.join(other, "tin-tuc", ASKED, 2)
    assert crowds.disperse("all") == [(one, ASKED, 1)]


def test_who_left_is_told_nothing(connect):
    crowds, (first, second) = Crowds(), (connect() for _ in range(2))
    crowds.join(first, "all", ASKED, 1)
    crowds.join(second, "all", ASKED, 2)
    crowds.leave(second)
    assert crowds.disperse("all") == [(first, ASKED, 1)]


def test_an_answer_that_all_have_left_is_still_in_the_making(connect):
    crowds, (first, second) = Crowds(), (connect() for _ in range(2))
    crowds.join(first, "all", ASKED, 1)
    crowds.leave(first)
    assert not crowds.join(second, "all", ASKED, 2)


def test_once_a_crowd_was_told_the_answer_is_made_for_the_next(connect):
    crowds, (first, second) = Crowds(), (connect() for _ in range(2))
    crowds.join(first, "all", ASKED, 1)
    crowds.disperse("all")
    assert crowds.join(second, "all", ASKED, 2)
