"""Environment: the certificates and proxies that the variables of this process name, for HTTP and sockets alike.

Certificates: SSL_CERT_FILE, else SSL_CERT_DIR, else REQUESTS_CA_BUNDLE, else CURL_CA_BUNDLE, else certifi's. Proxies:
HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in upper or lower case, else those of the system's settings.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit
from urllib.request import getproxies, getproxies_environment, proxy_bypass

import httpx

from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.transport.urls import is_loopback

CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
SYSTEM_SETTINGS = "the system's settings"
SOCKS_PACKAGES = "pip install httpx[socks] python-socks"

_MAX_NAME = 100  # characters of a file or a host that an error quotes
_DEFAULT_PORTS = {"http": 80, "https": 443, "socks5h": 1080}
_HASHED_NAME = re.compile(r"[0-9a-f]{8}\.\d+")  # of a certificate in a folder, as `openssl rehash` makes them
# "socks" is what GNOME writes. The proxy resolves the names of hosts for calls, so it does for sockets as well.
_ALIASES = {"socks": "socks5h", "socks5": "socks5h"}


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where certificates are read from: a variable and its path, and what tells whether they have changed since.

    Without a variable they are certifi's.
    """

    variable: str | None = None
    path: str = ""
    stamps: tuple[tuple[int, int], ...] = ()

    @property
    def description(self) -> str:
        """The variable with its value, for an error."""
        return f"{self.variable}={_clip(self.path)}" if self.variable else "certifi"


def find_certificates() -> Certificates:
    """Return what the environment names; raises ConfigurationError with the variable if its path is missing."""
    for variable in CERTIFICATE_VARIABLES:
        path = os.environ.get(variable, "")
        if path:
            return Certificates(variable, path, tuple(_stamps(variable, path)))
    return Certificates()


def tls_context(certificates: Certificates | None = None) -> ssl.SSLContext:
    """Return the process's TLS context for these certificates, by default those of the environment.

    Each is made once, for HTTP and sockets, because it costs 30 ms and a megabyte. Raises ConfigurationError.
    """
    return _context(find_certificates() if certificates is None else certificates)


@lru_cache(maxsize=4)
def _context(certificates: Certificates) -> ssl.SSLContext:
    if certificates.variable is None:
        return httpx.create_ssl_context(trust_env=False)
    path = certificates.path
    try:
        if certificates.variable == "SSL_CERT_DIR" or Path(path).is_dir():
            folders = [Path(folder) for folder in path.split(os.pathsep) if folder]
            if not any(_HASHED_NAME.fullmatch(item.name) for folder in folders for item in _items(folder)):
                raise _unusable(certificates, "has no certificates under hashed names (see `openssl rehash`)")
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise _unusable(certificates, "has no certificates in PEM format") from None
    except OSError as error:
        raise _unusable(certificates, f"cannot be read ({error.strerror})") from None


def _stamps(variable: str, path: str) -> Iterator[tuple[int, int]]:
    paths = [item for item in path.split(os.pathsep) if item] if variable == "SSL_CERT_DIR" else [path]
    for item in paths:
        try:
            status = Path(item).stat()
        except OSError as error:
            reason = (
                "does not exist"
                if isinstance(error, FileNotFoundError)
                else f"cannot be read ({error.strerror})"
            )
            raise _unusable(Certificates(variable, item), reason) from None
        except ValueError:
            raise _unusable(Certificates(variable, item), "is no path") from None
        yield status.st_mtime_ns, status.st_size


def _items(folder: Path) -> Iterator[Path]:
    return folder.iterdir() if folder.is_dir() else iter(())


def _unusable(certificates: Certificates, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"{certificates.variable} names {_clip(certificates.path)}, which {reason}. "
        "Correct the variable, or remove it to use the certificates that httpx brings."
    )


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy with the variable that names it; its address may hold a password and is in no repr."""

    url: str = field(repr=False)
    name: str  # host:port
    variable: str

    def __str__(self) -> str:
        return f"the proxy {self.name} ({self.variable})"


def find_proxy(url: str) -> Proxy | None:
    """Return the proxy for an http(s) or ws(s) address, None if it is reached directly, as this machine's own are.

    wss has the proxy of https and ws that of http. Raises ConfigurationError that names the variable and no password.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if not host or is_loopback(url):
        return None
    scheme = {"wss": "https", "ws": "http"}.get(parts.scheme, parts.scheme)
    port = parts.port or _DEFAULT_PORTS.get(scheme, 0)
    from_environment = getproxies_environment()
    proxies = from_environment or getproxies()
    kind = scheme if proxies.get(scheme) else "all"
    address = (proxies.get(kind) or "").strip()
    if not address:
        return None
    if from_environment:
        if _is_excepted(host, port, scheme, from_environment.get("no", "")):
            return None
    elif proxy_bypass(f"{host}:{port}"):
        return None
    return _read_proxy(address, _variable(kind) if from_environment else SYSTEM_SETTINGS)


def signature() -> tuple[object, ...]:
    """Return what changes when a variable changes that matters here, or the file or folder that one names."""
    values = tuple(
        os.environ.get(spelling)
        for name in (*CERTIFICATE_VARIABLES, *PROXY_VARIABLES)
        for spelling in (name, name.lower())
    )
    try:
        return (*values, find_certificates())
    except ConfigurationError:
        return values


def _variable(kind: str) -> str:
    """Return the name of the variable of a proxy as it is set; the lower case goes first."""
    name = f"{kind}_proxy"
    return next((item for item in (name, name.upper()) if os.environ.get(item)), name.upper())


def _read_proxy(address: str, variable: str) -> Proxy:
    """Return a proxy from its address; without a scheme it speaks HTTP.

    User and password may hold any character: what comes after the last @ is the host.
    """
    scheme, _, rest = address.rpartition("://")
    scheme = _ALIASES.get(scheme.lower(), scheme.lower()) or "http"
    user_info, _, place = rest.lstrip("/").rpartition("@")
    try:
        parts = urlsplit(f"//{place}")
        host = parts.hostname or ""
        port = parts.port or _DEFAULT_PORTS.get(scheme, 0)
    except ValueError:
        host, port = "", 0
    if not host or not re.fullmatch(r"[\w.:%-]+", host):
        raise ConfigurationError(
            f"{variable} is no address of a proxy, such as http://host:port. Correct or remove it."
        )
    name = f"{_clip(f'[{host}]' if ':' in host else host)}:{port}"
    if scheme not in _DEFAULT_PORTS:
        raise ConfigurationError(
            f"{variable} names a proxy of the unknown kind {scheme[:20]!r}. "
            "Write http://, https://, socks5:// or socks5h:// before the host, or remove the variable."
        )
    user, _, password = user_info.partition(":")
    login = f"{quote(unquote(user), safe='')}:{quote(unquote(password), safe='')}@" if user_info else ""
    return Proxy(f"{scheme}://{login}{f'[{host}]' if ':' in host else host}:{port}", name, variable)


def _is_excepted(host: str, port: int, scheme: str, exceptions: str) -> bool:
    """Return True if NO_PROXY names the host: itself or its domain, its address or network (CIDR), perhaps a port."""
    host = host.lower()
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        address = None
    for text in re.split(r"[,\s]+", exceptions.lower()):
        only_scheme, _, entry = text.rpartition("://")
        if not entry or only_scheme not in ("", "all", scheme):
            continue
        if entry == "*":
            return True
        if address is not None and _is_in_network(address, entry.strip("[]")):
            return True
        name, only_port = _split_port(entry)
        name = name.removeprefix("*").strip(".")
        if name and only_port in (None, port) and (host == name or host.endswith(f".{name}")):
            return True
    return False


def _is_in_network(address: ipaddress.IPv4Address | ipaddress.IPv6Address, entry: str) -> bool:
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _split_port(entry: str) -> tuple[str, int | None]:
    """Return "host:port" or "[IPv6]:port" as host and port."""
    match = re.fullmatch(r"(\[.*\]|[^:]*):(\d{1,5})", entry)
    return (match[1].strip("[]"), int(match[2])) if match else (entry.strip("[]"), None)


def _clip(text: str) -> str:
    return text if len(text) <= _MAX_NAME else f"{text[: _MAX_NAME - 3]}..."
