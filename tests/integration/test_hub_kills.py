"""Nothing is lost while the worker and the server are killed: 10,000 subscribers, real processes.

A tenth of what the callbacks are sent fails, and a hundredth hangs.
"""

import random
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise

import pytest

from feedsvc.models.push import Kind, Standing, Subscription, Topic
from tests.hub.crowd import gather_crowd
from tests.hub.receiver import ALLOW
from tests.integration.server import PUBLIC_URL, wait_until
from tests.integration.test_crashes import kill
from tests.newsroom import publish, withdraw

SUBSCRIBERS = 10_000
KILLS = 10
SEED = 20_261_127
TOPIC = f"{PUBLIC_URL}/feeds/all.json"
SETTINGS = {
    "FEEDSVC_WORKER": "true",
    "FEEDSVC_HUB_TIMEOUT_SECONDS": "3",
    "FEEDSVC_HUB_RETRY_SECONDS": "0.5",
    "FEEDSVC_LOG_LEVEL": "ERROR",
    **{f"FEEDSVC_{name.upper()}": value for name, value in ALLOW.items()},
}
PATIENCE_SECONDS = 240
#: What was acknowledged is written down so soon, if the worker lives on.
WRITTEN_SECONDS = 5.0


def subscribe_all(database, crowd) -> None:
    """Rows as verification makes them."""
    now = datetime.now(UTC)
    counter = database.read_counter()
    of_all = {
        "kind": Kind.WEBSUB,
        "host": "127.0.0.1",
        "state": Standing.ACTIVE,
        "epoch": counter.epoch,
        "change": counter.change,
        "expires_at": now + timedelta(days=1),
        "last_error": "",
        **dict.fromkeys(("created_at", "renewed_at", "next_at", "claimed_until"), now),
        **dict.fromkeys(("attempt", "delivered", "failed"), 0),
    }

    def insert(_) -> None:
        topic = Topic.create(url=TOPIC)
        numbers = range(SUBSCRIBERS)
        rows = [of_all | {"topic": topic, "callback": crowd.callback(n)} for n in numbers]
        for start in range(0, SUBSCRIBERS, 500):
            Subscription.insert_many(rows[start : start + 500]).execute()

    database.publish(insert)


def publish_and_kill(service, crowd, chance) -> tuple[list[float], int]:
    """Ten kills of the worker and ten of the server, among changes; gives when, and how many.

    The title of an entry ends with the number of its change; the last is a withdrawal.
    """
    kills, number = [], 0
    victims = ["worker", "web"] * KILLS
    chance.shuffle(victims)
    for nth, victim in enumerate(victims):
        for _ in range(chance.randint(1, 2)):
            number += 1
            name = f"a-{chance.randrange(12)}"
            service.push_until_taken(publish(name, title=f"{name} #{number}"), f"msg_{number}")
        # In the midst of deliveries, if not all have got all that they get at the first try.
        enough = crowd.count_taken() + chance.randrange(1, SUBSCRIBERS // 2)
        wait_until(partial(has_taken, service, crowd, enough), "it delivers", PATIENCE_SECONDS)
        if victim == "worker":
            kill(wait_until(service.find_hub_worker, "the worker is there again"))
        elif nth % 3:
            kill(chance.choice(wait_until(service.list_workers, "a server process is there")))
        else:
            service.kill()
        kills.append(time.time())
        if service.process is None:
            service.start()
    number += 1
    service.push_until_taken(withdraw(name), f"msg_{number}")
    return kills, number


def has_taken(service, crowd, enough: int) -> bool:
    """Whether so much was acknowledged, or all that there is."""
    return crowd.count_taken() >= enough or all_have_all(service)


def all_have_all(service) -> bool:
    """Whether every subscriber stands at the last change."""
    with service.database() as database, database.read():
        last = database.read_counter().change
        return not Subscription.select().where(Subscription.change != last).exists()


def read_changes(bodies, last: int) -> list[list[int]]:
    """The numbers of the changes in each body, the smallest first."""
    return [
        sorted(last if title is None else int(title.rpartition("#")[2]) for _, title in entries)
        for entries in bodies
    ]


@pytest.mark.slow
def test_every_subscriber_has_every_change_in_order_and_no_needless_double(serve):
    chance = random.Random(SEED)
    with gather_crowd(SEED) as crowd:
        service = serve(**SETTINGS)
        service.push(publish("first", title="first #0"))
        with service.database() as database:
            subscribe_all(database, crowd)
        kills, last = publish_and_kill(service, crowd, chance)
        wait_until(lambda: all_have_all(service), "all have all", PATIENCE_SECONDS)
        report = crowd.report()
        final = {one["id"]: one["title"] for one in service.get("/feeds/all.json").json["items"]}
    changes = read_changes(report["bodies"], last)
    assert len(report["subscribers"]) == SUBSCRIBERS
    assert min(report["fates"][fate] for fate in ("failed", "hung")) > 0
    doubles = 0
    for received in report["subscribers"].values():
        seen: dict[str, str | None] = {}
        for number, _ in received:
            seen |= dict(report["bodies"][number])
        assert {id_: title for id_, title in seen.items() if title} == {
            id_: title for id_, title in final.items() if title != "first #0"
        }
        for (before, at), (after, again_at) in pairwise(received):
            if changes[after][0] <= changes[before][-1]:
                # It was acknowledged, and the worker died before that was written down.
                until = min(again_at, at + WRITTEN_SECONDS)
                assert any(at - 1 <= moment <= until for moment in kills), (at, again_at, kills)
                doubles += 1
    # Of those that were on their way when it died, and no others.
    assert doubles < SUBSCRIBERS
    assert len(changes) > KILLS
    with service.database() as database, database.read():
        assert not Subscription.select().where(Subscription.state != Standing.ACTIVE).exists()
