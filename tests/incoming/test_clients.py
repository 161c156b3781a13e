"""Who asks is known behind proxies that are trusted, and behind no other."""

from ipaddress import ip_network

import pytest

from feedsvc.incoming.clients import find_client, group_of

PROXIES = [ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("::1")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.1", "", "198.51.100.1"),
        ("198.51.100.1", "203.0.113.9", "198.51.100.1"),
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "192.0.2.1, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "192.0.2.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("::1", "2001:db8::1", "2001:db8::1"),
        ("127.0.0.1", "not an address, ,", "not an address"),
        (None, "203.0.113.9", "203.0.113.9"),
        ("", "", ""),
    ],
)
def test_client_is_the_last_that_is_no_trusted_proxy(peer, forwarded, client):
    assert find_client(peer, forwarded, PROXIES) == client


@pytest.mark.parametrize(
    ("client", "group"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_client_is_counted_by_what_one_subscriber_has(client, group):
    assert group_of(client) == group
