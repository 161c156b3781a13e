"""What addresses a name has, by the system's resolver, and which of them are this machine's."""

import asyncio
import socket
import threading
from contextlib import suppress
from typing import Any

#: As `socket.getaddrinfo` gives them.
AddressInfo = tuple[Any, ...]

_DISCARD_PORT = 9


async def look_up(host: str, port: int, family: int) -> list[AddressInfo]:
    """The addresses of a name; OSError if it has none, or nobody knows.

    Each look-up has a thread of its own: asyncio's pool has a handful, which a few dead name
    servers would hold for half a minute each. They are daemons: nobody waits for them when the
    program ends.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[AddressInfo]] = loop.create_future()

    def ask() -> None:
        try:
            # Of a name's addresses, those of families that this machine has.
            result: Any = socket.getaddrinfo(
                host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
            )
        except OSError as error:
            result = error
        except UnicodeError as error:  # a label that is empty or too long
            result = OSError(str(error))
        try:
            loop.call_soon_threadsafe(_settle, found, result)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return

    try:
        threading.Thread(target=ask, name=f"look up {host}", daemon=True).start()
    except RuntimeError as error:  # there are too many
        raise OSError(str(error)) from error
    return await found


def is_own(address: str, family: int) -> bool:
    """Whether an IP address is one of this machine's. Nothing is sent.

    To reach one of its own, a system goes out from that very address.
    """
    with socket.socket(family, socket.SOCK_DGRAM) as probe, suppress(OSError):  # no way there
        probe.connect((address, _DISCARD_PORT))
        return bool(probe.getsockname()[0] == probe.getpeername()[0])
    return False


def _settle(
    future: "asyncio.Future[list[AddressInfo]]", result: list[AddressInfo] | OSError
) -> None:
    if future.done():  # cancelled
        return
    if isinstance(result, OSError):
        future.set_exception(result)
    else:
        future.set_result(result)
