import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox_clients import FLUX, SMALL, MakeClient, RunCount, environment
from wiro_widgets import Sandbox
from wiro_widgets.journal.row import Query

ROOT = Path(__file__).resolve().parent.parent.parent
KERNEL = """
import sys
import wiro_widgets as wiro
client = wiro.Client(journal=sys.argv[1], output_dir=sys.argv[2])
sweep = client.sweep({model!r}, {small!r}, prompt=["a", "b"], seed=range(6), concurrency=3)
for cell in sweep:
    print(cell.index, flush=True)
"""


def test_the_same_sweep_again_runs_nothing(make_sandbox_client: MakeClient, run_count: RunCount) -> None:
    """A sweep that is done comes from the journal and its pictures from the disk, in a new client too."""
    make_sandbox_client().sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(3)).wait()
    again = make_sandbox_client().sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(3))
    assert (again.counts, run_count()) == ({"succeeded": 3}, 3)
    assert all(cell.from_journal for cell in again)
    assert again[2].images[0].size == (64, 64)
    assert again.wait().estimate is not None
    assert again.spent > 0


def test_a_larger_sweep_runs_what_is_new(make_sandbox_client: MakeClient, run_count: RunCount) -> None:
    """A sweep with a longer axis runs only the new cells."""
    make_sandbox_client().sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(3)).wait()
    sweep = make_sandbox_client().sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(5)).wait()
    assert (sweep.counts, run_count()) == ({"succeeded": 5}, 5)


def test_only_holes_and_failures_run_again(
    make_sandbox_client: MakeClient, sandbox: Sandbox, run_count: RunCount
) -> None:
    """The same sweep in a new client runs only the cells that have not succeeded."""
    sandbox.faults = {"fail_tasks": 2}
    make_sandbox_client().sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(4)).wait()
    assert make_sandbox_client().sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(4)).wait().counts == {
        "succeeded": 4
    }
    assert run_count() == 6


def test_it_can_be_run_anew(make_sandbox_client: MakeClient, run_count: RunCount) -> None:
    """With `resume=False` every cell runs, even if the journal has its result."""
    for _ in range(2):
        make_sandbox_client().sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(2), resume=False).wait()
    assert run_count() == 4


def test_equal_cells_are_each_remembered(make_sandbox_client: MakeClient, run_count: RunCount) -> None:
    """Two equal cells are two runs, and both come from the journal again."""
    first = make_sandbox_client().sweep(FLUX, SMALL, prompt=["x", "x"]).wait()
    again = make_sandbox_client().sweep(FLUX, SMALL, prompt=["x", "x"])
    assert [cell.record.task_id for cell in again.cells] == [cell.record.task_id for cell in first.cells]
    assert run_count() == 2


def test_single_runs_are_no_cells(make_sandbox_client: MakeClient, run_count: RunCount) -> None:
    """A single run does not stand in for a cell: without a seed its picture would be another one."""
    make_sandbox_client().run(FLUX, prompt="x", **SMALL).wait()
    make_sandbox_client().sweep(FLUX, SMALL, prompt=["x"]).wait()
    assert run_count() == 2


def test_pictures_that_were_deleted_are_fetched_again(
    make_sandbox_client: MakeClient, run_count: RunCount
) -> None:
    """A cell whose files were deleted is downloaded again, not paid for again."""
    first = make_sandbox_client().sweep(FLUX, {"prompt": "x", **SMALL}).wait()
    for path in first[0].record.output_paths:
        Path(path).unlink()
    again = make_sandbox_client().sweep(FLUX, {"prompt": "x", **SMALL}).wait()
    assert (again[0].images[0].size, run_count()) == ((64, 64), 1)


def test_cells_that_still_run_are_picked_up(
    make_sandbox_client: MakeClient, sandbox: Sandbox, run_count: RunCount
) -> None:
    """A cell whose task still runs after its client was closed is followed to its end, not sent again."""
    sandbox.faults = {"stuck": "run"}
    first = make_sandbox_client()
    sweep = first.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(2))
    while sum(cell.task is not None and cell.task.id is not None for cell in sweep.cells) < 2:
        first.history.unfinished()
    first.close()
    sandbox.faults = None
    assert make_sandbox_client().sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(2)).wait().counts == {
        "succeeded": 2
    }
    assert run_count() == 2


def test_a_lost_reply_is_looked_for(
    make_sandbox_client: MakeClient, sandbox: Sandbox, run_count: RunCount
) -> None:
    """A cell whose reply was lost is found in Wiro's list, and not sent twice."""
    sandbox.faults = {"lose_run_reply": 1}
    sweep = make_sandbox_client().sweep(FLUX, {"prompt": "x", **SMALL}).wait()
    assert sweep.counts == {"unknown": 1}
    assert sweep.resume().wait().counts == {"succeeded": 1}
    assert run_count() == 1


def test_a_run_that_wiro_does_not_list_is_unknown(
    make_sandbox_client: MakeClient, run_count: RunCount
) -> None:
    """A cell that may have run, but is not in Wiro's list, is not sent until the user says so, and then once."""
    client = make_sandbox_client()
    key = client.sweep(FLUX, {"prompt": "x", **SMALL}, start=False)[0].content
    journal = client._client._engine.journal
    journal.begin(client._client.server, FLUX, {"prompt": "x", **SMALL}, content=key, cell=0)
    sweep = client.sweep(FLUX, {"prompt": "x", **SMALL}).wait()
    assert sweep.counts == sweep.resume().wait().counts == {"unknown": 1}
    assert "proves nothing" in str(sweep[0].error)
    assert run_count() == 0
    assert sweep.resume(unknown="send").wait().counts == {"succeeded": 1}
    assert client.sweep(FLUX, {"prompt": "x", **SMALL}, unknown="send").wait().counts == {"succeeded": 1}
    assert run_count() == 1


def test_a_sweep_can_send_what_is_unknown_from_the_start(
    make_sandbox_client: MakeClient, run_count: RunCount
) -> None:
    """With `unknown="send"` a cell of unknown outcome is sent when the sweep begins."""
    client = make_sandbox_client()
    key = client.sweep(FLUX, {"prompt": "x", **SMALL}, start=False)[0].content
    client._client._engine.journal.begin(
        client._client.server, FLUX, {"prompt": "x", **SMALL}, content=key, cell=0
    )
    sweep = client.sweep(FLUX, {"prompt": "x", **SMALL}, unknown="send")
    assert sweep.wait().counts == {"succeeded": 1}
    assert run_count() == 1


def test_where_wiro_cannot_be_asked_nothing_is_sent(
    make_sandbox_client: MakeClient, sandbox: Sandbox, run_count: RunCount
) -> None:
    """While Wiro's list cannot be read, a cell that may have run is unknown; `resume(unknown="send")` sends it."""
    client = make_sandbox_client()
    sweep = client.sweep(FLUX, {"prompt": "x", **SMALL}, start=False)
    journal = client._client._engine.journal
    journal.begin(client._client.server, FLUX, {"prompt": "x", **SMALL}, content=sweep[0].content, cell=0)
    sandbox.faults = {"auth_error": "Task/List:9"}
    sweep = client.sweep(FLUX, {"prompt": "x", **SMALL}).wait()
    assert (sweep.counts, run_count()) == ({"unknown": 1}, 0)
    assert sweep.resume(unknown="send").wait().counts == {"succeeded": 1}


@pytest.mark.parametrize("done", [1, 4, 9])
def test_a_killed_kernel_loses_nothing(
    make_sandbox_client: MakeClient, sandbox: Sandbox, tmp_path: Path, run_count: RunCount, done: int
) -> None:
    """After SIGKILL in the middle of a sweep the next client has what was done and runs the rest, each cell once."""
    program = KERNEL.format(model=FLUX, small=SMALL)
    command = [sys.executable, "-c", program, str(tmp_path / "journal.sqlite3"), str(tmp_path / "outputs")]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(sandbox), stdout=subprocess.PIPE, text=True
    ) as kernel:
        assert kernel.stdout is not None
        for _ in range(done):
            kernel.stdout.readline()
        kernel.send_signal(signal.SIGKILL)
    sweep = make_sandbox_client().sweep(FLUX, SMALL, prompt=["a", "b"], seed=range(6)).wait()
    assert sum(cell.from_journal for cell in sweep.cells) >= done
    # A Run that was about to leave when the kernel died may have left or not: only the user can say.
    unknown = sweep.counts.get("unknown", 0)
    assert sweep.counts.get("succeeded", 0) == 12 - unknown
    assert run_count() <= 12
    assert sweep.resume(unknown="send").wait().counts == {"succeeded": 12}
    assert run_count() == 12


def test_the_journal_keeps_cells_apart_from_runs(make_sandbox_client: MakeClient) -> None:
    """Journal rows of cells have a content key and a number among equal cells; other rows have no number."""
    client = make_sandbox_client()
    client.run(FLUX, prompt="x", **SMALL).wait()
    client.sweep(FLUX, SMALL, prompt=["x", "x"]).wait()
    rows = client._client._engine.journal.rows(Query())
    assert sorted((row.cell is not None, row.cell or 0) for row in rows) == [(False, 0), (True, 0), (True, 1)]
    assert len({row.content for row in rows}) == 1


def test_values_survive_in_the_record(make_sandbox_client: MakeClient) -> None:
    """A cell from the journal has the same record as its run."""
    values: dict[str, Any] = {"prompt": "x", **SMALL, "seed": 7350148318}
    first = make_sandbox_client().sweep(FLUX, values).wait()[0].record
    again = make_sandbox_client().sweep(FLUX, values)[0].record
    assert json.dumps(again.to_dict()) == json.dumps(first.to_dict())
