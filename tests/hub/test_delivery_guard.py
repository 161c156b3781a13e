"""Which addresses are connected to: judged at each connection, whatever a name led to before."""

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
import threading

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from feedsvc.hub.names import look_up
from tests.hub.receiver import answer, receive
from tests.hub.test_delivery import BODY, HEADERS, SHORT_SECONDS, run
from tests.integration.server import PATIENCE_SECONDS

#: What stands for the outside here, where nobody can be reached; the rest of 127.0.0.0/8 is inside.
OUTSIDE = {"hub_allow": "127.0.0.1/32"}


class Names(AbstractResolver):
    """Leads a name to addresses: each look-up to the next of several lists, and then the last."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)

    async def resolve(self, host, port=0, family=socket.AF_UNSPEC):  # noqa: ARG002
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if not found:
            raise OSError("no such name")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self):
        pass


@pytest.fixture(scope="module")
def outside():
    with receive("127.0.0.1") as one:
        yield one


@pytest.fixture
def inside(outside):
    """A server of the house's, on the port that one outside has; nobody may come to it."""
    listener = socket.create_server(("127.0.0.2", outside.port))
    listener.setblocking(False)  # noqa: FBT003
    yield listener
    with pytest.raises(BlockingIOError):  # nobody has come
        listener.accept()
    listener.close()


def post(url, names=None, **settings):
    return run(
        lambda caller: caller.post(url, BODY, HEADERS),
        names and Names(*names),
        **OUTSIDE | settings,
    )


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.2",
        "0x7f000002",
        "[::ffff:127.0.0.2]",
        "[::ffff:7f00:2]",
        "[0:0:0:0:0:ffff:7f00:2]",
    ],
)
def test_address_inside_is_not_connected_to(outside, host):
    """However it is written; and by no way that leaves out looking a name up."""
    outcome = post(f"http://{host}:{outside.port}/")
    assert (outcome.status, outcome.is_forbidden) == (None, True)
    assert outcome.problem.endswith("is loopback (FEEDSVC_HUB_ALLOW)")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:7f00:1]"])
def test_this_machines_own_address_is_not_connected_to(outside, monkeypatch, host):
    """Though it were a public one."""
    monkeypatch.setattr("feedsvc.hub.guard._INSIDE", ())
    outcome = post(f"http://{host}:{outside.port}/own", hub_allow="")
    assert (outcome.status, outcome.is_forbidden) == (None, True)
    assert outcome.problem.endswith("is this machine's own (FEEDSVC_HUB_ALLOW)")
    assert not outside.at("/own")


@pytest.mark.parametrize("host", ["2130706434", "127.2", "0177.0.0.2"])
def test_number_is_no_address(outside, host):
    assert (
        post(f"http://{host}:{outside.port}/").problem == "its address is none that can be called"
    )


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.2",
        "::ffff:127.0.0.2",
        "::1",
        "::",
        "0.0.0.0",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "64:ff9b::7f00:2",
        "2002:7f00:2::1",
        "fe80::1",
        "fd00::1",
    ],
)
def test_name_that_leads_inside_is_not_connected_to(outside, address):
    outcome = post(f"http://rebound.example:{outside.port}/", [[address]])
    assert (outcome.status, outcome.is_forbidden) == (None, True)
    assert outcome.problem.startswith(f"its address {address} is ")


@pytest.mark.usefixtures("inside")
def test_name_is_judged_anew_at_each_connection(outside, monkeypatch):
    """It leads outside when it is first called, and inside when it is called again."""
    monkeypatch.setattr("feedsvc.hub.delivery._NAMES_KEPT_SECONDS", 0)
    url = outside.tell("/rebound", answer(200, Connection="close")).replace(
        "127.0.0.1", "rebound.example"
    )

    async def twice(caller):
        return [await caller.post(url, BODY, HEADERS) for _ in range(2)]

    first, second = run(twice, Names(["127.0.0.1"], ["127.0.0.2"]), **OUTSIDE)
    assert (first.status, first.is_forbidden) == (200, False)
    assert (second.status, second.is_forbidden) == (None, True)


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(
    "addresses", [["127.0.0.2", "127.0.0.1"], ["::1", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"]]
)
def test_addresses_inside_are_left_out(outside, addresses):
    outcome = post(f"http://mixed.example:{outside.port}/", [addresses])
    assert (outcome.status, outcome.is_forbidden) == (204, False)


def test_name_with_an_address_outside_that_fails_is_not_forbidden():
    with receive("127.0.0.1") as gone:
        pass
    outcome = post(f"http://mixed.example:{gone.port}/", [["127.0.0.1", "127.0.0.2"]])
    assert (outcome.status, outcome.is_forbidden) == (None, False)


def test_name_that_there_is_not_is_told():
    outcome = post("http://nowhere.example/", [[]])
    assert (outcome.status, outcome.is_forbidden) == (None, False)
    assert outcome.problem == "its name can't be looked up"


def test_name_is_not_looked_up_again_at_once(outside):
    url = outside.url("/once", host="once.example")

    async def twice(caller):
        return [await caller.post(url, BODY, HEADERS | {"Connection": "close"}) for _ in range(2)]

    assert [one.status for one in run(twice, Names(["127.0.0.1"], []), **OUTSIDE)] == [204, 204]


def test_system_knows_its_own_name(outside):
    outcome = post(outside.url("/local", host="localhost"), hub_allow="127.0.0.0/8,::1/128")
    assert outcome.status == 204


@pytest.mark.parametrize("name", ["no-such-host.invalid", "a" * 64 + ".example", "a..example"])
def test_look_up_of_what_is_no_name_fails(name):
    async def main(_):
        with pytest.raises(OSError, match=r"."):
            await look_up(name, 80, socket.AF_UNSPEC)

    run(main)


def test_names_that_nobody_knows_hold_no_other_up(outside, monkeypatch):
    """However many name servers are silent."""
    is_over = threading.Event()
    real = socket.getaddrinfo

    def look_up_slowly(host, *args, **options):
        if host.startswith("silent"):
            is_over.wait(PATIENCE_SECONDS)
        return real("127.0.0.1", *args, **options)

    async def both(caller):
        urls = [outside.url("/", host=f"silent-{number}.example") for number in range(100)]
        silent = [asyncio.create_task(caller.post(url, BODY, HEADERS)) for url in urls]
        await asyncio.sleep(0)
        outcome = await caller.post(outside.url("/", host="p.example"), BODY, HEADERS)
        assert not any(task.done() for task in silent)
        is_over.set()
        assert {one.status for one in await asyncio.gather(*silent)} == {204}
        return outcome

    monkeypatch.setattr(socket, "getaddrinfo", look_up_slowly)
    assert run(both, hub_timeout_seconds=PATIENCE_SECONDS, **OUTSIDE).status == 204


# Who has the address, by TLS.


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Where an authority's certificate is, and what makes servers that it knows."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority")])
    own = _certificate(name, name, key.public_key(), key, is_authority=True)
    path = folder / "authority.pem"
    path.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def make(host: str, **days: int) -> ssl.SSLContext:
        server_key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        one = _certificate(subject, name, server_key.public_key(), key, host=host, **days)
        pem = folder / f"{host}.pem"
        pem.write_bytes(
            one.public_bytes(serialization.Encoding.PEM)
            + server_key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pem)
        return context

    return path, make


def _certificate(subject, issuer, public_key, key, *, host=None, is_authority=False, days=1):
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=10))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
    )
    if host is not None:
        names = [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        if host != "partner.example":
            names.pop()
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256())


def test_server_with_its_certificate_is_called(authority, monkeypatch):
    path, make = authority
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with receive(tls=make("partner.example")) as server:
        assert post(server.url("/")).status == 204
        url = server.url("/", host="partner.example")
        assert post(url, [["127.0.0.1"]]).status == 204
        assert [one.body for one in server.received] == [BODY] * 2


@pytest.mark.parametrize(
    ("host", "days", "is_known", "reason"),
    [
        ("other.example", 1, True, "Hostname mismatch"),
        ("partner.example", -1, True, "certificate has expired"),
        ("partner.example", 1, False, "unable to get local issuer certificate"),
    ],
)
def test_server_with_a_wrong_certificate_is_sent_nothing(
    authority, monkeypatch, host, days, is_known, reason
):
    path, make = authority
    if is_known:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with receive(tls=make(host, days=days)) as server:
        outcome = post(server.url("/", host="partner.example"), [["127.0.0.1"]])
        assert server.received == []
    assert (outcome.status, outcome.is_forbidden) == (None, False)
    assert outcome.problem.startswith(f"its certificate is not valid: {reason}")


def test_server_without_tls_is_sent_nothing(outside):
    before = len(outside.received)
    url = outside.url("/").replace("http:", "https:")
    assert post(url, hub_timeout_seconds=SHORT_SECONDS).status is None
    assert len(outside.received) == before
