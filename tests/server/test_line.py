"""What is sent to a client who takes it slowly, or not at all."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from feedsvc.server.line import Line

#: More than the system takes for a client that takes nothing.
LARGE = bytes(range(256)) * 100_000


@pytest.fixture
def pair() -> Iterator[tuple[Line, socket.socket]]:
    server, client = socket.socketpair()
    with closing(client), closing(Line(server, answer_timeout_seconds=0.2)) as line:
        client.settimeout(20)
        yield line, client


def take(client: socket.socket, line: Line) -> bytes:
    """All that comes, while the line is flushed as often as it can be."""
    taken = bytearray()
    while not line.flush():
        taken += client.recv(1_000_000)
    line.shutdown(socket.SHUT_WR)
    while block := client.recv(1_000_000):
        taken += block
    return bytes(taken)


def test_nothing_leaves_before_the_flush(pair):
    line, client = pair
    line.sendall(b"head")
    line.sendall(b"body")
    client.settimeout(0)
    with pytest.raises(BlockingIOError):
        client.recv(10)
    assert line.flush()
    assert client.recv(10) == b"headbody"


def test_large_answer_is_kept_until_it_is_taken(pair):
    line, client = pair
    line.sendall(b"head")
    line.sendall(LARGE)
    assert not line.flush()
    assert take(client, line) == b"head" + LARGE


def test_answer_in_many_pieces_is_sent_in_their_order(pair):
    line, client = pair
    pieces = [b"%d," % number for number in range(5_000)]
    for piece in pieces:
        line.sendall(piece)
    assert take(client, line) == b"".join(pieces)


def test_answer_in_pieces_is_made_no_faster_than_it_is_taken(pair):
    line, _ = pair
    line.sendall(LARGE)
    with pytest.raises(BrokenPipeError):
        line.sendall(b"more")


def test_client_who_is_gone_is_noticed(pair):
    line, client = pair
    client.close()
    line.sendall(b"answer")
    with pytest.raises(ConnectionError):
        line.flush()
