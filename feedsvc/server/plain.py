"""Pure: requests for documents that are written plainly, as nearly all are.

What they say is had at a fraction of what a parser for all requests costs. Whatever is not plain,
gunicorn's parser judges: nothing is refused here, and nothing taken that it would refuse.
"""

import re
from functools import lru_cache

#: A request line, and the target's path and query.
_LINE = re.compile(rb"(GET|HEAD) (/[A-Za-z0-9./_-]{0,2000})(?:\?([!\"$-~]{0,2000}))? HTTP/1\.1\r\n")
#: The rest of a head: nothing follows it, since that would be another's turn.
_FIELDS = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]{0,60}:[ -~\t]{0,4000}\r\n){1,60}\r\n")
#: What tells of a body, or of another way to go on. A host must be named.
_NOT_PLAIN = frozenset(
    (
        *("HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT", "HTTP_UPGRADE"),
        *("HTTP_HTTP2_SETTINGS", "HTTP_TE", "HTTP_TRAILER"),
    )
)
_KEEP = "keep-alive"


def read_plain(heard: bytes | bytearray) -> dict[str, str] | None:
    """What WSGI's environment has of one whole plain request; None of any other.

    Its connection goes on afterwards.
    """
    line = _LINE.match(heard)
    if line is None:
        return None
    rest = _FIELDS.match(heard, line.end())
    if rest is None or rest.end() != len(heard):
        return None
    method, path, query = line.groups(b"")
    fields = heard[line.end() : -4].decode("ascii").split("\r\n")
    environ = {
        "REQUEST_METHOD": method.decode("ascii"),
        "PATH_INFO": path.decode("ascii"),
        "QUERY_STRING": query.decode("ascii"),
    }
    for field in fields:
        name, _, value = field.partition(":")
        environ[_variable(name)] = value.strip(" \t")
    # One that is said twice is to be joined, or to be refused.
    if len(environ) != len(fields) + 3 or "HTTP_HOST" not in environ:
        return None
    if environ.get("HTTP_CONNECTION", _KEEP).lower() != _KEEP or _NOT_PLAIN & environ.keys():
        return None
    return environ


@lru_cache(maxsize=500)
def _variable(name: str) -> str:
    return "HTTP_" + name.upper().replace("-", "_")
