"""Addresses: where Wiro is, and which other addresses may be called."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import unicodedata
from urllib.parse import urlsplit

from wiro_widgets.protocol.errors import ConfigurationError

BASE_URL = "https://api.wiro.ai/v1"
SOCKET_URL = "wss://socket.wiro.ai/v1"

# Names that only this machine, its network or its cluster resolves.
_OF_A_NETWORK = (
    *(".localhost", ".local", ".localdomain", ".internal", ".intranet", ".private", ".lan", ".home", ".corp"),
    *(".arpa", ".svc", ".cluster", ".consul", ".docker", ".k8s", ".test", ".invalid", ".onion", ".alt"),
)
# IPv6 networks whose last 32 bits are an IPv4 address: NAT64, compatible and translated addresses.
_WITH_IPV4 = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
# Where clouds serve the secrets of a machine to whatever runs on it; some of these count as public.
_METADATA_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        (
            "169.254.0.0/16",
            "fe80::/10",
            "fd00:ec2::/32",
            "100.100.100.200/32",
            "192.0.0.0/24",
            "168.63.129.16/32",
        ),
    )
)
_METADATA_NAMES = frozenset(
    {"metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal"}
)
# Reserved networks that not every Python in use counts as such.
_RESERVED_NETWORKS = tuple(
    map(ipaddress.ip_network, ("240.0.0.0/4", "64:ff9b:1::/48", "fec0::/10", "5f00::/16"))
)
_NAME = re.compile(r"[\w-]+(\.[\w-]+)*")  # of a host; what else a resolver drops may hide another name

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def base_url(url: str | None, *, allow_http: bool = False) -> str:
    """Return the address of the API: the argument, else WIRO_BASE_URL, else Wiro's own.

    Raises ConfigurationError if it is malformed, or plain http to another machine.
    """
    url = url or os.environ.get("WIRO_BASE_URL") or BASE_URL
    return _validate(url, ("https", "http"), "base_url", allow_plain=allow_http)


def socket_url(url: str | None, base: str, *, allow_http: bool = False) -> str:
    """Return the address of the socket: the argument, else WIRO_SOCKET_URL, else the one beside the base.

    The socket of a base other than Wiro's own is at the same address, so that no token goes elsewhere.
    """
    url = url or os.environ.get("WIRO_SOCKET_URL")
    if not url:
        url = SOCKET_URL if base == BASE_URL else "ws" + base.removeprefix("http")
    return _validate(url, ("wss", "ws"), "socket_url", allow_plain=allow_http)


def is_loopback(url: str) -> bool:
    """Return True if the address is on this machine."""
    host = _host(url)
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def may_fetch(url: str, *, base: str, allow_http: bool = False) -> bool:
    """Return True if an output may be fetched from this address.

    A server on the internet may name public https addresses only, none of this machine or its network. Plain http needs
    an API on loopback and a loopback address, or `allow_http`. No server may name a metadata service or a multicast
    address. Names are not resolved: a public name that resolves to an address of this network passes.
    """
    host, scheme = _host(url), url.partition(":")[0].lower()
    if not host or scheme not in ("https", "http") or "\\" in url or _is_never_a_file_server(host):
        return False
    local = is_loopback(base)
    if scheme == "http" and not allow_http and not (local and is_loopback(url)):
        return False
    return local or allow_http or host == _host(base) or not _is_private(host)


def _is_private(host: str) -> bool:
    address = _address(host)
    if address is None:
        return "." not in host or host.endswith(_OF_A_NETWORK)
    return not address.is_global or any(address in network for network in _RESERVED_NETWORKS)


def _is_never_a_file_server(host: str) -> bool:
    address = _address(host)
    if address is None:
        return host in _METADATA_NAMES or not _NAME.fullmatch(host)
    return address.is_multicast or any(address in network for network in _METADATA_NETWORKS)


def _address(host: str) -> IpAddress | None:
    """Return a host as an IP address, for an IPv4 address inside an IPv6 one the inner; None for a name."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and int(address) > 1 and any(address in network for network in _WITH_IPV4):
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


def _host(url: str) -> str:
    """Return the host as a resolver reads it; empty if the URL is malformed.

    In lower case and ASCII dots; numbers in any spelling (127.1, 0x7f.1, 2130706433) become the address they stand for.
    """
    try:
        host = unicodedata.normalize("NFKC", urlsplit(url).hostname or "")
        host = host.replace("\N{IDEOGRAPHIC FULL STOP}", ".").lower().rstrip(".")
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return host
    except ValueError:
        return ""


def _validate(url: str, schemes: tuple[str, str], name: str, *, allow_plain: bool) -> str:
    try:
        parts = urlsplit(url.strip())
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        port_is_fine = False
    if not port_is_fine or parts.scheme not in schemes or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError(
            f"{name} must be an address like {schemes[0]}://host/v1, not {_printable(url)!r}."
        )
    if parts.username or parts.password:
        raise ConfigurationError(f"{name} must not carry a user or password; pass api_key= instead.")
    if parts.scheme == schemes[1] and not allow_plain and not is_loopback(url):
        raise ConfigurationError(
            f"{name} {_printable(url)!r} is not encrypted, and the key would travel in the clear. "
            f"Use {schemes[0]}://, or allow_http=True if you are sure of the network."
        )
    return url.strip().rstrip("/")


def _printable(url: str) -> str:
    """Return the address without parts that may hold a password."""
    return url.rsplit("@", maxsplit=1)[-1].split("?", maxsplit=1)[0][:100]
