"""What the environment says of proxies and certificates: the same for HTTP and for sockets."""

from __future__ import annotations

import ssl
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.transport.urls import is_loopback

ORIGINS = 256  # whose way is remembered
_AS_HTTP = {"wss": "https", "ws": "http"}


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """Return the process's one TLS context; it costs 30 ms and a megabyte.

    Its certificates are those of SSL_CERT_FILE or SSL_CERT_DIR, else certifi's.
    """
    return httpx.create_ssl_context()


def warm_up() -> None:
    """Load what the first call needs: 100 ms of imports and certificates, for which no loop should stand still."""
    tls_context()
    for module in ("httpcore", "anyio._backends._asyncio"):
        with suppress(ImportError):
            import_module(module)


def proxy_for(url: str) -> str | None:
    """Return the proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name for an address, if any.

    None for this machine's own loopback, which no proxy can reach.
    """
    parts = urlsplit(url)
    if is_loopback(url) or not parts.hostname:
        return None
    scheme = _AS_HTTP.get(parts.scheme, parts.scheme)
    proxies = getproxies()
    found = proxies.get(scheme) or proxies.get("all")
    port = parts.port or (443 if scheme == "https" else 80)
    if not found or proxy_bypass(f"{parts.hostname}:{port}"):
        return None
    return found if "://" in found else f"http://{found}"


class Transport(httpx.AsyncBaseTransport):
    """httpx by the proxy that the environment names for each address; one pool of connections a proxy.

    The environment is asked when an address is first called.
    """

    def __init__(self, limits: httpx.Limits) -> None:
        self._limits = limits
        self._pools: dict[str | None, httpx.AsyncHTTPTransport] = {}
        self._by_origin: dict[tuple[bytes, bytes, int | None], httpx.AsyncHTTPTransport] = {}

    def __repr__(self) -> str:
        return f"<Transport, {len(self._pools)} pools>"

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; raises ConfigurationError for a proxy that cannot be used."""
        origin = request.url.raw_scheme, request.url.raw_host, request.url.port
        pool = self._by_origin.get(origin)
        if pool is None:
            proxy = proxy_for(str(request.url))
            pool = self._pools[proxy] = self._pools.get(proxy) or self._pool(proxy)
            if len(self._by_origin) < ORIGINS:
                self._by_origin[origin] = pool
        return await pool.handle_async_request(request)

    async def aclose(self) -> None:
        """Close every pool."""
        pools, self._pools, self._by_origin = self._pools, {}, {}
        for pool in pools.values():
            await pool.aclose()

    def _pool(self, proxy: str | None) -> httpx.AsyncHTTPTransport:
        try:
            urlsplit(proxy or "")
            through = httpx.Proxy(proxy, ssl_context=_for_proxy(proxy)) if proxy else None
            return httpx.AsyncHTTPTransport(verify=tls_context(), limits=self._limits, proxy=through)
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            missing = isinstance(error, ImportError)
            advice = "Run: pip install httpx[socks] python-socks" if missing else "Correct it or take it away"
            where = "The proxy that your environment names (HTTPS_PROXY, HTTP_PROXY or ALL_PROXY)"
            raise ConfigurationError(f"{where} cannot be used. {advice}.") from None


def _for_proxy(proxy: str) -> ssl.SSLContext | None:
    return tls_context() if proxy.startswith("https:") else None
