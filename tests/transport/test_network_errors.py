"""What a network's settings break is said with the variable, the file or the proxy, and what to do about it."""

from __future__ import annotations

import io
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
import trustme

from tests.hostile.fixtures import MakeClient
from tests.hostile.proxy import Proxy
from tests.hostile.server import HostileServer
from wiro_widgets import Sandbox
from wiro_widgets.client.sync_client import Client
from wiro_widgets.protocol.errors import ConfigurationError, TransportError, WiroError
from wiro_widgets.protocol.events import Notice
from wiro_widgets.transport.environment import (
    CERTIFICATE_VARIABLES,
    PROXY_VARIABLES,
    Certificates,
    find_proxy,
    tls_context,
)
from wiro_widgets.transport.routes import describe

PASSWORD = "p@ss/w:rd"
DEAD = "127.0.0.1:9"
OPENSSL = shutil.which("openssl") or ""
PAUSE = threading.Event()  # never set


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*CERTIFICATE_VARIABLES, *PROXY_VARIABLES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def company() -> trustme.CA:
    """Make the authority of a company."""
    return trustme.CA()


@pytest.fixture
def bundle(company: trustme.CA, tmp_path: Path) -> Path:
    """Write the company's certificate to a file."""
    company.cert_pem.write_to_path(str(tmp_path / "company.pem"))
    return tmp_path / "company.pem"


@pytest.fixture
def server_tls(company: trustme.CA) -> ssl.SSLContext:
    """Return the TLS context of a server behind the company's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    company.issue_cert("localhost", "wiro.example", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def secure(server_tls: ssl.SSLContext) -> Iterator[HostileServer]:
    """Start a server behind the company's certificate."""
    with HostileServer(server_tls) as server:
        yield server


def local_client(make_client: MakeClient, server: HostileServer) -> Client:
    """Make a client of a server on this machine that speaks TLS."""
    return make_client(
        base_url=f"https://localhost:{server.port}/v1", socket_url=f"wss://localhost:{server.socket_port}/v1"
    )


def remote_client(make_client: MakeClient) -> Client:
    """Make a client of a server that only a proxy knows."""
    return make_client(base_url="https://wiro.example/v1", socket_url="wss://wiro.example:444/v1")


def whole_run(server: HostileServer, client: Client) -> None:
    """Start a run, follow it by its socket, and settle it."""
    task = client.run("a/b", prompt="x")
    server.wait(lambda: server.task().listeners, "the registration")
    server.finish(server.task())
    assert task.wait(60).record.outcome == "succeeded"


def refusal(client: Client) -> WiroError:
    """Return the error of a call."""
    with pytest.raises(WiroError) as error_info:
        client.models()
    return error_info.value


def socket_notice(server: HostileServer, client: Client) -> str:
    """Run a task whose socket fails, and return what is said of it."""
    task = client.run("a/b", prompt="x")
    server.wait(lambda: any(isinstance(event, Notice) for event in task.events_so_far()), "the notice")
    text = next(event.text for event in task.events_so_far() if isinstance(event, Notice))
    server.finish(server.task(), quietly=True)
    task.wait(60)
    return text


# No way to the server


@pytest.mark.parametrize(
    ("base_url", "words"),
    [
        ("http://127.0.0.1:1/v1", "127.0.0.1:1 cannot be reached (Connection refused)"),
        ("http://[::1]:1/v1", "[::1]:1 cannot be reached ("),
        ("https://nowhere.invalid/v1", "nowhere.invalid:443 cannot be reached ("),
    ],
)
def test_a_server_that_is_not_there(make_client: MakeClient, base_url: str, words: str) -> None:
    """The error names host and port and what the system says, in a few words."""
    error = refusal(make_client(base_url=base_url))
    assert isinstance(error, TransportError)
    assert (error.safe_to_retry, error.retry_helps) == (True, True)
    assert words in str(error)
    assert "attempts failed" not in str(error)
    assert len(str(error)) < 140


def test_a_server_without_tls(shared_sandbox: Sandbox, make_client: MakeClient) -> None:
    """An https address of a server that speaks plain HTTP says so, not a number of the system's."""
    error = refusal(make_client(base_url=shared_sandbox.base_url.replace("http:", "https:")))
    assert "cannot be reached ([SSL: " in str(error)


# Certificates


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_each_variable_is_trusted(
    secure: HostileServer,
    make_client: MakeClient,
    bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    """Each variable alone brings calls and sockets past a company's certificate."""
    monkeypatch.setenv(variable, str(bundle))
    whole_run(secure, local_client(make_client, secure))


@pytest.mark.skipif(not OPENSSL, reason="needs openssl, which hashes names")
def test_a_folder_of_certificates(
    secure: HostileServer, make_client: MakeClient, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder with hashed names is trusted; it may be one of several."""
    folder = bundle.parent / "certificates"
    folder.mkdir()
    command = [OPENSSL, "x509", "-subject_hash", "-noout", "-in", str(bundle)]
    name_hash = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    (folder / f"{name_hash}.0").write_bytes(bundle.read_bytes())
    (bundle.parent / "empty").mkdir()
    monkeypatch.setenv("SSL_CERT_DIR", f"{bundle.parent / 'empty'}{os.pathsep}{folder}")
    whole_run(secure, local_client(make_client, secure))


@pytest.mark.parametrize("variable", CERTIFICATE_VARIABLES)
@pytest.mark.parametrize("content", ["missing", "empty", "garbage"])
def test_certificates_that_cannot_be_used(
    make_client: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, content: str
) -> None:
    """The error names the variable, its path and the way out, at once and each time."""
    path = tmp_path / "certificates"
    if content != "missing" and variable == "SSL_CERT_DIR":
        path.mkdir()
        if content == "garbage":
            (path / "notes.txt").write_text("none")
    elif content != "missing":
        path.write_text("" if content == "empty" else "-----BEGIN CERTIFICATE-----\nAAAA\n")
    monkeypatch.setenv(variable, str(path))
    client = make_client(base_url="https://wiro.example/v1")
    for _ in range(2):
        error = refusal(client)
        assert isinstance(error, ConfigurationError)
        assert f"{variable} names {path}, which" in str(error)
        assert "Correct the variable, or remove it" in str(error)
        assert len(str(error)) < 400


def test_a_sandbox_needs_no_certificates(
    server: HostileServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An API without TLS works whatever SSL_CERT_FILE names."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/at/all.pem")
    whole_run(server, make_client())


def test_an_unknown_authority_says_what_to_set(secure: HostileServer, make_client: MakeClient) -> None:
    """Without any variable the error proposes SSL_CERT_FILE; it is raised at once, and nothing was sent."""
    error = refusal(local_client(make_client, secure))
    assert isinstance(error, TransportError)
    assert (error.safe_to_retry, error.retry_helps) == (True, False)
    assert "CERTIFICATE_VERIFY_FAILED" in str(error)
    assert "let SSL_CERT_FILE name a PEM file" in str(error)
    assert secure.calls == []


def test_a_bundle_without_the_authority_is_named(
    secure: HostileServer, make_client: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a variable the error names it and its file."""
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
    assert f"REQUESTS_CA_BUNDLE={tmp_path / 'other.pem'} lacks the authority" in str(
        refusal(local_client(make_client, secure))
    )


def test_a_certificate_of_another_host(
    company: trustme.CA, make_client: MakeClient, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate that is wrong in another way is no reason to trust another authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    company.issue_cert("other.example").configure_cert(context)
    with HostileServer(context) as impostor:
        error = refusal(local_client(make_client, impostor))
    assert "Hostname mismatch" in str(error)
    assert "SSL_CERT_FILE" not in str(error)


@pytest.mark.parametrize("same_client", [False, True], ids=["a new client", "the same client"])
def test_certificates_that_come_later(
    secure: HostileServer,
    make_client: MakeClient,
    bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
    same_client: bool,
) -> None:
    """After a failure the variable is set in the same kernel, and the next run works."""
    client = local_client(make_client, secure)
    refusal(client)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    whole_run(secure, client if same_client else local_client(make_client, secure))


def test_a_file_that_is_completed_later(
    secure: HostileServer,
    make_client: MakeClient,
    bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same file with other certificates is read again."""
    path = tmp_path / "certificates.pem"
    path.write_bytes(trustme.CA().cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    refusal(local_client(make_client, secure))
    path.write_bytes(path.read_bytes() + bundle.read_bytes())
    whole_run(secure, local_client(make_client, secure))


def test_a_socket_says_why_it_does_not_connect(
    server: HostileServer, secure: HostileServer, make_client: MakeClient
) -> None:
    """A socket whose certificate is not accepted says so, and the task is followed without it."""
    client = make_client(socket_url=f"wss://localhost:{secure.socket_port}/v1")
    assert "let SSL_CERT_FILE name a PEM file" in socket_notice(server, client)


def test_contexts_are_kept_by_their_certificates(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each set of certificates has a context of its own."""
    plain = tls_context()
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert tls_context() is not plain
    monkeypatch.delenv("SSL_CERT_FILE")
    assert tls_context() is plain


# Proxies


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_dead_proxy_is_named(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """The error names the proxy and its variable, never its password."""
    monkeypatch.setenv(variable, f"http://me:{PASSWORD}@{DEAD}")
    error = refusal(make_client(base_url="https://wiro.example/v1"))
    assert isinstance(error, TransportError)
    assert error.safe_to_retry
    assert f"cannot be reached through the proxy {DEAD} ({variable})" in str(error)
    assert "p@ss" not in str(error)


def test_a_dead_proxy_of_a_socket_is_named(
    server: HostileServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the task says of its socket names the proxy as well."""
    monkeypatch.setenv("HTTPS_PROXY", f"me:{PASSWORD}@{DEAD}")
    notice = socket_notice(server, make_client(socket_url="wss://wiro.example/v1"))
    assert f"the proxy {DEAD} (HTTPS_PROXY)" in notice
    assert "p@ss" not in notice


@pytest.mark.parametrize("login", ["", "me:wrong@"])
def test_a_proxy_that_wants_a_password(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, login: str
) -> None:
    """407 is said once, with the proxy, its variable and how to write the password."""
    with Proxy({}, login="me:right") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{login}{proxy.name}")
        task = remote_client(make_client).start("a/b", {"prompt": "x"}, None)
        with pytest.raises(TransportError) as error_info:
            task.wait(60)
        assert (error_info.value.safe_to_retry, error_info.value.retry_helps) == (True, False)
        assert f"the proxy {proxy.name} (HTTPS_PROXY) wants another user and password (407)" in str(
            error_info.value
        )
        assert f"http://user:password@{proxy.name}" in str(error_info.value)
        assert "wrong" not in str(error_info.value)
        assert proxy.requests.count("CONNECT wiro.example:443") == 1


def test_a_407_without_a_tunnel(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that forwards plain HTTP answers 407 itself, which is no answer of Wiro."""
    with Proxy({}, login="me:right") as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        error = refusal(make_client(base_url="http://wiro.example/v1", allow_http=True))
        assert isinstance(error, TransportError)
        assert "(HTTP_PROXY) wants another user and password" in str(error)


def test_a_407_of_a_socket(
    server: HostileServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket's 407 is said with the proxy and the remedy."""
    with Proxy({}, login="me:right") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        notice = socket_notice(server, make_client(socket_url="wss://wiro.example/v1"))
    assert f"the proxy {proxy.name} (HTTPS_PROXY) wants another user and password (407)" in notice


@pytest.mark.skipif(
    tuple(map(int, metadata.version("websockets").split(".")[:2])) < (17, 2),
    reason="websockets decodes a proxy's password since 17.2",
)
@pytest.mark.parametrize("spelling", ["me:p%40ss%2Fw%3Ard@", f"me:{PASSWORD}@"], ids=["escaped", "as it is"])
def test_passwords_with_any_character(
    secure: HostileServer,
    make_client: MakeClient,
    bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
    spelling: str,
) -> None:
    """Calls and sockets log in at the proxy, whether or not the password is percent-encoded."""
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    hosts = {"wiro.example:443": secure.port, "wiro.example:444": secure.socket_port}
    with Proxy(hosts, login=f"me:{PASSWORD}") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{spelling}{proxy.name}")
        client = remote_client(make_client)
        whole_run(secure, client)
        client.close()
    assert "CONNECT wiro.example:444" in proxy.requests


def test_a_proxy_that_speaks_tls(
    secure: HostileServer,
    server_tls: ssl.SSLContext,
    make_client: MakeClient,
    bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy behind the company's certificate carries calls and sockets."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    hosts = {"wiro.example:443": secure.port, "wiro.example:444": secure.socket_port}
    with Proxy(hosts, tls=server_tls) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        client = remote_client(make_client)
        whole_run(secure, client)
        client.close()
    assert "CONNECT wiro.example:443" in proxy.requests


@pytest.mark.parametrize(("status", "retries"), [(403, 1), (502, 5)])
def test_a_proxy_that_does_not_connect(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, status: int, retries: int
) -> None:
    """A proxy's own refusal names it and the host; only one that may pass is tried again."""
    with Proxy({}, refusal=status) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        error = refusal(make_client(base_url="https://wiro.example/v1"))
        assert (
            f"the proxy {proxy.name} (HTTPS_PROXY) refuses to connect to wiro.example (HTTP {status})"
            in str(error)
        )
        assert "NO_PROXY=wiro.example" in str(error)
        assert len(proxy.requests) == retries


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (f"socks5://me:{PASSWORD}@{DEAD}", f"SOCKS proxy {DEAD}, which needs two more packages"),
        (f"socks://{DEAD}", r"pip install httpx\[socks\] python-socks"),
        (f"gopher://me:{PASSWORD}@{DEAD}", "unknown kind 'gopher'"),
        (f"socks4://{DEAD}", "unknown kind 'socks4'"),
        ("http://", "no address of a proxy"),
        (f"http://me:{PASSWORD}@", "no address of a proxy"),
        ("http://proxy:many", "no address of a proxy"),
        ("http://pro xy:3128", "no address of a proxy"),
    ],
)
def test_a_proxy_that_cannot_be_used(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, address: str, message: str
) -> None:
    """The error names the variable and what is wrong with it, never the password."""
    monkeypatch.setenv("HTTPS_PROXY", address)
    client = make_client(base_url="https://wiro.example/v1")
    with pytest.raises(ConfigurationError, match=message) as error_info:
        client.models()
    assert "HTTPS_PROXY" in str(error_info.value)
    assert "p@ss" not in str(error_info.value)
    assert "w:rd" not in str(error_info.value)


@pytest.mark.parametrize("scheme", ["socks", "socks5", "socks5h", "SOCKS5"])
def test_a_socks_proxy_resolves_names(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """Calls and sockets leave names to a SOCKS proxy, since a company's machine may not know them."""
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://proxy.example/")
    proxy = find_proxy("wss://wiro.example/v1")
    assert proxy is not None
    assert proxy.url == "socks5h://proxy.example:1080"


@pytest.mark.parametrize(
    "text",
    [
        "Invalid username/password",
        "Requested NO AUTHENTICATION REQUIRED from proxy server, but got USERNAME/PASSWORD.",
        "Username and password authentication failure",
    ],
)
def test_a_socks_proxy_that_wants_a_password(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """What httpcore and python-socks say of a wrong login, the latter as a cause only, becomes the remedy."""
    monkeypatch.setenv("ALL_PROXY", f"socks5h://me:wrong@{DEAD}")
    proxy = find_proxy("wss://wiro.example/v1")
    for_sockets = OSError("failed to connect to SOCKS proxy")
    for_sockets.__cause__ = OSError(text)
    for error in (OSError(text), for_sockets):
        reason, retry_helps = describe(error, "wiro.example", proxy, Certificates())
        assert f"write them as socks5h://user:password@{DEAD}" in reason
        assert not retry_helps


def test_a_socket_names_a_proxy_that_cannot_be_used(
    server: HostileServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket's proxy of an unknown kind does not break the task, and is named."""
    monkeypatch.setenv("ALL_PROXY", f"gopher://me:{PASSWORD}@{DEAD}")
    notice = socket_notice(server, make_client(socket_url="wss://wiro.example/v1"))
    assert "ALL_PROXY names a proxy of the unknown kind 'gopher'" in notice
    assert "p@ss" not in notice


def test_a_setting_that_is_not_used_breaks_nothing(
    secure: HostileServer, make_client: MakeClient, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GNOME sets ALL_PROXY to a SOCKS proxy beside HTTPS_PROXY, which goes first."""
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    hosts = {"wiro.example:443": secure.port, "wiro.example:444": secure.socket_port}
    with Proxy(hosts) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks://{DEAD}/")
        monkeypatch.setenv("HTTPS_PROXY", proxy.name)
        client = remote_client(make_client)
        whole_run(secure, client)
        client.close()


def test_a_proxy_that_is_set_later(
    secure: HostileServer, make_client: MakeClient, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client whose connection failed reads the environment anew."""
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    client = remote_client(make_client)
    refusal(client)
    hosts = {"wiro.example:443": secure.port, "wiro.example:444": secure.socket_port}
    with Proxy(hosts) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        whole_run(secure, client)
        client.close()


@pytest.mark.parametrize(
    ("exceptions", "url", "is_direct"),
    [
        ("10.0.0.0/8", "https://10.1.2.3/v1", True),
        ("10.0.0.0/8", "wss://10.1.2.3:444/v1", True),
        ("10.0.0.0/8", "https://11.1.2.3/v1", False),
        ("10.1.2.3", "https://10.1.2.3/v1", True),
        ("10.1.2.9/8", "https://10.1.2.3/v1", True),
        ("fd00::/8", "https://[fd00::1]/v1", True),
        ("[fd00::1]:444", "wss://[fd00::1]:444/v1", True),
        ("[fd00::1]:444", "https://[fd00::1]/v1", False),
        ("10.0.0.0/8", "https://ten.example/v1", False),
        ("10.0.0.0/99, a.example", "https://a.example/v1", True),
        (" b.example , a.example", "https://a.example/v1", True),
        ("b.example a.example", "https://a.example/v1", True),
        (".example", "https://a.example/v1", True),
        ("*.example", "https://a.example/v1", True),
        (".a.example", "https://a.example/v1", True),
        ("a.example", "https://A.Example./v1", True),
        ("a.example", "https://ba.example/v1", False),
        ("https://a.example", "wss://a.example/v1", True),
        ("http://a.example", "https://a.example/v1", False),
        ("a.example:443", "https://a.example/v1", True),
        ("a.example:80", "https://a.example/v1", False),
        ("b.example,*", "https://a.example/v1", True),
        ("", "https://a.example/v1", False),
        (",", "https://a.example/v1", False),
    ],
)
def test_no_proxy(monkeypatch: pytest.MonkeyPatch, exceptions: str, url: str, is_direct: bool) -> None:
    """NO_PROXY names hosts, domains, addresses and networks, for calls and sockets alike."""
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert (find_proxy(url) is None) is is_direct


def test_a_network_in_no_proxy_is_called_directly(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call to an address within such a network asks no proxy."""
    with Proxy({}) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "192.0.2.0/24")
        client = make_client(base_url="https://192.0.2.1/v1", timeout=0.2)
        assert isinstance(refusal(client), TransportError)
        assert proxy.requests == []


def test_a_large_upload_through_a_tunnel_has_its_time(
    secure: HostileServer, make_client: MakeClient, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time for the answer to a Run begins when the run is sent, not when the tunnel is open."""

    class SlowFile(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 0:
                PAUSE.wait(0.05)
            return super().read(size)

    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    hosts = {"wiro.example:443": secure.port, "wiro.example:444": secure.socket_port}
    with Proxy(hosts) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        client = make_client(
            base_url="https://wiro.example/v1", socket_url="wss://wiro.example:444/v1", timeout=0.3
        )
        content = b"\x89PNG\r\n\x1a\n" + bytes(64 * 1024 * 40)
        # No schema, so the tunnel is opened for the run.
        task = client.start("a/b", {"file": SlowFile(content)}, None)
        secure.finish(secure.task())
        assert task.wait(60).record.outcome == "succeeded"
        client.close()
