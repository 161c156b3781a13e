"""The benchmarks can be run; how fast anything is, no test says."""

import json
import re
from contextlib import closing

import pytest

from tests.benchmarks.__main__ import main
from tests.benchmarks.archives import Archives
from tests.benchmarks.harness import Aim, Bench, Comparison, Effort, Fact
from tests.benchmarks.programs import ProgramMissingError
from tests.benchmarks.questions import QUESTIONS
from tests.benchmarks.report import as_json, as_text, describe_machine


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    with closing(Archives(Effort.TINY, tmp_path_factory.mktemp("archives"))) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("name", QUESTIONS)
def test_question_is_answered(name, archives, tmp_path):
    try:
        QUESTIONS[name].require_all()
    except ProgramMissingError as error:
        pytest.skip(str(error))
    results = {name: QUESTIONS[name].measure(Bench(Effort.TINY, tmp_path, archives))}
    assert results[name]
    machine = describe_machine()
    table = as_text(machine, results)
    assert all(result.case in table for result in results[name])
    assert json.dumps(as_json(machine, "tiny", results))


def test_table_tells_medians_spread_and_ratios():
    compared = Comparison("c", "things/s", (100.0, 300.0, 200.0), (400.0, 500.0, 400.0), Aim(0.5))
    row = as_text({}, {"q": [compared]}).splitlines()[-1]
    assert re.split("  +", row) == [
        *("q", "c", "things/s", "200 (100–300)", "400 (400–500)"),
        *("0.500", "0.500 (0.250–0.600)", "≥ 0.50"),
    ]


def test_table_tells_what_a_fact_should_come_to():
    facts = [Fact("c", "ms", 12.34, Aim(50, at_most=True)), Fact("d", "answers", 0)]
    rows = as_text({}, {"q": facts}).splitlines()[-2:]
    assert [re.split("  +", row) for row in rows] == [
        ["q", "c", "ms", "12.3", "≤ 50"],
        ["q", "d", "answers", "0"],
    ]


def test_missing_program_is_told_with_its_package_before_anything_is_measured(monkeypatch, runner):
    monkeypatch.setenv("PATH", "")
    result = runner.invoke(main, ["batch_ingest", "not_modified"])
    assert result.exit_code != 0
    assert "apt-get install wrk" in result.output
    assert "batch_ingest" not in result.output
