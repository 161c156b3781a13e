"""What becomes of verified messages, through the endpoint."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from feedsvc.models import Message
from tests.newsroom import VAULT, article, dumped, event, publish, withdraw


def feed_ids(client, name="all"):
    return [item["url"] for item in client.get(f"/feeds/{name}.json").json["items"]]


def inbox_rows(app):
    with app.extensions["feedsvc"].database.read():
        return list(Message.select().order_by(Message.id).dicts())


def change_of(app):
    return app.extensions["feedsvc"].database.read_counter().change


def test_published_article_is_in_all_its_category_and_its_parents(newsroom, client):
    result = newsroom.push(publish())
    assert result["status"] == "created"
    assert result["feeds"] == ["all", "xay-dung-dang", "tin-tuc"]
    for name in result["feeds"]:
        assert feed_ids(client, name) == ["https://news.example/a-1"]


def test_answer_names_the_message_and_each_event(newsroom):
    answer = newsroom.send(publish(), message_id="msg_1").json
    assert answer["message_id"] == "msg_1"
    assert answer["events"][0] == {
        "id": "a-1",
        "status": "created",
        "feeds": ["all", "xay-dung-dang", "tin-tuc"],
        "warnings": [],
        "errors": [],
    }


def test_update_replaces_the_article_and_keeps_its_guid(newsroom, client):
    newsroom.push(publish())
    before = client.get("/feeds/all.json").json["items"][0]
    result = newsroom.push(event(article(title="Tựa mới", url="https://news.example/moi")))
    after = client.get("/feeds/all.json").json["items"]
    assert result["status"] == "updated"
    assert [(item["id"], item["title"]) for item in after] == [(before["id"], "Tựa mới")]


def test_identical_event_is_unchanged_and_takes_no_change_number(newsroom, app, client):
    newsroom.push(publish())
    etag, change = client.get("/feeds/all.rss").headers["ETag"], change_of(app)
    assert newsroom.push(publish())["status"] == "unchanged"
    assert client.get("/feeds/all.rss").headers["ETag"] == etag
    assert change_of(app) == change


def test_older_event_is_stale_and_changes_nothing(newsroom, client):
    newsroom.push(publish(title="Mới", date_modified="2023-01-10T10:00:00+07:00"))
    result = newsroom.push(publish(title="Cũ", date_modified="2023-01-10T09:59:59+07:00"))
    assert result["status"] == "stale"
    assert client.get("/feeds/all.json").json["items"][0]["title"] == "Mới"


def test_events_without_date_modified_are_ordered_by_their_timestamp(newsroom, client):
    newsroom.push(event(article(title="Mới"), timestamp="2023-01-10T10:00:00Z"))
    result = newsroom.push(event(article(title="Cũ"), timestamp="2023-01-10T09:00:00Z"))
    assert result["status"] == "stale"
    assert client.get("/feeds/all.json").json["items"][0]["title"] == "Mới"


def test_articles_date_is_compared_with_its_date_not_with_when_it_was_pushed(newsroom):
    newsroom.push(publish())
    later = newsroom.push(publish(title="Sửa", date_modified="2023-01-09T18:00:00+07:00"))
    assert later["status"] == "updated"


def test_same_date_is_ordered_by_the_envelopes_time(newsroom):
    dated = article(title="Mới", date_modified="2023-01-10T10:00:00Z")
    newsroom.push(event(dated, timestamp="2023-01-10T10:05:00Z"))
    older = event(dated | {"title": "Cũ"}, timestamp="2023-01-10T10:04:00Z")
    assert newsroom.push(older)["status"] == "stale"


def test_date_modified_ahead_of_the_clock_does_not_make_corrections_stale(newsroom):
    ahead = (datetime.now(UTC) + timedelta(hours=7)).isoformat()
    newsroom.push(publish(title="Sai giờ", date_modified=ahead))
    at = datetime.now(UTC) + timedelta(seconds=2)
    result = newsroom.push(
        publish(title="Đã sửa", date_modified=at.isoformat()), at=at + timedelta(seconds=1)
    )
    assert result["status"] == "updated"


def test_reused_message_id_gives_the_first_answer_and_changes_nothing(newsroom, app):
    first = newsroom.send(publish(), message_id="msg_1")
    change = change_of(app)
    second = newsroom.send(publish(title="Khác"), message_id="msg_1")
    assert (second.status_code, second.data) == (first.status_code, first.data)
    assert change_of(app) == change
    assert len(inbox_rows(app)) == 1


def test_withdrawn_article_leaves_the_feeds_at_once(newsroom, client):
    newsroom.push(publish())
    assert newsroom.push(withdraw())["status"] == "withdrawn"
    for name in ("all", "xay-dung-dang", "tin-tuc"):
        assert feed_ids(client, name) == []


def test_withdrawal_forgets_the_content(newsroom, app):
    from feedsvc.models import Article

    newsroom.push(publish())
    newsroom.push(withdraw())
    with app.extensions["feedsvc"].database.read():
        row = Article.get()
    assert (row.title, row.content_html, row.url) == ("", "", "")


def test_withdrawal_that_overtakes_its_article_keeps_it_out(newsroom, client):
    newsroom.push(event({"id": "a-1"}, "article.withdrawn", timestamp="2023-01-10T10:00:00Z"))
    late = newsroom.push(event(article(), timestamp="2023-01-10T09:00:00Z"))
    assert late["status"] == "stale"
    assert feed_ids(client) == []


def test_withdrawn_article_can_be_published_again_under_its_guid(newsroom, client):
    newsroom.push(publish())
    guid = client.get("/feeds/all.json").json["items"][0]["id"]
    newsroom.push(withdraw())
    assert newsroom.push(publish())["status"] == "updated"
    assert [item["id"] for item in client.get("/feeds/all.json").json["items"]] == [guid]


def test_withdrawn_article_can_be_published_again_with_the_date_it_had(newsroom):
    dated = article(date_modified="2023-01-10T10:00:00Z")
    newsroom.push(event(dated))
    newsroom.push(withdraw())
    at = datetime.now(UTC) + timedelta(seconds=2)
    assert newsroom.push(event(dated), at=at)["status"] == "updated"


def test_future_date_modified_is_not_published(newsroom, client):
    newsroom.push(publish(date_modified="2099-01-01T00:00:00Z"))
    assert "2099" not in client.get("/feeds/all.atom").text


def test_empty_addresses_are_no_addresses(newsroom, client):
    newsroom.push(publish(image="", authors=[{"name": "B.H", "url": " "}]))
    item = client.get("/feeds/all.json").json["items"][0]
    assert "image" not in item
    assert item["authors"] == [{"name": "B.H"}]


def test_answer_does_not_grow_with_what_was_wrong(newsroom):
    response = newsroom.send(event(article(tags=[1] * 100_000)))
    assert len(response.json["errors"]) == 1
    wrong = [{"url": "ftp://x", "mime_type": "x"}] * 50
    response = newsroom.send(event(article(attachments=wrong)))
    assert len(response.json["errors"]) == 51
    assert response.json["errors"][-1]["message"] == "and 50 more"
    response = newsroom.send(event({"id": "x" * 1_000_000}))
    assert len(response.data) < 10_000


def test_long_tag_that_no_slug_can_be_made_of_is_kept(newsroom, client):
    tags = ["".join(chr(0x20000 + 7 * n + m) for n in range(900)) for m in range(2)]
    newsroom.push(publish(tags=tags))
    assert client.get("/feeds/all.json").json["items"][0]["tags"][-2:] == tags


def test_same_slug_for_another_name_is_told(newsroom):
    newsroom.push(publish("a", categories=["Bạn đọc"]))
    result = newsroom.push(publish("b", categories=["Bản đọc"]))
    assert result["warnings"][0]["pointer"] == "/data/categories"
    assert "“Bạn đọc”" in result["warnings"][0]["message"]


def test_future_article_waits_for_its_time(newsroom, client, app):
    soon = datetime.now(UTC) + timedelta(hours=1)
    change = change_of(app)
    newsroom.push(publish("now", categories=[]))
    result = newsroom.push(publish("later", date_published=soon.isoformat(), categories=[]))
    assert result["feeds"] == []
    assert datetime.fromisoformat(result["visible_at"]) == soon
    assert feed_ids(client) == ["https://news.example/now"]
    assert change_of(app) == change + 1


def test_one_rejected_event_does_not_stop_the_others(newsroom, client):
    broken = publish("b", title=None)
    answer = newsroom.send([publish("a"), broken, publish("c")])
    assert answer.status_code == 200
    assert [e["status"] for e in answer.json["events"]] == ["created", "rejected", "created"]
    assert answer.json["events"][1]["errors"] == [
        {"pointer": "/events/1/data/title", "message": "is missing"}
    ]
    assert set(feed_ids(client)) == {"https://news.example/a", "https://news.example/c"}


def test_event_refused_in_the_transaction_leaves_nothing_of_itself(newsroom, client, app):
    newsroom.push(publish("a"))
    before = change_of(app)
    circle = publish(
        "b",
        categories=[
            {"slug": "moi", "name": "Mới"},
            {"slug": "tin-tuc", "parent": {"slug": "xay-dung-dang"}},
        ],
    )
    answer = newsroom.send([circle, publish("c", categories=[])])
    assert [e["status"] for e in answer.json["events"]] == ["rejected", "created"]
    assert "can't be below itself" in answer.json["events"][0]["errors"][0]["message"]
    assert client.get("/feeds/moi.rss").status_code == 404
    assert change_of(app) == before + 1


def test_message_whose_every_event_was_refused_is_a_problem(newsroom):
    response = newsroom.send(publish(url="ftp://news.example/"))
    assert response.status_code == 422
    assert response.content_type == "application/problem+json"
    assert response.json["errors"] == [
        {"pointer": "/data/url", "message": "must be an http or https address"}
    ]


def test_every_fault_of_an_event_is_told_at_once(newsroom):
    response = newsroom.send(
        publish(url="ftp://x/", title=" ", date_published="gestern", language="??")
    )
    assert {fault["pointer"] for fault in response.json["errors"]} == {
        "/data/url",
        "/data/title",
        "/data/date_published",
        "/data/language",
    }


@pytest.mark.parametrize(
    ("message", "pointer"),
    [
        ([1], "/events/0"),
        (b"[]", ""),
        (b"1", ""),
        (b'{"events":[]}', "/events"),
        (b'{"events":{}}', "/events"),
        (b'{"events":null}', "/events"),
        (b'{"type":"article.exploded","data":{}}', "/type"),
        (b'{"type":1,"data":{}}', "/type"),
        (b'{"type":"article.published"}', "/data"),
        (b'{"data":{}}', "/type"),
        (event(article(article_id=5)), "/data/id"),
        (event(article(title=["x"])), "/data/title"),
        (event(article("x" * 501)), "/data/id"),
        (event(article(" a")), "/data/id"),
        (event(article(url="https://x.example/" + "x" * 2000)), "/data/url"),
        (event(article(url="javascript:alert(1)")), "/data/url"),
        (event(article(url="https://user:secret@x.example/")), "/data/url"),
        (event(article(image="data:image/png;base64,xx")), "/data/image"),
        (event(article(title="x" * 1001)), "/data/title"),
        (event(article(summary="x" * 10_001)), "/data/summary"),
        (event(article(tags=["x"] * 51)), "/data/tags"),
        (event(article(tags=[1])), "/data/tags/0"),
        (event(article(categories=["all"])), "/data/categories/0"),
        (event(article(categories=[{"slug": "all"}])), "/data/categories/0/slug"),
        (event(article(categories=[{"slug": "Tin Tức"}])), "/data/categories/0/slug"),
        (event(article(categories=["😀"])), "/data/categories/0"),
        (event(article(categories=[""])), "/data/categories/0"),
        (event(article(categories=[{}])), "/data/categories/0"),
        (
            event(article(categories=[{"slug": "a", "parent": {"slug": "B"}}])),
            "/data/categories/0/parent/slug",
        ),
        (event(article(categories=[{"slug": "a", "parent": "a"}])), "/data/categories"),
        (event(article(date_published="2023-01-09T16:30:00")), "/data/date_published"),
        (event(article(date_published=1673256600)), "/data/date_published"),
        (event(article(date_published="2023-02-30T00:00:00Z")), "/data/date_published"),
        (event(article(date_published="0001-01-01T00:00:00+14:00")), "/data/date_published"),
        (event(article(date_modified="yesterday")), "/data/date_modified"),
        (event(article(), timestamp="soon"), "/timestamp"),
        (
            event(article(attachments=[{"url": "https://x.example/a", "mime_type": "audio"}])),
            "/data/attachments/0/mime_type",
        ),
        (
            event(
                article(
                    attachments=[
                        {
                            "url": "https://x.example/a",
                            "mime_type": "audio/mpeg",
                            "size_in_bytes": -1,
                        }
                    ]
                )
            ),
            "/data/attachments/0/size_in_bytes",
        ),
        (event(article(content_html="<b>" * 5001)), "/data/content_html"),
        (event({}, "article.withdrawn"), "/data/id"),
        (event(article(language="en" + "-abcdefgh" * 9)), "/data/language"),
        (event(article(content_html=None, content_text="x" * 1_000_001)), "/data/content_text"),
        (event(article(title="<b>" * 300)), "/data/title"),
        (event(article(summary="<b>" * 1_001)), "/data/summary"),
    ],
)
def test_bad_input_is_named_by_a_pointer(newsroom, message, pointer):
    response = newsroom.send(message)
    assert response.status_code == 422, response.text
    assert response.json["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"type":NaN}',
        b'{"a":1e999}',
        b'{"a":1,"a":2}',
        b"[" * 5000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_unreadable_body_is_a_400_that_stays_in_the_inbox(sqlite_newsroom, body):
    newsroom, app = sqlite_newsroom
    response = newsroom.send_raw(body)
    assert response.status_code == 400, response.text
    assert response.content_type == "application/problem+json"
    (row,) = inbox_rows(app)
    assert (bytes(row["body"]), row["status"]) == (body, 400)
    assert json.loads(row["answer"])["detail"] == response.json["detail"]


def test_wrong_content_type_is_a_415_that_stays_in_the_inbox(newsroom, app):
    response = newsroom.send(publish(), headers={"Content-Type": "text/plain"})
    assert response.status_code == 415
    assert inbox_rows(app)[0]["status"] == 415


def test_refused_message_keeps_its_reason_in_the_inbox(newsroom, app):
    newsroom.send(publish(url="ftp://x/"))
    (row,) = inbox_rows(app)
    assert json.loads(row["answer"])["errors"][0]["pointer"] == "/data/url"
    assert bytes(row["body"]) == dumped(publish(url="ftp://x/"))


def test_repairs_are_warnings_at_their_fields(newsroom, client):
    result = newsroom.push(
        publish(
            title="<b>Tựa</b> \x08đề",
            content_html='<p onclick="x()">a<script>alert(1)</script></p>',
            image="/anh.jpg",
        )
    )
    warned = {warning["pointer"]: warning["message"] for warning in result["warnings"]}
    assert warned["/data/content_html"] == "removed: <script>, onclick"
    assert warned["/data/image"] == "the relative address was made absolute"
    assert "/data/title" in warned
    item = client.get("/feeds/all.json").json["items"][0]
    assert item["title"] == "Tựa đề"
    assert item["image"] == "https://news.example/anh.jpg"
    assert item["content_html"] == "<p>a</p>"


def test_naive_dates_are_read_in_the_zone_of_a_source_that_has_one(app, client):
    from feedsvc.ingest.sources import Registration, add_source
    from tests.newsroom import Newsroom

    database = app.extensions["feedsvc"].database
    key = add_source(database, VAULT, "desk", Registration(timezone="Asia/Ho_Chi_Minh"))
    result = Newsroom(client, key).push(publish(date_published="2023-01-09T16:30:00"))
    assert result["warnings"][0]["pointer"] == "/data/date_published"
    item = client.get("/feeds/all.json").json["items"][0]
    assert item["date_published"] == "2023-01-09T09:30:00Z"


def test_null_says_the_same_as_nothing(newsroom):
    data = article() | {"summary": None, "image": None, "attachments": None, "tags": None}
    assert newsroom.push(event(data))["status"] == "created"
