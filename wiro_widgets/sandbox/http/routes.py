"""The routes of the sandbox: API calls, the socket and files."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from wiro_widgets.sandbox.faults.wire_shapes import choose, drift_reply
from wiro_widgets.sandbox.http import http_faults
from wiro_widgets.sandbox.http.auth import refusal
from wiro_widgets.sandbox.http.endpoints import ENDPOINTS, Reply, run
from wiro_widgets.sandbox.http.file_responses import send_file
from wiro_widgets.sandbox.http.sockets import serve_socket
from wiro_widgets.sandbox.tasks.forms import BadForm, Form, read_form
from wiro_widgets.sandbox.tasks.replies import failure
from wiro_widgets.sandbox.world import World

NOT_SIGNED_IN = 98


def make_app(world: World) -> Starlette:
    """Build the application of one sandbox."""

    async def run_model(request: Request) -> Response:
        owner, project = request.path_params["owner"], request.path_params["project"]
        return await _answer(world, request, "Run", lambda form: run(world, form, owner, project))

    async def socket(websocket: WebSocket) -> None:
        await serve_socket(world, websocket)

    async def file(request: Request) -> Response:
        return send_file(world, request)

    async def refused(request: Request, exc: Exception) -> Response:
        world.request_log.add(request.method, request.url.path)
        status = exc.status_code if isinstance(exc, HTTPException) else 500
        return JSONResponse(failure("Not found" if status == 404 else str(exc), 1), status)  # noqa: PLR2004

    def endpoint(name: str) -> Route:
        async def call(request: Request) -> Response:
            return await _answer(world, request, name, lambda form: ENDPOINTS[name](world, form))

        return Route(f"/v1/{name}", call, methods=["POST"])

    app = Starlette(
        routes=[
            Route("/v1/Run/{owner}/{project:path}", run_model, methods=["POST"]),
            *(endpoint(name) for name in ENDPOINTS),
            Route("/files/{rest:path}", file),
            Route("/v1/File/{rest:path}", file),
            WebSocketRoute("/v1", socket),
        ],
        exception_handlers={HTTPException: refused},
    )
    app.router.redirect_slashes = False
    return app


async def _answer(world: World, request: Request, endpoint: str, call: Callable[[Form], Reply]) -> Response:
    try:
        form = await read_form(request)
    except BadForm as exc:
        world.request_log.add(request.method, request.url.path)
        return JSONResponse(failure(str(exc)))
    except ClientDisconnect:  # nobody waits for an answer any more
        return Response()
    world.request_log.add(request.method, request.url.path, form.fields(), form.files())
    early = await http_faults.before(world, request, endpoint)
    if early is not None:
        return early
    message = refusal(request.headers, world.settings)
    if message is not None:
        return JSONResponse(failure(message, NOT_SIGNED_IN), status_code=401)
    reply = call(form)
    kinds = choose(world.active_faults.faults.drift, world.active_faults.dice)
    answer = Response(drift_reply(reply, kinds), media_type="application/json")
    await world.delay(world.active_faults.faults.delay)
    return await http_faults.after(world, request, endpoint, answer)
