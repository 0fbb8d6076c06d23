"""The addresses of the sandbox: API calls, the socket and files."""

from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from wiro_widgets.sandbox.auth import refusal
from wiro_widgets.sandbox.endpoints import ENDPOINTS, run
from wiro_widgets.sandbox.forms import BadForm, Form, read_form
from wiro_widgets.sandbox.replies import failure
from wiro_widgets.sandbox.sockets import serve_socket
from wiro_widgets.sandbox.world import World

NOT_SIGNED_IN = 98


def make_app(world: World) -> Starlette:
    """Build the application of one sandbox."""

    async def run_model(request: Request) -> Response:
        owner, project = request.path_params["owner"], request.path_params["project"]
        return await _answer(world, request, lambda form: run(world, form, owner, project))

    async def socket(websocket: WebSocket) -> None:
        await serve_socket(world, websocket)

    async def file(request: Request) -> Response:
        return _file(world, request)

    async def nothing(request: Request) -> Response:
        world.recorder.add(request.method, request.url.path)
        return JSONResponse(failure("Not found", 1), status_code=404)

    def endpoint(name: str) -> Route:
        async def call(request: Request) -> Response:
            return await _answer(world, request, lambda form: ENDPOINTS[name](world, form))

        return Route(f"/v1/{name}", call, methods=["POST"])

    return Starlette(
        routes=[
            Route("/v1/Run/{owner}/{project:path}", run_model, methods=["POST"]),
            *(endpoint(name) for name in ENDPOINTS),
            Route("/files/{rest:path}", file),
            Route("/v1/File/{rest:path}", file),
            WebSocketRoute("/v1", socket),
            Route("/{rest:path}", nothing, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
        ]
    )


async def _answer(world: World, request: Request, call: Callable[[Form], dict[str, Any]]) -> Response:
    try:
        form = await read_form(request)
    except BadForm as exc:
        world.recorder.add(request.method, request.url.path)
        return JSONResponse(failure(str(exc)))
    world.recorder.add(request.method, request.url.path, form.fields(), form.files())
    message = refusal(request.headers, world.settings)
    if message is not None:
        return JSONResponse(failure(message, NOT_SIGNED_IN), status_code=401)
    return JSONResponse(call(form))


def _file(world: World, request: Request) -> Response:
    world.recorder.add(request.method, request.url.path)
    file = world.shelf.get(request.url.path)
    if file is None:
        return JSONResponse(failure("File not found", 1), status_code=404)
    return Response(file.data, media_type=file.content_type)
