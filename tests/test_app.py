"""The application as a whole: probes, problems, and starting without a database."""

import logging

import pytest

from feedsvc.app import create_app
from feedsvc.errors import SchemaError
from feedsvc.ingest.sources import add_source
from feedsvc.vault import open_vault
from tests.conftest import make_settings
from tests.newsroom import VAULT, Newsroom, publish


def test_healthz_needs_no_database(tmp_path):
    app = create_app(make_settings(f"sqlite:///{tmp_path}/no/such/place.db"))
    client = app.test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    response = client.get("/feeds/all.rss")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert response.content_type == "application/problem+json"
    assert "place.db" not in response.text


def test_application_that_started_without_its_database_finds_it_later(tmp_path, sqlite_template):
    path = tmp_path / "later.db"
    app = create_app(make_settings(f"sqlite:///{path}", auto_migrate=False))
    assert app.test_client().get("/readyz").status_code == 503
    path.write_bytes(sqlite_template.read_bytes())
    assert app.test_client().get("/readyz").status_code == 200
    app.extensions["feedsvc"].database.close()


def test_application_that_started_without_its_database_takes_pushes_later(
    tmp_path, sqlite_template
):
    path = tmp_path / "later.db"
    settings = make_settings(f"sqlite:///{path}", auto_migrate=False, secret_key="")
    app = create_app(settings)
    path.write_bytes(sqlite_template.read_bytes())
    database = app.extensions["feedsvc"].database
    key = add_source(database, open_vault("", path), "desk")
    assert Newsroom(app.test_client(), key).send(publish()).status_code == 200
    database.close()


def test_empty_database_gets_its_tables(empty_database_url):
    app = create_app(make_settings(empty_database_url))
    assert app.test_client().get("/readyz").status_code == 200
    app.extensions["feedsvc"].database.close()


def test_database_without_tables_is_refused_where_none_may_be_made(tmp_path):
    (tmp_path / "empty.db").touch()
    with pytest.raises(SchemaError, match="feedsvc migrate"):
        create_app(make_settings(f"sqlite:///{tmp_path}/empty.db", auto_migrate=False))


def test_not_ready_while_the_tables_are_not_this_codes(app, client):
    database = app.extensions["feedsvc"].database
    forget = "DELETE FROM schema_migration WHERE name = '0001_create_tables'"
    database.publish(lambda _: database.peewee.execute_sql(forget))
    try:
        response = client.get("/readyz")
        assert response.status_code == 503
        assert "feedsvc migrate" in response.json["detail"]
        assert response.headers["Retry-After"]
    finally:
        restore = "INSERT INTO schema_migration (name, applied) VALUES (%s, %s)".replace(
            "%s", database.peewee.param
        )
        values = ("0001_create_tables", "2026-01-01 00:00:00")
        database.publish(lambda _: database.peewee.execute_sql(restore, values))


def test_ready_when_the_database_is(client):
    assert client.get("/readyz").text == "ready\n"


@pytest.mark.parametrize("path", ["/", "/feeds/all.rss", "/readyz"])
def test_probes_and_feeds_recover_with_the_database(sqlite_newsroom, path):
    newsroom, app = sqlite_newsroom
    database = app.extensions["feedsvc"].database
    away = database._engine.path.with_suffix(".away")
    database._engine.path.rename(away)
    assert newsroom.client.get(path).status_code == 503
    away.rename(database._engine.path)
    assert newsroom.client.get(path).status_code == 200


def test_unknown_address_is_a_problem(client):
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert response.content_type == "application/problem+json"
    assert response.json["status"] == 404
    assert response.headers["Cache-Control"] == "no-store"


def test_mistake_of_ours_shows_no_stack_trace_and_is_logged_whole(app, caplog):
    @app.get("/broken")
    def fail():
        raise ZeroDivisionError("the secret inside")

    response = app.test_client().get("/broken")
    assert response.status_code == 500
    assert response.content_type == "application/problem+json"
    assert "secret" not in response.text
    assert "ZeroDivisionError: the secret inside" in caplog.text


def test_one_line_is_logged_for_a_message_and_no_key(newsroom, caplog):
    caplog.set_level(logging.INFO, logger="feedsvc")
    newsroom.send(publish(), message_id="msg_1")
    lines = [r.getMessage() for r in caplog.records if "msg_1" in r.getMessage()]
    assert len(lines) == 1
    assert "source=desk message=msg_1 status=200 events=1" in lines[0]
    assert newsroom.key.removeprefix("whsec_") not in caplog.text


REFUSED = {
    "unknown source": ("/ingest/nobody", {}),
    "no signature": ("/ingest/desk", {"webhook-signature": None}),
    "no id": ("/ingest/desk", {"webhook-id": None}),
    "no timestamp": ("/ingest/desk", {"webhook-timestamp": None}),
    "wrong signature": ("/ingest/desk", {"webhook-signature": "v1,AAAA"}),
    "malformed signature": ("/ingest/desk", {"webhook-signature": "v1,===,v1"}),
    "non-ASCII signature": ("/ingest/desk", {"webhook-signature": "v1,é"}),
    "other id": ("/ingest/desk", {"webhook-id": "other"}),
    "old timestamp": ("/ingest/desk", {"webhook-timestamp": "1600000000"}),
    "malformed timestamp": ("/ingest/desk", {"webhook-timestamp": "now"}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_unverified_message_is_a_401_that_tells_nothing(newsroom, client, case):
    from tests.newsroom import dumped, signed

    path, changes = REFUSED[case]
    body = dumped(publish())
    headers = signed(newsroom.key, body) | changes
    headers = {name: value for name, value in headers.items() if value is not None}
    response = client.post(path, data=body, headers=headers)
    assert response.status_code == 401
    assert response.json["detail"] == "The message could not be verified."
    assert client.get("/feeds/all.json").json["items"] == []


def test_source_without_a_key_accepts_nothing(newsroom, app):
    from feedsvc.ingest.sources import revoke_keys

    assert newsroom.send(publish("a")).status_code == 200
    revoke_keys(app.extensions["feedsvc"].database, "desk")
    assert newsroom.send(publish("b")).status_code == 401


def test_rotated_key_is_valid_beside_the_old_one_for_its_overlap(newsroom, app):
    from feedsvc.ingest.sources import rotate_key

    database = app.extensions["feedsvc"].database
    newer = Newsroom(newsroom.client, rotate_key(database, VAULT, "desk", 3600))
    assert newsroom.send(publish("a")).status_code == 200
    assert newer.send(publish("b")).status_code == 200
    newest = Newsroom(newsroom.client, rotate_key(database, VAULT, "desk", 0))
    assert newsroom.send(publish("c")).status_code == 401
    assert newer.send(publish("d")).status_code == 401
    assert newest.send(publish("e")).status_code == 200


def test_lost_secret_is_said_at_the_start_and_feeds_are_served(newsroom, settings, caplog):
    newsroom.push(publish("a"))
    other = create_app(settings.model_copy(update={"secret_key": "quite-another-secret"}))
    assert "sealed with: desk." in caplog.text
    assert "feedsvc source rotate NAME" in caplog.text
    client = other.test_client()
    assert len(client.get("/feeds/all.json").json["items"]) == 1
    assert Newsroom(client, newsroom.key).send(publish("b")).status_code == 401
    other.extensions["feedsvc"].database.close()


def test_secret_that_is_too_short_is_said_at_the_start(settings, caplog):
    app = create_app(settings.model_copy(update={"secret_key": "short"}))
    assert "FEEDSVC_SECRET_KEY is shorter than 16 characters" in caplog.text
    assert app.test_client().get("/feeds/all.json").status_code == 200
    app.extensions["feedsvc"].database.close()


def test_key_from_before_keys_were_sealed_still_signs(newsroom, app):
    database = app.extensions["feedsvc"].database
    query = f"UPDATE signing_key SET secret = '{newsroom.key}'"
    database.publish(lambda _: database.peewee.execute_sql(query))
    assert newsroom.send(publish("a")).status_code == 200


def test_key_is_not_in_the_database_in_clear(newsroom, app):
    database = app.extensions["feedsvc"].database
    with database.read():
        ((kept,),) = database.peewee.execute_sql("SELECT secret FROM signing_key").fetchall()
    assert newsroom.key.removeprefix("whsec_") not in kept


def test_body_over_the_limit_is_a_413(sqlite_url):
    app = create_app(make_settings(sqlite_url, max_body_bytes=100))
    response = app.test_client().post("/ingest/desk", data=b"x" * 101)
    assert response.status_code == 413
    assert "FEEDSVC_MAX_BODY_BYTES" in response.json["detail"]
    app.extensions["feedsvc"].database.close()


def test_page_lists_the_feeds_and_offers_them_to_readers(newsroom, client):
    newsroom.push(publish(categories=[{"slug": "tin", "name": "&lt;Tin &amp; tức&gt;"}]))
    page = client.get("/")
    assert page.content_type == "text/html; charset=utf-8"
    for suffix in ("rss", "atom", "json"):
        assert f'href="https://feeds.example/feeds/tin.{suffix}"' in page.text
    assert "&lt;Tin &amp; tức&gt;" in page.text
    again = client.get("/", headers={"If-None-Match": page.headers["ETag"]})
    assert again.status_code == 304
