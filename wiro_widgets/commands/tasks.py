"""`wiro-widgets status | watch | stop | recover`: tasks that exist already, by their ids or from the journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from wiro_widgets.client.sync_client import Client
from wiro_widgets.client.sync_task import Task
from wiro_widgets.commands import console
from wiro_widgets.commands.history_table import line_of
from wiro_widgets.commands.run import follow, make_folder, save_all
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.errors import TaskError, TaskTimeout, WiroError
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.record_of import record_of
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.state import TaskState, advance


def status(task_ids: Sequence[str], *, as_json: bool) -> int:
    """Print one line a task: how it stands at Wiro; without ids, those that the journal has open.

    Changes nothing. Returns the highest exit status of the tasks.
    """
    with Client() as client:
        ids = list(task_ids)
        if not ids:
            rows = client.history.unfinished()
            ids = [row.task_id for row in rows if row.task_id]
            lost_count = len(rows) - len(ids)
            if lost_count:
                runs = "1 run has" if lost_count == 1 else f"{lost_count} runs have"
                console.err(f"{runs} no task yet; wiro-widgets recover looks for it.")
            if not rows:
                console.err("The journal has no open runs at this server.")
        return _for_each(ids, lambda task_id: _status(client, task_id, as_json=as_json), as_json=as_json)


def watch(task_id: str, *, out: str, timeout: float | None, as_json: bool) -> int:
    """Follow a task as `run` does; Ctrl-C leaves it running. With `as_json` print its events, and its record last."""
    folder = make_folder(out)
    with Client(on_interrupt="detach") as client:
        return follow(client.attach(task_id), folder, timeout, as_json=as_json, with_events=as_json)


def stop(task_ids: Sequence[str], *, as_json: bool) -> int:
    """Stop each task that is not over, and print how it stands then; return 0 if none goes on."""
    with Client() as client:
        return _for_each(task_ids, lambda task_id: _stop(client, task_id, as_json=as_json), as_json=as_json)


def recover(*, out: str | None, timeout: float | None, as_json: bool) -> int:
    """Pick up what was cut off, wait for it, and print one line a task; what cannot be picked up is said on stderr."""
    folder = make_folder(out) if out is not None else None
    with Client(on_interrupt="detach") as client:
        recovered = client.recover()
        statuses = [0]
        for task in recovered:
            statuses.append(_wait(task, timeout))
            paths = list(task.record.output_paths)
            if folder is not None:
                paths, problems = save_all(task.outputs, folder)
                console.err("".join(f"{problem}\n" for problem in problems), end="")
                statuses.append(console.FAILED if problems else 0)
            _print(task.record, as_json=as_json, paths=paths)
        for problem in recovered.problems:
            console.err(printable(f"wiro-widgets: {problem}"))
            if as_json:
                facts = asdict(problem)
                console.out_json({**facts, "error": facts.pop("reason"), "outcome": "unknown"})
        if recovered.problems:
            statuses.append(console.UNKNOWN)
        if not recovered and not recovered.problems:
            console.err("Nothing was cut off.")
        return max(statuses)


def _wait(task: Task, timeout: float | None) -> int:
    """Wait for a task; that it failed or was stopped is what recovering finds out, and no error."""
    try:
        outputs = task.wait(timeout, progress="transient").outputs
    except TaskTimeout:
        return console.GOES_ON
    except TaskError:
        return 0
    except WiroError as error:
        console.err(printable(f"wiro-widgets: {error}"))
        return console.exit_status(error)
    errors = [str(output.error) for output in outputs if output.error is not None]
    console.err("".join(f"{printable(text)}\n" for text in errors), end="")
    return console.FAILED if errors else 0


def _for_each(task_ids: Sequence[str], action: Callable[[str], int], *, as_json: bool) -> int:
    """Do something for each task, also after one that fails; return the highest exit status."""
    statuses = [0]
    for task_id in task_ids:
        try:
            statuses.append(action(task_id))
        except WiroError as error:
            statuses.append(console.fail(error, as_json=as_json))
    return max(statuses)


def _status(client: Client, task_id: str, *, as_json: bool) -> int:
    record = _record(client.detail(task_id))
    _print(record, as_json=as_json)
    return console.STATUS_OF[record.outcome]


def _stop(client: Client, task_id: str, *, as_json: bool) -> int:
    detail = client.detail(task_id)
    if detail.terminal:
        console.err(f"Task {detail.id} was over already.")
        record = _record(detail)
    else:
        task = client.attach(task_id)
        task.stop()
        record = task.record
    _print(record, as_json=as_json)
    return console.GOES_ON if record.outcome == "running" else 0


def _record(detail: TaskDetail) -> TaskRecord:
    state = advance(TaskState(), detail)
    return record_of(state, task_id=detail.id, model=detail.model, parameters=detail.parameters)


def _print(record: TaskRecord, *, as_json: bool, paths: Sequence[str] = ()) -> None:
    if as_json:
        console.out_json({**record.to_dict(), "paths": list(paths)})
    else:
        console.out("\n".join([line_of(record), *paths]))
