"""Settings: from the environment, from files, and derived."""

import pytest

from feedsvc.errors import ConfigurationError
from feedsvc.settings import PREFIX, SECRET, Settings, load_settings, variable_name

SECRETS = sorted(
    name for name, field in Settings.model_fields.items() if field.json_schema_extra == SECRET
)


def load(monkeypatch, **variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def refusal(monkeypatch, **variables):
    with pytest.raises(ConfigurationError) as caught:
        load(monkeypatch, **variables)
    return str(caught.value)


# Names and defaults


def test_every_setting_has_a_default():
    assert load_settings().title == "News"


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_setting_says_what_it_means(name):
    assert Settings.model_fields[name].description


def test_setting_is_read_from_its_variable(monkeypatch):
    settings = load(monkeypatch, FEEDSVC_TITLE="Báo tỉnh", FEEDSVC_WORKERS="4")
    assert (settings.title, settings.workers) == ("Báo tỉnh", 4)


def test_override_stands_before_the_environment(monkeypatch):
    monkeypatch.setenv("FEEDSVC_TITLE", "Báo tỉnh")
    assert load_settings(title="Báo huyện").title == "Báo huyện"


def test_empty_variable_says_the_same_as_none(monkeypatch):
    settings = load(monkeypatch, FEEDSVC_TITLE="", FEEDSVC_WORKERS="", PORT="")
    assert (settings.title, settings.workers, settings.port) == ("News", 2, 8000)


def test_variable_without_the_prefix_is_not_read(monkeypatch):
    assert load(monkeypatch, TITLE="x", WORKERS="9").workers == 2


def test_unknown_variable_is_passed_over(monkeypatch):
    assert load(monkeypatch, FEEDSVC_NO_SUCH_SETTING="x").title == "News"


def test_env_file_is_not_read(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("FEEDSVC_TITLE=x\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_settings().title == "News"


def test_settings_can_not_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        load_settings().title = "x"


def test_variable_is_the_prefix_and_the_name():
    assert variable_name("max_body_bytes") == "FEEDSVC_MAX_BODY_BYTES"


def test_port_is_named_without_the_prefix(monkeypatch):
    assert variable_name("port") == "PORT"
    assert load(monkeypatch, PORT="8123", FEEDSVC_PORT="9").port == 8123


# Addresses


def test_public_address_is_this_machine_and_the_default_port():
    assert load_settings().public_url == "http://127.0.0.1:8000"


def test_public_address_follows_the_port(monkeypatch):
    assert load(monkeypatch, PORT="8123").public_url == "http://127.0.0.1:8123"


def test_public_address_that_is_set_stands_whatever_the_port(monkeypatch):
    settings = load(monkeypatch, PORT="8123", FEEDSVC_PUBLIC_URL="https://feeds.example")
    assert settings.public_url == "https://feeds.example"


def test_empty_public_address_is_derived(monkeypatch):
    settings = load(monkeypatch, FEEDSVC_PUBLIC_URL="", PORT="8123")
    assert settings.public_url == "http://127.0.0.1:8123"


def test_slash_after_an_address_goes(monkeypatch):
    settings = load(monkeypatch, FEEDSVC_PUBLIC_URL="https://feeds.example/news/")
    assert settings.public_url == "https://feeds.example/news"


def test_home_page_is_the_public_address_unless_set(monkeypatch):
    settings = load(monkeypatch, FEEDSVC_PUBLIC_URL="https://feeds.example")
    assert settings.site_url == "https://feeds.example"


def test_home_page_that_is_set_stands(monkeypatch):
    settings = load(
        monkeypatch,
        FEEDSVC_PUBLIC_URL="https://feeds.example",
        FEEDSVC_SITE_URL="https://news.example/",
    )
    assert settings.site_url == "https://news.example"


# Bad values


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FEEDSVC_PUBLIC_URL", "feeds.example"),
        ("FEEDSVC_PUBLIC_URL", "ftp://feeds.example"),
        ("FEEDSVC_PUBLIC_URL", "https://"),
        ("FEEDSVC_PUBLIC_URL", "https://feeds.example/?a=b"),
        ("FEEDSVC_PUBLIC_URL", "https://[::1"),
        ("FEEDSVC_SITE_URL", "https://news.example/#a"),
        ("FEEDSVC_LANGUAGE", "Vietnamese!"),
        ("FEEDSVC_LANGUAGE", "vi\n"),
        ("FEEDSVC_TIMEZONE", "Hanoi"),
        ("FEEDSVC_TIMEZONE", "../../etc/passwd"),
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("FEEDSVC_WORKERS", "0"),
        ("FEEDSVC_WORKERS", "two"),
        ("FEEDSVC_AUTO_MIGRATE", "perhaps"),
        ("FEEDSVC_LOG_LEVEL", "LOUD"),
        ("FEEDSVC_BUSY_TIMEOUT_SECONDS", "0"),
        ("FEEDSVC_BUSY_TIMEOUT_SECONDS", "nan"),
        ("FEEDSVC_MAX_BODY_BYTES", "5 MB"),
    ],
)
def test_bad_value_names_its_variable(monkeypatch, variable, value):
    assert refusal(monkeypatch, **{variable: value}).startswith(f"{variable}: ")


def test_every_bad_value_is_named_at_once(monkeypatch):
    message = refusal(monkeypatch, PORT="http", FEEDSVC_WORKERS="0")
    assert "PORT: " in message
    assert "FEEDSVC_WORKERS: " in message


def test_default_entries_over_the_highest_limit_name_both(monkeypatch):
    message = refusal(monkeypatch, FEEDSVC_DEFAULT_ENTRIES="31", FEEDSVC_MAX_ENTRIES="30")
    assert message == "FEEDSVC_DEFAULT_ENTRIES is over FEEDSVC_MAX_ENTRIES"


# Secrets


# What every secret setting can be.
HUSH = "redis://hush-hush-hush-hush"
FROM_FILE = "redis://long-from-the-file"


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text(f"  {FROM_FILE}\n", encoding="utf-8")
    return str(path)


def test_what_lets_into_the_database_and_signs_is_secret():
    assert {"database_url", "push_key"} <= set(SECRETS)


@pytest.mark.parametrize("name", SECRETS)
def test_secret_is_read_from_the_file_that_is_named(monkeypatch, secret_file, name):
    settings = load(monkeypatch, **{f"{variable_name(name)}_FILE": secret_file})
    assert getattr(settings, name) == FROM_FILE


@pytest.mark.parametrize("name", SECRETS)
def test_secret_given_both_ways_is_refused(monkeypatch, secret_file, name):
    variable = variable_name(name)
    message = refusal(monkeypatch, **{variable: HUSH, f"{variable}_FILE": secret_file})
    assert message == f"Both {variable} and {variable}_FILE are set; keep one."


@pytest.mark.parametrize("name", SECRETS)
def test_secret_beside_an_empty_file_name_is_read(monkeypatch, name):
    variable = variable_name(name)
    settings = load(monkeypatch, **{variable: HUSH, f"{variable}_FILE": ""})
    assert getattr(settings, name) == HUSH


@pytest.mark.parametrize("name", SECRETS)
def test_empty_secret_gives_way_to_its_file(monkeypatch, secret_file, name):
    variable = variable_name(name)
    settings = load(monkeypatch, **{variable: "", f"{variable}_FILE": secret_file})
    assert getattr(settings, name) == FROM_FILE


@pytest.mark.parametrize("name", SECRETS)
def test_file_that_is_missing_is_named_with_its_variable(monkeypatch, tmp_path, name):
    variable, path = f"{variable_name(name)}_FILE", str(tmp_path / "none")
    assert refusal(monkeypatch, **{variable: path}).startswith(f"{variable}: {path} can't be read")


def test_file_that_is_no_text_is_refused_without_its_content(monkeypatch, tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(b"hush-hush-hush-hush\xff")
    message = refusal(monkeypatch, FEEDSVC_PUSH_KEY_FILE=str(path))
    assert message.startswith("FEEDSVC_PUSH_KEY_FILE: ")
    assert HUSH not in message


def test_setting_that_is_no_secret_is_not_read_from_a_file(monkeypatch, secret_file):
    assert load(monkeypatch, FEEDSVC_TITLE_FILE=secret_file).title == "News"


@pytest.mark.parametrize("name", SECRETS)
def test_secret_is_in_no_message(monkeypatch, name):
    message = refusal(monkeypatch, **{variable_name(name): HUSH, "FEEDSVC_WORKERS": "0"})
    assert HUSH not in message


@pytest.mark.parametrize("name", SECRETS)
def test_secret_of_a_wrong_type_is_in_no_message(name):
    with pytest.raises(ConfigurationError) as caught:
        load_settings(**{name: [HUSH]})
    assert str(caught.value).startswith(variable_name(name))
    assert HUSH not in str(caught.value)


@pytest.mark.parametrize("name", SECRETS)
def test_secret_is_not_shown_where_settings_are(name):
    assert HUSH not in repr(load_settings(**{name: HUSH}))


def test_prefix_is_the_one_that_operators_know():
    assert PREFIX == "FEEDSVC_"
