"""The server's processes: gunicorn's worker, in which no thread waits for a client; the keeper."""
