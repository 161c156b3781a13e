"""What a WSGI server loads: `gunicorn wsgi:app`."""

from feedsvc.app import create_app

app = create_app()
