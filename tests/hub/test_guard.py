"""Which addresses may be called: as they are written, and as what is connected to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.errors import CallbackError
from feedsvc.hub.guard import MAX_URL_CHARS, Guard
from feedsvc.settings.values import parse_networks, parse_ports

PORTS = parse_ports("80, 443, 8000-65535")


def make_guard(allow=""):
    return Guard(parse_networks(allow), PORTS)


GUARD = make_guard()


def refusal(url, guard=GUARD):
    """Why an address can't be called."""
    with pytest.raises(CallbackError) as caught:
        guard.check_url(url)
    return caught.value.reason


# One way to write an address.


@pytest.mark.parametrize(
    ("written", "url", "host", "port"),
    [
        ("https://p.example/push", "https://p.example/push", "p.example", 443),
        ("http://p.example", "http://p.example/", "p.example", 80),
        ("HTTPS://P.Example/Push", "https://p.example/Push", "p.example", 443),
        ("https://p.example:443/", "https://p.example/", "p.example", 443),
        ("http://p.example:443/", "http://p.example:443/", "p.example", 443),
        ("https://p.example:08443/", "https://p.example:8443/", "p.example", 8443),
        ("https://p.example:/", "https://p.example/", "p.example", 443),
        ("https://p.example./", "https://p.example/", "p.example", 443),
        ("https://p.example?a=1", "https://p.example/?a=1", "p.example", 443),
        (
            "https://p.example/a%2Fb;c?d=%20&&e",
            "https://p.example/a%2Fb;c?d=%20&&e",
            "p.example",
            443,
        ),
        ("https://p.example/../a/./b", "https://p.example/../a/./b", "p.example", 443),
        ("https://p.example/đảng", "https://p.example/%C4%91%E1%BA%A3ng", "p.example", 443),
        ("https://báo.example/", "https://xn--bo-mia.example/", "xn--bo-mia.example", 443),
        ("https://bücher.example/", "https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443),
        ("https://faß.example/", "https://xn--fa-hia.example/", "xn--fa-hia.example", 443),
        ("https://p。example/", "https://p.example/", "p.example", 443),
        ("https://_x.p-q.example/", "https://_x.p-q.example/", "_x.p-q.example", 443),
        ("https://8.8.8.8/", "https://8.8.8.8/", "8.8.8.8", 443),
        (
            "https://[2606:4700::1111]:8443/",
            "https://[2606:4700::1111]:8443/",
            "2606:4700::1111",
            8443,
        ),
        ("https://[2606:4700:0:0::1111]/", "https://[2606:4700::1111]/", "2606:4700::1111", 443),
    ],
)
def test_address_has_one_spelling(written, url, host, port):
    checked = GUARD.check_url(written)
    assert (checked.url, checked.host, checked.port) == (url, host, port)
    assert GUARD.check_url(checked.url) == checked


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "must begin with"),
        ("p.example/push", "must begin with"),
        ("//p.example/", "must begin with"),
        ("ftp://p.example/", "must begin with"),
        ("file:///etc/passwd", "must begin with"),
        ("gopher://p.example:8000/", "must begin with"),
        ("javascript:alert(1)", "must begin with"),
        ("https://", "is no name"),
        ("https:///push", "is no name"),
        ("https://:443/", "is no name"),
        ("https://p.example/#", "no fragment"),
        ("https://p.example/#top", "no fragment"),
        ("https://desk@p.example/", "no name or password"),
        ("https://desk:word@p.example/", "no name or password"),
        ("https://@p.example/", "no name or password"),
        ("https://p.example@127.0.0.1/", "no name or password"),
        ("https://p.example/a b", "a space"),
        ("https://p.example/a\tb", "a space"),
        ("https://p.example/\r\nX: 1", "a space"),
        ("https://p.exa\nmple/", "a space"),
        ("https://p.example/\x00", "a space"),
        ("https://p.example\\@127.0.0.1/", "a backslash"),
        ("https://p.example/\ud800", "can't be read"),
        ("https://[2606:4700::1111/", "can't be read"),
        ("https://[p.example]/", "can't be read"),
        ("https://p.example:port/", "can't be read"),
        ("https://p.example:99999/", "can't be read"),
        ("https://p.example:-1/", "can't be read"),
        ("https://p..example/", "is no name"),
        ("https://-p.example/", "is no name"),
        ("https://p-.example/", "is no name"),
        ("https://p%2eexample/", "is no name"),
        ("https://p,example/", "is no name"),
        ("https://" + "a" * 64 + ".example/", "is no name"),
        ("https://" + "a." * 126 + "example/", "is no name"),
        ("https://\u200b/", "is no name"),
        ("https://٣٢٣٥.1/", "is no name"),
        ("https://p.example/" + "a" * MAX_URL_CHARS, "over 2,000 characters"),
        ("https://p.example/" + "đ" * 500, "when encoded"),
    ],
)
def test_what_is_no_callback_is_refused(url, reason):
    assert reason in refusal(url)


@pytest.mark.parametrize("port", [1, 22, 25, 79, 81, 442, 444, 6379, 7999])
def test_port_that_is_not_named_is_refused(port):
    assert "FEEDSVC_HUB_PORTS" in refusal(f"https://p.example:{port}/")


@pytest.mark.parametrize("port", [80, 443, 8000, 65535])
def test_port_that_is_named_may_be_called(port):
    assert GUARD.check_url(f"https://p.example:{port}/").port == port


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "017700000001",
        "0x",
        "127.0.0.01",
        "127.0.0.256",
        "1.2.3.4.5",
        "p.1",
        "p.0x1",
    ],
)
def test_number_that_is_no_usual_address_is_refused(host):
    assert "is a number" in refusal(f"http://{host}/")


@pytest.mark.parametrize(
    "host", ["127.0.0.1.", "127。0。0。1", "１２７.０.０.１", "①②⑦.0.0.1", "127.0.0.1"]
)
def test_address_in_other_scripts_is_what_it_means(host):
    assert "is loopback" in refusal(f"http://{host}/")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "localhost.", "a.localhost", "ｌｏｃａｌｈｏｓｔ"]
)
def test_this_machine_is_refused_by_its_name(host):
    assert "is loopback" in refusal(f"http://{host}/")


def test_this_machine_is_called_by_its_name_where_it_is_allowed():
    assert make_guard("127.0.0.0/8").check_url("http://localhost/").host == "localhost"


def test_refused_address_names_the_setting():
    assert refusal("http://10.0.0.1/") == "the host “10.0.0.1” is private (FEEDSVC_HUB_ALLOW)"


@pytest.mark.parametrize(
    "host", ["[::1]", "[::ffff:10.0.0.1]", "[fe80::1%25eth0]", "[fe80::1%eth0]"]
)
def test_literal_that_leads_inside_is_refused(host):
    assert refusal(f"http://{host}/")


# What is connected to.

INSIDE = [
    ("0.0.0.0", "this host"),
    ("0.1.2.3", "this host"),
    ("10.0.0.0", "private"),
    ("10.255.255.255", "private"),
    ("100.64.0.1", "behind a provider's translation"),
    ("100.127.255.255", "behind a provider's translation"),
    ("127.0.0.1", "loopback"),
    ("127.255.255.254", "loopback"),
    ("168.63.129.16", "a cloud's platform"),
    ("169.254.169.254", "link-local"),
    ("172.16.0.1", "private"),
    ("172.31.255.255", "private"),
    ("192.0.0.1", "for protocols"),
    ("192.0.2.1", "for documentation"),
    ("192.88.99.1", "a relay"),
    ("192.168.1.1", "private"),
    ("198.18.0.1", "for measurements"),
    ("198.19.255.255", "for measurements"),
    ("198.51.100.1", "for documentation"),
    ("203.0.113.1", "for documentation"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.255", "multicast"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "reserved"),
]
OUTSIDE = [
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "168.63.129.15",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
]


def hexed(address):
    """The last two groups of an IPv6 address with an IPv4 address in it."""
    a, b, c, d = map(int, address.split("."))
    return f"{a << 8 | b:x}:{c << 8 | d:x}"


@pytest.mark.parametrize(("address", "meaning"), INSIDE)
def test_address_inside_is_not_called(address, meaning):
    assert GUARD.find_objection(address) == meaning
    assert not GUARD.allows(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_address_outside_may_be_called(address):
    assert GUARD.allows(address)


@pytest.mark.parametrize(("address", "meaning"), INSIDE)
@pytest.mark.parametrize(
    "form",
    [
        pytest.param("::ffff:{}", id="mapped"),
        pytest.param("64:ff9b::{}", id="NAT64"),
        pytest.param("2002:{}::1", id="6to4"),
        pytest.param("2606:4700::5efe:{}", id="ISATAP"),
        pytest.param("2606:4700::200:5efe:{}", id="ISATAP, universal"),
    ],
)
def test_address_inside_is_found_in_others(form, address, meaning):
    assert GUARD.find_objection(form.format(hexed(address))) == meaning


@pytest.mark.parametrize("address", OUTSIDE)
@pytest.mark.parametrize("form", ["::ffff:{}", "64:ff9b::{}", "2002:{}::1", "2606:4700::5efe:{}"])
def test_address_outside_in_others_may_be_called(form, address):
    assert GUARD.allows(form.format(hexed(address)))


def teredo(server, client):
    """RFC 4380: the client's bits are turned over."""
    turned = ".".join(str(255 - int(part)) for part in client.split("."))
    return f"2001:0:{hexed(server)}:0:ffff:{hexed(turned)}"


@pytest.mark.parametrize(("address", "meaning"), INSIDE)
def test_address_inside_is_found_in_teredo(address, meaning):
    assert GUARD.find_objection(teredo("1.1.1.1", address)) == meaning
    assert GUARD.find_objection(teredo(address, "1.1.1.1")) == meaning
    assert GUARD.allows(teredo("1.1.1.1", "1.1.1.1"))


@pytest.mark.parametrize(
    ("address", "meaning"),
    [
        ("::", "this host"),
        ("::1", "loopback"),
        ("::2", "reserved"),
        ("::8.8.8.8", "reserved"),
        ("::ffff:0:8.8.8.8", "reserved"),
        ("64:ff9b:1::8.8.8.8", "a translation of a network's own"),
        ("100::1", "reserved"),
        ("2001:1::1", "for protocols"),
        ("2001:2::1", "for protocols"),
        ("2001:20::1", "for protocols"),
        ("2001:db8::1", "for documentation"),
        ("3fff::1", "for documentation"),
        ("4000::1", "reserved"),
        ("5f00::1", "reserved"),
        ("fc00::1", "private"),
        ("fdff::1", "private"),
        ("fe80::1", "link-local"),
        ("febf::1", "link-local"),
        ("fec0::1", "site-local"),
        ("ff02::1", "multicast"),
        ("ff0e::1", "multicast"),
        ("2606:4700::1%eth0", "of one link"),
        ("fe80::1%1", "of one link"),
        ("", "no address"),
        ("p.example", "no address"),
        ("127.1", "no address"),
        ("2130706433", "no address"),
        ("127.0.0.1:80", "no address"),
        ("[::1]", "no address"),
    ],
)
def test_special_address_is_not_called(address, meaning):
    assert GUARD.find_objection(address) == meaning


@pytest.mark.parametrize(
    "address", ["2001:200::1", "2400:cb00::1", "2606:4700::1111", "2a00:1450::1"]
)
def test_global_address_may_be_called(address):
    assert GUARD.allows(address)


# What a newsroom allows.


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "fd00:1::5"])
def test_network_that_is_named_may_be_called(address):
    guard = make_guard("10.1.0.0/16, fd00:1::/32")
    assert guard.allows(address)
    assert guard.lists(address)


@pytest.mark.parametrize(
    "address", ["10.2.0.1", "fd00:2::5", "127.0.0.1", "64:ff9b::a01:203", "2002:a01:203::1"]
)
def test_network_that_is_not_named_stays_forbidden(address):
    """Nor is one that is named reached by a translator or a tunnel."""
    guard = make_guard("10.1.0.0/16, fd00:1::/32")
    assert not guard.allows(address)
    assert not guard.lists(address)


def test_public_address_is_not_listed():
    assert not make_guard("10.1.0.0/16").lists("1.1.1.1")


def test_allowed_literal_is_called():
    assert make_guard("10.1.0.0/16").check_url("http://10.1.0.9:8080/p").host == "10.1.0.9"


# Whatever is written.


@given(st.text() | st.builds("http://{}/{}".format, st.text(), st.text()))
def test_any_text_is_an_address_or_refused(text):
    try:
        checked = GUARD.check_url(text)
    except CallbackError:
        return
    assert checked.url.isascii()
    assert checked.url.isprintable()
    assert GUARD.check_url(checked.url) == checked


@given(st.ip_addresses())
def test_any_address_is_judged(address):
    assert GUARD.allows(str(address)) == (GUARD.find_objection(str(address)) is None)
    if GUARD.allows(str(address)):
        assert not any((address.is_loopback, address.is_link_local, address.is_unspecified))
