"""Wiro, as far as our client goes when its connections are cut: Run, Task/Detail, Task/List and the task's socket."""

from __future__ import annotations

import json
from typing import Any

from websockets.asyncio.server import ServerConnection

from benchmarks.peers.world import Call, CutConnection, Reply, Run, World
from benchmarks.server import ITEMS, picture, token_of


async def answer(world: World, call: Call) -> Reply:
    """Answer a call of Wiro's API."""
    fields: dict[str, Any]
    if call.path.startswith("/v1/Run/"):
        run = world.begin(call.json()["prompt"])
        fields = {"taskid": str(run.number), "socketaccesstoken": token_of(str(run.number))}
    elif call.path == "/v1/Task/Detail":
        query = call.json()
        number = int(query["taskid"]) if query.get("taskid") else _number(query["tasktoken"])
        fields = {"total": "1", "tasklist": [_detail(world.runs[number - 1], world.address)]}
    elif call.path == "/v1/Task/List":
        query = call.json()
        start, limit = int(query["start"]), int(query["limit"])
        newest = [_detail(run, world.address) for run in reversed(world.runs)]
        fields = {"total": str(len(newest)), "tasklist": newest[start : start + limit]}
    else:
        fields = {"tool": [{"parameters": [{"title": "Input", "items": ITEMS}]}]}
    return Reply(json.dumps({"result": True, "errors": [], **fields}).encode())


async def talk(world: World, connection: ServerConnection) -> None:
    """Send the frames of the task that registers."""
    world.requests += 1
    token = json.loads(await connection.recv())["tasktoken"]
    run = world.runs[_number(token) - 1]
    await connection.send(_frame("task_start", None, run))
    try:
        await world.cut_wait(run.prompt)
    except CutConnection:
        connection.transport.abort()
        return
    await run.wait()
    outputs = _detail(run, world.address)["outputs"]
    await connection.send(_frame("task_end", None, run))
    await connection.send(_frame("task_postprocess_end", outputs, run))
    await connection.wait_closed()


def _detail(run: Run, address: str) -> dict[str, Any]:
    file = {
        "id": "1",
        "name": "1.png",
        "contenttype": "image/png",
        "size": str(len(picture())),
        "url": f"{address}/v1/files/{run.number}.png",
    }
    return {
        "id": str(run.number),
        "status": "task_postprocess_end" if run.is_over else "task_start",
        "pexit": "0" if run.is_over else None,
        "socketaccesstoken": token_of(str(run.number)),
        "parameters": {"prompt": run.prompt},
        "modelslugowner": "bench",
        "modelslugproject": "one",
        "createtime": str(int(run.start)),
        "outputs": [file] if run.is_over else [],
        "totalcost": "0.01",
    }


def _frame(kind: str, message: Any, run: Run) -> str:
    number = str(run.number)
    return json.dumps(
        {"type": kind, "id": number, "tasktoken": token_of(number), "message": message, "result": True}
    )


def _number(token: str) -> int:
    return int(token.removeprefix("token-").rstrip("x"))
