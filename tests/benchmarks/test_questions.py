"""The benchmarks can be run; how fast anything is, no test says."""

import json
import re

import pytest

from tests.benchmarks.harness import Bench, Comparison, Effort
from tests.benchmarks.questions import QUESTIONS
from tests.benchmarks.report import as_json, as_text, describe_machine


@pytest.mark.slow
@pytest.mark.parametrize("name", QUESTIONS)
def test_question_is_answered(name, tmp_path):
    results = {name: QUESTIONS[name](Bench(Effort.TINY, tmp_path))}
    assert any(isinstance(result, Comparison) for result in results[name])
    machine = describe_machine()
    table = as_text(machine, results)
    assert all(result.case in table for result in results[name])
    assert json.dumps(as_json(machine, "tiny", results))


def test_table_tells_medians_spread_and_ratios():
    compared = Comparison("c", "things/s", (100.0, 300.0, 200.0), (400.0, 500.0, 400.0), target=0.5)
    row = as_text({}, {"q": [compared]}).splitlines()[-1]
    assert re.split("  +", row) == [
        *("q", "c", "things/s", "200 (100–300)", "400 (400–500)"),
        *("0.500", "0.500 (0.250–0.600)", "0.50"),
    ]
