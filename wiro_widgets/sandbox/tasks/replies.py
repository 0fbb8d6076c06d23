"""Replies: the envelope, and a task with every documented field (docs/protocol.md, Task detail)."""

import json
from typing import Any

from wiro_widgets.sandbox.tasks.task import SandboxTask


def envelope(**payload: object) -> dict[str, Any]:
    """Return a good reply with its payload beside `result`."""
    return {"errors": [], **payload, "result": True}


def failure(message: str, code: int = 0) -> dict[str, Any]:
    """Return a refused reply."""
    return {"errors": [{"code": code, "message": message}], "result": False}


def tasks_reply(tasks: list[SandboxTask]) -> dict[str, Any]:
    """Return the reply of Task/Detail and Task/List."""
    return {"total": str(len(tasks)), **envelope(tasklist=[task_entry(task) for task in tasks])}


def task_entry(task: SandboxTask) -> dict[str, Any]:
    """Describe a task as Task/Detail, Kill, Cancel and List do."""

    def moment(name: str) -> str:
        return str(int(task.times.get(name, 0)))  # one that has not come is "0"

    return {
        "id": task.id,
        "uuid": task.uuid,
        "name": "",
        "socketaccesstoken": task.token,
        "parameters": task.parameters,
        "debugoutput": "\n".join(task.stdout),
        "debugerror": task.set_up_error or "\n".join(task.stderr),
        "starttime": moment("starttime"),
        "endtime": moment("endtime"),
        "elapsedseconds": str(task.elapsed),
        "status": task.status,
        "cps": f"{task.model.cps:.12f}",
        "totalcost": f"{task.cost:.12f}",
        "guestid": None,
        "projectid": task.project_id,
        "modelid": task.model.id,
        "description": "",
        "basemodelid": "0",
        "runtype": "model",
        "modelfolderid": "",
        "modelfileid": "",
        "callbackurl": task.inputs.texts["callbackUrl"],
        "marketplaceid": None,
        "createtime": moment("createtime"),
        "canceltime": moment("canceltime"),
        "assigntime": moment("assigntime"),
        "accepttime": moment("accepttime"),
        "preprocessstarttime": moment("preprocessstarttime"),
        "preprocessendtime": moment("preprocessendtime"),
        "postprocessstarttime": moment("postprocessstarttime"),
        "postprocessendtime": moment("postprocessendtime"),
        "pexit": "" if task.pexit is None else str(task.pexit),
        # A JSON text, and unlike in the seed a well-formed one; the fault `drift` has the other.
        "categories": json.dumps(list(task.model.categories), separators=(",", ":")),
        "outputs": task.outputs,
        "size": str(sum(int(output.get("size", 0)) for output in task.outputs)),
        "modeldescription": task.model.description,
        "modelslugowner": task.model.owner,
        "modelslugproject": task.model.project,
    }
