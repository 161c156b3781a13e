"""Bytes with validators, and what a request for them is answered."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask, request

from feedsvc.serving.representation import Representation, answer

NOW = datetime(2023, 1, 9, 9, 30, 30, tzinfo=UTC)
CHANGED_AT = datetime(2023, 1, 9, 9, 30, 0, tzinfo=UTC)
LAST_MODIFIED = "Mon, 09 Jan 2023 09:30:00 GMT"
A_SECOND_EARLIER = "Mon, 09 Jan 2023 09:29:59 GMT"
BODY = "<rss>Đảng</rss>".encode()
HASH = hashlib.sha256(BODY).hexdigest()[:32]
ETAG = f'W/"{HASH}"'


def document(*, body=BODY, media_type="application/rss+xml", changed_at=CHANGED_AT, max_age=300):
    return Representation(body, media_type, changed_at, max_age, 86400)


def ask(representation=None, *, now=NOW, method="GET", **conditions):
    """Ask an application that has one document; conditions are headers, `if_match=…`."""
    app = Flask(__name__)

    @app.route("/feed", methods=["GET", "POST"])
    def show():
        return answer(representation or document(), request, now)

    headers = {name.replace("_", "-"): value for name, value in conditions.items()}
    return app.test_client().open("/feed", method=method, headers=headers)


# The whole answer


def test_answer_is_the_document_with_its_validators():
    response = ask()
    assert (response.status_code, response.data) == (200, BODY)
    assert response.headers["ETag"] == ETAG
    assert response.headers["Last-Modified"] == LAST_MODIFIED


def test_answer_may_be_kept_and_served_while_it_is_stale():
    assert ask().headers["Cache-Control"] == (
        "public, max-age=300, stale-while-revalidate=300, stale-if-error=86400"
    )


def test_answer_varies_by_coding_alone():
    assert ask().headers["Vary"] == "Accept-Encoding"


def test_browser_is_not_to_guess_the_type():
    assert ask().headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("media_type", "content_type"),
    [
        ("application/rss+xml", "application/rss+xml; charset=utf-8"),
        ("application/atom+xml", "application/atom+xml; charset=utf-8"),
        ("application/feed+json", "application/feed+json"),
    ],
)
def test_charset_is_named_except_for_json(media_type, content_type):
    assert ask(document(media_type=media_type)).headers["Content-Type"] == content_type


def test_server_is_left_to_write_the_date():
    assert "Date" not in ask().headers


def test_no_cookie_is_set():
    assert "Set-Cookie" not in ask().headers


def test_html_is_not_served_to_who_asks_for_it():
    assert ask(Accept="text/html").headers["Content-Type"].startswith("application/rss+xml")


# The tag


def test_same_bytes_have_the_same_tag_whenever_they_changed():
    assert document().etag == document(changed_at=NOW, max_age=1).etag


def test_other_bytes_have_another_tag():
    assert document().etag != document(body=BODY + b" ").etag


# If-None-Match


@pytest.mark.parametrize(
    "tags",
    [
        ETAG,
        f'"{HASH}"',
        f'"a", {ETAG}, "b"',
        f'W/"a",{ETAG}',
        f'  "a"  ,  "{HASH}"  ',
        "*",
    ],
)
def test_client_that_has_the_document_is_told_so(tags):
    response = ask(if_none_match=tags)
    assert (response.status_code, response.data) == (304, b"")


@pytest.mark.parametrize("mark", ["-gzip", "-br", "-zstd", ";gzip", ";br", "--gzip", "--br"])
def test_tag_that_a_proxy_marked_is_known(mark):
    assert ask(if_none_match=f'W/"{HASH}{mark}"').status_code == 304
    assert ask(if_none_match=f'"{HASH}{mark}"').status_code == 304


def test_marked_tag_in_a_list_is_known():
    assert ask(if_none_match=f'"a-gzip", W/"{HASH}-gzip", "b--br"').status_code == 304


@pytest.mark.parametrize(
    "tags",
    [
        '"a"',
        'W/"a", "b"',
        f'"{HASH[:-1]}"',
        f'"{HASH}x"',
        f'"-gzip{HASH}"',
        f'"{HASH}-other"',
        f'"x{HASH}"',
        '""',
        "W/",
        ",",
        '"',
    ],
)
def test_client_that_has_another_document_gets_this_one(tags):
    response = ask(if_none_match=tags)
    assert (response.status_code, response.data) == (200, BODY)


def test_tag_of_a_changed_document_is_not_known():
    assert ask(document(body=b"new"), if_none_match=ETAG).status_code == 200


# If-Modified-Since


def test_client_that_has_the_last_change_is_told_so():
    assert ask(if_modified_since=LAST_MODIFIED).status_code == 304


def test_client_that_asks_about_a_later_time_is_told_that_nothing_changed():
    assert ask(if_modified_since="Mon, 09 Jan 2023 09:30:10 GMT").status_code == 304


@pytest.mark.parametrize("date", [A_SECOND_EARLIER, "yesterday", "", "0"])
def test_client_with_an_earlier_date_or_none_gets_the_document(date):
    assert ask(if_modified_since=date).status_code == 200


def test_tag_stands_above_the_date():
    response = ask(if_none_match='"a"', if_modified_since=LAST_MODIFIED)
    assert response.status_code == 200


def test_tag_that_is_known_stands_above_an_earlier_date():
    response = ask(if_none_match=ETAG, if_modified_since=A_SECOND_EARLIER)
    assert response.status_code == 304


# The last two seconds: two changes in one second look alike by date.


@pytest.mark.parametrize("milliseconds", [0, 1, 999, 1000, 1999])
def test_document_that_changed_just_now_is_never_judged_by_date(milliseconds):
    changed_at = NOW - timedelta(milliseconds=milliseconds)
    response = ask(
        document(changed_at=changed_at), if_modified_since="Mon, 09 Jan 2023 09:30:30 GMT"
    )
    assert response.status_code == 200


def test_document_that_changed_two_seconds_ago_is_judged_by_date():
    changed_at = NOW - timedelta(seconds=2)
    response = ask(
        document(changed_at=changed_at), if_modified_since="Mon, 09 Jan 2023 09:30:28 GMT"
    )
    assert response.status_code == 304


def test_document_that_changed_just_now_is_still_judged_by_its_tag():
    assert ask(document(changed_at=NOW), if_none_match=ETAG).status_code == 304


@pytest.mark.parametrize("ahead", [0, 1, 3600])
def test_date_of_a_document_that_changed_just_now_is_set_back(ahead):
    changed_at = NOW + timedelta(seconds=ahead)
    response = ask(document(changed_at=changed_at))
    assert response.headers["Last-Modified"] == "Mon, 09 Jan 2023 09:30:28 GMT"


def test_change_in_the_same_second_as_an_answer_is_not_missed_by_date():
    first = ask(document(changed_at=NOW), now=NOW + timedelta(milliseconds=100))
    changed_again = document(body=b"new", changed_at=NOW + timedelta(milliseconds=200))
    response = ask(
        changed_again,
        now=NOW + timedelta(minutes=1),
        if_modified_since=first.headers["Last-Modified"],
    )
    assert (response.status_code, response.data) == (200, b"new")


def test_fraction_of_a_second_makes_no_later_date():
    changed_at = CHANGED_AT + timedelta(microseconds=999_999)
    response = ask(document(changed_at=changed_at))
    assert response.headers["Last-Modified"] == LAST_MODIFIED


# 304


def test_not_modified_repeats_what_caches_update():
    whole, short = ask().headers, ask(if_none_match=ETAG).headers
    for name in ("ETag", "Cache-Control", "Vary"):
        assert short[name] == whole[name]


def test_not_modified_describes_no_body():
    headers = ask(if_none_match=ETAG).headers
    assert "Content-Type" not in headers
    assert "Content-Length" not in headers


# HEAD


def test_head_has_the_headers_of_get_and_no_body():
    head, get = ask(method="HEAD"), ask()
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers == get.headers
    assert head.headers["Content-Length"] == str(len(BODY))


@pytest.mark.parametrize(
    "condition", [{"if_none_match": ETAG}, {"if_modified_since": LAST_MODIFIED}]
)
def test_head_is_judged_as_get_is(condition):
    head, get = ask(method="HEAD", **condition), ask(**condition)
    assert (head.status_code, head.headers) == (304, get.headers)


# If-Match


def test_mismatching_if_match_fails():
    refused = ask(if_match='"a"')
    assert (refused.status_code, refused.data) == (412, b"")


def test_if_match_of_anything_is_met():
    assert ask(if_match="*").status_code == 200


def test_mismatching_if_match_stands_above_a_known_tag():
    assert ask(if_match='"a"', if_none_match=ETAG).status_code == 412


# RFC 9111, section 3: an answer that names its freshness may be kept whatever its status.
def test_failed_precondition_is_not_kept_for_others():
    assert "no-store" in ask(if_match='"a"').headers["Cache-Control"]


# RFC 9110, section 14.2: a server may ignore Range, and this one has no use for it.
def test_range_is_passed_over():
    response = ask(range="bytes=0-3")
    assert (response.status_code, response.data) == (200, BODY)
