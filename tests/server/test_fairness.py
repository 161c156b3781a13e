"""How many connections each worker has, for the others to see."""

from feedsvc.server import fairness
from feedsvc.server.fairness import Table


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
