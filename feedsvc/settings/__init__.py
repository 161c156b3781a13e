"""Every setting once: its name, default, meaning and whether it is secret.

This is the only place that reads the environment. A secret `FEEDSVC_X` may instead be named by
file in `FEEDSVC_X_FILE`, as container platforms hand secrets over.
"""

import os
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from feedsvc.errors import ConfigurationError
from feedsvc.settings.hub import HubSettings
from feedsvc.settings.service import ServiceSettings
from feedsvc.settings.values import SECRET, UNLIMITED, Network, parse_networks, require_zone

__all__ = [
    "PREFIX",
    "SECRET",
    "UNLIMITED",
    "Settings",
    "load_settings",
    "require_zone",
    "variable_name",
]

PREFIX = "FEEDSVC_"


class Settings(HubSettings, ServiceSettings):
    """What an operator can set. Sizes in bytes or characters, times in seconds."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", env_ignore_empty=True, frozen=True
    )

    @property
    def proxies(self) -> tuple[Network, ...]:
        """The networks of `trusted_proxies`."""
        return parse_networks(self.trusted_proxies)

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
