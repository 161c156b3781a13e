"""Reading a request's body: within its size, in its time, and a large one not into memory."""

import errno
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, TypeVar

from flask import request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from feedsvc.errors import BodyTimeoutError, BodyTooLargeError, SpoolError
from feedsvc.incoming import deadlines

R = TypeVar("R")

_CHUNK_BYTES = 1 << 16


def read_body(limit_bytes: int, setting_name: str, timeout_seconds: float) -> bytes:
    """The raw body; one that says or turns out to be longer than the limit is not read on.

    Raises:
        BodyTooLargeError
        BodyTimeoutError: it did not arrive in time; its sender would hold up a thread.
    """
    body = _within(
        limit_bytes, setting_name, timeout_seconds, lambda: request.get_data(cache=False)
    )
    if len(body) > limit_bytes:
        raise BodyTooLargeError(limit_bytes, setting_name)
    return body


class SpooledBody:
    """A body in a temporary file that has no name: however large, little of it is in memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def chunks(self) -> Iterator[bytes]:
        self._file.seek(0)
        while chunk := self._file.read(_CHUNK_BYTES):
            yield chunk

    def lines(self, limit_bytes: int) -> Iterator[bytes]:
        """Its lines with their ends, of each one byte more than `limit_bytes` at the most."""
        self._file.seek(0)
        while line := self._file.readline(limit_bytes + 1):
            yield line


@contextmanager
def spooled_body(
    limit_bytes: int, setting_name: str, timeout_seconds: float
) -> Iterator[SpooledBody]:
    """The raw body, put aside.

    Raises:
        BodyTooLargeError
        BodyTimeoutError
        SpoolError: there is no room for it.
    """
    try:
        opened = tempfile.TemporaryFile()  # noqa: SIM115 (closed below)
    except OSError as error:
        raise SpoolError(f"The body can't be put aside: {error.strerror}.") from error
    with opened as file:
        size = _within(limit_bytes, setting_name, timeout_seconds, lambda: _spool(file))
        if size > limit_bytes:
            raise BodyTooLargeError(limit_bytes, setting_name)
        yield SpooledBody(file)


def _spool(file: IO[bytes]) -> int:
    size = 0
    try:
        while chunk := request.stream.read(_CHUNK_BYTES):
            size += len(chunk)
            file.write(chunk)
        file.flush()
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise  # the client's side
        raise SpoolError(f"The body can't be put aside: {error.strerror}.") from error
    return size


def _within(
    limit_bytes: int, setting_name: str, timeout_seconds: float, read: Callable[[], R]
) -> R:
    if (request.content_length or 0) > limit_bytes:
        raise BodyTooLargeError(limit_bytes, setting_name)
    # One more than the limit: Werkzeug cuts a body of unknown length there without a word.
    request.max_content_length = limit_bytes + 1
    with _deadline(timeout_seconds) as passed:
        try:
            body = read()
        except SpoolError:
            raise
        except Exception as error:  # also the server's own errors, which WSGI has no names for
            if passed.is_set() or isinstance(error, BlockingIOError):
                raise BodyTimeoutError from error
            if isinstance(error, RequestEntityTooLarge):
                raise BodyTooLargeError(limit_bytes, setting_name) from error
            raise BadRequest("The body could not be read.") from error
    if passed.is_set():
        raise BodyTimeoutError
    return body


@contextmanager
def _deadline(seconds: float) -> Iterator[threading.Event]:
    """Stop reading from the client after so long, however slowly it goes on sending."""
    passed = threading.Event()
    line: socket.socket | None = request.environ.get("gunicorn.socket")

    def hang_up() -> None:
        passed.set()
        if line is not None:
            with suppress(OSError):  # it may have gone by itself
                line.shutdown(socket.SHUT_RD)

    with deadlines.watch(seconds, hang_up):
        yield passed
