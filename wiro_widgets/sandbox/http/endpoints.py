"""The HTTP side: routes, the way of a call past its faults, and the endpoints, each from a form to a reply."""

import secrets
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from wiro_widgets.sandbox.faults.wire_shapes import choose, drift_reply
from wiro_widgets.sandbox.http import http_faults
from wiro_widgets.sandbox.http.auth import refusal
from wiro_widgets.sandbox.http.file_responses import send_file
from wiro_widgets.sandbox.http.sockets import serve_socket
from wiro_widgets.sandbox.models.catalogue import MODELS, find_model
from wiro_widgets.sandbox.models.descriptions import openapi_reply, tool_entry
from wiro_widgets.sandbox.models.model import Model
from wiro_widgets.sandbox.tasks.inputs import Form, Refused, Upload, read_form, read_inputs
from wiro_widgets.sandbox.tasks.life import announce, cancel
from wiro_widgets.sandbox.tasks.replies import envelope, failure, task_entry, tasks_reply
from wiro_widgets.sandbox.tasks.task import SandboxTask
from wiro_widgets.sandbox.world import World

Reply = dict[str, Any] | list[dict[str, Any]]


def make_app(world: World) -> Starlette:
    """Build the application of one sandbox."""

    async def run_model(request: Request) -> Response:
        owner, project = request.path_params["owner"], request.path_params["project"]
        return await _answer(world, request, "Run", lambda form: run(world, form, owner, project))

    def endpoint(name: str) -> Route:
        async def call(request: Request) -> Response:
            return await _answer(world, request, name, lambda form: ENDPOINTS[name](world, form))

        return Route(f"/v1/{name}", call, methods=["POST"])

    async def socket(websocket: WebSocket) -> None:
        await serve_socket(world, websocket)

    async def file(request: Request) -> Response:
        return send_file(world, request)

    async def refused(request: Request, exc: Exception) -> Response:
        world.request_log.add(request.method, request.url.path)
        status = exc.status_code if isinstance(exc, HTTPException) else 500
        return JSONResponse(failure("Not found" if status == 404 else str(exc), 1), status)  # noqa: PLR2004

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
    except Refused as exc:
        world.request_log.add(request.method, request.url.path)
        return JSONResponse(failure(str(exc)))
    except ClientDisconnect:  # nobody waits for an answer any more
        return Response()
    world.request_log.add(request.method, request.url.path, form)
    if (early := http_faults.before(world, request, endpoint)) is not None:
        return early
    if (message := refusal(request.headers, world.settings)) is not None:
        return JSONResponse(failure(message, 98), status_code=401)
    try:
        reply = call(form)
    except Refused as exc:
        reply = failure(str(exc), exc.code)
    kinds = choose(world.active_faults.faults.drift, world.active_faults.dice)
    answer = Response(drift_reply(reply, kinds), media_type="application/json")
    await world.delay(world.active_faults.faults.delay)
    return http_faults.after(world, request, endpoint, answer)


def run(world: World, form: Form, owner: str, project: str) -> Reply:
    """Create a task."""
    model = _model(owner, project)
    inputs = read_inputs(model, form)
    # As Task/Detail shows them: files by their address, texts as they were sent.
    parameters: dict[str, Any] = {}
    for field in model.fields:
        urls = [_url(world, field.id, source) for source in inputs.files.get(field.id, ())]
        if urls:
            parameters[field.id] = urls[0] if len(urls) == 1 else urls
        elif field.id in inputs.texts and form.values(field.id):
            parameters[field.id] = form.text(field.id)
    task = world.tasks.create(model, inputs, parameters)
    world.later(announce(world, task))
    return envelope(taskid=task.id, socketaccesstoken=task.token)


def task_detail(world: World, form: Form) -> Reply:
    """Return a task by its token, id or uuid."""
    task, faults = _task(world, form), world.active_faults
    if faults.strikes("detail_missing"):
        raise Refused(NO_TASK, 1)
    reply = tasks_reply([task])
    entry = reply["tasklist"][0]
    if task.finished and faults.strikes("stale_detail", task.id):
        entry.update(status="task_postprocess_start", postprocessendtime="0", canceltime="0")
        entry.update(totalcost=f"{0:.12f}", pexit="", outputs=[], size="0")
    if not (task.finished or task.waiting) and faults.faults.early_outputs:
        url = f"{world.origin}/files/early-{task.id}/0.png"
        early = {"id": "0", "name": "0.png", "contenttype": "image/png", "size": "0", "url": url}
        entry.update(outputs=[early])
    return reply


def task_kill(world: World, form: Form) -> Reply:
    """Stop a running task."""
    task = _task(world, form)
    if world.active_faults.strikes("kill_refused"):
        raise Refused("Task could not be killed: the worker does not answer", 1)
    if task.finished or task.waiting:
        raise Refused("Task could not be killed: it is not running", 1)
    return _stop(world, task)


def task_cancel(world: World, form: Form) -> Reply:
    """Take a queued task out of the queue."""
    task = _task(world, form)
    if not task.waiting:
        raise Refused("Task is not in a cancellable state.", 1)
    return _stop(world, task)


def _stop(world: World, task: SandboxTask) -> Reply:
    cancel(world, task)
    if world.active_faults.strikes("bare_stop"):
        return {"result": True}
    return envelope(tasklist=[task_entry(task)])


def task_delete(world: World, form: Form) -> Reply:
    """Delete a finished task's files; doing it twice is fine."""
    task = _task(world, form)
    if not task.finished:
        raise Refused("Task is not in a deletable state.", 1)
    for output in task.outputs:
        world.shelf.pop(output.get("url", "").removeprefix(world.origin), None)
    task.outputs.clear()
    return envelope(tasklist=[task_entry(task)])


def task_list(world: World, form: Form) -> Reply:
    """Return the tasks of this project, newest first, or those of the model that `modelName` names."""
    slug = form.text("modelName").lower()
    tasks = [task for task in world.tasks.newest_first() if slug in ("", task.model.slug)]
    if form.text("order").upper() == "ASC":
        tasks.reverse()
    return {**tasks_reply(tasks[_page(form)]), "total": str(len(tasks))}


def tool_detail(_world: World, form: Form) -> Reply:
    """Return a model's catalogue entry."""
    return envelope(tool=[tool_entry(_model(form.text("slugowner"), form.text("slugproject")))])


def tool_openapi(world: World, form: Form) -> Reply:
    """Return a model's OpenAPI document."""
    model = _model(form.text("slugowner"), form.text("slugproject"))
    return openapi_reply(model, f"{world.origin}/v1", signature=world.settings.signature)


def tool_list(_world: World, form: Form) -> Reply:
    """Search the catalogue by words, categories and owner."""
    words, categories = form.text("search").lower().split(), set(map(str, form.values("categories"))) - {""}
    models = [
        model
        for model in MODELS
        if categories <= set(model.categories)
        and form.text("slugowner") in ("", model.slug.split("/")[0])
        and all(word in f"{model.slug} {model.title} {model.description}".lower() for word in words)
    ]
    summary = form.text("summary").lower() in ("true", "1")
    entries = [tool_entry(model, summary=summary) for model in models[_page(form)]]
    return envelope(tool=entries, total=str(len(models)))


def file_upload(world: World, form: Form) -> Reply:
    """Keep an uploaded file and return its address."""
    files = [value for value in form.values("file") if isinstance(value, Upload)]
    if not files:
        raise Refused("Request files [file] required")
    entries = [
        {
            "id": secrets.token_hex(16),
            "name": file.filename,
            "contenttype": file.content_type,
            "size": str(len(file.data)),
            "url": _url(world, "file", file),
        }
        for file in files
    ]
    return envelope(list=entries)


ENDPOINTS: dict[str, Callable[[World, Form], Reply]] = {
    "Task/Detail": task_detail,
    "Task/Kill": task_kill,
    "Task/Cancel": task_cancel,
    "Task/List": task_list,
    "Task/InputOutputDelete": task_delete,
    "Tool/Detail": tool_detail,
    "Tool/DetailOpenAPI": tool_openapi,
    "Tool/List": tool_list,
    "Tool/Explore": tool_list,
    "File/Upload": file_upload,
}
NO_TASK = "There is no task yet."


def _task(world: World, form: Form) -> SandboxTask:
    token = form.text("tasktoken") or form.text("socketaccesstoken")
    task_id, uuid = form.text("taskid"), form.text("uuid")
    if not (token or task_id or uuid):
        raise Refused("taskid or socketaccesstoken is required")
    task = world.tasks.find(task_id=task_id, token=token, uuid=uuid)
    if task is None:
        raise Refused(NO_TASK, 1)
    return task


def _model(owner: str, project: str) -> Model:
    model = find_model(owner, project)
    if model is None:
        raise Refused("slug-owner-project-not-exist", 1)
    return model


def _url(world: World, name: str, source: Upload | str) -> str:
    if isinstance(source, str):
        return source
    suffix = source.filename.rpartition(".")[2] if "." in source.filename else "bin"
    path = f"/v1/File/{secrets.token_hex(15)}/{name}-{len(world.tasks) + 6_060_136}.{suffix}"
    return world.store(path, source.content_type, source.data)


def _page(form: Form) -> slice:
    start, limit = form.text("start"), form.text("limit")
    first = int(start) if start.isdigit() else 0
    return slice(first, first + (min(int(limit), 100) if limit.isdigit() else 20))
