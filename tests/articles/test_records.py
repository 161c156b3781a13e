"""What is kept of an article's parts comes back as it was, and old articles are what they were."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from feedsvc import migrations
from feedsvc.articles.article import Attachment, Author, Draft, Order
from feedsvc.articles.details import (
    NO_DETAILS,
    Agency,
    Details,
    Episode,
    Location,
    Person,
    Picture,
    Related,
    Transcript,
)
from feedsvc.articles.records import attachment_from, details_from, record_of
from feedsvc.articles.rows import digest_of
from feedsvc.db import Database
from tests.rendering.test_documents import PARTY_MEETING

AT = datetime(2023, 1, 9, 10, 5, tzinfo=UTC)
DETAILS = Details(
    picture=Picture(1_200, 800, "Quang cảnh hội nghị", "B.H", "Toàn cảnh"),
    related=(Related("https://news.example/2", "Bài viết khác"), Related("https://news.example/3")),
    agency=Agency("TTXVN", "https://agency.example", "https://agency.example/feed.xml"),
    location=Location(16.4637, -0.5, "Huế"),
)
RECORDING = Attachment(
    "https://news.example/a.mp3",
    "audio/mpeg",
    episode=Episode(
        season=1,
        is_explicit=False,
        transcripts=(Transcript("https://news.example/a.vtt", "text/vtt"),),
        persons=(Person("Thu Hà", "host"),),
    ),
)


def draft_of(article):
    return Draft(
        external_id="a-1",
        url=article.url,
        title=article.title,
        summary=article.summary,
        content_html=article.content_html,
        language=article.language,
        image=article.image,
        authors=article.authors,
        tags=article.tags,
        filings=(),
        attachments=article.attachments,
        published_at=article.published_at,
        modified_at=AT,
        order=Order(AT, AT),
    )


def digest(article):
    return digest_of(article, draft_of(article))


def kept(record):
    return json.loads(json.dumps(record))


@pytest.mark.parametrize(
    "details",
    [DETAILS, NO_DETAILS, Details(agency=Agency("TTXVN")), Details(location=Location(0.0, 0.0))],
)
def test_details_come_back_as_they_were(details):
    assert details_from(kept(record_of(details)) or None) == details


@pytest.mark.parametrize("attachment", [RECORDING, *PARTY_MEETING.attachments])
def test_attachment_comes_back_as_it_was(attachment):
    assert attachment_from(kept(record_of(attachment))) == attachment


def test_what_is_not_said_is_not_kept():
    assert record_of(NO_DETAILS) == {}
    plain = Attachment("https://news.example/a.mp3", "audio/mpeg")
    assert record_of(plain) == {"url": plain.url, "mime_type": plain.mime_type}


def test_article_without_new_fields_has_the_digest_that_it_always_had():
    """Known from before they were there: an upgrade must not make every article a new version."""
    assert digest(PARTY_MEETING) == (
        "b58caf275af4eae78eafa3443903cec61e9d330bf0ef0fa6b7379704ac2e3c07"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"details": DETAILS},
        {"details": Details(picture=Picture(alt="a"))},
        {"authors": (Author("B.H", avatar="https://news.example/b.jpg"),)},
        {"attachments": (replace(PARTY_MEETING.attachments[0], caption="a"),)},
        {"attachments": (RECORDING,)},
    ],
    ids=str,
)
def test_each_new_field_counts_in_the_digest(change):
    assert digest(replace(PARTY_MEETING, **change)) != digest(PARTY_MEETING)


def test_articles_from_before_come_through(empty_database_url, monkeypatch, tmp_path):
    """A database as an older feedsvc left it, with an article in it."""
    database = Database(empty_database_url)
    folder = tmp_path / "older"
    folder.mkdir()
    for path in sorted(migrations.Path(migrations.__file__).parent.glob("000[1-3]*.py")):
        (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "_runner", lambda db: migrations.Runner(db.peewee, str(folder)))
        migrations.migrate(database)
    before = {
        "external_id": "a-1",
        "guid": "urn:x:1",
        "state": 1,
        "version": 1,
        "change": 1,
        "digest": "d",
        "url": "https://news.example/1",
        "title": "Tin cũ",
        "summary": "",
        "content_html": "",
        "authors": '[{"name":"B.H"}]',
        "tags": "[]",
        "categories": "[]",
        "attachments": '[{"url":"https://news.example/a.mp3","mime_type":"audio/mpeg"}]',
        "correction": "",
        "content_policy": "full",
    } | dict.fromkeys(("published_at", "modified_at", "ordered_at", "occurred_at", "visible_at"), 1)
    insert_by_names(database, before)
    migrations.migrate(database)
    article = stored_article(database)
    assert article.title == "Tin cũ"
    assert article.details == NO_DETAILS
    assert article.authors == (Author("B.H"),)
    assert article.attachments == (Attachment("https://news.example/a.mp3", "audio/mpeg"),)
    database.close()


def insert_by_names(database, row):
    def insert(_):
        database.peewee.execute_sql(
            "INSERT INTO source (name, dialect, created_at, scheme)"
            " VALUES ('desk', 'native', 1, 'standard-webhooks')"
        )
        places = ", ".join([database.peewee.param] * len(row))
        database.peewee.execute_sql(
            f"INSERT INTO article (source_id, {', '.join(row)}) SELECT id, {places} FROM source",
            tuple(row.values()),
        )

    database.publish(insert)


def stored_article(database):
    from feedsvc.articles.lookup import get_article

    with database.read():
        return get_article("desk", "a-1")
