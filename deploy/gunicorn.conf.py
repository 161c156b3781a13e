"""How gunicorn serves feedsvc: `feedsvc serve`, or `gunicorn -c deploy/gunicorn.conf.py …`."""

from feedsvc.settings import load_settings

_settings = load_settings()

bind = f"{_settings.host}:{_settings.port}"
workers = _settings.workers
# Threads, so that a reader with a slow line holds up a thread and not a worker.
worker_class = "gthread"
threads = _settings.threads
keepalive = 30
timeout = 60
graceful_timeout = 30
# No worker may write its heartbeat to a disk that stalls.
worker_tmp_dir = "/dev/shm"  # noqa: S108 (memory, private to each process)
# The management socket is of no use here, and a file that two instances would fight over.
control_socket_disable = True
