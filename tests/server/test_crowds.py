"""Who comes first leads; those who come meanwhile wait for what is made for it."""

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


def test_the_first_leads_and_the_others_are_told_in_their_order(connect):
    crowds, (leader, second, third) = Crowds(), (connect() for _ in range(3))
    assert [crowds.join(one, "all", ASKED) for one in (leader, second, third)] == [
        False,
        True,
        True,
    ]
    assert crowds.disperse(leader) == [(second, ASKED), (third, ASKED)]


def test_another_answer_has_another_crowd(connect):
    crowds, (leader, other) = Crowds(), (connect() for _ in range(2))
    assert not crowds.join(leader, "all", ASKED)
    assert not crowds.join(other, "tin-tuc", ASKED)
    assert crowds.disperse(leader) == crowds.disperse(other) == []


def test_who_left_is_told_nothing(connect):
    crowds, (leader, second) = Crowds(), (connect() for _ in range(2))
    crowds.join(leader, "all", ASKED)
    crowds.join(second, "all", ASKED)
    crowds.leave(second)
    assert crowds.disperse(leader) == []


def test_once_a_crowd_was_told_the_next_who_comes_leads(connect):
    crowds, (leader, second) = Crowds(), (connect() for _ in range(2))
    crowds.join(leader, "all", ASKED)
    crowds.disperse(leader)
    assert not crowds.join(second, "all", ASKED)


def test_who_leads_no_crowd_has_nobody_to_tell(connect):
    assert Crowds().disperse(connect()) == []
