"""Who asks: the address that requests are counted by. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

#: What one subscriber of a provider's has, and can change addresses within.
_IPV6_PREFIX_BITS = 64


def find_client(
    peer: str | None, forwarded: str, proxies: Sequence[IPv4Network | IPv6Network]
) -> str:
    """The address of a client, from the connection's other side and `X-Forwarded-For`.

    Of the addresses in it, the last that is not a trusted proxy's is believed. Who comes by a
    socket without addresses is a proxy on this machine.
    """
    line = [part.strip() for part in forwarded.split(",") if part.strip()]
    found = peer or ""
    while line and (not found or _is_any_of(found, proxies)):
        found = line.pop()
    return found


def group_of(client: str) -> str:
    """What a client is counted by: its address, or of an IPv6 address the network."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if not isinstance(address, IPv6Address):
        return client
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _IPV6_PREFIX_BITS), strict=False))


def _is_any_of(client: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    try:
        address = ip_address(client)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)
