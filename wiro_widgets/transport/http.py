"""Http: sends a Request and returns the reply's object; one pool of connections, retries by safety class, typed errors.

Proxies and certificates are those of the environment: see `transport/environment.py`.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib import import_module
from typing import Any

import httpx

from wiro_widgets.protocol import __version__, backoff, replies, wire_values
from wiro_widgets.protocol.credentials import Credentials
from wiro_widgets.protocol.errors import ApiError, ConfigurationError, TransportError, WiroError
from wiro_widgets.protocol.requests import Request, Upload
from wiro_widgets.protocol.timing import Timing
from wiro_widgets.transport import environment
from wiro_widgets.transport.body import (
    BrokenBodyError,
    ExactFile,
    TooLargeError,
    UnreadableFileError,
    read_reply,
)
from wiro_widgets.transport.environment import Certificates
from wiro_widgets.transport.routes import RouteError, Routes

MAX_REPLY_BYTES = 16 * 1024 * 1024
CALLS_AT_ONCE = 96
DOWNLOADS_AT_ONCE = 16
MAX_CONNECTIONS = CALLS_AT_ONCE + DOWNLOADS_AT_ONCE
# Below CALLS_AT_ONCE, so that no Run and no stop waits behind the reads of a thousand tasks.
LOOKS_AT_ONCE = 80
TRIES = 5
# A Run may take long to send. Once it is sent, the whole reply has this many times the timeout of one read: a server
# that sends headers one by one, or "103 Early Hints" for ever, holds nobody for longer.
ANSWER_TIMEOUTS = 4
MAX_URLS = 256  # that are cached as httpx.URL
IDLE_SECONDS = 4.0  # shorter than servers keep an idle connection, so a Run never meets one that just closed

Reply = Mapping[str, Any]

_log = logging.getLogger("wiro_widgets")
_HEADERS = {"accept-encoding": "gzip", "user-agent": f"wiro-widgets/{__version__}"}
# Nothing was written if one of these is raised, so the call certainly did not arrive (docs/protocol.md, Run).
_NEVER_ARRIVED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
_FAILURES = (httpx.HTTPError, OSError, RuntimeError, TooLargeError, BrokenBodyError, UnreadableFileError)

_in_our_call: ContextVar[bool] = ContextVar("wiro_widgets_call", default=False)
for _name in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy", "httpcore.socks"):
    # They log status lines, headers and addresses as the server sent them, and a server may repeat a secret.
    logging.getLogger(_name).addFilter(lambda _record: not _in_our_call.get())


@contextmanager
def _without_foreign_logs() -> Iterator[None]:
    """Keep what is sent and received in the block out of the logs of httpx and httpcore; other users' calls stay in."""
    token = _in_our_call.set(True)
    try:
        yield
    finally:
        _in_our_call.reset(token)


def _warm_up(base_url: str) -> Certificates:
    """Load what the first call needs; it runs in a thread, because 100 ms of imports must not block the loop.

    Returns the certificates to use. For an API without TLS, those that the environment names cannot be wrong.
    """
    try:
        certificates = environment.find_certificates()
        environment.tls_context(certificates)
    except ConfigurationError:
        if base_url.startswith("https:"):
            raise
        certificates = Certificates()
        environment.tls_context(certificates)
    for module in ("httpcore", "anyio._backends._asyncio"):
        with suppress(ImportError):
            import_module(module)
    return certificates


class Http:
    """The connection to one API; owns the pool of connections and lives on one event loop.

    `timeout` is in seconds, for one attempt.
    """

    def __init__(self, credentials: Credentials, base_url: str, *, timeout: float, timing: Timing) -> None:
        # What the server's clock shows more than this machine's, from the Date of its last reply; None before one.
        self.clock_offset: timedelta | None = None
        self.credentials = credentials
        self.base_url = base_url
        self.timeout = timeout
        self._timing = timing
        # By the ids of the tasks that are followed: replies may not repeat them.
        self.tokens: dict[str, str] = {}
        self._url = lru_cache(MAX_URLS)(lambda path: httpx.URL(base_url + path))
        self._redact = credentials.redactor()
        self._calls = asyncio.Semaphore(CALLS_AT_ONCE)
        self._looks = asyncio.Semaphore(LOOKS_AT_ONCE)
        self._client: httpx.AsyncClient | None = None
        self._routes: Routes | None = None
        self._earlier_pools: list[httpx.AsyncClient] = []  # earlier pools, which may still bring a file
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"<Http {self.base_url}{', closed' if self._closed else ''}>"

    async def look(self, request: Request, *, seconds: float) -> Reply:
        """Send a read once, for a caller that repeats it anyway; raises what `call` raises."""
        async with self._looks:
            return await self.call(request, tries=1, seconds=seconds)

    async def call(self, request: Request, *, tries: int = TRIES, seconds: float | None = None) -> Reply:
        """Send a read or a control, repeat it if that can help, and return the reply's object.

        `seconds` is for one whole attempt. Raises TransportError or an ApiError.
        """
        pauses = backoff.delays(*self._timing.call_retries, random.random)
        while True:
            outcome = await self.attempt(request, seconds)
            if not isinstance(outcome, WiroError):
                return outcome
            wait = outcome.retry_after if isinstance(outcome, ApiError) else None
            tries -= 1
            if tries <= 0 or not _may_retry(outcome) or (wait or 0) > backoff.LONGEST_RETRY_AFTER:
                raise outcome
            pause = next(pauses) if wait is None else wait
            _log.info("%s will be tried again in %.1f s", request.path, pause)
            await asyncio.sleep(pause)

    async def attempt(self, request: Request, seconds: float | None = None) -> Reply | WiroError:
        """Send once and return the reply's object or the error, which hangs on no frame of httpx with the key.

        This is how a Run is sent, which is not repeated here: a TransportError whose `safe_to_retry` is True says that
        it certainly had no effect (docs/protocol.md, Run). `seconds`, by default the timeout, is for the whole attempt,
        of a Run for the answer once all of it is sent.
        """
        seconds = seconds or self.timeout
        try:
            async with (
                self._calls,
                asyncio.timeout(None if request.safety == "run" else seconds) as deadline,
            ):
                http_client = await self._open_client()
                with _without_foreign_logs():
                    response = await http_client.send(self._sign(request, seconds, deadline), stream=True)
                    try:
                        async with asyncio.timeout(seconds):
                            body = await read_reply(response, MAX_REPLY_BYTES)
                        return self._answer(request, response, body)
                    finally:
                        closing = response.aclose()
                        # Its request has the key, and this frame is in the traceback of a cancelled call.
                        del response
                        await closing
        except asyncio.CancelledError as error:
            raise error.with_traceback(None) from None  # the frames below hold the headers
        except _FAILURES as error:
            return self._failure(request, error, seconds)
        except ConfigurationError as error:
            return error.with_traceback(None)

    async def get(self, url: str, headers: Mapping[str, str]) -> httpx.Response:
        """Return the open response of a file, to be read and closed by the caller; sends no credentials.

        Raises ConfigurationError and the errors of httpx.
        """
        client = await self._open_client()
        timeout = httpx.Timeout(self.timeout, pool=None)
        with _without_foreign_logs():
            return await client.send(
                client.build_request("GET", url, headers=headers, timeout=timeout), stream=True
            )

    async def reach(self) -> WiroError | None:
        """Ask the API's address for anything, without credentials; return the error if nothing comes back.

        Any answer will do, and the clocks are compared by it.
        """
        try:
            async with asyncio.timeout(self.timeout):
                response = await self.get(self.base_url, {})
                await response.aclose()
        except ConfigurationError as error:
            return error.with_traceback(None)
        except _FAILURES as error:
            return self._failure(Request("GET", "read"), error, self.timeout)
        self._note_server_time(response)
        return None

    async def aclose(self) -> None:
        """Close the pool; closing twice is fine."""
        self._closed = True
        clients = [*self._earlier_pools, self._client]
        self._earlier_pools, self._client = [], None
        for client in clients:
            if client is not None:
                await client.aclose()

    async def _open_client(self) -> httpx.AsyncClient:
        """Return the pool: made at the first call, and anew if a connection failed and the environment has changed.

        Raises ConfigurationError if it was closed, is used on a second loop, or the environment names bad certificates.
        """
        if self._needs_client():
            certificates = await asyncio.to_thread(_warm_up, self.base_url)
            if self._needs_client():
                self._replace_client(certificates)
        if self._client is None:
            raise ConfigurationError("This client was closed; make a new one.")
        if asyncio.get_running_loop() is not self._loop:
            raise ConfigurationError(
                "This client lives on another event loop. Make one AsyncClient for each asyncio.run, "
                "or use Client, which has a loop of its own."
            )
        return self._client

    def _needs_client(self) -> bool:
        return not self._closed and (self._routes is None or self._routes.is_outdated)

    def _replace_client(self, certificates: Certificates) -> None:
        if self._client is None:
            self._loop = asyncio.get_running_loop()
        else:
            self._earlier_pools.append(self._client)
        limits = httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=IDLE_SECONDS)
        self._routes = Routes(certificates, limits)
        self._client = httpx.AsyncClient(
            transport=self._routes,
            trust_env=False,
            headers=_HEADERS,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    def _sign(self, request: Request, seconds: float, deadline: asyncio.Timeout) -> httpx.Request:
        """Build and sign a request for one attempt, each with its own nonce; a Run sets the deadline once sent."""
        parts: list[tuple[str, Any]] = [
            (
                name,
                (part.filename, ExactFile(part), part.content_type)
                if isinstance(part, Upload)
                else (None, part),
            )
            for name, part in request.parts
        ]
        extensions: dict[str, Any] = {
            "timeout": {"connect": seconds, "read": seconds, "write": seconds, "pool": None}
        }
        if request.safety == "run":
            extensions["trace"] = _start_clock_when_sent(deadline, ANSWER_TIMEOUTS * seconds)
        return httpx.Request(
            "POST",
            self._url(request.path),
            headers={**_HEADERS, **self.credentials.headers()},
            json=None if parts else request.json,
            files=parts or None,
            extensions=extensions,
        )

    def _answer(self, request: Request, response: httpx.Response, body: bytes) -> Reply | WiroError:
        """Return the reply's object or its error, without the secrets that a server may repeat."""
        status, path = response.status_code, request.path
        self._note_server_time(response)
        token = self.tokens.get(str((request.json or {}).get("taskid")))
        redact = self.credentials.redactor(token) if token else self._redact
        if request.safety == "run" and (reply := replies.run_reply(body, redact)):
            return reply
        if response.is_redirect:
            reason = "the server answered with a redirect, which is not followed"
            return ApiError(reason, http_status=status, endpoint=path)
        try:
            return replies.payload(
                body, http_status=status, endpoint=path, redact=redact, bare_list=request.bare_list
            )
        except ApiError as error:
            error.retry_after = backoff.retry_after(response.headers.get("retry-after"), datetime.now(UTC))
            return error.with_traceback(None)

    def _note_server_time(self, response: httpx.Response) -> None:
        server_time = wire_values.header_time(response.headers.get("date"))
        if server_time is not None:
            self.clock_offset = server_time - datetime.now(UTC)

    def _failure(self, request: Request, error: Exception, seconds: float) -> WiroError:
        """Return the error for a call that brought no readable reply."""
        retry_helps = True
        if isinstance(error, TooLargeError):
            reason = f"the reply is larger than {MAX_REPLY_BYTES >> 20} MiB, the limit"
            if request.safety != "run":
                return ApiError(reason, endpoint=request.path)
        elif isinstance(error, TimeoutError | httpx.TimeoutException):
            reason = f"no answer within {seconds:g} s from {self.base_url}"
        elif isinstance(error, UnreadableFileError | BrokenBodyError):
            reason = str(error)
        elif isinstance(error, RouteError):
            reason, retry_helps = str(error), error.retry_helps
        else:
            reason = f"{str(error).rstrip('.') or type(error).__name__} at {self.base_url}"
        safe = request.safety != "run" or isinstance(error, (*_NEVER_ARRIVED, UnreadableFileError))
        return TransportError(
            self._redact(reason), endpoint=request.path, safe_to_retry=safe, retry_helps=retry_helps
        )


def _start_clock_when_sent(
    deadline: asyncio.Timeout, seconds: float
) -> Callable[[str, Mapping[str, Any]], Awaitable[None]]:
    """Return a trace callback for httpcore that sets the deadline when the last byte of the body is sent.

    A proxy's CONNECT before it, which is traced as well, is no body.
    """
    is_tunnel = False

    async def trace(step: str, info: Mapping[str, Any]) -> None:
        nonlocal is_tunnel
        if step.endswith(".send_request_headers.started"):
            is_tunnel = info["request"].method == b"CONNECT"
        elif step.endswith(".send_request_body.complete") and not is_tunnel:
            deadline.reschedule(asyncio.get_running_loop().time() + seconds)

    return trace


def _may_retry(error: WiroError) -> bool:
    """Return True if the same call may get another answer the next time."""
    if isinstance(error, ApiError):
        return error.http_status in backoff.RETRYABLE_STATUS or error.message.endswith(replies.FOREIGN_PAGE)
    return isinstance(error, TransportError) and error.retry_helps
