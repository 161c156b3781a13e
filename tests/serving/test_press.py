"""What can wait is done off the way of requests, whatever becomes of it."""

from feedsvc.serving.press import Press


def test_a_job_that_fails_is_told_and_the_next_one_is_done(caplog):
    press, done = Press(), []
    assert press.offer(lambda: 1 // 0)
    assert press.offer(lambda: done.append("next"))
    press.wait()
    assert done == ["next"]
    assert "ZeroDivisionError" in caplog.text
