"""Pure: how much of a request has been heard. gunicorn's parser judges it when it is there."""

import re
from enum import Enum, auto

#: As much as nginx takes (`large_client_header_buffers`).
MAX_HEAD_BYTES = 32_768
#: With its head, a request of so many bytes is waited for before a thread gets it.
MAX_SHORT_BYTES = 65_536

_END = b"\r\n\r\n"
_BODY = re.compile(rb"\n(?:content-length|transfer-encoding|expect)[ \t]*:", re.IGNORECASE)
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)


class Heard(Enum):
    PART_OF_HEAD = auto()
    #: The head, and less than all of a short body.
    PART_OF_BODY = auto()
    #: A thread needs not wait for more.
    WHOLE = auto()
    #: The head of a request whose body is long, or of a length that is not known.
    HEAD_OF_LONG = auto()
    #: More than a head may have, and no end of it.
    TOO_MUCH = auto()


def judge(heard: bytes | bytearray) -> Heard:
    """How much of the first request this is."""
    end = heard.find(_END)
    if (len(heard) if end < 0 else end) > MAX_HEAD_BYTES:
        return Heard.TOO_MUCH
    if end < 0:
        # A line that ends in LF alone is refused by the parser, which need not wait for more.
        is_odd = heard.count(b"\n") != heard.count(b"\r\n")
        return Heard.WHOLE if is_odd else Heard.PART_OF_HEAD
    body_at = end + len(_END)
    fields = _BODY.findall(heard, 0, body_at)
    if not fields:
        return Heard.WHOLE
    length = _LENGTH.search(heard, 0, body_at)
    # Beside a length alone; who expects to be asked for the body does not send it before.
    if length is None or len(fields) > 1:
        return Heard.HEAD_OF_LONG
    whole_bytes = body_at + int(length[1])
    if len(heard) >= whole_bytes:
        return Heard.WHOLE
    return Heard.HEAD_OF_LONG if whole_bytes > MAX_SHORT_BYTES else Heard.PART_OF_BODY
