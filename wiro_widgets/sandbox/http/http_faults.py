"""HTTP faults: calls that are refused, cut, delayed or answered with nonsense."""

import asyncio
import email.utils
import time
from collections.abc import AsyncIterator, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from wiro_widgets.sandbox.http.auth import NOT_VALID
from wiro_widgets.sandbox.tasks.replies import failure
from wiro_widgets.sandbox.world import World

JSON = "application/json"
HUGE_BYTES = 17 * 1024 * 1024
PIECES = 16
TOO_MANY_TASKS = (
    "You have reached your concurrent task limit. With your current balance of $10.00, you can run up to 1 tasks "
    "at the same time. Add funds to increase your limit."
)
SIGN_IN = "sign in to run this model"
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
        if (whole := self._whole) is not None:
            await send(
                {"type": "http.response.start", "status": whole.status_code, "headers": whole.raw_headers}
            )
            half = bytes(whole.body)[: len(whole.body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
        self._transport.abort()
        await asyncio.sleep(0)  # Let the server see the end before it looks for the rest of the answer.


class HangingResponse(CutResponse):
    """An answer that does not come until the caller leaves or the sandbox closes."""

    def __init__(self, request: Request, world: World) -> None:
        super().__init__(request)
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then end the connection."""

        async def until_disconnect() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        ends = [asyncio.create_task(end) for end in (self._world.closing.wait(), until_disconnect())]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        await super().__call__(scope, receive, send)


def before(world: World, request: Request, endpoint: str) -> Response | None:
    """Return the answer of a call that fails before it has any effect, or None."""
    for name, answer in _BEFORE.items():
        if world.active_faults.strikes(name, endpoint):
            return answer(world, request)
    return None


def after(world: World, request: Request, endpoint: str, answer: Response) -> Response:
    """Return the answer of a call that took effect."""
    faults, body = world.active_faults, bytes(answer.body)
    if endpoint == "Run" and b'"taskid"' in body and faults.strikes("lose_run_reply"):
        return CutResponse(request)
    for name, other in _AFTER.items():
        if faults.strikes(name, endpoint):
            return other(world, request, answer)
    if faults.faults.trickle:
        return StreamingResponse(_trickle(world, body), answer.status_code, dict(answer.headers))
    return answer


def _unavailable(world: World, status: int, message: str) -> Response:
    value = world.active_faults.faults.retry_after
    if value == "date":
        value = email.utils.formatdate(time.time() + 1, usegmt=True)
    return JSONResponse(failure(message), status, headers={"retry-after": value} if value else None)


def _server_error(world: World) -> Response:
    return _unavailable(world, world.active_faults.faults.server_error_status, "Internal server error")


def _ip_refused(request: Request) -> Response:
    address = request.client.host if request.client else "127.0.0.1"
    return JSONResponse(failure(f"Requested ip {address} is not allowed."), 401)


def _echo_secrets(world: World, request: Request) -> Response:
    headers = {name: request.headers.get(name, "") for name in ("x-api-key", "x-nonce", "x-signature")}
    message = f"Bad request: {headers}, expected secret {world.settings.api_secret}"
    return JSONResponse(failure(message), 400)


async def _trickle(world: World, body: bytes) -> AsyncIterator[bytes]:
    size = max(1, -(-len(body) // PIECES))
    for start in range(0, len(body), size):
        await world.delay(world.active_faults.faults.trickle / PIECES)
        yield body[start : start + size]


# Of several active faults the first strikes until it is used up, then the next.
_BEFORE: dict[str, Callable[[World, Request], Response]] = {
    "cut_before": lambda _world, request: CutResponse(request),
    "hang_before": lambda world, request: HangingResponse(request, world),
    "rate_limit": lambda world, _request: _unavailable(world, 429, "Too many requests"),
    "server_error": lambda world, _request: _server_error(world),
    "html_error": lambda _world, _request: Response(GATEWAY_PAGE, 502, media_type="text/html"),
    "concurrency_limit": lambda _world, _request: JSONResponse(failure(TOO_MANY_TASKS, 96)),
    "invalid_parameters": lambda _world, _request: JSONResponse(failure("invalid-parameters", 0)),
    "no_balance": lambda _world, _request: JSONResponse(failure("Insufficient balance", 97)),
    "auth_error": lambda _world, _request: JSONResponse(failure(NOT_VALID), 401),
    "ip_refused": lambda _world, request: _ip_refused(request),
    "sign_in": lambda _world, _request: JSONResponse(failure(SIGN_IN, 98)),
    "echo_secrets": _echo_secrets,
    "redirect": lambda world, _request: RedirectResponse(f"{world.origin}/elsewhere"),
}
_AFTER: dict[str, Callable[[World, Request, Response], Response]] = {
    "cut_after": lambda _world, request, _answer: CutResponse(request),
    "cut_midway": lambda _world, request, answer: CutResponse(request, answer),
    "hang_after": lambda world, request, _answer: HangingResponse(request, world),
    "server_error_after": lambda world, _request, _answer: _server_error(world),
    "broken_json": lambda _world, _request, answer: Response(bytes(answer.body)[:-2], media_type=JSON),
    "huge_reply": lambda _world, _request, answer: Response(
        b" " * HUGE_BYTES + bytes(answer.body), media_type=JSON
    ),
}
