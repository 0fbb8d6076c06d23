"""Sends a Request and returns the reply's object: one pool, limits, retries by safety class, typed errors."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import httpx

from wiro_widgets.protocol import __version__, backoff, replies
from wiro_widgets.protocol.credentials import Credentials
from wiro_widgets.protocol.errors import ApiError, ConfigurationError, TransportError, WiroError
from wiro_widgets.protocol.requests import Request, Upload
from wiro_widgets.transport import quiet
from wiro_widgets.transport.body import (
    BrokenBodyError,
    ExactFile,
    TooLargeError,
    UnreadableFileError,
    read_reply,
)
from wiro_widgets.transport.surroundings import Transport, warm_up

MAX_REPLY_BYTES = 16 * 1024 * 1024
CALLS_AT_ONCE = 96
DOWNLOADS_AT_ONCE = 16
MAX_CONNECTIONS = CALLS_AT_ONCE + DOWNLOADS_AT_ONCE
LOOKS_AT_ONCE = 80  # so that no Stop and no Run waits behind a thousand tasks that are being looked at
TRIES = 5
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 8.0
# A Run may take long to send. Once all of it is sent, the whole reply has so many times the timeout of one read: a
# server that drips headers, or says "103 Early Hints" for ever, holds nobody for longer.
ANSWER_TIMEOUTS = 4
URLS = 256  # that are kept parsed
IDLE_SECONDS = 4.0  # shorter than servers keep an idle connection, so a Run never meets one that just closed

_log = logging.getLogger("wiro_widgets")
_HEADERS = {"accept-encoding": "gzip", "user-agent": f"wiro-widgets/{__version__}"}
# Nothing was written when one of these is raised, so the call certainly did not arrive (protocol: Run).
_NEVER_ARRIVED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
_BROKEN = (httpx.HTTPError, OSError, RuntimeError, TooLargeError, BrokenBodyError, UnreadableFileError)

Reply = Mapping[str, Any]


class Http:
    """The connection to one API; owns the pool of connections. `timeout` is in seconds, for one attempt."""

    def __init__(self, credentials: Credentials, base_url: str, *, timeout: float) -> None:
        self.credentials = credentials
        self.base_url = base_url
        self.timeout = timeout
        self.tokens: dict[str, str] = {}  # of the tasks that are being followed: what no reply may repeat
        self._url = lru_cache(URLS)(lambda path: httpx.URL(base_url + path))
        self._redact = credentials.redactor()
        self._calls = asyncio.Semaphore(CALLS_AT_ONCE)
        self._looks = asyncio.Semaphore(LOOKS_AT_ONCE)
        self._transport: Transport | None = None
        self._client: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"<Http {self.base_url}{', closed' if self._closed else ''}>"

    @property
    def pool(self) -> httpx.AsyncClient:
        """A client of httpx over the same connections, for what is no call; it sends no credentials by itself.

        Raises ConfigurationError when it was closed, or is used on a second event loop.
        """
        transport = self._opened()
        if self._client is None:
            self._client = quiet.Client(transport=transport, trust_env=False, headers=_HEADERS)
        return self._client

    async def look(self, request: Request, *, seconds: float) -> Reply:
        """Send a read once, for whoever reads again and again; raises what `call` raises."""
        async with self._looks:
            return await self.call(request, tries=1, seconds=seconds)

    async def call(self, request: Request, *, tries: int = TRIES, seconds: float | None = None) -> Reply:
        """Send a read or a control, again where that helps, and return the reply's object.

        `seconds` is for one attempt, all of it. Raises TransportError or an ApiError.
        """
        pauses = backoff.delays(FIRST_PAUSE, LONGEST_PAUSE, random.random)
        while True:
            outcome = await self._attempt(request, seconds or self.timeout)
            if not isinstance(outcome, WiroError):
                return outcome
            wait = outcome.retry_after if isinstance(outcome, ApiError) else None
            tries -= 1
            if tries <= 0 or not _may_retry(outcome) or (wait or 0) > backoff.LONGEST_RETRY_AFTER:
                raise outcome
            pause = next(pauses) if wait is None else wait
            _log.info("%s will be tried again in %.1f s", request.path, pause)
            await asyncio.sleep(pause)

    async def once(self, request: Request) -> Reply:
        """Send a Run once, and never again (protocol: Run).

        Raises TransportError, whose `safe_to_retry` says whether it certainly had no effect, or an ApiError.
        """
        outcome = await self._attempt(request, self.timeout)
        if isinstance(outcome, WiroError):
            raise outcome
        return outcome

    async def aclose(self) -> None:
        """Close the pool; closing twice is fine."""
        self._closed = True
        transport, self._transport, self._client = self._transport, None, None
        if transport is not None:
            await transport.aclose()

    def _opened(self) -> Transport:
        """Return the connections, made when they are first needed."""
        if self._closed:
            raise ConfigurationError("This client was closed; make a new one.")
        loop = asyncio.get_running_loop()
        if self._transport is None:
            self._loop = loop
            self._transport = Transport(
                httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=IDLE_SECONDS)
            )
        if loop is not self._loop:
            raise ConfigurationError(
                "This client lives on another event loop. Make one AsyncClient for each asyncio.run, "
                "or use Client, which has a loop of its own."
            )
        return self._transport

    async def _attempt(self, request: Request, seconds: float) -> Reply | WiroError:
        """Send once; an error is returned, not raised, so that no frame of httpx with the key hangs on it."""
        try:
            limit = None if request.safety == "run" else seconds
            async with self._calls, asyncio.timeout(limit) as deadline:
                return await self._exchange(request, seconds, deadline)
        except asyncio.CancelledError as error:
            raise error.with_traceback(None) from None  # the frames below hold the headers
        except _BROKEN as error:
            return self._broken(request, error, seconds)
        except ConfigurationError as error:
            return error.with_traceback(None)

    async def _exchange(
        self, request: Request, seconds: float, deadline: asyncio.Timeout
    ) -> Reply | WiroError:
        if self._transport is None and not self._closed:
            await asyncio.to_thread(warm_up)
        built = self._built(request, seconds)
        if request.safety == "run":
            built.extensions["trace"] = _once_sent(deadline, ANSWER_TIMEOUTS * seconds)
        with quiet.unheard():
            # Not through a client of httpx: its cookies, redirects and hooks are a tenth of a call, and we use none.
            response = await self._opened().handle_async_request(built)
            response.request = built
            try:
                async with asyncio.timeout(seconds):
                    body = await read_reply(response, MAX_REPLY_BYTES)
            finally:
                await response.aclose()
        return self._answer(request, response, body)

    def _built(self, request: Request, seconds: float) -> httpx.Request:
        """Build and sign a request for one attempt, so that each has a nonce of its own."""
        parts = [(name, _part(part)) for name, part in request.parts]
        limit = {"connect": seconds, "read": seconds, "write": seconds, "pool": None}
        return httpx.Request(
            "POST",
            self._url(request.path),
            headers={**_HEADERS, **self.credentials.headers()},
            json=None if parts else request.json,
            files=parts or None,
            extensions={"timeout": limit},
        )

    def _answer(self, request: Request, response: httpx.Response, body: bytes) -> Reply | WiroError:
        """Return what the reply says, without the secrets that a server repeats to us."""
        status, where, redact = response.status_code, request.path, self._redactor_of(request)
        if request.safety == "run" and (reply := replies.run_reply(body, redact)):
            return reply
        if response.is_redirect:
            reason = "the server answered with a redirect, which is not followed"
            return ApiError(reason, http_status=status, endpoint=where)
        try:
            return replies.payload(body, http_status=status, endpoint=where, redact=redact)
        except ApiError as error:
            error.retry_after = backoff.retry_after(response.headers.get("retry-after"), datetime.now(UTC))
            return error.with_traceback(None)

    def _redactor_of(self, request: Request) -> Callable[[str], str]:
        token = self.tokens.get(str((request.json or {}).get("taskid")))
        return self.credentials.redactor(token) if token else self._redact

    def _broken(self, request: Request, error: Exception, seconds: float) -> WiroError:
        """Return what became of a call without a reply that can be read."""
        if isinstance(error, TooLargeError):
            reason = f"the reply is larger than {MAX_REPLY_BYTES >> 20} MiB, the limit"
            if request.safety != "run":
                return ApiError(reason, endpoint=request.path)
        elif isinstance(error, TimeoutError | httpx.TimeoutException):
            reason = f"no answer within {seconds:g} s from {self.base_url}"
        elif isinstance(error, UnreadableFileError | BrokenBodyError):
            reason = str(error)
        else:
            reason = f"{str(error) or type(error).__name__} at {self.base_url}"
        safe = request.safety != "run" or isinstance(error, (*_NEVER_ARRIVED, UnreadableFileError))
        return TransportError(self._redact(reason), endpoint=request.path, safe_to_retry=safe)


def _once_sent(deadline: asyncio.Timeout, seconds: float) -> Callable[[str, object], Awaitable[None]]:
    """Return what httpcore tells its steps to: when the last byte has left, the clock begins to run."""

    async def trace(step: str, _info: object) -> None:
        if step.endswith(".send_request_body.complete"):
            deadline.reschedule(asyncio.get_running_loop().time() + seconds)

    return trace


def _part(part: str | Upload) -> tuple[str | None, Any] | tuple[str, Any, str]:
    return (part.filename, ExactFile(part), part.content_type) if isinstance(part, Upload) else (None, part)


def _may_retry(error: WiroError) -> bool:
    """Whether a call that does no harm when repeated may be answered next time."""
    if isinstance(error, ApiError):
        return error.http_status in backoff.RETRYABLE_STATUS
    return isinstance(error, TransportError)
