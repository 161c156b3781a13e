"""How many files a process may have open: each connection is one."""

import resource


def raise_limit() -> None:
    """Have as many as the system lets a program have by itself."""
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if least != most:  # where a unit has set both, it may not
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
