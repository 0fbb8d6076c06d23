"""The endpoints: each takes a form and returns an envelope."""

from collections.abc import Callable
from typing import Any

from wiro_widgets.sandbox.models.catalogue import MODELS, find_model
from wiro_widgets.sandbox.models.model import Model
from wiro_widgets.sandbox.models.openapi import openapi_reply
from wiro_widgets.sandbox.models.tool_entries import tool_entry
from wiro_widgets.sandbox.tasks.forms import Form, Upload
from wiro_widgets.sandbox.tasks.inputs import Refused, read_inputs, shown_parameters
from wiro_widgets.sandbox.tasks.life import announce, cancel
from wiro_widgets.sandbox.tasks.replies import (
    early_output,
    envelope,
    failure,
    still_running,
    task_entry,
    tasks_reply,
)
from wiro_widgets.sandbox.tasks.task import QUEUED, SET_UP_FAILED, SandboxTask
from wiro_widgets.sandbox.world import World

NO_TASK = "There is no task yet."
NO_MODEL = "slug-owner-project-not-exist"
WAITING = (QUEUED, SET_UP_FAILED)
Reply = dict[str, Any] | list[dict[str, Any]]
Answer = Callable[[World, Form], Reply]


def run(world: World, form: Form, owner: str, project: str) -> dict[str, Any]:
    """Create a task, or refuse with Wiro's message."""
    model = find_model(owner, project)
    if model is None:
        return failure(NO_MODEL, 1)
    try:
        inputs = read_inputs(model, form)
    except Refused as exc:
        return failure(str(exc))
    urls = {
        name: [_address(world, name, value) for value in sources] for name, sources in inputs.files.items()
    }
    task = world.tasks.create(model, inputs, shown_parameters(model, form, urls))
    world.later(announce(world, task))
    return {"errors": [], "taskid": task.id, "socketaccesstoken": task.token, "result": True}


def _address(world: World, name: str, value: Upload | str) -> str:
    if isinstance(value, str):
        return value
    suffix = value.filename.rpartition(".")[2] if "." in value.filename else "bin"
    number = len(world.tasks) + 6_060_136
    return (
        world.origin + world.shelf.put_input(f"{name}-{number}.{suffix}", value.content_type, value.data).path
    )


def task_detail(world: World, form: Form) -> dict[str, Any]:
    """Return a task by its token or its id."""
    task, active_faults = _find(world, form), world.active_faults
    if task is None or active_faults.strikes("detail_missing"):
        return failure(NO_TASK, 1)
    reply = tasks_reply([task], world.origin)
    if task.finished and active_faults.strikes("stale_detail", task.id):
        reply["tasklist"] = [still_running(task_entry(task, world.origin))]
    if not task.finished and task.status not in WAITING and active_faults.faults.early_outputs:
        reply["tasklist"][0]["outputs"] = [early_output(task, world.origin)]
    return reply


def task_kill(world: World, form: Form) -> dict[str, Any]:
    """Stop a running task."""
    task = _find(world, form)
    if task is None:
        return failure(NO_TASK, 1)
    if world.active_faults.strikes("kill_refused"):
        return failure("Task could not be killed: the worker does not answer", 1)
    if task.finished or task.status in WAITING:
        return failure("Task could not be killed: it is not running", 1)
    return _cancelled(world, task)


def task_cancel(world: World, form: Form) -> dict[str, Any]:
    """Take a queued task out of the queue."""
    task = _find(world, form)
    if task is None:
        return failure(NO_TASK, 1)
    if task.status not in WAITING:
        return failure("Task is not in a cancellable state.", 1)
    return _cancelled(world, task)


def task_list(world: World, form: Form) -> dict[str, Any]:
    """Return the tasks of this project, newest first."""
    tasks = list(world.tasks.newest_first())
    if form.text("order").upper() == "ASC":
        tasks.reverse()
    start, limit = _window(form)
    return {**tasks_reply(tasks[start : start + limit], world.origin), "total": str(len(tasks))}


def task_delete(world: World, form: Form) -> dict[str, Any]:
    """Delete a finished task's files; doing it twice is fine."""
    task = _find(world, form)
    if task is None:
        return failure(NO_TASK, 1)
    if not task.finished:
        return failure("Task is not in a deletable state.", 1)
    for output in task.outputs:
        world.shelf.discard(output.path)
    task.outputs.clear()
    return _one(world, task)


def tool_detail(_world: World, form: Form) -> dict[str, Any]:
    """Return a model's catalogue entry."""
    model = find_model(form.text("slugowner"), form.text("slugproject"))
    return failure(NO_MODEL, 1) if model is None else envelope(tool=[tool_entry(model)])


def tool_openapi(world: World, form: Form) -> Reply:
    """Return a model's OpenAPI document."""
    model = find_model(form.text("slugowner"), form.text("slugproject"))
    if model is None:
        return failure(NO_MODEL, 1)
    return openapi_reply(model, f"{world.origin}/v1", signature=world.settings.signature)


def tool_list(_world: World, form: Form) -> dict[str, Any]:
    """Search the catalogue by words and categories."""
    words, categories = form.text("search").lower(), set(map(str, form.values("categories"))) - {""}
    models = [model for model in MODELS if _matches(model, words) and categories <= set(model.categories)]
    start, limit = _window(form)
    summary = form.text("summary").lower() in ("true", "1")
    entries = [tool_entry(model, summary=summary) for model in models[start : start + limit]]
    return envelope(tool=entries, total=str(len(models)))


def file_upload(world: World, form: Form) -> dict[str, Any]:
    """Keep an uploaded file and return its address."""
    files = [value for value in form.values("file") if isinstance(value, Upload)]
    if not files:
        return failure("Request files [file] required")
    return envelope(list=[{"name": file.filename, "url": _address(world, "file", file)} for file in files])


ENDPOINTS: dict[str, Answer] = {
    "Task/Detail": task_detail,
    "Task/Kill": task_kill,
    "Task/Cancel": task_cancel,
    "Task/List": task_list,
    "Task/InputOutputDelete": task_delete,
    "Tool/Detail": tool_detail,
    "Tool/DetailOpenAPI": tool_openapi,
    "Tool/List": tool_list,
    "File/Upload": file_upload,
}


def _find(world: World, form: Form) -> SandboxTask | None:
    token = form.text("tasktoken") or form.text("socketaccesstoken")
    return world.tasks.find(task_id=form.text("taskid"), token=token, uuid=form.text("uuid"))


def _cancelled(world: World, task: SandboxTask) -> dict[str, Any]:
    cancel(world, task)
    return _one(world, task)


def _one(world: World, task: SandboxTask) -> dict[str, Any]:
    return {"errors": [], "tasklist": [task_entry(task, world.origin)], "result": True}


def _matches(model: Model, words: str) -> bool:
    text = f"{model.slug} {model.title} {model.description}".lower()
    return all(word in text for word in words.split())


def _window(form: Form) -> tuple[int, int]:
    start, limit = form.text("start"), form.text("limit")
    return (int(start) if start.isdigit() else 0), (min(int(limit), 100) if limit.isdigit() else 20)
