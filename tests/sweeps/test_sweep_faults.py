from typing import Any

import pytest

from tests.sandbox_clients import FLUX, SMALL, MakeClient
from wiro_widgets import Client, Sandbox


def count_tasks(sandbox: Sandbox) -> int:
    """Return how many tasks the sandbox has made."""
    assert sandbox._world is not None
    return len(sandbox._world.tasks)


@pytest.mark.parametrize(
    "faults",
    [
        {"rate_limit": "Run:2", "retry_after": ""},
        {"server_error": "Task/Detail:3", "retry_after": ""},
        {"concurrency_limit": "Run:2", "drop_socket_after": 3},
        {"refuse_socket": 4, "lose_frames": 2, "duplicate": 1},
        {"lose_end": True, "reorder": 4, "foreign_frames": 2},
        {"cut_downloads": 3, "fail_downloads": 2},
        {"requeue": 1, "detail_missing": 2},
        {"drift": "all", "frame_delay": 0.001},
    ],
    ids="-".join,
)
def test_a_sweep_survives_a_bad_day(sandbox_client: Client, sandbox: Sandbox, faults: dict[str, Any]) -> None:
    """Under each of these faults every cell is one task, and has its picture in the end."""
    sandbox.faults = faults
    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(5)).wait(60)
    assert sweep.counts == {"succeeded": 5}
    assert [cell.images[0].size for cell in sweep.cells] == [(64, 64)] * 5
    assert count_tasks(sandbox) == 5


def test_what_a_bad_day_left_is_resumed(make_sandbox_client: MakeClient, sandbox: Sandbox) -> None:
    """Failed tasks are run again, lost replies are found again, and nothing is paid for twice."""
    sandbox.faults = {"fail_tasks": 1, "lose_run_reply": 2, "cancel_tasks": 1}
    sweep = make_sandbox_client().sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(6)).wait(60)
    assert sum(sweep.counts.get(name, 0) for name in ("failed", "cancelled", "unknown", "succeeded")) == 6
    assert sweep.counts["unknown"] == 2
    sandbox.faults = None
    again = make_sandbox_client().sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(6)).wait(60)
    if again.counts != {"succeeded": 6}:  # a task whose reply was lost may be the one that failed
        again.resume().wait(60)
    assert again.counts == {"succeeded": 6}
    assert count_tasks(sandbox) == 6 + 2
    assert len({cell.record.task_id for cell in again.cells}) == 6
