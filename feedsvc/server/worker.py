"""gunicorn's worker with threads, of which none waits for a client.

gunicorn's own gives a thread to each new connection, to wait for its request; the thread then reads
what the client sends, as slowly as it likes, and writes until the client has taken the answer. Its
main loop closes connections, and may wait for two seconds with each. So a few dozen clients that
dawdle keep everybody else out. Here the main loop waits, for all of them at once: a thread gets a
request when it is there, and gives back an answer that may still have to be sent. Only a long body
is read by a thread, and half of the threads never do that. An answer that is in memory already
needs no thread, and nothing of gunicorn's: the loop gives it itself. Where it is out of date, it is
made anew at once, or by a thread, for all who ask for it meanwhile.

It builds on what gunicorn 27 does inside (`gunicorn/workers/gthread.py`), whose hooks it replaces.
"""

import errno
import selectors
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from gunicorn import SERVER, util
from gunicorn.errors import ConfigError
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER

from feedsvc.server.connection import Connection
from feedsvc.server.crowds import Crowds, Environ
from feedsvc.server.fairness import FairWorker
from feedsvc.server.hearing import Heard, judge
from feedsvc.server.line import Line
from feedsvc.server.plain import read_plain
from feedsvc.server.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from concurrent.futures import Future

T = TypeVar("T")

_RECEIVE_BYTES = 65_536
#: A client that was told that the connection ends may still be sending (RFC 9112, section 9.6).
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 1_000_000
#: What is left of a body that nobody read is not waited for.
_DRAIN_SECONDS = 0.2
#: Who has waited so long for somebody else's answer gets a thread, too.
_TOGETHER_SECONDS = 1.0
#: How often it is looked who is late.
_LOOK_SECONDS = 1.0
_NO_FILES = (errno.EMFILE, errno.ENFILE)
_NOBODY_THERE = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)


class Found(Protocol):
    """An answer that is there: its status and fields, each with the end of its line, and a body."""

    @property
    def head(self) -> bytes: ...

    @property
    def body(self) -> bytes: ...


class Made(Protocol):
    """An answer that was made anew, for whoever asks for it."""

    def reply(self, environ: Environ, now: float, /) -> Found: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long clients are waited for."""

    head_seconds: float
    #: For a short body; then a thread goes on reading, within the limits of who asked for it.
    body_seconds: float
    answer_seconds: float
    #: For a thread that may read a long body.
    queue_seconds: float


class PatientWorker(FairWorker):
    """Connections belong to the main loop, save while a thread answers a request."""

    patience: Patience

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: Waiting
        #: Who is to have a thread that may read a long body.
        self._queue: dict[Connection, None] = {}
        self._reading_long = 0
        self._next_look = 0.0
        self._lacks_files = False
        self._crowds = Crowds()
        self._recall: Callable[[Environ], Found | None] = lambda _environ: None
        self._find_outdated: Callable[[Environ], Hashable | None] = lambda _environ: None
        self._renew: Callable[[Any], Made | None] = lambda _answer: None
        self._renew_at_once: Callable[[Any, Environ], Found | None] = lambda *_: None
        self._date = 0, b""

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        super().check_config(cfg, log)
        if cfg.is_ssl:
            raise ConfigError("TLS is for the proxy in front of feedsvc: deploy/README.md")

    def run(self) -> None:
        self._waiting = Waiting(self.poller)
        self._keepalive_seconds = self.cfg.keepalive
        # What stands in front of the application may know what needs no waiting (serving/layer.py).
        # Who wants a line of each request in a log gets it from gunicorn.
        layer = getattr(self.wsgi, "wsgi_app", None)
        if self.cfg.keepalive and not self.log.access_log_enabled:
            self._recall = getattr(layer, "recall", self._recall)
            self._find_outdated = getattr(layer, "find_outdated", self._find_outdated)
            self._renew = getattr(layer, "renew", self._renew)
            self._renew_at_once = getattr(layer, "renew_at_once", self._renew_at_once)
        super().run()

    # In the main loop: hearing requests

    def accept(self, listener: Any) -> None:
        if self.leaves_it():
            return
        try:
            accepted, client = listener.accept()
        except OSError as error:
            if error.errno in _NO_FILES:
                self._lacks_files = True
            elif error.errno not in _NOBODY_THERE:
                raise
            return
        self.count_connections(1)
        line = Line(accepted, self.patience.answer_seconds)
        conn = Connection(self.cfg, line, client, listener.getsockname())
        self._hear(conn)  # as a rule, the request came with the connection

    def _expect_request(self, conn: Connection) -> None:
        """It is idle: until its next request, or for as long as connections are kept."""
        seconds = self._keepalive_seconds if self.alive else STOP_KEEPALIVE_LINGER
        self._waiting.wait(conn, selectors.EVENT_READ, self._hear, seconds, self._end)

    def _hear(self, conn: Connection) -> None:
        try:
            received = conn.sock.recv(_RECEIVE_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            if conn.then is None:
                self._expect_request(conn)
            return
        except OSError:
            received = b""
        if received:
            is_first = not conn.heard
            environ = read_plain(received) if is_first and self.alive else None
            if environ is not None and self._is_answered(conn, environ):
                return
            conn.heard += received
            if environ is None or not self._is_joining(conn, environ, time.monotonic()):
                self._judge(conn, is_first=is_first)
        elif judge(conn.heard) is Heard.PART_OF_BODY:
            self._pass_on(conn)  # the application says that it is cut short
        else:
            self._end(conn)

    def _is_answered(self, conn: Connection, environ: Environ) -> bool:
        """Here and now: to hand it to a thread and back would take longer than to answer it."""
        found = self._try(self._recall, environ)
        if found is None:
            return False
        self._answer(conn, environ, found)
        return True

    def _answer(self, conn: Connection, environ: Environ, found: Found) -> None:
        self.nr += 1
        conn.heard.clear()
        conn.sock.sendall(b"HTTP/1.1 %b%b" % (found.head, self._end_of_head()))
        if environ["REQUEST_METHOD"] != "HEAD":
            conn.sock.sendall(found.body)
        self._send(conn)

    def _is_joining(self, conn: Connection, environ: Environ, since: float) -> bool:
        """Whether it has an answer that was made anew, or waits for one, as it has since then."""
        answer = self._try(self._find_outdated, environ)
        if answer is None or judge(conn.heard) is not Heard.WHOLE:
            return False
        if found := self._try(self._renew_at_once, answer, environ):
            self._answer(conn, environ, found)
            return True
        if self._crowds.join(conn, answer, environ, since):
            making = self.tpool.submit(self._make, answer, environ)
            making.add_done_callback(
                lambda made: self.method_queue.defer(self._answer_crowd, answer, made)
            )
        self._waiting.put_aside(conn, _TOGETHER_SECONDS, self._pass_on)
        return True

    def _make(self, answer: "Hashable", environ: Environ) -> tuple[Made | None, float]:
        """In a thread: the answer, and since when it has been in the making."""
        began = time.monotonic()
        made = self._renew(answer)
        if made is not None:
            made.reply(environ, time.time())  # so that it is compressed here, not in the loop
        return made, began

    def _answer_crowd(
        self, answer: "Hashable", making: "Future[tuple[Made | None, float]]"
    ) -> None:
        """Give it to all who came before it was begun: though others may have written since, what
        they were told of before they asked is in it. The later ones may have to wait again."""
        if fault := making.exception():
            self.log.error("An answer can't be made anew.", exc_info=fault)
        made, began = (None, 0.0) if fault else making.result()
        for conn, environ, since in self._crowds.disperse(answer):
            if made is None or not self.alive:
                self._pass_on(conn)
            elif since <= began and (found := self._try(made.reply, environ, time.time())):
                self._answer(conn, environ, found)
            elif since > began and (
                self._is_answered(conn, environ) or self._is_joining(conn, environ, since)
            ):
                continue
            else:
                self._pass_on(conn)

    def _try(self, verb: "Callable[..., T | None]", *values: Any) -> "T | None":
        """What a verb of the application gives; None if it fails: a thread says so again to the
        one who asked, and the loop goes on for all others."""
        try:
            return verb(*values)
        except Exception:
            self.log.exception("An answer can't be had from memory.")
            return None

    def _end_of_head(self) -> bytes:
        """What the server says itself in each answer, after which the connection goes on."""
        now = int(time.time())
        if self._date[0] != now:
            lines = f"Server: {SERVER}\r\nDate: {util.http_date()}\r\nConnection: keep-alive"
            self._date = now, f"{lines}\r\n\r\n".encode("ascii")
        return self._date[1]

    def _judge(self, conn: Connection, *, is_first: bool) -> None:
        heard = judge(conn.heard)
        if heard is Heard.WHOLE:
            self._pass_on(conn)
        elif heard is Heard.HEAD_OF_LONG:
            self._queue_up(conn)
        elif heard is Heard.TOO_MUCH:
            self._refuse(conn)
        elif heard is Heard.PART_OF_BODY:
            if conn.when_late != self._queue_up:
                seconds = self.patience.body_seconds
                self._waiting.wait(conn, selectors.EVENT_READ, self._hear, seconds, self._queue_up)
        elif is_first:
            self._waiting.wait(
                conn, selectors.EVENT_READ, self._hear, self.patience.head_seconds, self._end
            )

    def _refuse(self, conn: Connection) -> None:
        util.write_error(conn.sock, 431, "Request Header Fields Too Large", "")
        conn.is_kept = False
        self._send(conn)

    def _queue_up(self, conn: Connection) -> None:
        """A thread may have to wait for its body. Half of them always are there for others."""
        self._queue[conn] = None
        self._waiting.put_aside(conn, self.patience.queue_seconds, self._end)
        self._serve_queue()

    def _serve_queue(self) -> None:
        while self._queue and self._reading_long < max(1, self.cfg.threads // 2):
            conn = next(iter(self._queue))
            conn.has_long_body = True
            self._reading_long += 1
            self._pass_on(conn)

    def _pass_on(self, conn: Connection) -> None:
        self._forget(conn)
        self.enqueue_req(conn)

    # In a thread

    def handle(self, conn: Connection) -> bool:
        conn.hand_over()
        is_kept = bool(super().handle(conn))
        with suppress(OSError):  # the main loop finds out
            conn.sock.flush()
        return is_kept

    def handle_request(self, req: Any, conn: Connection) -> bool:
        is_kept = bool(super().handle_request(req, conn))
        conn.sock.flush()  # before anything is read on
        return is_kept

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:  # noqa: FBT001 (gunicorn's)
        body = conn.parser.mesg.body
        if not keepalive or (not body.failed and getattr(body.reader, "length", None) == 0):
            return keepalive  # as a rule, there is none, or it was read
        deadline = time.monotonic() + _DRAIN_SECONDS
        return bool(conn.parser.finish_body(deadline=deadline))

    # In the main loop again: sending answers

    def finish_request(self, conn: Connection, future: "Future[bool]") -> None:
        fault = future.exception()
        if fault:
            self.log.error("A connection can't be answered.", exc_info=fault)
        conn.is_kept = not fault and future.result()
        if conn.has_long_body:
            conn.has_long_body = False
            self._reading_long -= 1
            self._serve_queue()
        self._send(conn)

    def _send(self, conn: Connection) -> None:
        try:
            is_sent = conn.sock.flush()
        except OSError:
            self._end(conn)
            return
        if not is_sent:
            if conn.then != self._send:
                seconds = self.patience.answer_seconds
                self._waiting.wait(conn, selectors.EVENT_WRITE, self._send, seconds, self._reset)
        elif conn.is_kept:
            self._go_on(conn)
        else:
            self._linger(conn)

    def _go_on(self, conn: Connection) -> None:
        """With the next request, which may have been heard with the last one."""
        if conn.parser is not None:
            conn.heard += conn.parser.unreader.take_buffered()
        if conn.heard:
            self._judge(conn, is_first=True)
        else:
            self._expect_request(conn)

    def _linger(self, conn: Connection) -> None:
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._end(conn)
        else:
            self._waiting.wait(
                conn, selectors.EVENT_READ, self._pass_over, _LINGER_SECONDS, self._end
            )

    def _pass_over(self, conn: Connection) -> None:
        try:
            received = conn.sock.recv(_RECEIVE_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        conn.lingered_bytes += len(received)
        if not received or conn.lingered_bytes > _LINGER_BYTES:
            self._end(conn)

    # Whom it waits for no more

    def _forget(self, conn: Connection) -> None:
        self._waiting.forget(conn)
        self._queue.pop(conn, None)
        self._crowds.leave(conn)

    def _end(self, conn: Connection) -> None:
        self._forget(conn)
        conn.sock.close()
        self.count_connections(-1)

    def _reset(self, conn: Connection) -> None:
        self._forget(conn)
        conn.sock.reset()
        self.count_connections(-1)

    def murder_keepalived(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 (gunicorn's)
        """After each turn of the loop: look who is late; in the end, `force`, everybody is."""
        now = time.monotonic()
        # Not while connections are served: the next in turn may be the one that goes.
        if self._lacks_files or self.nr_conns >= self.worker_connections:
            self._lacks_files = False
            if conn := self._waiting.find_idle(self._end):
                self._end(conn)
        if force:
            for conn in self._waiting.list_all():
                self._end(conn)
        elif now >= self._next_look:
            self._next_look = now + _LOOK_SECONDS
            self._waiting.tell_late(now)

    def murder_pending(self) -> None:
        """There are none: who has not said anything yet waits like all others."""

    def _cap_keepalive(self, deadline: float) -> None:
        """The worker stops: who has no request on the way goes soon."""
        self._waiting.hurry(self._end, deadline)
