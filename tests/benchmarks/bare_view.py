"""What single pushes are compared to: a Flask view that makes one durable insert, and no more."""

import os
import sqlite3
import threading

from flask import Flask, request

app = Flask(__name__)
_local = threading.local()
_COLUMNS = int(os.environ.get("BENCH_COLUMNS", "0"))
_INSERT = f"INSERT INTO article VALUES (NULL, ?, ?, ?{', ?' * (_COLUMNS - 4)})"


@app.post("/insert")
def insert() -> dict[str, str]:
    """Insert the row of an article, with what is sent for its text, and commit."""
    if not hasattr(_local, "connection"):
        _local.connection = sqlite3.connect(
            os.environ["BENCH_DATABASE"], isolation_level=None, timeout=30
        )
        _local.connection.execute("PRAGMA synchronous=FULL")
    name = request.headers["X-Name"]
    text = request.get_data().decode()
    rest = [text if at == _TEXT else _FILL[at] for at in range(4, _COLUMNS)]
    _local.connection.execute(_INSERT, (1, name, f"urn:{name}", *rest))
    return {"id": name, "status": "created"}


with sqlite3.connect(os.environ["BENCH_DATABASE"]) as _reader:
    _names = [row[1] for row in _reader.execute("PRAGMA table_info(article)")]
    _row = _reader.execute("SELECT * FROM article LIMIT 1").fetchone()
_reader.close()
_TEXT = _names.index("content_html")
_FILL = list(_row or [0] * len(_names))
