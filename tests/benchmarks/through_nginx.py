"""How many readers a second does nginx answer from what it has kept of feedsvc for a second?

With the configuration that is shipped, against nginx that has the same feed on its disk, compressed
beforehand. Both have one worker process, and what Debian's own configuration adds.
"""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.benchmarks.harness import Aim, Bench, Result, compare
from tests.benchmarks.load import GZIP, answers_a_second, warm
from tests.benchmarks.newspaper import FEED, fill
from tests.benchmarks.servers import feedsvc_on
from tests.deploy.nginx import AnyNginx, Nginx
from tests.integration.server import Reply

#: One, so that nginx has a core of its own, and its clients another.
_WORKERS = 1
_DEBIANS_OWN = "sendfile on; tcp_nopush on;"
#: What nginx writes itself of a file.
_OF_A_FILE = {
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "etag",
} | {
    *("last-modified", "server", "transfer-encoding", "vary"),
}
_AIM = Aim(0.8)


def measure(bench: Bench) -> list[Result]:
    options = {"workers": _WORKERS, "more": _DEBIANS_OWN}
    with feedsvc_on(bench.new_directory("product")) as product:
        fill(product)
        warm(product, FEED, GZIP)
        in_front = Nginx(bench.new_directory("in-front"), product.port, **options)
        with _running(in_front):
            directory = bench.new_directory("files")
            site = _keep_as_file(in_front.get(FEED, headers=GZIP), directory)
            from_disk = AnyNginx(directory, site, **options)
            with _running(from_disk):
                return [
                    compare(
                        bench,
                        "a feed that nginx has kept, against nginx with a file",
                        "answers/s",
                        partial(answers_a_second, bench, in_front, FEED, GZIP),
                        partial(answers_a_second, bench, from_disk, FEED, GZIP),
                        aim=_AIM,
                    )
                ]


def _keep_as_file(reply: Reply, directory: Path) -> Callable[[int], str]:
    """Lay the answer's bytes down; gives the configuration of a server that has them."""
    assert reply.headers["Content-Encoding"] == "gzip", reply.headers
    file = directory / "root" / FEED.removeprefix("/")
    file.parent.mkdir(parents=True)
    file.write_bytes(gzip.decompress(reply.body))
    file.with_name(f"{file.name}.gz").write_bytes(reply.body)
    fields = "".join(
        f'    add_header {name} "{_in_quotes(value)}";\n'
        for name, value in reply.headers.items()
        if name.lower() not in _OF_A_FILE
    )
    media_type = reply.headers.get_content_type()
    return lambda port: (
        f"server {{\n    listen 127.0.0.1:{port};\n    root {directory}/root;\n"
        f"    types {{ {media_type} rss; }}\n    charset utf-8;\n    charset_types {media_type};\n"
        f"    gzip_static on;\n    gzip_vary on;\n{fields}}}\n"
    )


def _in_quotes(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


@contextmanager
def _running(nginx: AnyNginx) -> Iterator[None]:
    try:
        nginx.start()
        yield
    finally:
        nginx.stop()
