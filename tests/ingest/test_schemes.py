"""How messages of other systems are verified: known answers, and every way to be wrong."""

import hmac
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.datastructures import Headers

from feedsvc.errors import SignatureError
from feedsvc.ingest.schemes import SCHEMES
from feedsvc.secrecy import hash_token

KEY, OTHER = "ourpasswordisverylong", "another"
BODY = '{"title": "Đảng ủy"}'.encode()
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TOLERANCE = 300


def digest(algorithm: str, signed: bytes, key: str = KEY) -> str:
    return hmac.new(key.encode(), signed, algorithm).hexdigest()


def ghost(body: bytes = BODY, key: str = KEY, at: datetime = NOW) -> str:
    milliseconds = int(at.timestamp() * 1000)
    return f"sha256={digest('sha256', body + str(milliseconds).encode(), key)}, t={milliseconds}"


#: scheme -> the header that it reads, and what makes its value.
SIGNED = {
    "superdesk": ("x-superdesk-signature", lambda body, key: f"sha1={digest('sha1', body, key)}"),
    "hub-signature": (
        "X-Hub-Signature-256",
        lambda body, key: f"sha256={digest('sha256', body, key)}",
    ),
    "ghost": ("X-Ghost-Signature", ghost),
    "bearer": ("Authorization", lambda _, key: f"Bearer {key}"),
}
every_scheme = pytest.mark.parametrize("name", SIGNED)


def verify(name, value, body=BODY, keys=(KEY,), now=NOW):
    headers = Headers({SIGNED[name][0]: value}) if value is not None else Headers()
    kept = [hash_token(key) for key in keys] if SCHEMES[name].is_hashed else list(keys)
    return SCHEMES[name].verify(headers, body, kept, now, TOLERANCE)


def sign(name, body=BODY, key=KEY):
    return SIGNED[name][1](body, key)


@every_scheme
def test_message_signed_with_a_key_is_verified(name):
    assert verify(name, sign(name)).sent_at == NOW


@every_scheme
def test_any_of_several_keys_will_do(name):
    assert verify(name, sign(name), keys=(OTHER, KEY))


@every_scheme
@pytest.mark.parametrize("keys", [(OTHER,), ()], ids=["another key", "no key"])
def test_other_key_is_refused(name, keys):
    with pytest.raises(SignatureError):
        verify(name, sign(name), keys=keys)


@pytest.mark.parametrize("name", [name for name in SIGNED if name != "bearer"])
def test_changed_body_is_refused(name):
    with pytest.raises(SignatureError):
        verify(name, sign(name), body=BODY + b" ")


@every_scheme
@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "sha256=",
        "sha1=abc",
        "sha256=zz, t=1",
        "Basic abc",
        "sha256=é",
        "Bearer",
        "=",
        ",",
    ],
)
def test_missing_or_malformed_header_is_refused(name, value):
    with pytest.raises(SignatureError):
        verify(name, value)


@every_scheme
def test_message_is_known_again_by_what_was_signed(name):
    first, again = verify(name, sign(name)), verify(name, sign(name))
    other = verify(name, sign(name, b"{}"), body=b"{}")
    assert first.message_id == again.message_id != other.message_id


def test_superdesk_may_sign_with_sha256_too():
    assert verify("superdesk", f"sha256={digest('sha256', BODY)}")


def test_hub_signature_with_sha1_is_refused():
    with pytest.raises(SignatureError):
        verify("hub-signature", f"sha1={digest('sha1', BODY)}")


def test_digest_is_read_in_capitals_too():
    assert verify("superdesk", f"sha1={digest('sha1', BODY).upper()}")


@pytest.mark.parametrize("seconds", [-TOLERANCE - 1, TOLERANCE + 1])
def test_ghosts_message_from_another_time_is_refused(seconds):
    with pytest.raises(SignatureError, match="too far from now"):
        verify("ghost", ghost(at=NOW + timedelta(seconds=seconds)))


def test_ghosts_time_is_part_of_what_is_signed():
    value = ghost()
    with pytest.raises(SignatureError):
        verify("ghost", value[:-1] + ("0" if value[-1] != "0" else "1"))


def test_ghosts_message_was_sent_when_it_says():
    at = NOW - timedelta(seconds=10, milliseconds=250)
    assert verify("ghost", ghost(at=at)).sent_at == at


def test_known_answer_of_ghosts_scheme():
    """Worked out with openssl: printf '{}1600000000000' | openssl dgst -sha256 -hmac secret"""
    value = f"sha256={GHOST_ANSWER}, t=1600000000000"
    at = datetime.fromtimestamp(1_600_000_000, UTC)
    assert verify("ghost", value, body=b"{}", keys=("secret",), now=at)


GHOST_ANSWER = "399e73e4c7b43299817d2e3548fe1242e0290c0de74d4728b5055032e8684fd5"


@pytest.mark.parametrize("value", ["bearer {}", "Bearer  {}", " BEARER {} "])
def test_bearer_may_be_written_in_any_case(value):
    assert verify("bearer", value.format(KEY))


def test_keys_are_lines_that_settings_pages_take():
    for name in SIGNED:
        key = SCHEMES[name].make_key()
        assert key.isalnum()
        assert len(key) >= 50
        assert key != SCHEMES[name].make_key()
