"""Routes: each request of HTTP goes directly or through the proxy of its address; failures say which way it was."""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Iterator
from functools import lru_cache
from http import HTTPStatus
from importlib.util import find_spec

import httpx

from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.transport import environment
from wiro_widgets.transport.environment import SOCKS_PACKAGES, Certificates, Proxy

MAX_ORIGINS = 256  # whose proxy is remembered
_SOCKS_LOGIN = re.compile(r"(?i)username|\bauthentication\b")  # in the words of httpcore and python-socks
_LONGEST_DETAIL = 120  # characters of another library's words
# OpenSSL's numbers for an authority that is missing in what is trusted: self-signed, or of an unknown issuer.
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})


class RouteError(httpx.ConnectError):
    """The connection to a server was not made, so nothing was sent; the text names the proxy or the certificates.

    `retry_helps` is False if only another setting can help.
    """

    def __init__(self, text: str, *, retry_helps: bool) -> None:
        super().__init__(text)
        self.retry_helps = retry_helps


class Routes(httpx.AsyncBaseTransport):
    """The pools of connections of one client: one for direct connections, one for each proxy.

    `has_failed` becomes True when a connection could not be made: then it is worth reading the environment anew.
    """

    def __init__(self, certificates: Certificates, limits: httpx.Limits) -> None:
        self._certificates = certificates
        self._limits = limits
        self._signature = environment.signature()
        self._pools: dict[Proxy | None, httpx.AsyncHTTPTransport] = {}
        self._proxy = lru_cache(MAX_ORIGINS)(environment.find_proxy)
        self.has_failed = False

    def __repr__(self) -> str:
        return f"<Routes with certificates of {self._certificates.description}>"

    @property
    def is_outdated(self) -> bool:
        """True if a connection failed and the environment is another one now."""
        return self.has_failed and self._signature != environment.signature()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request.

        Raises RouteError for a proxy or a certificate that fails, ConfigurationError for a bad proxy, and what else
        httpx raises.
        """
        url = request.url
        proxy = self._proxy(f"{url.scheme}://{url.netloc.decode('ascii')}")
        pool = self._pools.get(proxy) or self._open_pool(proxy)
        try:
            response = await pool.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            self.has_failed = True
            if proxy is None and _certificate_error(error) is None:
                if isinstance(error, httpx.ConnectTimeout):
                    raise
                reason = f"{_place(url)} cannot be reached ({_reason_of_system(error)})"
                raise RouteError(reason, retry_helps=True) from error
            reason, retry_helps = describe(error, url.host, proxy, self._certificates)
            raise RouteError(reason, retry_helps=retry_helps) from error
        if (
            proxy
            and url.scheme == "http"
            and response.status_code == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
        ):
            self.has_failed = True
            await response.aclose()
            raise RouteError(refusal(response.status_code, url.host, proxy), retry_helps=False)
        return response

    async def aclose(self) -> None:
        """Close every pool."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.aclose()

    def _open_pool(self, proxy: Proxy | None) -> httpx.AsyncHTTPTransport:
        tls = environment.tls_context(self._certificates)
        pool = httpx.AsyncHTTPTransport(
            verify=tls, trust_env=False, limits=self._limits, proxy=_as_httpx_has_it(proxy, tls)
        )
        self._pools[proxy] = pool
        return pool


def describe(
    error: Exception, host: str, proxy: Proxy | None, certificates: Certificates
) -> tuple[str, bool]:
    """Return in words why no connection to a host was made and what to do, and whether another try may help."""
    if (invalid := _certificate_error(error)) is not None:
        return _certificate_refused(invalid, host, proxy, certificates), False
    if proxy is None:
        return f"{host} cannot be reached ({_reason_of_system(error)})", True
    status = re.match(r"(?:proxy rejected connection: HTTP )?(\d{3})\b", str(error))
    if status:
        return refusal(int(status[1]), host, proxy), int(status[1]) >= HTTPStatus.INTERNAL_SERVER_ERROR
    texts = [str(item) for item in (error, error.__cause__) if item is not None]
    if any(map(_SOCKS_LOGIN.search, texts)):  # websockets has the reason in the cause only
        return _login_refused(proxy), False
    is_late = isinstance(error, TimeoutError | httpx.TimeoutException)
    detail = "no answer in time" if is_late else _clip(str(error)) or type(error).__name__
    advice = "correct or remove the setting if that is not your proxy"
    return f"{host} cannot be reached through {proxy} ({detail}); {advice}", True


def _certificate_refused(
    error: ssl.SSLCertVerificationError, host: str, proxy: Proxy | None, certificates: Certificates
) -> str:
    whose = f"{host} or of {proxy}" if proxy and proxy.url.startswith("https:") else host
    reason = f"the certificate of {whose} is not accepted (CERTIFICATE_VERIFY_FAILED: {error.verify_message})"
    if error.verify_code not in _UNKNOWN_AUTHORITY:
        return reason
    if certificates.variable:
        return f"{reason}; {certificates.description} lacks the authority that issued it"
    advice = (
        "if your company's network reads the traffic, let SSL_CERT_FILE name a PEM file with its certificate"
    )
    return f"{reason}; {advice}"


def refusal(status: int, host: str, proxy: Proxy) -> str:
    """Return in words why a proxy refused to connect to a host, and what to do."""
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return _login_refused(proxy, " (407)")
    return f"{proxy} refuses to connect to {host} (HTTP {status}); NO_PROXY={host} would go past it"


def _login_refused(proxy: Proxy, status: str = "") -> str:
    scheme = proxy.url.partition(":")[0]
    return (
        f"{proxy} wants another user and password{status}; "
        f"write them as {scheme}://user:password@{proxy.name}, special characters as %40 for @"
    )


def _place(url: httpx.URL) -> str:
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{host}:{url.port or (443 if url.scheme == 'https' else 80)}"


def _reason_of_system(error: Exception) -> str:
    """Return what the operating system says of a connection that was not made, such as "Connection refused"."""
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return cause.strerror or "the name is not known"
        if isinstance(cause, OSError) and cause.errno and not isinstance(cause, ssl.SSLError):
            return os.strerror(cause.errno)  # asyncio has sentences of its own in its place
    return _clip(str(error)) or type(error).__name__


def _certificate_error(error: BaseException) -> ssl.SSLCertVerificationError | None:
    return next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLCertVerificationError)), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what is behind it; causes may form a ring, so it ends at the tenth."""
    for _ in range(10):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _as_httpx_has_it(proxy: Proxy | None, tls: ssl.SSLContext) -> httpx.Proxy | None:
    if proxy is None:
        return None
    is_socks = proxy.url.startswith("socks")
    if is_socks and find_spec("socksio") is None:
        raise ConfigurationError(
            f"{proxy.variable} names the SOCKS proxy {proxy.name}, which needs two more packages. "
            f"Run: {SOCKS_PACKAGES}"
        )
    return httpx.Proxy(proxy.url, ssl_context=tls if proxy.url.startswith("https:") else None)


def _clip(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_DETAIL else f"{line[: _LONGEST_DETAIL - 3]}..."
