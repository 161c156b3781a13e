"""Django in the product's server, with the product's articles. Nothing here imports Django."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.servers import baseline_on
from tests.integration.server import REPOSITORY, Service

_APPLICATION = "django.core.wsgi:get_wsgi_application()"
_FILL = (sys.executable, "-m", "tests.benchmarks.django_site.fill")


@contextmanager
def django_on(directory: Path, product: Service, *, is_cached: bool) -> Iterator[Service]:
    """Cached, it compresses too; not cached, every answer is made anew and as it is."""
    environment = {
        "BENCH_DJANGO_DATABASE": str(directory / "django.db"),
        "BENCH_DJANGO_CACHED": "1" if is_cached else "0",
        "DJANGO_SETTINGS_MODULE": "tests.benchmarks.django_site.settings",
    }
    command = [*_FILL, product.database_url]
    subprocess.run(command, cwd=REPOSITORY, env=os.environ | environment, check=True)
    with baseline_on(directory, _APPLICATION, **environment) as service:
        yield service
