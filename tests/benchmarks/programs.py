"""What the questions need of the machine beside Python, and how to come by it."""

import importlib.util
import os
import shutil

import psycopg

from tests.conftest import POSTGRES_URL

DJANGO = "django"
POSTGRES = "postgres"
#: Each program, and Debian's package of it.
_PACKAGES = {"wrk": "wrk", "nginx": "nginx-light"}


class ProgramMissingError(Exception):
    """A question can't be asked without it. The message says what to do."""


def find_program(name: str) -> str:
    """The path of a program that questions need.

    Raises:
        ProgramMissingError: it is not installed.
    """
    # Debian keeps servers out of the path of people.
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        package = _PACKAGES[name]
        raise ProgramMissingError(f"{name} is missing; on Debian: apt-get install {package}")
    return path


def require(name: str) -> None:
    """See that a program, or DJANGO or POSTGRES, is there.

    Raises:
        ProgramMissingError: it is not.
    """
    if name == POSTGRES:
        _require_postgres()
    elif name != DJANGO:
        find_program(name)
    elif importlib.util.find_spec(DJANGO) is None:
        raise ProgramMissingError("Django is missing; `make baselines` installs it")


def _require_postgres() -> None:
    try:
        psycopg.connect(POSTGRES_URL, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        raise ProgramMissingError(
            f"no PostgreSQL answers at FEEDSVC_TEST_POSTGRES_URL ({POSTGRES_URL}); on Debian: "
            "apt-get install postgresql"
        ) from error
