"""Every setting once: its name, default, meaning and whether it is secret.

This is the only place that reads the environment. A secret `FEEDSVC_X` may instead be named by
file in `FEEDSVC_X_FILE`, as container platforms hand secrets over.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from limits import parse_many
from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from feedsvc.errors import ConfigurationError

PREFIX = "FEEDSVC_"
#: A rate that is none.
UNLIMITED = "unlimited"
_MIN_TOKEN_CHARS = 16
_STORAGE_SCHEMES = {"memory", "redis", "rediss", "redis+unix"}
SECRET: dict[str, Any] = {"secret": True}


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an http or https address without query or fragment")
    return value.rstrip("/")


def require_zone(value: str) -> str:
    """The name of a time zone, if it is one; ValueError otherwise."""
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError("is not a time zone, such as Asia/Ho_Chi_Minh") from error
    return value


def _require_rate(value: str) -> str:
    try:
        is_rate = value == UNLIMITED or all(limit.amount > 0 for limit in parse_many(value))
    except ValueError:
        is_rate = False
    if not is_rate:
        raise ValueError("must be a rate such as 100/minute; 2000/hour, or unlimited")
    return value


def _require_storage(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_known = parts.scheme in _STORAGE_SCHEMES and parts.port != 0
    except ValueError:
        is_known = False
    if not is_known:
        raise ValueError(
            "must be memory://, or redis://HOST:PORT/NUMBER (rediss://, redis+unix://)"
        )
    return value


def _require_long_tokens(value: str) -> str:
    tokens = value.split()
    if any(len(token) < _MIN_TOKEN_CHARS for token in tokens):
        raise ValueError(
            f"has a token of under {_MIN_TOKEN_CHARS} characters; `openssl rand -hex 32` makes one"
        )
    if not value.isascii() or not all(token.isprintable() for token in tokens):
        raise ValueError("has a token with characters that a header can't have")
    return " ".join(tokens)


Rate = Annotated[str, AfterValidator(_require_rate)]
StorageUrl = Annotated[str, AfterValidator(_require_storage)]
ApiTokens = Annotated[str, AfterValidator(_require_long_tokens)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
ZoneName = Annotated[str, AfterValidator(require_zone)]
LanguageTag = Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
Count = Annotated[int, Field(ge=1)]


class Settings(BaseSettings):
    """What an operator can set. Sizes in bytes or characters, times in seconds."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", env_ignore_empty=True, frozen=True
    )

    database_url: str = Field(
        "sqlite:///feedsvc.db",
        description="Where articles are kept: `sqlite:///FILE` or `postgresql://…`.",
        json_schema_extra=SECRET,
        repr=False,
    )
    public_url: HttpUrl = Field(
        "",
        validate_default=False,
        description="The address that links in feeds begin with. Default: `http://127.0.0.1:PORT`.",
    )
    site_url: HttpUrl = Field(
        "",
        validate_default=False,
        description="The newspaper's own home page. Default: the public address.",
    )
    title: str = Field("News", min_length=1, description="The name of the newspaper.")
    description: str = Field("", description="A sentence about it. Default: its title.")
    language: LanguageTag = Field("vi", description="The language of the feeds, as in BCP 47.")
    timezone: ZoneName = Field(
        "Asia/Ho_Chi_Minh", description="The newsroom's time zone, for what pages show."
    )

    host: str = Field("127.0.0.1", description="The address that `feedsvc serve` listens on.")
    port: int = Field(
        8000,
        ge=0,
        le=65535,
        validation_alias="PORT",
        description="The port that `feedsvc serve` listens on; named `PORT`, without the prefix.",
    )
    workers: Count = Field(2, description="Server processes.")
    threads: Count = Field(8, description="Threads of each server process.")
    auto_migrate: bool = Field(
        default=True, description="Make the tables when the database is empty at the start."
    )
    log_level: str = Field(
        "INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="`DEBUG`, `INFO`, `WARNING` or `ERROR`.",
    )

    busy_timeout_seconds: float = Field(
        5.0, gt=0, description="How long a write waits for a locked database before it gives up."
    )
    pool_size: Count = Field(10, description="PostgreSQL connections of each server process.")
    retry_after_seconds: Count = Field(5, description="What a 503 answer tells the sender to wait.")
    max_age_seconds: Count = Field(
        300, description="How long readers and caches may keep a feed before they ask again."
    )
    stale_seconds: Count = Field(
        86_400, description="How long caches may serve an old feed while feedsvc is unreachable."
    )
    default_entries: Count = Field(30, description="Entries of a feed when `limit` is not given.")
    max_entries: Count = Field(200, description="The highest `limit` that may be asked for.")

    secret_key: str = Field(
        "",
        description="The secret that signing keys are sealed with; several, the newest first, "
        "separated by spaces. Default: for SQLite, what is in `FILE.secret` beside the database.",
        json_schema_extra=SECRET,
        repr=False,
    )
    signature_tolerance_seconds: Count = Field(
        300, description="How far a message's timestamp may be from this machine's clock."
    )
    ingest_rate: Rate = Field(
        "6000/minute",
        description="Messages that a source may send, such as `100/minute; 2000/hour`, or "
        "`unlimited`. With `memory://` each server process counts for itself.",
    )
    rate_storage_url: StorageUrl = Field(
        "memory://",
        description="Where they are counted: `memory://`, or `redis://…` for all processes.",
        json_schema_extra=SECRET,
        repr=False,
    )
    api_token: ApiTokens = Field(
        "",
        description="The token that opens the inbox's JSON API; several, separated by spaces. "
        "Without one there is no such API.",
        json_schema_extra=SECRET,
        repr=False,
    )
    max_body_bytes: Count = Field(5_000_000, description="The largest webhook body.")
    silence_timeout_seconds: Count = Field(
        10, description="How long a client may be silent in the middle of a request."
    )
    body_timeout_seconds: float = Field(
        60.0, gt=0, description="How long a webhook body may take to arrive."
    )
    inbox_days: Count = Field(
        30,
        description="How long messages are kept, to be looked at and run again, and known by their "
        "ids; longer than any sender tries again.",
    )
    max_events: Count = Field(1_000, description="Events in one message.")
    max_batch_bytes: Count = Field(
        100_000_000, description="The largest NDJSON body, which is put aside in a temporary file."
    )
    max_batch_lines: Count = Field(100_000, description="Lines of an NDJSON body.")
    batch_timeout_seconds: float = Field(
        600.0, gt=0, description="How long an NDJSON body may take to arrive."
    )
    max_json_depth: Count = Field(32, description="Nesting of a message's JSON.")
    max_json_values: Count = Field(
        200_000, description="Values in a message's JSON, or in a line's: the commas count."
    )
    max_html_tags: Count = Field(
        5_000, description="Tags in one article's HTML; cleaning takes the square of nested tags."
    )
    max_content_chars: Count = Field(
        1_000_000, description="Characters of one article's HTML or text."
    )
    # Above 600 of four bytes each, PostgreSQL could not index an id.
    max_id_chars: int = Field(500, ge=1, le=600, description="Characters of an article's `id`.")
    max_url_chars: Count = Field(2_000, description="Characters of an address.")
    max_title_chars: Count = Field(1_000, description="Characters of a title, name or tag.")
    max_summary_chars: Count = Field(
        10_000, description="Characters of a summary or correction that was sent."
    )
    max_list_items: Count = Field(
        50, description="Authors, tags, categories or attachments of one article."
    )
    max_categories: Count = Field(2_000, description="Categories of the newspaper.")
    max_category_depth: Count = Field(16, description="Levels of the category tree.")
    max_category_changes: Count = Field(
        200, description="Categories that one message may make, rename or move."
    )
    summary_chars: Count = Field(
        300, description="Characters of the summary made from the text when none was sent."
    )

    push_key: str = Field(
        "",
        description="The signing key that `feedsvc push` uses.",
        json_schema_extra=SECRET,
        repr=False,
    )

    @model_validator(mode="before")
    @classmethod
    def _derive_addresses(cls, values: dict[str, Any]) -> dict[str, Any]:
        public = values.get("public_url") or f"http://127.0.0.1:{values.get('PORT', 8000)}"
        return {
            **values,
            "public_url": public,
            "site_url": values.get("site_url") or public,
        }

    @model_validator(mode="after")
    def _default_entries_fit(self) -> Self:
        if self.default_entries > self.max_entries:
            raise ValueError("FEEDSVC_DEFAULT_ENTRIES is over FEEDSVC_MAX_ENTRIES")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, SecretFiles(settings_cls)


class SecretFiles(PydanticBaseSettingsSource):
    """Reads each secret setting from the file that `FEEDSVC_<NAME>_FILE` names."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        name = f"{PREFIX}{field_name.upper()}"
        path = os.environ.get(f"{name}_FILE")
        if not path or field.json_schema_extra != SECRET:
            return None, field_name, False
        if os.environ.get(name):
            raise ConfigurationError(f"Both {name} and {name}_FILE are set; keep one.")
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{name}_FILE: {path} can't be read: {error}") from error

    def __call__(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            value, key, _ = self.get_field_value(field, name)
            if value is not None:
                values[key] = value
        return values


def variable_name(field_name: str) -> str:
    """The environment variable that sets a field."""
    alias = Settings.model_fields[field_name].validation_alias
    return alias if isinstance(alias, str) else f"{PREFIX}{field_name.upper()}"


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process: the environment, with `overrides` (field names) before it.

    Raises:
        ConfigurationError: naming each variable that has a wrong value, without the value of a
            secret one.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [_explain(fault["loc"], fault["msg"]) for fault in error.errors()]
        raise ConfigurationError("; ".join(lines)) from None


def _explain(location: tuple[int | str, ...], message: str) -> str:
    reason = message.removeprefix("Value error, ")
    if not location:
        return reason
    field = str(location[0])
    name = variable_name(field) if field in Settings.model_fields else field
    return f"{name}: {reason}"
