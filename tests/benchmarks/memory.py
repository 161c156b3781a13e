"""How much memory a process takes at most, as Linux counts it (proc(5), `/proc/pid/status`)."""

import threading
from pathlib import Path
from typing import Self

_POLL_SECONDS = 0.02


def read_megabytes(pid: int, name: str) -> float:
    """`VmHWM`, `RssAnon` or another line of the process's status."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(f"{name} of process {pid}")


class PeakOfOwnMemory:
    """The most that a process has of its own while this is open: what maps no file.

    VmHWM, which the kernel keeps, also has the pages of files that it could drop at any time.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.megabytes = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.megabytes = max(self.megabytes, read_megabytes(self._pid, "RssAnon"))
            if self._stop.wait(_POLL_SECONDS):
                return
