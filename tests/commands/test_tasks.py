"""`wiro-widgets status | watch | stop | recover`."""

import json
import signal
from pathlib import Path

import pytest
from PIL import Image

from tests.commands.terminal import Terminal
from wiro_widgets import Sandbox

FLUX = "tencent/hunyuan-flux-srpo"
SMALL = ("-p", "width=64", "-p", "height=64", "-p", "steps=2")


def sent(terminal: Terminal, *arguments: str) -> str:
    """Send a run, leave it, and return the id of its task."""
    (row,) = terminal.rows("run", FLUX, "-p", "prompt=x", *SMALL, *arguments, "--no-wait")
    return str(row["task_id"])


def test_the_status_of_tasks(terminal: Terminal, sandbox: Sandbox) -> None:
    """One line a task; the exit status is the highest, and one that is missing keeps no other one back."""
    sandbox.faults = {"stuck": "queue"}
    task_id = sent(terminal)
    status, out, err = terminal.run("status", "nope", task_id)
    assert (status, len(out.splitlines())) == (3, 1)
    assert f"{task_id}  running" in out
    assert "there is no task nope" in err
    sandbox.faults = None
    assert terminal.run("watch", task_id)[0] == 0
    (row,) = terminal.rows("status", task_id)
    assert (row["outcome"], row["model"], row["exit_code"]) == ("succeeded", FLUX, 0)


def test_the_status_of_what_is_open(terminal: Terminal, sandbox: Sandbox) -> None:
    """Without ids it tells of the runs that the journal has open, and changes nothing of them."""
    assert terminal.run("status") == (0, "", "The journal has no open runs at this server.\n")
    sandbox.faults = {"stuck": "queue"}
    task_id = sent(terminal)
    for _ in range(2):
        (row,) = terminal.rows("status", status=3)
        assert (row["task_id"], row["outcome"]) == (task_id, "running")
    terminal.run("stop", task_id)
    assert terminal.run("status")[0] == 0


def test_watching(terminal: Terminal, sandbox: Sandbox) -> None:
    """A task is followed from another process, and its outputs are saved; again, when it is over."""
    sandbox.faults = {"stuck": "queue"}
    task_id = sent(terminal)
    command = terminal.start("watch", task_id, "--out", "art")
    command.line("Waiting for a worker", "stderr")
    sandbox.faults = None
    status, out, _ = command.end()
    assert status == 0
    path = terminal.folder / out.strip()
    with Image.open(path) as picture:
        assert picture.size == (64, 64)
    assert path.parent.name == "art"
    assert terminal.run("watch", task_id)[:2] == (0, f"{path.name}\n")


def test_watching_as_json(terminal: Terminal, sandbox: Sandbox) -> None:
    """Every event is a line, and the record is the last one."""
    sandbox.faults = {"stuck": "queue"}
    task_id = sent(terminal)
    command = terminal.start("watch", task_id, "--json")
    first = command.line("connected")
    sandbox.faults = None
    status, out, err = command.end()
    assert status == 0, err
    events = [json.loads(line) for line in [first, *out.splitlines()]]
    record = events.pop()
    assert {"task_start", "task_postprocess_end"} <= {event["type"] for event in events}
    assert {"stage", "output", "progress"} <= {event["kind"] for event in events}
    assert (record["task_id"], record["outcome"], len(record["paths"])) == (task_id, "succeeded", 1)


def test_ctrl_c_leaves_a_watched_task(terminal: Terminal, sandbox: Sandbox) -> None:
    """Who only looks on stops nothing."""
    sandbox.faults = {"stuck": "run"}
    task_id = sent(terminal)
    command = terminal.start("watch", task_id)
    command.line("Preparing", "stderr")
    command.interrupt(signal.SIGINT)
    status, _, err = command.end()
    assert (status, "goes on" in err.splitlines()[-1]) == (130, True)
    (row,) = terminal.rows("status", task_id, status=3)
    assert row["outcome"] == "running"
    terminal.run("stop", task_id)


def test_a_watch_with_a_limit(terminal: Terminal, sandbox: Sandbox) -> None:
    """`--timeout` ends the watch with a status of its own."""
    sandbox.faults = {"stuck": "run"}
    task_id = sent(terminal)
    assert terminal.run("watch", task_id, "--timeout", "0.2")[0] == 3
    terminal.run("stop", task_id)


def test_stopping(terminal: Terminal, sandbox: Sandbox) -> None:
    """A task that waits and one that runs are stopped; one that is over stays as it is."""
    sandbox.faults = {"stuck": "queue"}
    task_ids = [sent(terminal), sent(terminal)]
    rows = terminal.rows("stop", *task_ids)
    assert [(row["task_id"], row["outcome"]) for row in rows] == [
        (task_id, "cancelled") for task_id in task_ids
    ]
    status, out, err = terminal.run("stop", task_ids[0], "nope")
    assert (status, "cancelled" in out) == (1, True)
    assert err.startswith(f"Task {task_ids[0]} was over already.\n")


def test_recovering(terminal: Terminal, sandbox: Sandbox, tmp_path: Path) -> None:
    """What was left is picked up with its outputs, once."""
    sandbox.faults = {"fail_tasks": 1}
    ids = {sent(terminal, "-p", f"seed={seed}") for seed in range(2)}
    rows = terminal.rows("recover", "--out", "art")
    assert {row["task_id"] for row in rows} == ids
    assert {row["outcome"] for row in rows} == {"succeeded", "failed"}
    (path,) = [path for row in rows for path in row["paths"]]
    assert (tmp_path / path).is_file()
    assert terminal.run("recover") == (0, "", "Nothing was cut off.\n")


def test_recovering_what_still_runs(terminal: Terminal, sandbox: Sandbox) -> None:
    """`--timeout` leaves what goes on, and says so by the exit status."""
    sandbox.faults = {"stuck": "run"}
    task_id = sent(terminal)
    status, out, _ = terminal.run("recover", "--timeout", "0.2")
    assert (status, f"{task_id}  running" in out) == (3, True)
    assert terminal.run("stop", task_id)[0] == 0


@pytest.mark.parametrize("as_json", [False, True])
def test_what_cannot_be_recovered(terminal: Terminal, sandbox: Sandbox, *, as_json: bool) -> None:
    """A run whose task is uncertain is said, with a status that tells a script not to send it again."""
    sandbox.faults = {"lose_run_reply": 1, "server_error": {"Task/List": 1000}}
    assert terminal.run("run", FLUX, "-p", "prompt=lost", *SMALL)[0] == 4
    sandbox.faults = {"server_error": {"Task/List": 1000}}
    if as_json:
        (row,) = terminal.rows("recover", status=4)
        assert (row["outcome"], row["model"], bool(row["journal_id"])) == ("unknown", FLUX, True)
    else:
        status, out, err = terminal.run("recover")
        assert (status, out) == (4, "")
        assert f"a run of {FLUX}" in err
