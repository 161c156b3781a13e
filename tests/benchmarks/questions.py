"""Which questions there are: one file each."""

from tests.benchmarks import batch_ingest, single_push
from tests.benchmarks.harness import Question

QUESTIONS: dict[str, Question] = {
    "batch_ingest": batch_ingest.measure,
    "single_push": single_push.measure,
}
