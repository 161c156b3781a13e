"""What the log says of deliveries."""

import logging
import time
from datetime import UTC, datetime, timedelta

import pytest

from feedsvc.feeds.selection import Cursor
from feedsvc.hub.delivery import Outcome
from feedsvc.hub.errands import Errand
from feedsvc.hub.jobs import Job
from feedsvc.hub.journal import Journal
from feedsvc.hub.outcomes import Delivered, Failed
from feedsvc.models.push import Kind

NOW = datetime.now(UTC)
CURSOR = Cursor(7, epoch="e")
JOB = Job(
    id=5,
    kind=Kind.WEBSUB,
    topic_id=1,
    topic_url="https://feeds.example/feeds/all.atom",
    spelling=None,
    callback="https://partner.example/push?secret",
    host="partner.example",
    secret=None,
    token_id=None,
    cursor=Cursor(6, epoch="e"),
    attempt=2,
    failing_since=NOW,
    renewed_at=NOW,
    next_at=NOW,
    claimed_until=NOW + timedelta(minutes=1),
)
ERRAND = Errand(JOB, CURSOR, NOW)
TAKEN = Outcome(204, "", is_forbidden=False, retry_after=None, body=b"", seconds=0.25)
REFUSED = Outcome(503, "answered 503", is_forbidden=False, retry_after=None, body=b"", seconds=1)
DELIVERED = Delivered(JOB, CURSOR, 1.5)
FAILED = Failed(JOB, "answered 503", NOW)


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, logger="feedsvc")
    return logging.getLogger("feedsvc.hub.worker")


def test_delivery_is_told_without_its_callbacks_path(log, caplog):
    journal = Journal(log)
    journal.note(ERRAND, TAKEN, DELIVERED)
    journal.write()
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("feedsvc.hub.worker", "INFO")
    assert record.getMessage() == (
        "delivered: subscription=5 kind=websub topic=https://feeds.example/feeds/all.atom"
        " host=partner.example change=7 attempt=3 status=204 bytes=0 seconds=0.250 lag=1.500"
        " problem=-"
    )


def test_failure_is_a_warning(log, caplog):
    journal = Journal(log)
    journal.note(ERRAND, REFUSED, FAILED)
    journal.write()
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("failed: subscription=5 ")
    assert record.getMessage().endswith(
        " status=503 bytes=0 seconds=1.000 lag=- problem=answered 503"
    )


def test_each_is_written_once(log, caplog):
    journal = Journal(log)
    for _ in range(3):
        journal.note(ERRAND, TAKEN, DELIVERED)
    assert not caplog.records
    journal.write()
    journal.write()
    assert len(caplog.records) == 3


def test_line_has_the_time_at_which_it_was_noted(log, caplog):
    journal = Journal(log)
    time.sleep(0.02)
    before = time.time()
    journal.note(ERRAND, TAKEN, DELIVERED)
    after = time.time()
    time.sleep(0.02)
    journal.write()
    (record,) = caplog.records
    assert before <= record.created <= after
    assert record.msecs == int(record.created % 1 * 1_000)
    made = log.makeRecord(log.name, logging.INFO, __file__, 0, "", (), None)
    passed = made.relativeCreated - record.relativeCreated
    assert passed == pytest.approx((made.created - record.created) * 1_000, abs=1)


def test_nothing_is_noted_that_is_not_to_be_logged(log, caplog):
    caplog.set_level(logging.WARNING, logger="feedsvc")
    journal = Journal(log)
    journal.note(ERRAND, TAKEN, DELIVERED)
    journal.note(ERRAND, REFUSED, FAILED)
    journal.write()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
