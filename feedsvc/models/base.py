"""What the tables are made of."""

import json
from datetime import datetime
from typing import Any

import peewee

from feedsvc.db import bound, from_microseconds, to_microseconds

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class MomentField(peewee.BigIntegerField):
    """An aware UTC time, kept as microseconds since 1970: the same order on both databases."""

    def db_value(self, value: datetime | None) -> int | None:
        return None if value is None else to_microseconds(value)

    def python_value(self, value: int | None) -> datetime | None:
        return None if value is None else from_microseconds(value)


class ListField(peewee.TextField):
    """A record, or a list of records, as JSON."""

    def db_value(self, value: Any) -> str | None:
        if value is None:
            return None
        return _encode(value)

    def python_value(self, value: str | None) -> Any:
        return None if value is None else json.loads(value)


class Table(peewee.Model):
    class Meta:
        database = bound
        legacy_table_names = False


class NumberedTable(Table):
    id = peewee.AutoField()
