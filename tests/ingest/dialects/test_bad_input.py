"""What each dialect makes of bad input: a clear answer, no effect, and the next message is taken.

A dialect is described in `tests.senders`; a new one stands in its list, and here by itself.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from feedsvc import migrations
from feedsvc.app import create_app
from feedsvc.db import Database
from feedsvc.ingest.dialects import DIALECTS
from feedsvc.ingest.schemes import SCHEMES
from feedsvc.ingest.sources import add_source
from feedsvc.models import TABLES, Message
from tests.conftest import drop_postgres_database, make_postgres_database, make_settings
from tests.newsroom import VAULT
from tests.senders import GHOST, HUB, NATIVE, SUPERDESK, TIMES, WORDPRESS, put

# JSON Feed with a signature and WordPress with a token, so that both are tried.
SYSTEMS = [NATIVE, SUPERDESK, GHOST, WORDPRESS, HUB]
BODY_BYTES = 5_000_000
NOT_VERIFIED = "The message could not be verified."
LONE_SURROGATE = "\ud800"


def each(systems=SYSTEMS):
    return pytest.mark.parametrize("desk", systems, ids=lambda one: one.dialect, indirect=True)


each_date = pytest.mark.parametrize(
    ("desk", "place", "year"),
    [
        pytest.param(one, place, year, id=f"{one.dialect}-{place}-{year}")
        for one in SYSTEMS
        for place in ("published", "modified")
        for year in ("0000", "9999")
        # The year nought is how WordPress says that there is no such date.
        if (one, place, year) != (WORDPRESS, "modified", "0000")
    ],
    indirect=["desk"],
)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def house(request, tmp_path_factory) -> Iterator["House"]:
    """One for all tests, since none of them leaves anything: of each kind in turn."""
    with database_of_its_own(request, tmp_path_factory) as url:
        migrations.migrate(database := Database(url))
        database.close()
        house = House(create_app(make_settings(url)))
        yield house
        house.database.close()


@contextmanager
def database_of_its_own(request, tmp_path_factory) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('bad')}/feedsvc.db"
        return
    server = request.getfixturevalue("postgres_server")
    url, name = make_postgres_database(server)
    yield url
    drop_postgres_database(server, name)


class House:
    """A service, and two sources of every dialect."""

    def __init__(self, app) -> None:
        self.client = app.test_client()
        self.database = app.extensions["feedsvc"].database
        self.keys = {
            name: add_source(self.database, VAULT, name, system.registration)
            for system in SYSTEMS
            for name in (system.dialect, f"{system.dialect}-other")
        }

    def digest(self) -> str:
        """Of everything that is kept, the change counter too, but not of the inbox."""
        made = hashlib.sha256()
        with self.database.read():
            for table in TABLES:
                if table is not Message:
                    rows = table.select().order_by(*table._meta.get_primary_keys()).tuples()
                    made.update(repr(list(rows)).encode(errors="backslashreplace"))
        return made.hexdigest()

    def forget_messages(self) -> None:
        """As is done with those that are older than `FEEDSVC_INBOX_DAYS`."""
        self.database.publish(lambda _: Message.delete().execute())


class Desk:
    """An editorial system that pushes to the house."""

    def __init__(self, house: House, system) -> None:
        self.house, self.system, self.key = house, system, house.keys[system.dialect]

    def sign(self, body, key=None, at=None):
        return self.system.sign(key or self.key, body, at)

    def post(self, message, headers=None):
        """A message, or its bytes."""
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        headers = headers or self.sign(body)
        return self.house.client.post(f"/ingest/{self.system.dialect}", data=body, headers=headers)

    def take(self, message, headers=None):
        """A message of one article that is taken; gives what became of it."""
        response = self.post(message, headers)
        assert response.status_code == 200, response.text
        (result,) = response.json["events"]
        return result["status"]

    def say(self, place=None, value=None, at=TIMES[0]):
        """A message about a new article, with a value at a place of it."""
        message = self.system.say_anew("Cầu mới thông xe", at)
        if place is not None:
            put(message, self.system.item + place, value)
        return message

    @contextmanager
    def unmoved(self):
        """What is done here has no effect, and the source's next message is taken."""
        before = self.house.digest()
        yield
        assert self.house.digest() == before
        assert self.take(self.say()) == "created"

    def refuse(self, message, status, words, *pointers, headers=None):
        """A message that is refused, in words, and at its sender's own fields."""
        with self.unmoved():
            response = self.post(message, headers)
        assert response.status_code == status, response.text
        assert response.content_type == "application/problem+json"
        assert len(response.data) < 2_000
        assert words in response.text
        assert {one["pointer"] for one in response.json.get("errors", [])} == set(pointers)

    def refuse_field(self, place, value, words):
        self.refuse(self.say(place, value), 422, words, self.system.item + place)


@pytest.fixture
def desk(request, house) -> Desk:
    return Desk(house, request.param)


# Who sent it


@each()
def test_wrong_key_is_refused(desk):
    body = json.dumps(desk.say()).encode()
    unknown = SCHEMES[desk.system.registration.scheme or DIALECTS[desk.system.dialect].schemes[0]]
    desk.refuse(body, 401, NOT_VERIFIED, headers=desk.sign(body, unknown.make_key()))


@each()
def test_other_sources_key_is_refused(desk):
    body = json.dumps(desk.say()).encode()
    other = desk.house.keys[f"{desk.system.dialect}-other"]
    desk.refuse(body, 401, NOT_VERIFIED, headers=desk.sign(body, other))


@each()
def test_message_without_proof_is_refused(desk):
    desk.refuse(desk.say(), 401, NOT_VERIFIED, headers={"Content-Type": "application/json"})


@each([one for one in SYSTEMS if one.is_bound])
def test_proof_of_other_bytes_is_refused(desk):
    headers = desk.sign(json.dumps(desk.say()).encode())
    desk.refuse(desk.say(), 401, NOT_VERIFIED, headers=headers)


@each([one for one in SYSTEMS if not one.is_bound])
def test_token_proves_its_sender_and_nothing_of_the_message(desk):
    headers = desk.sign(json.dumps(desk.say()).encode())
    assert desk.take(desk.say(), headers) == "created"


# The same again


@each([NATIVE])
def test_replay_under_a_new_id_is_refused(desk):
    body = json.dumps(desk.say()).encode()
    headers = desk.sign(body)
    assert desk.take(body, headers) == "created"
    desk.refuse(body, 401, NOT_VERIFIED, headers=headers | {"webhook-id": "msg_new"})


@each([GHOST])
def test_replay_at_a_new_time_is_refused(desk):
    body = json.dumps(desk.say()).encode()
    headers = desk.sign(body)
    assert desk.take(body, headers) == "created"
    proof, _, milliseconds = headers["X-Ghost-Signature"].partition(", t=")
    later = {"X-Ghost-Signature": f"{proof}, t={int(milliseconds) + 1}"}
    desk.refuse(body, 401, NOT_VERIFIED, headers=headers | later)


@each([one for one in SYSTEMS if one is not NATIVE])
def test_replay_is_answered_from_memory_whatever_id_it_claims(desk):
    body = json.dumps(desk.say()).encode()
    headers = desk.sign(body)
    first = desk.post(body, headers)
    with desk.unmoved():
        again = desk.post(body, headers | {"webhook-id": "msg_new"})
    assert (again.status_code, again.data) == (200, first.data)


@each([one for one in SYSTEMS if one.is_dated])
def test_capture_of_long_ago_is_refused(desk):
    body = json.dumps(desk.say()).encode()
    captured = desk.sign(body, at=datetime.now(UTC) - timedelta(seconds=301))
    desk.refuse(body, 401, NOT_VERIFIED, headers=captured)


@each([one for one in SYSTEMS if not one.is_dated])
def test_capture_of_an_article_that_was_edited_since_changes_nothing(desk):
    old = desk.say()
    new = json.loads(json.dumps(old))
    put(new, desk.system.item + desk.system.title, "Cầu mới & đường mới")
    put(new, desk.system.item + desk.system.modified, TIMES[1] + "Z")
    captured = json.dumps(old).encode(), desk.sign(json.dumps(old).encode())
    first = desk.post(*captured)
    assert desk.take(new) == "updated"
    with desk.unmoved():
        assert desk.post(*captured).data == first.data
    desk.house.forget_messages()
    with desk.unmoved():
        assert desk.take(*captured) == "stale"


# What can't be read


@each()
def test_empty_body_is_refused(desk):
    desk.refuse(b"", 400, "The body is not JSON", "")


@each()
@pytest.mark.parametrize("value", [None, 1, "x", [], {}, [[]]], ids=repr)
def test_body_that_says_nothing_is_refused(desk, value):
    with desk.unmoved():
        response = desk.post(value)
    assert response.status_code == 422
    assert response.json["errors"]


@each()
def test_nesting_is_limited(desk):
    bomb = json.dumps(desk.say("/more", "bomb")).encode()
    bomb = bomb.replace(b'"bomb"', b"[" * 100 + b"]" * 100)
    desk.refuse(bomb, 400, "FEEDSVC_MAX_JSON_DEPTH", "")


@each()
def test_body_of_ten_megabytes_is_refused(desk):
    message = desk.say(desk.system.content, "x" * 10_000_000)
    desk.refuse(message, 413, "FEEDSVC_MAX_BODY_BYTES")


@each()
@pytest.mark.parametrize("place", ["title", "content"])
def test_text_that_just_fits_into_the_body_is_refused_at_its_field(desk, place):
    desk.refuse_field(getattr(desk.system, place), "x" * (BODY_BYTES - 10_000), "characters")


@each()
@pytest.mark.parametrize("value", [{}, "", 0], ids=repr)
def test_list_as_long_as_fits_into_the_body_is_refused(desk, value):
    body = json.dumps(desk.say("/more", [value] * 1_000_000), separators=(",", ":")).encode()
    desk.refuse(body, 400, "FEEDSVC_MAX_JSON_VALUES", "")


# What can't be taken


@each()
def test_id_of_ten_thousand_characters_is_refused(desk):
    desk.refuse_field(desk.system.ids[-1], "x" * 10_000, "FEEDSVC_MAX_ID_CHARS")


@each([WORDPRESS])
def test_number_of_four_thousand_digits_is_refused_as_an_id(desk):
    desk.refuse_field("/id", int("9" * 4_000), "FEEDSVC_MAX_ID_CHARS")


@each([WORDPRESS])
def test_number_of_ten_thousand_digits_is_refused(desk):
    body = json.dumps(desk.say("/id", "number")).encode().replace(b'"number"', b"9" * 10_000)
    desk.refuse(body, 400, "a number that is too long", "")


@each()
def test_lone_surrogate_is_refused_in_an_id(desk):
    desk.refuse_field(desk.system.ids[-1], f"x{LONE_SURROGATE}", "must be text in NFC")


@each()
def test_lone_surrogate_is_no_title(desk):
    desk.refuse_field(desk.system.title, LONE_SURROGATE, "is empty")


@each()
def test_lone_surrogate_within_a_title_is_taken_out_with_a_warning(desk):
    response = desk.post(desk.say(desk.system.title, f"Cầu {LONE_SURROGATE}mới"))
    (result,) = response.json["events"]
    assert result["status"] == "created"
    places = {one["pointer"] for one in result["warnings"] if "XML" in one["message"]}
    assert places == {desk.system.item + desk.system.title}


@each_date
def test_date_out_of_the_calendar_is_refused(desk, place, year):
    with desk.unmoved():
        response = desk.post(desk.say(getattr(desk.system, place), f"{year}-12-31T23:59:59Z"))
    assert response.status_code == 422
    (fault,) = response.json["errors"]
    assert fault["pointer"] == desk.system.item + getattr(desk.system, place)


@each([one for one in SYSTEMS if one.below])
def test_categories_in_a_circle_are_refused(desk):
    circle = desk.system.below([("tron-a", "tron-b"), ("tron-b", "tron-a")])
    desk.refuse_field(desk.system.sections, circle, "can't be below itself")


@each([one for one in SYSTEMS if one.below])
def test_category_is_not_moved_below_one_that_is_below_it(desk):
    upper, lower = f"tren-{desk.system.dialect}", f"duoi-{desk.system.dialect}"
    assert desk.take(desk.say(desk.system.sections, desk.system.below([(lower, upper)])))
    circle = desk.system.below([(upper, lower)])
    desk.refuse_field(desk.system.sections, circle, "can't be below itself")


@each([WORDPRESS])
def test_sections_in_a_line_of_thousands_are_refused(desk):
    line = desk.system.below([(f"dong-{n}", f"dong-{n + 1}") for n in range(20_000)])
    desk.refuse_field(desk.system.sections, line, "categories")


@each([SUPERDESK])
@pytest.mark.parametrize("place", ["/associations", "/keywords", "/service", "/headlines"])
def test_list_of_ten_thousand_is_refused_at_its_place(desk, place):
    desk.refuse_field(place, {str(n): {} for n in range(10_001)}, "more than 10,000 members")


@each([SUPERDESK])
def test_warnings_that_are_told_have_an_end(desk):
    films = {str(n): {"type": "video"} for n in range(5_000)}
    response = desk.post(desk.say() | {"associations": films})
    assert response.status_code == 200
    assert len(response.json["events"][0]["warnings"]) == 51
    assert len(response.data) < 10_000


@each()
@pytest.mark.parametrize("chars", [BODY_BYTES - 10_000, 999_000], ids=["body", "content"])
@pytest.mark.parametrize("tag", ["<div>", "<b>", "<table><tr><td>"])
def test_html_that_nests_as_deep_as_it_fits_is_refused(desk, chars, tag):
    words = "tags, over 5,000" if chars < 1_000_000 else "FEEDSVC_MAX_CONTENT_CHARS"
    desk.refuse_field(desk.system.content, tag * (chars // len(tag)), words)


@each([one for one in SYSTEMS if one.batch])
def test_bad_one_among_999_good_ones_is_the_only_one_refused(desk):
    messages = [desk.say() for _ in range(1_000)]
    put(messages[500], desk.system.item + desk.system.title, "x" * 2_000)
    response = desk.post(desk.system.batch(messages))
    assert response.status_code == 200
    results = response.json["events"]
    assert [one["status"] for one in results[:500] + results[501:]] == ["created"] * 999
    assert results[500]["status"] == "rejected"
    (fault,) = results[500]["errors"]
    assert fault["pointer"] == desk.system.nth.format(500) + desk.system.title
    assert desk.take(desk.say()) == "created"
