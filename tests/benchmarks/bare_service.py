"""The least that keeps an article safely: a Flask view and one INSERT, committed to disk."""

import os
import sqlite3
import threading
from typing import Any

from flask import Flask, request

#: Long enough that no writer ever gives up: this is what the product is compared with.
_BUSY_TIMEOUT_SECONDS = 60


def create_app() -> Flask:
    """Its database is FEEDSVC_DATABASE_URL, as the product's is, and has the product's tables."""
    path = os.environ["FEEDSVC_DATABASE_URL"].removeprefix("sqlite:///")
    app, local = Flask("bare"), threading.local()

    def connect() -> tuple[sqlite3.Connection, str]:
        """This thread's connection, and its statement."""
        if not hasattr(local, "connection"):
            connection = sqlite3.connect(path, _BUSY_TIMEOUT_SECONDS, isolation_level=None)
            for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = 1"):
                connection.execute(f"PRAGMA {pragma}")
            local.connection, local.insert = connection, insert_statement(connection)
        return local.connection, local.insert

    @app.post("/articles")
    def keep() -> dict[str, Any]:
        connection, insert = connect()
        return {"id": connection.execute(insert, request.get_json()).lastrowid}

    @app.get("/readyz")
    def readyz() -> str:
        return "ready\n"

    return app


def insert_statement(connection: sqlite3.Connection) -> str:
    """An INSERT of all columns of `article` but its number, in their order."""
    names = list_columns(connection)
    return f"INSERT INTO article ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


def list_columns(connection: sqlite3.Connection) -> list[str]:
    return [row[1] for row in connection.execute("PRAGMA table_info(article)") if row[1] != "id"]
