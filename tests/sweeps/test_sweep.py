import gc
import queue
import threading
from pathlib import Path
from typing import Any

import pytest

import wiro_widgets as wiro
from tests.sandbox_clients import FLUX, SMALL, MakeClient, RunCount, wait_for
from wiro_widgets import BudgetExceeded, Client, InvalidParameter, Sandbox, Sweep, TaskFailed
from wiro_widgets.sweeps.axes import MAX_CELLS

FAIL = "wiro/sandbox-fail"


def begin_sweep(client: Client, **values: Any) -> Sweep:
    """Sweep the seed's model over small pictures."""
    return client.sweep(FLUX, {"prompt": "x", **SMALL, **values})


def statuses(sweep: Sweep) -> list[str]:
    """Return the status of each cell."""
    return [cell.status for cell in sweep.cells]


def test_every_combination_runs_once(sandbox_client: Client, run_count: RunCount) -> None:
    """A sweep runs each cell once, and each has its task, its result and its pictures."""
    sweep = begin_sweep(sandbox_client, prompt=["a cat", "a dog"], seed=range(2)).wait()
    assert (run_count(), sweep.counts) == (4, {"succeeded": 4})
    for cell in sweep.cells:
        assert cell.result is not None
        assert cell.task is not None
        assert cell.record.parameters["seed"] == cell.values["seed"] == cell.chosen["seed"]
        assert cell.images[0].size == (64, 64)
    assert len(sandbox_client.history) == 4


def test_cells_come_as_they_finish(sandbox_client: Client) -> None:
    """`for cell in sweep` yields every cell once, when it is done, while the others still run."""
    sweep = begin_sweep(sandbox_client, seed=range(6))
    indexes = []
    for cell in sweep:
        assert cell.done
        indexes.append(cell.index)
    assert sorted(indexes) == list(range(6))
    assert [cell.index for cell in sweep] == indexes


def test_a_list_runs_as_it_is(sandbox_client: Client, run_count: RunCount) -> None:
    """`client.map` runs a list of values."""
    sweep = sandbox_client.map(FLUX, [{"prompt": "a", **SMALL}, {"prompt": "b", **SMALL, "seed": 3}]).wait()
    assert ([cell.values["prompt"] for cell in sweep.cells], run_count()) == (["a", "b"], 2)


@pytest.mark.parametrize(
    "values",
    [
        {"seeed": [1]},
        {"seed": []},
        {"seed": range(10**6)},
        {"steps": [1, 99]},
        {"inputImage": ["missing.png"]},
    ],
    ids=lambda values: next(iter(values)),
)
def test_bad_input_is_refused_before_anything_is_sent(
    sandbox_client: Client, sandbox: Sandbox, values: dict[str, Any]
) -> None:
    """A sweep with one wrong value sends nothing at all."""
    request_count = len(sandbox.requests)
    with pytest.raises(InvalidParameter):
        begin_sweep(sandbox_client, **values)
    assert len(sandbox.requests) == request_count


def test_failures_do_not_stop_the_rest(sandbox_client: Client, sandbox: Sandbox) -> None:
    """A cell that fails keeps its error, and the others go on."""
    sandbox.faults = {"fail_tasks": 2}
    sweep = begin_sweep(sandbox_client, seed=range(6)).wait()
    assert sweep.counts == {"succeeded": 4, "failed": 2}
    (first, *_) = [cell for cell in sweep.cells if cell.error]
    assert isinstance(first.error, TaskFailed)
    assert (first.result, first.images, first.record.outcome) == (None, [], "failed")


def test_resuming_runs_the_failures_again(
    sandbox_client: Client, sandbox: Sandbox, run_count: RunCount
) -> None:
    """`resume` runs only the cells that failed."""
    sandbox.faults = {"fail_tasks": 2}
    sweep = begin_sweep(sandbox_client, seed=range(4)).wait()
    sweep.resume().wait()
    assert (sweep.counts, run_count()) == ({"succeeded": 4}, 6)


def test_no_more_run_at_once_than_allowed(sandbox_client: Client, sandbox: Sandbox) -> None:
    """`concurrency` bounds how many cells are under way at the same time."""
    sandbox.faults = {"stuck": "run"}
    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(5), concurrency=2)
    wait_for(lambda: sum(task.status == "running" for task in tasks(sweep)) == 2)
    assert sweep.counts == {"running": 2, "pending": 3}
    sandbox.faults = None
    assert sweep.wait().counts == {"succeeded": 5}
    for most in (0, 2.5, "4", True):
        with pytest.raises(wiro.ConfigurationError, match="at least 1 cell"):
            sandbox_client.sweep(FLUX, prompt="x", concurrency=most)  # type: ignore[arg-type]  # as users may


def test_code_96_holds_back_the_rest(sandbox_client: Client, sandbox: Sandbox) -> None:
    """When the balance allows no more runs at once, no further cell is sent until one ends, and none is lost."""
    sandbox.faults = {"concurrency_limit": "Run:3"}
    sweep = begin_sweep(sandbox_client, seed=range(8)).wait()
    assert sweep.counts == {"succeeded": 8}


def test_an_empty_balance_halts_it(sandbox_client: Client, sandbox: Sandbox, run_count: RunCount) -> None:
    """Code 97 halts the sweep, because every further cell would meet it; the sweep can be resumed."""
    sandbox.faults = {"no_balance": "Run:1"}
    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(20), concurrency=1)
    with pytest.raises(wiro.InsufficientBalance):
        sweep.wait()
    assert (sweep.counts, run_count()) == ({"failed": 1, "pending": 19}, 1)
    assert sweep.resume().wait().counts == {"succeeded": 20}


def test_pause_and_resume(sandbox_client: Client, sandbox: Sandbox) -> None:
    """A paused sweep begins no further cell, and those that run go on."""
    sandbox.faults = {"stuck": "run"}
    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(4), concurrency=2)
    wait_for(lambda: len(tasks(sweep)) == 2)
    sweep.pause()
    sandbox.faults = None
    assert sweep.wait().counts == {"succeeded": 2, "pending": 2}
    assert sweep.resume().wait().counts == {"succeeded": 4}


def test_stop_and_resume(sandbox_client: Client, sandbox: Sandbox, run_count: RunCount) -> None:
    """A stopped sweep stops what runs; `resume` runs what was stopped and what was left."""
    sandbox.faults = {"stuck": "run"}
    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(4), concurrency=2)
    wait_for(lambda: sum(task.status == "running" for task in tasks(sweep)) == 2)
    sweep.stop()
    assert sweep.counts == {"cancelled": 2, "pending": 2}
    assert not sweep.busy
    sandbox.faults = None
    assert sweep.resume().wait().counts == {"succeeded": 4}
    assert run_count() == 6
    sweep.stop()


def test_a_planned_sweep_sends_nothing(sandbox_client: Client, run_count: RunCount) -> None:
    """With `start=False` a sweep has an estimate, and runs when it is resumed."""
    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(3), start=False)
    assert sweep.estimate is not None
    assert (sweep.estimate.typical, run_count(), sweep.counts) == (0.00702, 0, {"pending": 3})
    assert list(sweep) == []
    assert sweep.resume().wait().counts == {"succeeded": 3}


def test_a_sweep_certain_to_pass_a_budget_is_refused(
    sandbox_client: Client, run_count: RunCount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When exact prices add up to more than is left of the budget, nothing is sent at all."""
    price = {"dynamicprice": [{"inputs": {}, "price": 0.5, "priceMethod": "cpr"}]}
    monkeypatch.setattr("wiro_widgets.sandbox.http.endpoints.tool_entry", lambda _model: price)
    with wiro.budget(usd=2.00), pytest.raises(BudgetExceeded, match=r"5 runs .* at least \$2.5"):
        begin_sweep(sandbox_client, seed=range(5))
    assert run_count() == 0


def test_a_budget_below_the_first_run_refuses_a_sweep(sandbox_client: Client, run_count: RunCount) -> None:
    """When the budget has no room for the cheapest cell, nothing is sent at all, even if prices are not exact."""
    with (
        wiro.budget(usd=0.001),
        pytest.raises(BudgetExceeded, match="Any of the 3 runs of this sweep") as refused,
    ):
        begin_sweep(sandbox_client, seed=range(3))
    assert (refused.value.runs, refused.value.estimate, run_count()) == (3, 0.00234, 0)


def test_a_budget_that_refuses_every_cell_is_raised(sandbox_client: Client) -> None:
    """When a budget refuses every cell, `wait` raises the refusal."""
    with wiro.budget(usd=0.003) as purse:
        sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(3), start=False)
        purse.limit = 0.0001
        sweep.resume()
        with pytest.raises(BudgetExceeded, match="Nothing was sent"):
            sweep.wait()
    assert (sweep.counts, isinstance(sweep.error, BudgetExceeded)) == ({"refused": 3}, True)
    purse.limit = 1.0
    assert sweep.resume().wait().counts == {"succeeded": 3}


def test_what_others_pay_for_is_not_held_against_a_budget(
    make_sandbox_client: MakeClient, sandbox: Sandbox, run_count: RunCount
) -> None:
    """Cells whose tasks run already cost a sweep nothing, however small its budget is."""
    sandbox.faults = {"stuck": "run"}
    first = make_sandbox_client()
    sweep = first.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(2))
    wait_for(lambda: len(tasks(sweep)) == 2)
    first.close()
    sandbox.faults = None
    with wiro.budget(usd=0.0001):
        again = make_sandbox_client().sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(2)).wait()
    assert (again.counts, run_count()) == ({"succeeded": 2}, 2)


def test_a_budget_ends_a_sweep_early(sandbox_client: Client, run_count: RunCount) -> None:
    """Cells for which the budget has no room are refused and not sent; with more money they run."""
    with wiro.budget(usd=0.006) as purse:
        sweep = begin_sweep(sandbox_client, seed=range(12)).wait()
    assert purse.spent <= 0.006
    assert run_count() == sweep.counts["succeeded"] < 12
    assert all(isinstance(cell.error, BudgetExceeded) for cell in sweep.cells if cell.status == "refused")
    purse.limit = 1.0
    assert sweep.resume().wait().counts == {"succeeded": 12}
    assert purse.spent == pytest.approx(sweep.spent)


def test_a_price_that_cannot_be_asked_for_stops_nothing(sandbox_client: Client, sandbox: Sandbox) -> None:
    """Without a budget a sweep runs though its prices cannot be read: its estimate is unknown, and says why."""
    sandbox.faults = {"server_error": "Tool/Detail:99", "retry_after": "0"}
    sweep = begin_sweep(sandbox_client, seed=range(2)).wait()
    assert sweep.counts == {"succeeded": 2}
    assert sweep.estimate is not None
    assert (sweep.estimate.amount, sweep.estimate.reserve) == ("unknown", None)
    assert "the price could not be asked for" in sweep.estimate.reason
    with wiro.budget(usd=1.00), pytest.raises(wiro.ApiError):
        begin_sweep(sandbox_client, seed=range(2, 4))


def test_a_timeout_lets_it_go_on(sandbox_client: Client, sandbox: Sandbox) -> None:
    """`wait(timeout)` raises TimeoutError with how far the sweep is, and the sweep goes on."""
    sandbox.faults = {"stuck": "run"}
    sweep = begin_sweep(sandbox_client, seed=range(2))
    with pytest.raises(TimeoutError, match="the sweep goes on"):
        sweep.wait(0.2)
    sandbox.faults = None
    assert sweep.wait(30).counts == {"succeeded": 2}


def test_then_is_called_with_each_result(sandbox_client: Client) -> None:
    """`then` is called with each result in a thread of its own; what it raises is the cell's error."""
    names = set()

    def size(result: wiro.TaskResult) -> tuple[int, int]:
        names.add(threading.current_thread().name.partition("_")[0])
        if result.record.seed == 1:
            raise RuntimeError("odd")
        return result.images[0].size

    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(2), then=size).wait()
    assert (sweep[0].value, sweep[1].value, statuses(sweep)) == ((64, 64), None, ["succeeded", "failed"])
    assert (str(sweep[1].error), names) == ("odd", {"wiro-then"})


def test_a_failed_then_does_not_pay_again(sandbox_client: Client, run_count: RunCount) -> None:
    """Resuming after `then` failed calls `then` again and runs nothing."""
    calls = []

    def fragile(result: wiro.TaskResult) -> int:
        calls.append(result)
        if len(calls) == 1:
            raise RuntimeError("once")
        return len(calls)

    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, then=fragile).wait()
    assert sweep.resume().wait()[0].value == 2
    assert run_count() == 1


def test_closing_the_client_ends_it(
    make_sandbox_client: MakeClient, sandbox: Sandbox, run_count: RunCount
) -> None:
    """A sweep whose client is closed begins no further cell; its tasks go on at Wiro, and no cell has failed."""
    client = make_sandbox_client()
    sandbox.faults = {"stuck": "run"}
    sweep = client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(9), concurrency=2)
    wait_for(lambda: len(tasks(sweep)) == 2)
    client.close()
    assert (sweep.busy, sweep.error, sweep.counts) == (False, None, {"unknown": 2, "pending": 7})
    sandbox.faults = None
    again = make_sandbox_client().sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(9)).wait()
    assert (again.counts, run_count()) == ({"succeeded": 9}, 9)


def test_a_sweep_that_nobody_names_can_be_stopped(sandbox_client: Client, sandbox: Sandbox) -> None:
    """`client.sweeps` has the running sweeps in the order in which they began, even if no variable holds them."""
    sandbox.faults = {"stuck": "run"}
    begin_sweep(sandbox_client, seed=range(20))
    other = begin_sweep(sandbox_client, seed=range(20, 22))
    first, second = sandbox_client.sweeps
    assert (len(first), second) == (20, other)
    first.stop()
    wait_for(lambda: sandbox_client.sweeps == (other,))
    assert "pending" in first.counts
    sandbox.faults = None
    first.resume().wait()
    other.wait()
    wait_for(lambda: sandbox_client.sweeps == ())


def test_a_client_that_nobody_names_ends_its_sweeps(
    make_sandbox_client: MakeClient, sandbox: Sandbox, tmp_path: Path, run_count: RunCount
) -> None:
    """A sweep runs to its last cell even if no variable holds it or its client."""
    journal = tmp_path / "journal.sqlite3"
    sandbox.client(journal=journal, output_dir=tmp_path).sweep(
        FLUX, {"prompt": "x", **SMALL}, seed=range(12), concurrency=1
    )
    gc.collect()
    history = make_sandbox_client(journal=journal).history
    wait_for(lambda: len(history.find(outcome="succeeded")) == 12)
    assert run_count() == 12


def test_its_repr_counts(sandbox_client: Client, sandbox: Sandbox) -> None:
    """A sweep prints its counts and its cost, a cell its place and its status."""
    sandbox.faults = {"fail_tasks": 1}
    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(2), concurrency=1).wait()
    assert repr(sweep).startswith(f"<Sweep of {FLUX}, 2 cells: 1 succeeded, 1 failed; $0.0")
    assert repr(sweep[0]) == "<Cell 0 seed=0: failed>"


def test_progress_without_a_terminal(sandbox_client: Client, capfd: pytest.CaptureFixture[str]) -> None:
    """Where there is no terminal, `wait(progress=True)` writes plain lines to stderr, and nothing by default."""
    begin_sweep(sandbox_client, seed=range(3)).wait(progress=True)
    lines = capfd.readouterr().err.splitlines()
    assert lines[-1].startswith("3 cells: 3 succeeded")
    assert "\r" not in "".join(lines)
    begin_sweep(sandbox_client, seed=range(3, 5)).wait()
    assert capfd.readouterr().err == ""


def test_uploads_of_many_cells_do_not_mix(sandbox_client: Client, tmp_path: Path, sandbox: Sandbox) -> None:
    """One open file that is in many cells is uploaded whole by each of them."""
    source = sandbox_client.generate(FLUX, prompt="x", **SMALL)[0]
    source.save(tmp_path / "in.png")
    sandbox.faults = {"invalid_parameters": "File/Upload:9"}  # otherwise one upload serves them all
    with (tmp_path / "in.png").open("rb") as file:
        sweep = begin_sweep(sandbox_client, inputImage=file, strength=[0.1, 0.5, 0.9]).wait()
    size = (tmp_path / "in.png").stat().st_size
    sizes = [request.files[0][3] for request in sandbox.requests if "/Run/" in request.path and request.files]
    assert (sweep.counts, set(sizes[-3:])) == ({"succeeded": 3}, {size})


def test_the_limit_is_documented() -> None:
    """A sweep has at most ten thousand cells."""
    assert MAX_CELLS == 10_000


def tasks(sweep: Sweep) -> list[wiro.Task]:
    """Return the tasks that have been accepted."""
    return [cell.task for cell in sweep.cells if cell.task is not None and cell.task.id is not None]


def test_a_callback_is_called_with_each_cell(sandbox_client: Client) -> None:
    """A callback is called with every cell as it begins, with its task, and as it ends; what it raises is logged."""
    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL, "seed": range(4)}, start=False)
    calls: list[tuple[int, str, bool]] = []
    sweep.add_callback(lambda _: 1 / 0)
    sweep.add_callback(lambda cell: calls.append((cell.index, cell.status, cell.task is not None)))
    sweep.resume().wait()
    assert sorted(calls) == [(n, status, True) for n in range(4) for status in ("running", "succeeded")]
    late: queue.Queue[int] = queue.Queue()
    sweep.add_callback(lambda cell: late.put(cell.index))
    assert sorted(late.get(timeout=60) for _ in range(4)) == list(range(4))


def test_a_sweep_can_be_stopped_from_a_callback(sandbox_client: Client, sandbox: Sandbox) -> None:
    """`stop_soon` returns at once, even on the engine's thread."""
    sandbox.faults = {"delay": 0.05}
    sweep = begin_sweep(sandbox_client, seed=range(30))
    sweep.add_callback(lambda _: sweep.stop_soon())
    sweep.wait()
    assert {"pending", "cancelled"} & set(statuses(sweep))
    assert not sweep.busy
