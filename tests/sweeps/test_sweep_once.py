import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import wiro_widgets as wiro
from tests.sandbox_clients import FLUX, SMALL, MakeClient, RunCount, environment, wait_for
from wiro_widgets import Client, Sandbox, Sweep

ROOT = Path(__file__).resolve().parent.parent.parent
PROCESS = """
import sys
import wiro_widgets as wiro
client = wiro.Client(journal=sys.argv[1], output_dir=sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
sweep = client.sweep({model!r}, {small!r}, prompt="x", seed=range({count}))
print(sweep.wait().counts, flush=True)
"""


@pytest.fixture
def begin(sandbox: Sandbox, tmp_path: Path) -> Iterator[Callable[[int], subprocess.Popen[str]]]:
    """Start processes that run the same sweep with the same journal, each when it is sent a line."""
    processes: list[subprocess.Popen[str]] = []

    def one(count: int) -> subprocess.Popen[str]:
        program = PROCESS.format(model=FLUX, small=SMALL, count=count)
        command = [
            sys.executable,
            "-c",
            program,
            str(tmp_path / "journal.sqlite3"),
            str(tmp_path / "outputs"),
        ]
        processes.append(
            subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment(sandbox),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        assert processes[-1].stdout is not None
        assert processes[-1].stdout.readline() == "ready\n"
        return processes[-1]

    yield one
    for process in processes:
        process.kill()
        process.communicate()


def go(process: subprocess.Popen[str]) -> None:
    """Let a process begin its sweep."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def begin_sweep(client: Client, count: int = 4) -> Sweep:
    """Begin the same sweep again."""
    return client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(count))


def ids(sweep: Sweep) -> list[str | None]:
    """Return the tasks of a sweep's cells."""
    return [cell.record.task_id for cell in sweep.cells]


def waits(sweep: Sweep) -> bool:
    """Return True if the first cell waits for a Run that another process sends."""
    task = sweep[0].task
    return task is not None and "under way already" in (task.state.note or "")


def test_the_same_sweep_again_while_it_runs_pays_once(
    sandbox_client: Client, sandbox: Sandbox, run_count: RunCount
) -> None:
    """The same sweep begun again while it runs shares the running tasks."""
    sandbox.faults = {"stuck": "run"}
    first = begin_sweep(sandbox_client)
    wait_for(lambda: all(cell.task is not None and cell.task.status == "running" for cell in first.cells))
    second = begin_sweep(sandbox_client)
    wait_for(lambda: all(cell.task is not None for cell in second.cells))
    assert [cell.task for cell in second.cells] == [cell.task for cell in first.cells]
    sandbox.faults = None
    assert second.wait().counts == first.wait().counts == {"succeeded": 4}
    assert (ids(second), run_count()) == (ids(first), 4)


def test_receipts_that_are_on_their_way_are_waited_for(
    sandbox_client: Client, sandbox: Sandbox, run_count: RunCount
) -> None:
    """The same sweep begun again before the first receipts are in waits for them."""
    sandbox.faults = {"delay": 0.3}
    sandbox_client.schema(FLUX)
    first, count = begin_sweep(sandbox_client), run_count()
    wait_for(lambda: run_count() > count)
    second = begin_sweep(sandbox_client)
    assert second.wait().counts == first.wait().counts == {"succeeded": 4}
    assert (ids(second), run_count()) == (ids(first), 4)


def test_two_clients_of_one_process_pay_once(make_sandbox_client: MakeClient, run_count: RunCount) -> None:
    """Two clients with one journal run a cell that their sweeps have in common once."""
    first, second = begin_sweep(make_sandbox_client(), 12), begin_sweep(make_sandbox_client(), 12)
    assert second.wait().counts == first.wait().counts == {"succeeded": 12}
    assert (ids(second), run_count()) == (ids(first), 12)


def test_two_processes_pay_once(begin: Callable[[int], subprocess.Popen[str]], run_count: RunCount) -> None:
    """Two processes that begin the same sweep at the same moment send each cell once, and both have all results."""
    processes = [begin(20), begin(20)]
    for process in processes:
        go(process)
    assert [process.communicate(timeout=60)[0] for process in processes] == ["{'succeeded': 20}\n"] * 2
    assert run_count() == 20


@pytest.mark.parametrize(("fault", "outcome"), [("hang_after", "succeeded"), ("hang_before", "unknown")])
def test_a_process_that_dies_while_it_sends(
    begin: Callable[[int], subprocess.Popen[str]],
    sandbox_client: Client,
    sandbox: Sandbox,
    run_count: RunCount,
    fault: str,
    outcome: str,
) -> None:
    """A sweep that waited for its receipt finds the task in Wiro's list, or is unknown: it never sends it again."""
    sandbox.faults = {fault: "Run:1"}
    other = begin(1)
    go(other)
    wait_for(lambda: run_count() == 1)
    sweep = begin_sweep(sandbox_client, 1)
    wait_for(lambda: waits(sweep))
    other.kill()
    assert sweep.wait().counts == {outcome: 1}
    assert run_count() == 1


def test_a_stop_of_one_is_not_the_end_of_the_other(
    sandbox_client: Client, sandbox: Sandbox, run_count: RunCount
) -> None:
    """Cells that a stopped sweep had not sent yet are sent by another sweep that has them."""
    sandbox.faults = {"concurrency_limit": "Run:1"}
    first = begin_sweep(sandbox_client, 1)
    wait_for(lambda: run_count() == 1 and first[0].task is not None)
    second = begin_sweep(sandbox_client, 1)
    wait_for(lambda: second[0].task is not None)
    first.stop()
    assert (first.counts, second.wait().counts) == ({"cancelled": 1}, {"succeeded": 1})


def test_a_budget_of_one_is_not_the_others(
    sandbox_client: Client, sandbox: Sandbox, run_count: RunCount
) -> None:
    """A cell that the budget of one sweep refuses is sent by another sweep whose budget has room."""
    sandbox.faults = {"stuck": "run"}
    with wiro.budget(usd=0.003):
        first = begin_sweep(sandbox_client, 2)
    wait_for(lambda: run_count() == 1 and first.counts == {"running": 1, "pending": 1})
    second = begin_sweep(sandbox_client, 2)
    wait_for(lambda: run_count() == 2)
    sandbox.faults = None
    assert second.wait().counts == {"succeeded": 2}
    assert first.wait().counts == {"succeeded": 2}
    assert run_count() == 2


def test_outputs_are_here_though_another_sweep_sends_them_elsewhere(
    sandbox_client: Client, sandbox: Sandbox, run_count: RunCount
) -> None:
    """A sweep that shares tasks with a sweep on an executor downloads their outputs itself."""
    sandbox.faults = {"stuck": "run"}
    with ThreadPoolExecutor(1) as pool:
        cells = [{"prompt": "x", **SMALL, "seed": seed} for seed in range(2)]
        first = sandbox_client.map(FLUX, cells, executor=pool)
        wait_for(lambda: all(cell.task is not None for cell in first.cells))
        second = sandbox_client.map(FLUX, cells)
        wait_for(lambda: all(cell.task is not None for cell in second.cells))
        sandbox.faults = None
        second.wait()
        first.wait()
    assert (run_count(), [cell.images[0].size for cell in second.cells]) == (2, [(64, 64)] * 2)


def test_every_cell_is_sent_anew_without_resume(
    sandbox_client: Client, sandbox: Sandbox, run_count: RunCount
) -> None:
    """With `resume=False` every cell is sent, even if the same cell runs at the same time."""
    sandbox.faults = {"stuck": "run"}
    first = begin_sweep(sandbox_client, 2)
    wait_for(lambda: run_count() == 2)
    second = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(2), resume=False)
    wait_for(lambda: run_count() == 4)
    sandbox.faults = None
    assert first.wait().counts == second.wait().counts == {"succeeded": 2}
    assert set(ids(first)).isdisjoint(ids(second))
