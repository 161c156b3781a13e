"""What is asked of the hub: each parameter that is missing, repeated or wrong is told by name."""

import pytest

from feedsvc.errors import HubError
from feedsvc.hub.requests import (
    FORM,
    parse_cloud_request,
    parse_form,
    parse_request,
)
from tests.conftest import make_settings
from tests.hub.conftest import CALLBACK, TOPIC, wish

SETTINGS = make_settings("sqlite:///none.db")
CLIENT = "198.51.100.7"
CLOUD = [("notifyProcedure", ""), ("port", "80"), ("path", "/ping"), ("url1", TOPIC)]


def parse(**said):
    return parse_request(wish(**said), SETTINGS)


def parse_cloud(*more, without=(), client=CLIENT):
    pairs = [pair for pair in CLOUD if pair[0] not in without]
    return parse_cloud_request([*pairs, *more], client)


def test_good_request_is_taken_as_it_is():
    asked = parse(lease_seconds="3600", secret="một bí mật")
    assert (asked.mode, asked.topic, asked.callback) == ("subscribe", TOPIC, CALLBACK)
    assert (asked.lease_seconds, asked.secret) == (3600, "một bí mật")


@pytest.mark.parametrize("name", ["mode", "topic", "callback"])
@pytest.mark.parametrize("value", [None, "", " "])
def test_parameter_that_must_be_there_is_told(name, value):
    with pytest.raises(HubError, match=rf"^hub\.{name}: is missing") as caught:
        parse(**{name: value})
    assert caught.value.name == f"hub.{name}"


@pytest.mark.parametrize("name", ["mode", "topic", "callback", "lease_seconds", "secret"])
def test_repeated_parameter_is_told_though_it_says_the_same(name):
    pairs = [*wish(lease_seconds="300", secret="x")]
    pairs.append(next(pair for pair in pairs if pair[0] == f"hub.{name}"))
    with pytest.raises(HubError, match=rf"^hub\.{name}: was given more than once"):
        parse_request(pairs, SETTINGS)


def test_names_of_older_protocols_are_passed_over():
    more = [("hub.verify", "sync"), ("hub.verify", "async"), ("hub.verify_token", "x")]
    assert parse_request([*wish(), *more], SETTINGS) == parse()


@pytest.mark.parametrize("mode", ["Subscribe", "denied", "subscribe,unsubscribe"])
def test_mode_that_is_none_is_told(mode):
    with pytest.raises(HubError, match=r"hub\.mode: must be subscribe or unsubscribe"):
        parse(mode=mode)


def test_publishing_is_refused_in_words():
    with pytest.raises(HubError, match="knows by itself"):
        parse_request([("hub.mode", "publish"), ("hub.url", TOPIC)], SETTINGS)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        *((None, 864_000), ("", 864_000), ("1", 300), ("299", 300), ("300", 300)),
        *(("2592000", 2_592_000), ("315360000", 2_592_000), ("9" * 19, 2_592_000)),
    ],
)
def test_lease_stays_within_the_settings(asked, given):
    assert parse(lease_seconds=asked).lease_seconds == given


@pytest.mark.parametrize("lease", ["0", "00", "-1", "1.5", "1e3", "ten", "٣٠٠", "9" * 20, "+5"])
def test_lease_that_is_no_number_above_zero_is_told(lease):
    with pytest.raises(HubError, match=r"^hub\.lease_seconds: must be a whole number"):
        parse(lease_seconds=lease)


@pytest.mark.parametrize("secret", ["x" * 200, "ế" * 67, "x" * 10_000])
def test_secret_of_200_bytes_is_told(secret):
    with pytest.raises(HubError, match=r"^hub\.secret: must be under 200 bytes"):
        parse(secret=secret)


@pytest.mark.parametrize("secret", ["x" * 199, "ế" * 66])
def test_secret_of_less_is_taken(secret):
    assert parse(secret=secret).secret == secret


def test_empty_secret_is_none():
    assert parse(secret="").secret is None


# The body


@pytest.mark.parametrize("media_type", ["", "application/json", "multipart/form-data"])
def test_body_that_is_no_form_is_told(media_type):
    with pytest.raises(HubError, match="Content-Type: must be"):
        parse_form(b"hub.mode=subscribe", media_type)


@pytest.mark.parametrize("body", [b"hub.topic=%FF%FE", b"hub.topic=\xff", "hub.topic=ế".encode()])
def test_body_that_is_not_utf_8_is_told(body):
    with pytest.raises(HubError, match="body: is not"):
        parse_form(body, FORM)


def test_body_of_too_many_parameters_is_told():
    with pytest.raises(HubError, match="more than 100 parameters"):
        parse_form(b"&".join([b"a=b"] * 101), FORM)


# rssCloud


def test_registration_without_a_domain_is_for_who_asks():
    asked = parse_cloud()
    assert asked.callback == f"http://{CLIENT}:80/ping"
    assert asked.topics == (TOPIC,)
    assert not asked.is_challenged


def test_registration_with_a_domain_is_challenged():
    asked = parse_cloud(("domain", "partner.example"), ("protocol", "https-post"))
    assert asked.callback == "https://partner.example:80/ping"
    assert asked.is_challenged


def test_registration_from_ipv6_has_its_brackets():
    assert parse_cloud(client="2001:db8::1").callback == "http://[2001:db8::1]:80/ping"


def test_path_of_wordpress_stays_as_it_is():
    asked = parse_cloud(("path", "?rsscloud=notify&a=%2F"), without=["path"])
    assert asked.callback == f"http://{CLIENT}:80/?rsscloud=notify&a=%2F"


def test_registration_may_name_several_feeds_each_once():
    other = TOPIC.replace("all", "tin-tuc")
    asked = parse_cloud(("url3", TOPIC), ("url2", other))
    assert asked.topics == (TOPIC, other)


@pytest.mark.parametrize(
    ("more", "without", "name"),
    [
        ((), ["port"], "port"),
        ((), ["path"], "path"),
        ((), ["url1"], "url1"),
        ((("port", "80"),), (), "port"),
        ((("port", "http"),), ["port"], "port"),
        ((("protocol", "xml-rpc"),), (), "protocol"),
        ((("notifyProcedure", "ping"),), ["notifyProcedure"], "notifyProcedure"),
        ((("domain", "user@partner.example"),), (), "domain"),
        ((("domain", "partner.example/path"),), (), "domain"),
        (tuple((f"url{number}", TOPIC) for number in range(2, 13)), (), "url1"),
    ],
)
def test_fault_of_a_registration_is_told(more, without, name):
    with pytest.raises(HubError) as caught:
        parse_cloud(*more, without=without)
    assert caught.value.name == name
