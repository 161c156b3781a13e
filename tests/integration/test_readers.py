"""Readers that people use: they subscribe, show an edit once, and are told what has not changed."""

import mailbox
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime

import feedparser
import pytest

from tests.integration.conftest import on_sqlite
from tests.integration.relay import relay_to
from tests.newsroom import article, event, withdraw

FORMATS = ("rss", "atom", "json")
SOON = "2023-01-09T17:00:00+07:00"


@pytest.fixture
def relay(service):
    with relay_to(service.port) as relay:
        yield relay


def published(number, **fields):
    return event(article(f"a-{number}", title=f"Tin số {number}", **fields))


def edited(number):
    return event(
        article(f"a-{number}", title=f"Tin số {number}, sửa", date_modified=now()),
        "article.updated",
    )


def now():
    return datetime.now(UTC).isoformat()


@on_sqlite
@pytest.mark.parametrize("suffix", ["rss", "atom"])
def test_feedparser_reads_it_well_and_is_told_when_nothing_changed(service, relay, suffix):
    service.push(published(1))
    address = f"http://127.0.0.1:{relay.port}/feeds/all.{suffix}"
    first = feedparser.parse(address)
    assert not first.bozo
    assert [entry.title for entry in first.entries] == ["Tin số 1"]
    again = feedparser.parse(address, etag=first.etag)
    assert again.status == 304
    service.push(edited(1))
    edit = feedparser.parse(address, etag=first.etag)
    assert [entry.id for entry in edit.entries] == [entry.id for entry in first.entries]


@on_sqlite
@pytest.mark.parametrize("suffix", FORMATS)
def test_the_reader_library_follows_an_edit_and_keeps_what_was_read(
    service, relay, suffix, tmp_path
):
    library = pytest.importorskip("reader", reason="the reader library is not installed")
    address = f"http://127.0.0.1:{relay.port}/feeds/all.{suffix}"
    service.push(published(1))
    service.push(published(2))
    with closing(library.make_reader(str(tmp_path / "reader.db"))) as reader:
        reader.add_feed(address)
        reader.update_feed(address)
        for entry in reader.get_entries():
            if entry.title == "Tin số 1":
                reader.mark_entry_as_read(entry)
        assert len(list(reader.get_entries())) == 2
        relay.statuses()
        reader.update_feed(address)
        assert relay.statuses() == [304]
        service.push(edited(1))
        service.push(published(3))
        reader.update_feed(address)
        entries = {entry.title: entry.read for entry in reader.get_entries()}
        assert entries == {"Tin số 1, sửa": True, "Tin số 2": False, "Tin số 3": False}
        service.push(withdraw("a-3"))
        reader.update_feed(address)
        assert reader.get_feed(address).last_exception is None
        assert 200 in relay.statuses()


@on_sqlite
def test_newsboat_keeps_what_was_read_when_an_article_is_edited(service, relay, tmp_path):
    newsboat = shutil.which("newsboat")
    if newsboat is None:
        pytest.skip("newsboat is not installed")
    cache = tmp_path / "cache.db"
    address = f"http://127.0.0.1:{relay.port}/feeds/all.atom"
    (tmp_path / "urls").write_text(f"{address}\n", encoding="utf-8")
    (tmp_path / "config").write_text("", encoding="utf-8")
    files = ["-C", tmp_path / "config", "-u", tmp_path / "urls", "-c", cache]

    def reload():
        run([newsboat, *files, "-x", "reload"], tmp_path)
        with closing(sqlite3.connect(cache)) as connection:
            rows = connection.execute("SELECT title, unread FROM rss_item ORDER BY title")
            return rows.fetchall()

    service.push(published(1))
    service.push(published(2))
    assert reload() == [("Tin số 1", 1), ("Tin số 2", 1)]
    with closing(sqlite3.connect(cache)) as connection, connection:
        connection.execute("UPDATE rss_item SET unread = 0 WHERE title = 'Tin số 1'")
    reload()  # of a feed that it did not have, it does not keep the validators yet
    relay.statuses()
    reload()
    assert relay.statuses() == [304]
    service.push(edited(1))
    assert [unread for _, unread in reload()] == [0, 1]
    assert relay.statuses() == [200]
    service.push(withdraw("a-2"))
    assert reload()[0][1] == 0
    assert relay.statuses() == [200]


@on_sqlite
def test_rss2email_mails_each_article_once(service, relay, tmp_path):
    r2e = shutil.which("r2e")
    if r2e is None:
        pytest.skip("rss2email is not installed")
    maildir = tmp_path / "mail"
    mailbox.Maildir(maildir, create=True)
    config, data = tmp_path / "rss2email.cfg", tmp_path / "rss2email.json"
    config.write_text(
        "[DEFAULT]\nto = reader@reader.example\nfrom = feeds@reader.example\n"
        f"email-protocol = maildir\nmaildir-path = {maildir}\nmaildir-mailbox = \n"
        "trust-guid = True\ndate-header = True\n",
        encoding="utf-8",
    )

    def r2e_does(*words):
        run([r2e, "-c", str(config), "-d", str(data), *words], tmp_path)

    def subjects():
        return sorted(
            str(mailbox.MaildirMessage(message)["Subject"]) for message in mailbox.Maildir(maildir)
        )

    r2e_does("add", "paper", f"http://127.0.0.1:{relay.port}/feeds/all.rss")
    service.push(published(1))
    r2e_does("run")
    assert len(subjects()) == 1
    relay.statuses()
    r2e_does("run")
    assert relay.statuses() == [304]
    service.push(edited(1))
    service.push(published(2))
    r2e_does("run")
    assert len(subjects()) == 2
    service.push(withdraw("a-2"))
    r2e_does("run")
    assert len(subjects()) == 2


def run(command, home):
    subprocess.run(
        command,
        env={"HOME": str(home), "LANG": "C.UTF-8", "PATH": os.defpath},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
