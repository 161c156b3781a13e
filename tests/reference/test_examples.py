"""The examples of the reference are what they say: they are sent, and answered like that."""

import json
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from feedsvc.reference.examples import list_examples, sign_example
from tests.newsroom import signed


def parsed(text, media_type):
    if media_type == "application/x-ndjson":
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text)


def test_each_example_is_answered_as_it_says(newsroom):
    for example in list_examples("https://feeds.example"):
        body = example.body.encode()
        headers = signed(newsroom.key, body, f"msg_{example.name}")
        headers["Content-Type"] = example.media_type
        path = f"/ingest/desk{example.query}"
        response = newsroom.client.post(path, data=body, headers=headers)
        assert response.status_code == example.status
        assert response.content_type == example.answer_media_type
        said = parsed(example.answer, example.answer_media_type)
        assert parsed(response.text, example.answer_media_type) == said


def test_signature_to_compare_with_is_the_librarys():
    example = sign_example()
    at = datetime.fromtimestamp(int(example.timestamp), UTC)
    assert Webhook(example.key).sign(example.message_id, at, example.body) == example.signature


@pytest.mark.parametrize("example", list_examples(""), ids=lambda example: example.name)
def test_example_is_laid_out_to_be_read(example):
    longest = max(map(len, example.body.splitlines()))
    assert longest < (400 if example.media_type == "application/x-ndjson" else 100)
