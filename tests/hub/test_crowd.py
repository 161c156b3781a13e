"""The crowd that the hub is tried with, called as the hub calls it."""

import asyncio

from tests.hub.crowd import gather_crowd
from tests.hub.test_delivery import run

SUBSCRIBERS = 300
ATOM = {"Content-Type": "application/atom+xml; charset=utf-8"}
BODY = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">
<entry><id>urn:b</id><title>Đảng ủy</title></entry>
<entry><id>urn:a</id><title>A</title></entry>
<at:deleted-entry ref="urn:gone" when="2026-01-01T00:00:00Z"/>
</feed>""".encode()


def send_to_each(crowd, bodies, seconds=1.0):
    """The statuses that each subscriber answered the bodies with, one after another."""

    async def send(caller, number):
        return [(await caller.post(crowd.callback(number), body, ATOM)).status for body in bodies]

    async def all_of_them(caller):
        return await asyncio.gather(*(send(caller, number) for number in range(SUBSCRIBERS)))

    return run(all_of_them, hub_timeout_seconds=seconds)


def test_crowd_keeps_what_each_has_acknowledged():
    second = BODY.replace(b"urn:a", b"urn:c")
    with gather_crowd(failing=0.2, hanging=0) as crowd:
        statuses = send_to_each(crowd, [BODY, second], seconds=30)
        report = crowd.report()
    entries = [["urn:b", "Đảng ủy"], ["urn:a", "A"], ["urn:gone", None]]
    both = [entries, [["urn:c", "A"] if one == ["urn:a", "A"] else one for one in entries]]
    for number, answered in enumerate(statuses):
        taken = [report["bodies"][body] for body, _ in report["subscribers"].get(str(number), [])]
        assert taken == [both[place] for place, status in enumerate(answered) if status == 204]
    assert report["fates"]["taken"] == sum(answered.count(204) for answered in statuses)


def test_some_of_a_crowd_fail_and_some_hang():
    with gather_crowd() as crowd:
        statuses = [answered for (answered,) in send_to_each(crowd, [BODY])]
        fates = crowd.report()["fates"]
    assert (statuses.count(503), statuses.count(None)) == (fates["failed"], fates["hung"])
    assert 15 <= fates["failed"] <= 45
    assert 1 <= fates["hung"] <= 10


def test_crowd_of_a_seed_does_the_same_each_time():
    runs = []
    for _ in range(2):
        with gather_crowd(seed=7, hanging=0) as crowd:
            runs.append(send_to_each(crowd, [BODY, BODY], seconds=30))
    assert runs[0] == runs[1]
