"""Sends a Request and returns the reply's object: one pool, limits, retries by safety class, typed errors."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import httpx

from wiro_widgets.client.addresses import is_loopback
from wiro_widgets.protocol import replies, retry
from wiro_widgets.protocol.credentials import Credentials
from wiro_widgets.protocol.errors import ApiError, RateLimited, TransportError, WiroError
from wiro_widgets.protocol.requests import Request, Upload

MAX_REPLY_BYTES = 16 * 1024 * 1024
READ_TRIES = 5
RUN_TRIES = 5
IDLE_SECONDS = 4.0  # shorter than servers keep an idle connection, so a Run never meets one that just closed

_log = logging.getLogger("wiro_widgets")
# Nothing was written when one of these is raised, so the call certainly did not arrive (protocol: Run).
_NEVER_ARRIVED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """Return the process's one TLS context, for HTTP and sockets alike; it costs 30 ms and a megabyte."""
    return httpx.create_ssl_context()


class _Signature(httpx.Auth):
    """Signs at the last moment, so that each attempt has a nonce of its own."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers.update(self._credentials.headers())
        yield request


class Http:
    """The connection to one API; owns the pool of connections.

    `notify` is told in words when a call is about to be tried again.
    """

    def __init__(self, credentials: Credentials, base_url: str, *, timeout: float) -> None:
        self.credentials = credentials
        self.base_url = base_url
        self._timeout = timeout
        self._auth = _Signature(credentials)
        self._client: httpx.AsyncClient | None = None

    def __repr__(self) -> str:
        return f"<Http {self.base_url}>"

    @property
    def pool(self) -> httpx.AsyncClient:
        """The pool, made when it is first needed; it sends no credentials by itself."""
        if self._client is None:
            loopback = is_loopback(self.base_url)
            self._client = httpx.AsyncClient(
                verify=tls_context() if not loopback or self.base_url.startswith("https") else False,
                trust_env=not loopback,  # a proxy cannot reach this machine's own loopback
                timeout=httpx.Timeout(self._timeout, pool=None),
                limits=httpx.Limits(max_connections=100, keepalive_expiry=IDLE_SECONDS),
                follow_redirects=False,
            )
        return self._client

    async def call(
        self, request: Request, *, notify: Callable[[str], None] | None = None
    ) -> Mapping[str, Any]:
        """Send, and try again where that is safe (protocol: Run); return the reply's object.

        Raises TransportError or an ApiError.
        """
        tries = RUN_TRIES if request.safety == "run" else READ_TRIES
        pauses = retry.delays(0.25, 8.0, random.random)
        while True:
            outcome, wait = await self._attempt(request)
            if not isinstance(outcome, WiroError):
                return outcome
            tries -= 1
            if tries <= 0 or not _may_retry(request, outcome) or (wait or 0) > retry.LONGEST_RETRY_AFTER:
                raise outcome
            pause = next(pauses) if wait is None else wait
            _log.info("%s will be tried again in %.1f s", request.path, pause)
            if notify:
                notify(f"{_reason(outcome)}; trying again in {pause:.0f} s")
            await asyncio.sleep(pause)

    async def aclose(self) -> None:
        """Close the pool; closing twice is fine."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _attempt(self, request: Request) -> tuple[Mapping[str, Any] | WiroError, float | None]:
        """Send once; an error is returned, not raised, so that no frame of httpx with the key hangs on it."""
        try:
            response = await self.pool.send(self._built(request), stream=True, auth=self._auth)
            try:
                body = await _read(response, request.path)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            return self._transport_error(request, error), None
        except ApiError as error:
            return error.with_traceback(None), None
        except OSError as error:
            reason = f"a file could not be read ({error})"
            return TransportError(reason, endpoint=request.path, safe_to_retry=True), None
        return self._reply(request, response, body)

    def _built(self, request: Request) -> httpx.Request:
        url = self.base_url + request.path
        if request.parts:
            _rewind(request)
            return self.pool.build_request(
                "POST", url, files=[(name, _part(part)) for name, part in request.parts]
            )
        return self.pool.build_request("POST", url, json=request.json)

    def _reply(
        self, request: Request, response: httpx.Response, body: bytes
    ) -> tuple[Mapping[str, Any] | WiroError, float | None]:
        wait = retry.retry_after(response.headers.get("retry-after"), datetime.now(UTC))
        if response.is_redirect:
            return _refused(
                "the server answered with a redirect, which is not followed", request, response
            ), wait
        try:
            return replies.payload(body, http_status=response.status_code, endpoint=request.path), wait
        except ApiError as error:
            return _redacted(error, self.credentials).with_traceback(None), wait

    def _transport_error(self, request: Request, error: httpx.HTTPError) -> TransportError:
        safe = request.safety != "run" or isinstance(error, _NEVER_ARRIVED)
        what = (
            "the time ran out"
            if isinstance(error, httpx.TimeoutException)
            else str(error) or type(error).__name__
        )
        reason = self.credentials.redact(f"{what} at {self.base_url}")
        return TransportError(reason, endpoint=request.path, safe_to_retry=safe)


async def _read(response: httpx.Response, endpoint: str) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_REPLY_BYTES:
            limit = f"the reply is larger than {MAX_REPLY_BYTES >> 20} MiB"
            raise ApiError(limit, http_status=response.status_code, endpoint=endpoint)
    return bytes(body)


def _part(part: str | Upload) -> tuple[str | None, Any] | tuple[str, Any, str]:
    return (part.filename, part.content, part.content_type) if isinstance(part, Upload) else (None, part)


def _rewind(request: Request) -> None:
    """Start each attempt at the beginning of its files."""
    for _, part in request.parts:
        if isinstance(part, Upload) and hasattr(part.content, "seek"):
            part.content.seek(0)


def _may_retry(request: Request, error: WiroError) -> bool:
    if request.safety == "run":
        # A Run is repeated only when it did not arrive, or when the server said that it made no task.
        return isinstance(error, RateLimited) or (isinstance(error, TransportError) and error.safe_to_retry)
    if isinstance(error, TransportError):
        return True
    return isinstance(error, ApiError) and error.http_status in retry.RETRYABLE_STATUS


def _refused(why: str, request: Request, response: httpx.Response) -> ApiError:
    return ApiError(why, http_status=response.status_code, endpoint=request.path)


def _redacted(error: ApiError, credentials: Credentials) -> ApiError:
    """Blot out a key that the server repeated to us."""
    error.message = credentials.redact(error.message)
    error.args = tuple(credentials.redact(str(item)) for item in error.args)
    return error


def _reason(error: WiroError) -> str:
    return "Wiro is busy" if isinstance(error, RateLimited) else "The connection failed"
