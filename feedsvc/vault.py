"""Signing keys at rest: sealed, so that who reads the database can't sign with what is in it.

A key that signs has to be had again in clear, so it is encrypted (Fernet: AES-128-CBC with
HMAC-SHA256, by the `cryptography` package) with a secret that is not in the database. Bearer tokens
are hashed (`secrecy`).
"""

import base64
import hashlib
import os
import secrets
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from feedsvc.errors import SecretKeyError

_SEALED = "fernet:"
_MIN_CHARS = 16
_MOST_OPENED = 20_000


class Vault:
    """Seals with the first of its secrets, and opens what any of them has sealed.

    While it has none, `find_secrets` is asked again: a database that is away when the service
    starts takes its secret's file along.
    """

    def __init__(
        self, secret_texts: Sequence[str], find_secrets: Callable[[], Sequence[str]] = tuple
    ) -> None:
        self._find_secrets = find_secrets
        #: Keys in clear by what they are kept as: opening one takes as long as cleaning an article,
        #: or calling a subscriber.
        self._opened: dict[str, str] = {}
        self._fernet = _fernet(secret_texts)

    def seal(self, key: str) -> str:
        """Raises SecretKeyError where there is no secret to seal with."""
        fernet = self._find()
        if fernet is None:
            raise SecretKeyError(
                "Keys are kept sealed, and there is no secret to seal them with: set "
                "FEEDSVC_SECRET_KEY (`openssl rand -base64 32` makes one)."
            )
        return _SEALED + fernet.encrypt(key.encode()).decode("ascii")

    def unseal(self, kept: str) -> str:
        """A key in clear; one from before keys were sealed is in clear already.

        Raises:
            SecretKeyError: it was sealed with another secret.
        """
        if not kept.startswith(_SEALED):
            return kept
        if kept in self._opened:
            return self._opened[kept]
        try:
            if (fernet := self._find()) is not None:
                if len(self._opened) >= _MOST_OPENED:
                    self._opened.clear()
                self._opened[kept] = fernet.decrypt(kept.removeprefix(_SEALED)).decode()
                return self._opened[kept]
        except InvalidToken:
            pass
        raise SecretKeyError("The key was sealed with another FEEDSVC_SECRET_KEY.")

    def _find(self) -> MultiFernet | None:
        if self._fernet is None:
            self._fernet = _fernet(self._find_secrets())
        return self._fernet


def _fernet(secret_texts: Sequence[str]) -> MultiFernet | None:
    if any(len(text) < _MIN_CHARS for text in secret_texts):
        raise SecretKeyError(
            f"FEEDSVC_SECRET_KEY is shorter than {_MIN_CHARS} characters; "
            "`openssl rand -base64 32` makes a good one."
        )
    keys = [Fernet(_derive(text)) for text in secret_texts]
    return MultiFernet(keys) if keys else None


def open_vault(secret_key: str, beside: Path | None) -> Vault:
    """The vault of the secrets in `secret_key` (the newest first, separated by white space).

    Where none is set, an embedded database has its secret in a file beside it, which is made when
    there is none; a database that is not there itself gets none.

    Raises:
        SecretKeyError: a secret is too short, or the file can't be read or made.
    """
    if secret_key.strip() or beside is None:
        return Vault(secret_key.split())
    return Vault(_find_beside(beside), partial(_find_beside, beside))


def _find_beside(beside: Path) -> list[str]:
    if not beside.exists():
        return []
    path = beside.with_name(f"{beside.name}.secret")
    try:
        if not path.exists():
            _make_secret(path)
        return path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretKeyError(f"{path} can't be read or made: {error}") from error


def _make_secret(path: Path) -> None:
    """A new secret, readable by its owner alone: whole, or not there, and never a second one."""
    file, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with open(file, "w", encoding="ascii") as made:  # noqa: PTH123 (a descriptor, not a path)
            made.write(secrets.token_urlsafe(32) + "\n")
            made.flush()
            os.fsync(file)
        os.link(name, path)
    except FileExistsError:
        pass  # another process was faster
    finally:
        Path(name).unlink()


def _derive(text: str) -> bytes:
    """A Fernet key from a secret of any form; it is random, so that one hash is enough."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
