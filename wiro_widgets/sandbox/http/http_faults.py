"""HTTP faults: calls that are refused, cut, delayed or answered with nonsense."""

import asyncio
import contextlib
import email.utils
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from wiro_widgets.sandbox.http.auth import NOT_VALID
from wiro_widgets.sandbox.tasks.replies import failure
from wiro_widgets.sandbox.world import World

HUGE_BYTES = 17 * 1024 * 1024
PIECES = 16
GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class CutResponse(Response):
    """An answer whose connection is cut: at once, or in the middle of its body."""

    def __init__(self, request: Request, whole: Response | None = None) -> None:
        super().__init__()
        self._transport: asyncio.Transport = request.state.transport
        self._whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head and half of the body if there is a whole to cut, then end the connection."""
        del scope, receive
        if self._whole is not None:
            whole = self._whole
            await send(
                {"type": "http.response.start", "status": whole.status_code, "headers": whole.raw_headers}
            )
            half = bytes(whole.body)[: len(whole.body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
        self._transport.abort()
        await asyncio.sleep(0)  # Let the server see the end before it looks for the rest of the answer.


async def before(world: World, request: Request, endpoint: str) -> Response | None:
    """Return the answer of a call that fails before it has any effect, or None."""
    for name, answer in _BEFORE.items():
        if world.active_faults.strikes(name, endpoint):
            return await answer(world, request)
    return None


async def after(world: World, request: Request, endpoint: str, answer: Response) -> Response:
    """Return the answer of a call that took effect."""
    if (
        endpoint == "Run"
        and b'"taskid"' in bytes(answer.body)
        and world.active_faults.strikes("lose_run_reply")
    ):
        return CutResponse(request)
    for name, other in _AFTER.items():
        if world.active_faults.strikes(name, endpoint):
            return await other(world, request, answer)
    return _trickle(world, answer) if world.active_faults.faults.trickle else answer


async def _cut(_world: World, request: Request, _answer: Response | None = None) -> Response:
    return CutResponse(request)


async def _cut_midway(_world: World, request: Request, answer: Response) -> Response:
    return CutResponse(request, answer)


async def _hang(world: World, request: Request, _answer: Response | None = None) -> Response:
    leaving = asyncio.create_task(world.closing.wait())
    hangup = asyncio.create_task(_hangup(request))
    try:
        await asyncio.wait((leaving, hangup), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiting in (leaving, hangup):
            waiting.cancel()
    return CutResponse(request)


async def _hangup(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _server_error(world: World, _request: Request, _answer: Response | None = None) -> Response:
    faults = world.active_faults.faults
    reply = failure("Internal server error")
    return JSONResponse(reply, faults.server_error_status, headers=_retry_after(faults.retry_after))


async def _rate_limit(world: World, _request: Request) -> Response:
    headers = _retry_after(world.active_faults.faults.retry_after)
    return JSONResponse(failure("Too many requests"), 429, headers=headers)


async def _html_error(_world: World, _request: Request) -> Response:
    return Response(GATEWAY_PAGE, 502, media_type="text/html")


async def _concurrency_limit(_world: World, _request: Request) -> Response:
    return JSONResponse(failure("Concurrency limit of the balance has been reached", 96))


async def _no_balance(_world: World, _request: Request) -> Response:
    return JSONResponse(failure("Insufficient balance", 97))


async def _auth_error(_world: World, _request: Request) -> Response:
    return JSONResponse(failure(NOT_VALID, 98), 401)


async def _echo_secrets(world: World, request: Request) -> Response:
    headers = {name: request.headers.get(name, "") for name in ("x-api-key", "x-nonce", "x-signature")}
    message = f"Bad request: {headers}, expected secret {world.settings.api_secret}"
    return JSONResponse(failure(message), 400)


async def _redirect(world: World, _request: Request) -> Response:
    return Response(status_code=307, headers={"location": f"{world.origin}/elsewhere"})


async def _broken_json(_world: World, _request: Request, answer: Response) -> Response:
    return Response(bytes(answer.body)[:-2], media_type="application/json")


async def _huge_reply(_world: World, _request: Request, answer: Response) -> Response:
    return Response(b" " * HUGE_BYTES + bytes(answer.body), media_type="application/json")


def _retry_after(value: str) -> dict[str, str]:
    if value == "date":
        value = email.utils.formatdate(time.time() + 1, usegmt=True)
    return {"retry-after": value} if value else {}


def _trickle(world: World, answer: Response) -> Response:
    body = bytes(answer.body)
    size = max(1, -(-len(body) // PIECES))
    seconds = world.active_faults.faults.trickle / PIECES

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(world.closing.wait(), seconds)
            yield body[start : start + size]

    return StreamingResponse(pieces(), answer.status_code, dict(answer.headers))


_BEFORE: dict[str, Callable[[World, Request], Awaitable[Response]]] = {
    "cut_before": _cut,
    "hang_before": _hang,
    "rate_limit": _rate_limit,
    "server_error": _server_error,
    "html_error": _html_error,
    "concurrency_limit": _concurrency_limit,
    "no_balance": _no_balance,
    "auth_error": _auth_error,
    "echo_secrets": _echo_secrets,
    "redirect": _redirect,
}
_AFTER: dict[str, Callable[[World, Request, Response], Awaitable[Response]]] = {
    "cut_after": _cut,
    "cut_midway": _cut_midway,
    "hang_after": _hang,
    "server_error_after": _server_error,
    "broken_json": _broken_json,
    "huge_reply": _huge_reply,
}
