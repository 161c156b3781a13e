"""Which addresses may be called. Pure: no name is looked up here, and nobody is called.

A callback is judged twice: as it is written, when somebody asks for it, and by the address that a
connection goes to, each time that one is made, since what a name leads to can change.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NoReturn
from urllib.parse import quote, urlsplit, urlunsplit

import idna

from feedsvc.errors import CallbackError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: An index entry of PostgreSQL holds 2,700 bytes, and a callback is most of one.
MAX_URL_CHARS = 2_000
_DEFAULT_PORTS = {"http": 80, "https": 443}
#: What urlsplit would drop, and what other programs read as a slash.
_NEVER = re.compile(r"[\x00-\x20\x7f\\]")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
#: A last label that makes inet_aton, and with it the C library, read the whole as a number.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_MAX_HOST_CHARS = 253
#: What stays as it is written; all else that a URI can't have is percent-encoded (RFC 3987).
_URI_CHARS = "%/:?@[]!$&'()*+,;=-._~"

#: What is not the public internet, by IANA's registries of special-purpose addresses, and what
#: they do not know. Written down, since Python's own tables change from version to version.
_INSIDE: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), meaning)
    for network, meaning in (
        ("0.0.0.0/8", "this host"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "behind a provider's translation"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "a cloud's platform"),  # Azure's, which is no special address
        ("169.254.0.0/16", "link-local"),  # most clouds' metadata
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "for protocols"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "a relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for measurements"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "this host"),
        ("::1/128", "loopback"),
        ("64:ff9b:1::/48", "a translation of a network's own"),
        ("2001:db8::/32", "for documentation"),
        ("3fff::/20", "for documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
) + tuple(
    # Teredo is looked into instead.
    (network, "for protocols")
    for network in IPv6Network("2001::/23").address_exclude(IPv6Network("2001::/32"))
)
#: All that was ever given out of IPv6 (RFC 4291, section 2.4), beside NAT64's own prefix.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_ISATAP = 0x5EFE  # RFC 5214: before the last 32 bits, with or without the universal bit
_UNIVERSAL_BIT = 0x0200_0000
_LOOPBACKS = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


@dataclass(frozen=True, slots=True)
class CallbackUrl:
    """A callback that may be asked, one way to write it."""

    url: str
    #: As DNS knows it: ASCII, lower case; of an address, its usual form without brackets.
    host: str
    port: int


class Guard:
    """Judges addresses by what a newsroom allows.

    Args:
        allow: networks that may be reached though they are not public.
        ports: ranges of ports that callbacks may have.
    """

    def __init__(self, allow: Sequence[Network], ports: Sequence[range]) -> None:
        self._allow = tuple(allow)
        self._ports = tuple(ports)

    def check_url(self, text: str) -> CallbackUrl:
        """What a subscriber wrote, if it is an address to call.

        Path and query stay as they are, since they are the subscriber's own.

        Raises:
            CallbackError: it is none; the message says why.
        """
        if len(text) > MAX_URL_CHARS:
            raise CallbackError(f"it is over {MAX_URL_CHARS:,} characters long")
        if _NEVER.search(text):
            raise CallbackError("it has a space, a backslash or a control character in it")
        try:
            text.encode()
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise CallbackError(f"it can't be read: {error}") from error
        if parts.scheme not in _DEFAULT_PORTS:
            raise CallbackError("it must begin with http:// or https://")
        if "#" in text:
            raise CallbackError("it must have no fragment (#)")
        if "@" in parts.netloc:
            raise CallbackError("it must have no name or password (@)")
        written = parts.hostname or ""
        host = self._check_address(written) if "[" in parts.netloc else self._check_host(written)
        port = self._check_port(_DEFAULT_PORTS[parts.scheme] if port is None else port)
        netloc = f"[{host}]" if ":" in host else host
        if port != _DEFAULT_PORTS[parts.scheme]:
            netloc += f":{port}"
        path, query = (quote(part, safe=_URI_CHARS) for part in (parts.path, parts.query))
        url = urlunsplit((parts.scheme, netloc, path or "/", query, ""))
        if len(url) > MAX_URL_CHARS:
            raise CallbackError(f"it is over {MAX_URL_CHARS:,} characters long, when encoded")
        return CallbackUrl(url, host, port)

    def allows(self, address: str) -> bool:
        """Whether a connection may go to an IP address, however it is written."""
        return self.find_objection(address) is None

    def lists(self, address: str) -> bool:
        """Whether an IP address may be called because its network is named."""
        one = ip_address(address)
        one = getattr(one, "ipv4_mapped", None) or one
        return any(one in network for network in self._allow)

    def find_objection(self, text: str) -> str | None:
        """What an IP address is that may not be called, in words; None if it may."""
        try:
            address = ip_address(text)
        except ValueError:
            return "no address"
        if isinstance(address, IPv6Address):
            if address.scope_id is not None:
                return "of one link"
            # A socket of both families takes it for what is in it.
            address = address.ipv4_mapped or address
        if any(address in network for network in self._allow):
            return None
        for one in _unwrap(address):
            for network, meaning in _INSIDE:
                if one in network:
                    return meaning
        if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
            return None if address in _NAT64 else "reserved"
        return None

    def _check_host(self, written: str) -> str:
        """A host's one spelling: a name, or an address that may be called."""
        host = _ascii(written).removesuffix(".")
        labels = host.split(".")
        if _NUMBER.fullmatch(labels[-1]):
            # inet_aton reads 127.1, 0177.0.0.1, 0x7f000001 and 2130706433, which are all one.
            try:
                IPv4Address(host)
            except ValueError:
                raise CallbackError(
                    f"the host “{host[:50]}” is a number, and no address written as 192.0.2.1 is"
                ) from None
            return self._check_address(host)
        if len(host) > _MAX_HOST_CHARS or not all(_LABEL.fullmatch(label) for label in labels):
            _refuse_host(written)
        # RFC 6761, section 6.3: it is this machine, whatever DNS says.
        if labels[-1] == "localhost" and not any(self.allows(str(one)) for one in _LOOPBACKS):
            raise CallbackError(f"the host “{host[:50]}” is loopback (FEEDSVC_HUB_ALLOW)")
        return host

    def _check_address(self, text: str) -> str:
        if (objection := self.find_objection(text)) is not None:
            raise CallbackError(f"the host “{text[:50]}” is {objection} (FEEDSVC_HUB_ALLOW)")
        return str(ip_address(text))

    def _check_port(self, port: int) -> int:
        if not any(port in ports for ports in self._ports):
            raise CallbackError(f"the port {port} is none of those allowed (FEEDSVC_HUB_PORTS)")
        return port


def _ascii(host: str) -> str:
    """A name as DNS knows it. What looks like digits or dots in other scripts becomes those."""
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode()
    except UnicodeError:
        _refuse_host(host)


def _refuse_host(host: str) -> NoReturn:
    raise CallbackError(f"“{host[:50]}” is no name that a host can have") from None


def _unwrap(address: Address) -> Iterator[Address]:
    """An address, and those that a packet to it is sent on to by translators and tunnels."""
    yield address
    if isinstance(address, IPv4Address):
        return
    if address in _NAT64:
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo  # its server, and the client behind it
    if (int(address) >> 32) & 0xFFFF_FFFF & ~_UNIVERSAL_BIT == _ISATAP:
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
