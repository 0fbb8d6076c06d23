"""The reply of Task/Detail: every field of the documented sample, with its types."""

import json
from typing import Any

from wiro_widgets.sandbox.tasks.task import Output, SandboxTask

# Wire names of the moments of a task; one that has not come is "0".
MOMENTS = (
    "starttime",
    "endtime",
    "createtime",
    "canceltime",
    "assigntime",
    "accepttime",
    "preprocessstarttime",
    "preprocessendtime",
    "postprocessstarttime",
    "postprocessendtime",
)


def envelope(**payload: object) -> dict[str, Any]:
    """Return a good reply with its payload beside `result`."""
    return {"errors": [], **payload, "result": True}


def failure(message: str, code: int = 0) -> dict[str, Any]:
    """Return a refused reply."""
    return {"errors": [{"code": code, "message": message}], "result": False}


def tasks_reply(tasks: list[SandboxTask], origin: str) -> dict[str, Any]:
    """Return the reply of Task/Detail and Task/List."""
    entries = [task_entry(task, origin) for task in tasks]
    return {"total": str(len(entries)), "errors": [], "tasklist": entries, "result": True}


def task_entry(task: SandboxTask, origin: str) -> dict[str, Any]:
    """Describe a task as Task/Detail, Kill, Cancel and List do; `origin` is the http origin of its files."""
    times = {name: str(int(task.times.get(name, 0))) for name in MOMENTS}
    return {
        "id": task.id,
        "uuid": task.uuid,
        "name": "",
        "socketaccesstoken": task.token,
        "parameters": task.parameters,
        "debugoutput": "\n".join(task.stdout),
        "debugerror": task.set_up_error or "\n".join(task.stderr),
        "starttime": times["starttime"],
        "endtime": times["endtime"],
        "elapsedseconds": str(task.elapsed),
        "status": task.status,
        "cps": f"{task.model.cps:.12f}",
        "totalcost": f"{task.cost:.12f}",
        "guestid": None,
        "projectid": "699",
        "modelid": task.model.id,
        "description": "",
        "basemodelid": "0",
        "runtype": "model",
        "modelfolderid": "",
        "modelfileid": "",
        "callbackurl": task.inputs.texts.get("callbackUrl", ""),
        "marketplaceid": None,
        **{name: times[name] for name in MOMENTS[2:]},
        "pexit": "" if task.pexit is None else str(task.pexit),
        # A JSON text, and unlike in the seed a well-formed one; the fault `drift` has the other.
        "categories": json.dumps(list(task.model.categories), separators=(",", ":")),
        "outputs": [output_entry(task, output, origin) for output in task.outputs],
        "size": str(sum(output.size for output in task.outputs)),
    }


def output_entry(task: SandboxTask, output: Output, origin: str) -> dict[str, Any]:
    """Describe one output; text has `content` and no file."""
    if output.content is not None:
        return {"contenttype": output.content_type, "content": output.content}
    added_at = str(int(output.added_at))
    return {
        "id": output.id,
        "name": output.name,
        "contenttype": output.content_type,
        "parentid": task.uuid.replace("-", ""),
        "uuid": task.uuid,
        "size": str(output.size),
        "addedtime": added_at,
        "modifiedtime": added_at,
        "accesskey": output.access_key,
        "foldercount": "0",
        "filecount": "0",
        "ispublic": 0,
        "expiretime": None,
        "url": f"{origin}{output.path}",
    }


def still_running(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a finished task's description as it was just before its end."""
    before = {"status": "task_postprocess_start", "postprocessendtime": "0", "canceltime": "0"}
    return {**entry, **before, "totalcost": f"{0:.12f}", "pexit": "", "outputs": [], "size": "0"}


def early_output(task: SandboxTask, origin: str) -> dict[str, Any]:
    """Describe an output that does not exist yet, with a link that answers 404."""
    return {
        "id": "0",
        "name": "0.png",
        "contenttype": "image/png",
        "size": "0",
        "url": f"{origin}/files/early-{task.id}/0.png",
    }
