"""Which processor a worker is kept on, of those that there are, and those that are taken."""

import logging
import os

import pytest

from feedsvc.server.processors import choose, keep_on, list_usable


def choose_all(usable: set[int], workers: int) -> list[int | None]:
    taken: list[int | None] = []
    for _ in range(workers):
        taken.append(choose(usable, workers, taken))
    return taken


@pytest.mark.parametrize("workers", [2, 4, 6])
def test_all_processors_get_as_many_workers(workers):
    taken = choose_all({3, 5}, workers)
    assert taken.count(3) == taken.count(5) == workers // 2


@pytest.mark.parametrize(("processors", "workers"), [(2, 1), (2, 3), (4, 2), (4, 6)])
def test_system_chooses_where_some_would_have_more_workers_than_others(processors, workers):
    assert choose_all(set(range(processors)), workers) == [None] * workers


def test_system_chooses_where_it_does_not_tell_which_processors_there_are():
    assert choose((), 2, []) is None


def test_worker_that_is_replaced_leaves_its_processor_to_the_next():
    assert choose({0, 1, 2}, 3, [0, 2]) == 1


def test_workers_of_before_a_reload_count_until_they_end():
    assert choose({0, 1}, 2, [0, 1, 0]) == 1


def test_workers_that_are_kept_nowhere_do_not_count():
    assert choose({0, 1}, 2, [None, None, 0]) == 1


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system keeps nothing on a processor"
)
def test_worker_that_can_not_be_kept_says_so_and_goes_on(caplog):
    usable = list_usable()
    keep_on(max(usable) + 10_000, logging.getLogger(__name__))
    assert "This worker can't be kept on processor" in caplog.text
    assert list_usable() == usable
