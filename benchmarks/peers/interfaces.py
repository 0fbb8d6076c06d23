"""The APIs of others, as far as the one documented call of each client goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

from benchmarks.peers.world import Call, CutConnection, Reply, Run, World
from benchmarks.server import picture

TICK = 0.01  # seconds between two looks for new runs of a session
CONFIG = {
    "version": "5.49.1",
    "protocol": "sse_v3",
    "api_prefix": "/gradio_api",
    "connect_heartbeat": True,
    "components": [{"id": 1, "type": "textbox"}, {"id": 2, "type": "image"}],
    "dependencies": [{"id": 0, "api_name": "predict", "inputs": [1], "outputs": [2], "backend_fn": True}],
}
INFO = {
    "named_endpoints": {
        "/predict": {
            "parameters": [{"parameter_name": "prompt", "parameter_has_default": False, "label": "Prompt"}],
            "returns": [{"label": "Image", "type": "filepath", "component": "Image"}],
        }
    },
    "unnamed_endpoints": {},
}

_session_runs: dict[str, list[Run]] = {}


async def replicate(world: World, call: Call) -> Reply:
    """Answer as Replicate does to `Prefer: wait`: with the prediction when it is over."""
    if call.method == "POST":
        run = world.begin(call.json()["input"]["prompt"])
        await world.cut_wait(run.prompt)
        await run.wait()
    else:
        run = _run(world, call.path.split("/")[-1])
    fields = {
        "id": str(run.number),
        "model": "bench/one",
        "version": "hidden",
        "status": "succeeded" if run.is_over else "processing",
        "input": {"prompt": run.prompt},
        "output": [f"{world.address}/replicate/{run.number}.png"] if run.is_over else None,
        "urls": {"get": f"{world.address}/replicate/v1/predictions/{run.number}"},
    }
    return _json(fields, 201 if call.method == "POST" else 200)


async def fal(world: World, call: Call) -> Reply:
    """Answer as fal's queue does: a receipt, states as often as they are asked for, the result."""
    if call.method == "POST":
        run = world.begin(call.json()["prompt"])
        url = f"{world.address}/fal/bench/one/requests/{run.number}"
        links = {"response_url": url, "status_url": f"{url}/status", "cancel_url": f"{url}/cancel"}
        return _json({"request_id": str(run.number), "status": "IN_QUEUE", "queue_position": 0, **links})
    number = call.path.split("/requests/")[1].split("/")[0]
    run = _run(world, number)
    if call.path.endswith("/status"):
        await world.cut_wait(run.prompt)
        return _json({"status": "COMPLETED" if run.is_over else "IN_PROGRESS", "logs": None})
    return _json({"images": [{"url": f"{world.address}/fal/{number}.png", "content_type": "image/png"}]})


async def huggingface(world: World, call: Call) -> Reply:
    """Answer as an inference endpoint does: with the picture itself, when it is there."""
    run = world.begin(call.json()["inputs"])
    await world.cut_wait(run.prompt)
    await run.wait()
    return Reply(picture(), "image/png")


async def gradio(world: World, call: Call) -> Reply:
    """Answer as a Gradio app does: a queue to join, one stream of events for all runs of a session."""
    name = call.path.removeprefix("/gradio/").removeprefix("gradio_api/")
    if name == "config":
        return _json(CONFIG)
    if name == "info":
        return _json(INFO)
    if name == "queue/join":
        fields = call.json()
        run = world.begin(fields["data"][0])
        _session_runs.setdefault(fields["session_hash"], []).append(run)
        return _json({"event_id": str(run.number)})
    if name == "queue/data":
        [session] = parse_qs(call.query)["session_hash"]
        return Reply(_events(world, session), "text/event-stream")
    return Reply(_heartbeat(), "text/event-stream")


async def _events(world: World, session: str) -> AsyncIterator[bytes]:
    """Yield what happens to the runs of a session until all are over; the middle of a run is where it is cut."""
    runs = _session_runs.pop(session, [])
    loop = asyncio.get_running_loop()
    wait = loop.create_task(world.cut_wait(session))
    reports = [_event("process_starts", run) for run in runs]
    try:
        while runs or reports:
            for report in reports:
                yield report
            await asyncio.sleep(TICK)
            if wait.done() and isinstance(wait.exception(), CutConnection):
                raise CutConnection
            newcomers = _session_runs.pop(session, [])
            reports = [_event("process_starts", run) for run in newcomers]
            runs += newcomers
            reports += [_event("process_completed", run) for run in runs if run.is_over]
            runs = [run for run in runs if not run.is_over]
        yield b'data: {"msg": "close_stream", "event_id": null}\n\n'
    finally:
        wait.cancel()


def _event(message: str, run: Run) -> bytes:
    output = {"path": f"/tmp/{run.number}.png", "meta": {"_type": "gradio.FileData"}}  # noqa: S108 - as Gradio names it
    fields: dict[str, Any] = {"msg": message, "event_id": str(run.number)}
    if message == "process_completed":
        fields |= {"success": True, "output": {"data": [output], "is_generating": False}}
    return f"data: {json.dumps(fields)}\n\n".encode()


async def _heartbeat() -> AsyncIterator[bytes]:
    """Yield a beat every 15 seconds, as long as somebody listens."""
    while True:
        yield b"data: ALIVE\n\n"
        await asyncio.sleep(15)


def _run(world: World, number: str) -> Run:
    return world.runs[int(number) - 1]


def _json(fields: dict[str, Any], status: int = 200) -> Reply:
    return Reply(json.dumps(fields).encode(), status=status)
