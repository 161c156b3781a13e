"""How many connections each worker has, for the others to see."""

import pytest

from feedsvc.server import fairness
from feedsvc.server.fairness import Table, is_more


def test_fewest_is_of_those_that_have_said_how_many():
    table = Table()
    first, second, _ = (table.take_place() for _ in range(3))
    first.say(5)
    second.say(3)
    assert first.find_fewest() == 3
    second.leave()
    assert first.find_fewest() == 5


def test_place_of_a_worker_that_is_gone_is_for_another():
    table = Table()
    places = [table.take_place() for _ in range(fairness._PLACES)]
    assert table.take_place() is None
    places[0].say(1)
    places[0].give_back()
    again = table.take_place()
    assert again is not None
    places[1].say(7)
    assert places[1].find_fewest() == 7
    assert table.take_place() is None


@pytest.mark.parametrize("own", range(1, 8))
def test_of_few_connections_one_more_is_left_to_others(own):
    assert is_more(own, own - 1)
    assert not is_more(own, own)
    assert not is_more(own, own + 1)


@pytest.mark.parametrize(("own", "fewest"), [(8, 7), (48, 42), (800, 700)])
def test_of_many_an_eighth_more_matters_not(own, fewest):
    assert not is_more(own, fewest)
    assert is_more(own, fewest - 1)
