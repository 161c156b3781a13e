"""What of a long push was acknowledged, so that one that was broken off goes on where it was."""

import secrets
from pathlib import Path

from feedsvc.push.files import Batch
from feedsvc.push.sending import PushError


class Progress:
    """The messages that were acknowledged, and the ids under which all of them are sent.

    With a file, they outlive this process: its first line is what the ids begin with, and each
    further one the digest of a message that was acknowledged.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._name = f"push_{secrets.token_hex(8)}"
        self._done: set[str] = set()
        if path is None:
            return
        try:
            if path.exists():
                self._name, *done = path.read_text(encoding="ascii").split()
                self._done = set(done)
            else:
                path.write_text(f"{self._name}\n", encoding="ascii")
        except (OSError, ValueError) as error:
            raise PushError(f"{path} can't hold how far the push has come: {error}") from error

    def message_id(self, batch: Batch) -> str:
        return f"{self._name}_{batch.digest[:32]}"

    def is_done(self, batch: Batch) -> bool:
        return batch.digest in self._done

    def note_done(self, batch: Batch) -> None:
        self._done.add(batch.digest)
        if self._path is None:
            return
        try:
            with self._path.open("a", encoding="ascii") as file:
                file.write(f"{batch.digest}\n")
        except OSError as error:
            raise PushError(f"{self._path} can't be written: {error.strerror}") from error
