"""Calls, sockets and downloads use the proxies and certificates that the environment names."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.hostile.fixtures import MakeClient
from tests.hostile.proxy import Proxy
from tests.hostile.server import HostileServer
from wiro_widgets.client.sync_client import Client
from wiro_widgets.protocol.errors import TransportError
from wiro_widgets.transport.environment import (
    CERTIFICATE_VARIABLES,
    PROXY_VARIABLES,
    find_proxy,
    tls_context,
)

VARIABLES = (*CERTIFICATE_VARIABLES, *PROXY_VARIABLES, "WS_PROXY", "WSS_PROXY", "SOCKS_PROXY")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Let SSL_CERT_FILE name an authority that the test makes."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return authority


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[HostileServer]:
    """Start a server that speaks TLS as localhost and as wiro.example."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "wiro.example").configure_cert(context)
    with HostileServer(context) as server:
        yield server


def whole_run(server: HostileServer, client: Client) -> None:
    """Start a run, follow it by its socket, and settle it."""
    task = client.run("a/b", prompt="x")
    server.wait(lambda: server.task().listeners, "the registration")
    server.finish(server.task())
    assert task.wait(60).record.outcome == "succeeded"


def test_a_proxy_for_calls_and_sockets(
    server: HostileServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that only the proxy knows is reached through it, by HTTP and by socket."""
    hosts = {"wiro.example:80": server.port, "sockets.wiro.example:80": server.socket_port}
    with Proxy(hosts) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        client = make_client(
            base_url="http://wiro.example/v1", socket_url="ws://sockets.wiro.example/v1", allow_http=True
        )
        whole_run(server, client)
        client.close()
    assert "POST http://wiro.example/v1/Tool/Detail" in proxy.requests
    assert "CONNECT sockets.wiro.example:80" in proxy.requests


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks5://127.0.0.1:9", "gopher://127.0.0.1:9"])
def test_loopback_needs_no_proxy(
    server: HostileServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """An API on this machine is reached directly, whatever proxy the environment names."""
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("ALL_PROXY", proxy)
    whole_run(server, make_client())


def test_no_proxy_is_read(
    server: HostileServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that NO_PROXY names is called directly, so a name that only the proxy knows is not found."""
    with Proxy({"wiro.example:80": server.port}) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "wiro.example")
        client = make_client(base_url="http://wiro.example/v1", allow_http=True)
        with pytest.raises(TransportError):
            client.detail("701")
        client.close()
    assert proxy.requests == []


def test_tunnels_for_tls(
    secure: HostileServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS and WSS go through tunnels of the proxy, and trust the authority that the environment names."""
    hosts = {"wiro.example:443": secure.port, "wiro.example:444": secure.socket_port}
    with Proxy(hosts) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        client = make_client(base_url="https://wiro.example/v1", socket_url="wss://wiro.example:444/v1")
        whole_run(secure, client)
        client.close()
    assert {"CONNECT wiro.example:443", "CONNECT wiro.example:444"} <= set(proxy.requests)


def test_a_run_that_the_proxy_refuses(
    server: HostileServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Run whose tunnel is refused was certainly not sent."""
    with Proxy({}) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        client = make_client(base_url="https://wiro.example/v1")
        task = client.start("a/b", {"prompt": "x"}, None)
        with pytest.raises(TransportError) as error_info:
            task.wait(60)
        client.close()
    assert error_info.value.safe_to_retry
    assert server.calls == []


def test_certificates_of_the_environment(secure: HostileServer, make_client: MakeClient) -> None:
    """SSL_CERT_FILE applies to HTTPS and WSS on this machine as well."""
    client = make_client(
        base_url=f"https://localhost:{secure.port}/v1", socket_url=f"wss://localhost:{secure.socket_port}/v1"
    )
    whole_run(secure, client)


@pytest.mark.usefixtures("authority")
def test_a_certificate_of_an_unknown_authority(make_client: MakeClient) -> None:
    """A certificate of an unknown authority is refused, and the Run is certainly not sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with HostileServer(context) as impostor:
        client = make_client(base_url=f"https://localhost:{impostor.port}/v1")
        task = client.start("a/b", {"prompt": "x"}, None)
        with pytest.raises(TransportError, match="CERTIFICATE_VERIFY_FAILED") as error_info:
            task.wait(60)
        assert error_info.value.safe_to_retry
        assert impostor.calls == []
        client.close()


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({"HTTPS_PROXY": "http://p:1"}, "wss://a.example/x", "http://p:1"),
        ({"HTTPS_PROXY": "p:1"}, "wss://a.example/x", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, "wss://a.example/x", None),
        ({"HTTP_PROXY": "http://p:1"}, "ws://a.example/x", "http://p:1"),
        ({"all_proxy": "http://p:1"}, "wss://a.example/x", "http://p:1"),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "example"}, "wss://a.example/x", None),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "a.example:444"}, "wss://a.example/x", "http://p:1"),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "a.example:444"}, "wss://a.example:444/x", None),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "*"}, "wss://a.example/x", None),
        ({"ALL_PROXY": "http://p:1"}, "wss://127.0.0.1:5/x", None),
        ({"ALL_PROXY": "http://p:1"}, "ws://localhost:5/x", None),
        ({}, "wss://a.example/x", None),
    ],
)
def test_the_proxy_of_a_socket(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, proxy: str | None
) -> None:
    """A wss address has the proxy of https and a ws address that of http; loopback and NO_PROXY have none."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    actual = find_proxy(url)
    assert (None if actual is None else actual.url) == proxy


def test_one_tls_context() -> None:
    """There is one TLS context in the process for the same certificates."""
    assert tls_context() is tls_context()
