"""Outputs are fetched from public addresses only, and without credentials."""

import pytest

from tests.hostile.fixtures import Fetch
from tests.hostile.http_wire import Reply
from tests.hostile.server import HostileServer
from wiro_widgets.transport.urls import may_fetch


def test_an_endless_redirect_is_given_up(server: HostileServer, fetch: Fetch, picture: bytes) -> None:
    """An address that redirects to itself is given up."""
    output = fetch(picture, lambda call: Reply(b"", 302, {"location": call.path}))
    assert "redirects again and again" in str(output.error)
    assert sum("/files/" in call.path for call in server.calls) == 5


@pytest.mark.parametrize(
    ("url", "base", "expected"),
    [
        ("https://cdn1.wiro.ai/x/0.png", "https://api.wiro.ai/v1", True),
        ("http://cdn1.wiro.ai/x/0.png", "https://api.wiro.ai/v1", False),
        ("http://127.0.0.1:8888/api", "https://api.wiro.ai/v1", False),
        ("https://127.0.0.1/x", "https://api.wiro.ai/v1", False),
        ("https://localhost/x", "https://api.wiro.ai/v1", False),
        ("https://10.0.0.7/x", "https://api.wiro.ai/v1", False),
        ("https://169.254.169.254/latest", "https://api.wiro.ai/v1", False),
        ("https://[::1]/x", "https://api.wiro.ai/v1", False),
        ("https://[fd00::1]/x", "https://api.wiro.ai/v1", False),
        ("https://metadata.internal/x", "https://api.wiro.ai/v1", False),
        ("file:///etc/passwd", "https://api.wiro.ai/v1", False),
        ("ftp://cdn1.wiro.ai/x", "https://api.wiro.ai/v1", False),
        ("data:image/png;base64,AAAA", "https://api.wiro.ai/v1", False),
        ("https://[broken", "https://api.wiro.ai/v1", False),
        ("//cdn1.wiro.ai/x", "https://api.wiro.ai/v1", False),
        ("https://10.0.0.7/x", "https://10.0.0.7/v1", True),
        ("http://127.0.0.1:9/x", "http://127.0.0.1:8/v1", True),
        ("http://10.0.0.7/x", "http://127.0.0.1:8/v1", False),
        ("https://cdn1.wiro.ai/x", "http://127.0.0.1:8/v1", True),
    ],
)
def test_what_may_be_fetched(url: str, base: str, expected: bool) -> None:
    """A server on the internet may name public https addresses only."""
    assert may_fetch(url, base=base) is expected


@pytest.mark.parametrize(
    "host",
    [
        *(
            "2130706433",
            "127.1",
            "0x7f.1",
            "0177.0.0.1",
            "0",
            "127。0。0。1",
            "\uff11\uff12\uff17.0.0.1",
            "localhost.",
            "localhost。",
        ),
        *(
            "LOCALHOST",
            "a.localhost.",
            "router",
            "nas.lan",
            "localhost.localdomain",
            "169.254.169.254",
            "0xa9fea9fe",
        ),
        *("[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[64:ff9b::7f00:1]", "[::127.0.0.1]"),
        *("224.0.0.1", "[ff02::1]", "192.0.0.192", "168.63.129.16", "100.100.100.200", "[fd00:ec2::254]"),
        *(
            "[::ffff:0:7f00:1]",
            "[64:ff9b:1::7f00:1]",
            "[fec0::1]",
            "240.0.0.1",
            "255.255.255.255",
            "100.64.0.1",
        ),
        *("metadata.google.internal", "metadata.google.internal.", "instance-data", "api.default.svc"),
        *("api.default.svc.cluster.local", "x.svc", "vault.consul", "x.home.arpa", "x.intranet", "x.test"),
        *(
            "loc\u00adalhost",
            "local\u200dhost",
            "169.254.169%2e254",
            "\u24db\u24de\u24d2\u24d0\u24db\u24d7ost",
        ),
        *("[2002:7f00:1::]", "[fe80::1%25lo]", "[fc00::1]", "x\\@127.0.0.1", "10.1", "192.168.257"),
    ],
)
def test_no_spelling_of_a_local_address_is_fetched(host: str) -> None:
    """A server on the internet cannot name this machine or its network, in any spelling."""
    assert not may_fetch(f"https://{host}/0.png", base="https://api.wiro.ai/v1")


@pytest.mark.parametrize(
    "host", ["cdn1.wiro.ai", "cdn1.wiro.ai.", "8.8.8.8", "[2606:4700::1]", "bücher.example"]
)
def test_public_addresses_are_fetched(host: str) -> None:
    """Public names and addresses are fetched."""
    assert may_fetch(f"https://{host}/0.png", base="https://api.wiro.ai/v1")


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "0xa9fea9fe",
        "[::ffff:169.254.169.254]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "192.0.0.192",
        "168.63.129.16",
        "224.0.0.251",
        "metadata.google.internal.",
    ],
)
@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:8/v1", "https://10.0.0.7/v1", "https://169.254.169.254/v1"]
)
def test_no_server_may_name_a_metadata_service(host: str, base: str) -> None:
    """Neither a server on this machine nor one of this network has its files where clouds keep secrets."""
    assert not may_fetch(f"https://{host}/0.png", base=base)
    assert not may_fetch(f"http://{host}/0.png", base=base, allow_http=True)


def test_no_credentials_go_to_the_files(server: HostileServer, fetch: Fetch, picture: bytes) -> None:
    """A download has neither key nor signature."""
    fetch(picture)
    (call,) = [call for call in server.calls if "/files/" in call.path]
    assert not [name for name in call.headers if name.startswith("x-")]
