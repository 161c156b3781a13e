"""How clients are waited for: gunicorn's worker, in which no thread waits for a client."""
