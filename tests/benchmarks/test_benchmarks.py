"""That each benchmark runs: nothing is said of how fast."""

import pytest

from tests.benchmarks.__main__ import QUESTIONS
from tests.benchmarks.harness import TINY, Figure, render_table


@pytest.mark.slow
@pytest.mark.parametrize("name", QUESTIONS)
def test_question_is_answered(name):
    for figure in QUESTIONS[name](TINY):
        assert len(figure.product) == len(figure.baseline) == 1
        assert figure.ratio > 0


def test_table_tells_medians_spread_and_ratio():
    figure = Figure("q", "b", "things/s", [100.0, 300.0, 200.0], [400.0, 500.0, 400.0], target=0.5)
    row = render_table([figure]).splitlines()[1]
    for told in ("200 (100–300) things/s", "400 (400–500)", "0.50 (0.25–0.60)"):
        assert told in row
