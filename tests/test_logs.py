"""Lines that are written at once, and are the same as if they were not."""

import io
import logging
import threading

import pytest

from feedsvc.logs import LineHandler, write_together


class Stream(io.StringIO):
    """Counts how often it is written to."""

    writes = 0

    def write(self, text):
        self.writes += 1
        return super().write(text)


@pytest.fixture
def stream():
    return Stream()


@pytest.fixture
def log(stream):
    handler = LineHandler()
    handler.setStream(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    log = logging.Logger("feedsvc.test")  # noqa: LOG001 (nobody else is to have it)
    log.addHandler(handler)
    return log


def make(log, text, *values):
    return log.makeRecord(log.name, logging.INFO, __file__, 0, text, values, None)


def test_lines_are_written_at_once(log, stream):
    write_together(log, [make(log, "line %d", number) for number in range(3)])
    assert stream.getvalue() == "INFO line 0\nINFO line 1\nINFO line 2\n"
    assert stream.writes == 1


def test_line_alone_is_written_at_once(log, stream):
    log.warning("one")
    assert stream.getvalue() == "WARNING one\n"


def test_each_record_comes_to_other_handlers(log):
    seen = []
    other = logging.Handler()
    other.emit = lambda record: seen.append(record.getMessage())
    log.addHandler(other)
    write_together(log, [make(log, "a"), make(log, "b")])
    assert seen == ["a", "b"]


def test_handlers_above_are_held_too(log, stream):
    below = logging.Logger("feedsvc.test.below")  # noqa: LOG001 (as above)
    below.parent = log
    write_together(below, [make(below, "a"), make(below, "b")])
    assert (stream.getvalue(), stream.writes) == ("INFO a\nINFO b\n", 1)


def test_line_that_can_not_be_made_costs_no_other(log, stream, capsys):
    write_together(log, [make(log, "a"), make(log, "%d", "x"), make(log, "b")])
    assert stream.getvalue() == "INFO a\nINFO b\n"
    assert "--- Logging error ---" in capsys.readouterr().err


def test_filters_are_asked_for_each(log, stream):
    log.handlers[0].addFilter(lambda record: record.getMessage() != "b")
    write_together(log, [make(log, text) for text in "abc"])
    assert stream.getvalue() == "INFO a\nINFO c\n"


def test_other_threads_lines_are_not_lost(log, stream):
    threads = [threading.Thread(target=log.warning, args=("other",)) for _ in range(4)]

    def records():
        yield make(log, "a")
        for thread in threads:
            thread.start()
        yield make(log, "b")

    write_together(log, records())
    for thread in threads:
        thread.join()
    assert sorted(stream.getvalue().split("\n")) == ["", "INFO a", "INFO b", *["WARNING other"] * 4]


def test_stream_that_is_gone_breaks_nothing(log, stream, capsys):
    stream.close()
    write_together(log, [make(log, "a"), make(log, "b")])
    assert "2 lines" in capsys.readouterr().err
