"""The HTTP side: routes, the way of a call past its faults, and the endpoints, each from a form to a reply."""

import mimetypes
import re
import secrets
import time
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
from wiro_widgets.sandbox.models.catalogue import find_model, models_by_category, search_models
from wiro_widgets.sandbox.models.descriptions import (
    explore_entry,
    openapi_reply,
    tool_entry,
    with_addresses,
)
from wiro_widgets.sandbox.models.model import Model
from wiro_widgets.sandbox.painting.catalogue_pictures import catalogue_picture
from wiro_widgets.sandbox.tasks.inputs import OCTETS, Form, Refused, Upload, read_form, read_inputs
from wiro_widgets.sandbox.tasks.life import announce, cancel
from wiro_widgets.sandbox.tasks.replies import envelope, failure, task_entry, tasks_reply
from wiro_widgets.sandbox.tasks.task import DEFAULT_PROJECT, SandboxTask, new_token
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

    async def upload(request: Request) -> Response:
        world.request_log.add(request.method, request.url.path)
        data = await world.in_thread(catalogue_picture, request.url.path)
        if data is None:
            return JSONResponse(failure("File not found", 1), 404)
        return Response(data, media_type="image/png")

    async def refused(request: Request, exc: Exception) -> Response:
        world.request_log.add(request.method, request.url.path)
        status = exc.status_code if isinstance(exc, HTTPException) else 500
        allowed = exc.headers if isinstance(exc, HTTPException) else None
        # The address is under /files or /v1/File.
        if status == METHOD_NOT_ALLOWED and request.method == "POST":
            status, allowed = NOT_FOUND, None
        return JSONResponse(failure(NO_ENDPOINT if status == NOT_FOUND else str(exc)), status, allowed)

    app = Starlette(
        routes=[
            Route("/v1/Run/{owner}/{project:path}", run_model, methods=["POST"]),
            *(endpoint(name) for name in ENDPOINTS),
            Route("/files/{rest:path}", file),
            Route("/v1/File/{rest:path}", file),
            Route("/uploads/{rest:path}", upload),
            WebSocketRoute("/v1", socket),
        ],
        exception_handlers={HTTPException: refused},
    )
    app.router.redirect_slashes = False
    return app


async def _answer(world: World, request: Request, endpoint: str, call: Callable[[Form], Reply]) -> Response:
    form: Form | None = None
    unreadable: Refused | None = None
    try:
        form = await read_form(request)
    except Refused as exc:
        unreadable = exc
    except ClientDisconnect:  # nobody waits for an answer any more
        return Response()
    world.request_log.add(request.method, request.url.path, form)
    if (early := http_faults.before(world, request, endpoint)) is not None:
        return early
    if (refused := refusal(request.headers, world.settings)) is not None:
        return JSONResponse(failure(str(refused), refused.code), status_code=401)
    try:
        if unreadable is not None:
            raise unreadable
        reply = call(form or Form())
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
    project_id = form.text("projectid").strip() or DEFAULT_PROJECT
    if not (project_id.isascii() and project_id.isdigit()):
        raise Refused("Request parameter [projectid] must be integer or float")
    # As Task/Detail shows them: files by their address, texts as they were sent.
    parameters: dict[str, Any] = {}
    for field in model.fields:
        urls = [_url(world, field.id, source) for source in inputs.files.get(field.id, ())]
        if urls:
            parameters[field.id] = urls[0] if len(urls) == 1 else urls
        elif field.id in inputs.texts and form.values(field.id):
            parameters[field.id] = form.text(field.id)
    task = world.tasks.create(model, inputs, parameters)
    task.project_id = project_id
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
    """Delete a finished task's files, outputs and uploaded inputs; doing it twice is fine."""
    task = _find_task(world, form)
    if task is None:
        raise Refused("task-not-exist")
    if not task.finished:
        raise Refused("Task must be completed or cancelled before deleting files", 1)
    inputs = [value for values in task.parameters.values() for value in _as_list(values)]
    uploads = [value for value in inputs if str(value).startswith(f"{world.origin}/v1/File/")]
    for url in (*uploads, *(output.get("url", "") for output in task.outputs)):
        world.shelf.pop(url.removeprefix(world.origin), None)
    task.outputs.clear()
    return envelope()


def task_list(world: World, form: Form) -> Reply:
    """Return the tasks of this project, newest first; `modelName` is a part of a model's address or title."""
    name = form.text("modelName").strip().lower()
    tasks = [
        task
        for task in world.tasks.newest_first()
        if name in task.model.slug or name in task.model.title.lower()
    ]
    if form.text("order").upper() == "ASC":
        tasks.reverse()
    return {**tasks_reply(tasks[_page(form)]), "total": str(len(tasks))}


def tool_detail(world: World, form: Form) -> Reply:
    """Return a model's catalogue entry."""
    model = _model(form.text("slugowner"), form.text("slugproject"))
    entry = tool_entry(model, summary=True) if form.flag("summary") else tool_entry(model)
    return envelope(tool=[with_addresses(entry, world.origin)])


def tool_openapi(world: World, form: Form) -> Reply:
    """Return a model's OpenAPI document."""
    model = _model(form.text("slugowner"), form.text("slugproject"))
    return openapi_reply(model, f"{world.origin}/v1", signature=world.settings.signature)


def tool_list(world: World, form: Form) -> Reply:
    """Search the catalogue by words, categories and owner; no model here has tags or is a workflow."""
    models = search_models(
        words=form.text("search"),
        categories=form.choices("categories"),
        owner=form.text("slugowner"),
        sort=form.text("sort"),
        order=form.text("order"),
    )
    if form.choices("tags"):
        models = []
    summary = form.flag("summary")
    entries = [
        with_addresses(tool_entry(model, summary=summary), world.origin) for model in models[_page(form)]
    ]
    return envelope(tool=entries, total=len(models))


def tool_explore(world: World, _form: Form) -> Reply:
    """Return the models by their categories."""
    entries = [explore_entry(name, models) for name, models in models_by_category().items()]
    return envelope(explore=[with_addresses(entry, world.origin) for entry in entries])


def file_upload(world: World, form: Form) -> Reply:
    """Keep an uploaded file and return its address."""
    files = [value for value in form.values("file") if isinstance(value, Upload)]
    if not files:
        raise Refused("Request files [file] required")
    folder = form.text("folderid") or DEFAULT_FOLDER
    return envelope(
        list=[
            {
                **_file_entry(file.filename, folder),
                "contenttype": _content_type(file),
                "size": str(len(file.data)),
                "accesskey": new_token(),
                "url": _url(world, "file", file),
            }
            for file in files
        ]
    )


def folder_create(_world: World, form: Form) -> Reply:
    """Return a new folder; nothing lists folders, so none is kept."""
    name = form.text("name")
    if not name:
        raise Refused("Request parameter [name] required")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise Refused("Request parameter [name] must be letters, numbers, hyphens and underscores only")
    return envelope(list=[_file_entry(name, form.text("parentid") or DEFAULT_FOLDER)])


ENDPOINTS: dict[str, Callable[[World, Form], Reply]] = {
    "Task/Detail": task_detail,
    "Task/Kill": task_kill,
    "Task/Cancel": task_cancel,
    "Task/List": task_list,
    "Task/InputOutputDelete": task_delete,
    "Tool/Detail": tool_detail,
    "Tool/DetailOpenAPI": tool_openapi,
    "Tool/List": tool_list,
    "Tool/Explore": tool_explore,
    "File/Upload": file_upload,
    "File/FolderCreate": folder_create,
}
TASK_NAMES = ("tasktoken", "socketaccesstoken", "taskid", "uuid")
NO_TASK = "There is no task yet."
NO_TASK_NAMED = "taskid or socketaccesstoken is required"
NO_ENDPOINT = "Error parsing url."
DEFAULT_FOLDER = "0"
NOT_FOUND = 404
METHOD_NOT_ALLOWED = 405


def _task(world: World, form: Form) -> SandboxTask:
    if not any(map(form.text, TASK_NAMES)):
        raise Refused(NO_TASK_NAMED)
    task = _find_task(world, form)
    if task is None:
        raise Refused(NO_TASK, 1)
    return task


def _find_task(world: World, form: Form) -> SandboxTask | None:
    token = form.text("tasktoken") or form.text("socketaccesstoken")
    return world.tasks.find(task_id=form.text("taskid"), token=token, uuid=form.text("uuid"))


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _file_entry(name: str, folder: str) -> dict[str, Any]:
    return {
        "id": secrets.token_hex(16),
        "name": name,
        "parentid": folder,
        "size": "0",
        "contenttype": "",
        "addedtime": str(int(time.time())),
    }


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
    return world.store(path, _content_type(source), source.data)


def _content_type(file: Upload) -> str:
    """Return the type that the caller sends, or what the name says if that is no more than bytes."""
    if file.content_type != OCTETS:
        return file.content_type
    return mimetypes.guess_type(file.filename)[0] or OCTETS


def _page(form: Form) -> slice:
    start, limit = form.text("start"), form.text("limit")
    first = int(start) if start.isdigit() else 0
    return slice(first, first + (min(int(limit), 100) if limit.isdigit() else 20))
