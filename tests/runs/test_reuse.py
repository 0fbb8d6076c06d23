import asyncio
from pathlib import Path
from typing import Any

import pytest

import wiro_widgets as wiro
from tests.sandbox_clients import FLUX, SMALL, MakeClient, RunCount
from wiro_widgets import AsyncClient, Client, ModelSchema, Sandbox
from wiro_widgets.runs.reuse import has_fixed_seed

SEEDED: dict[str, Any] = {"prompt": "x", "seed": 3, **SMALL}


def test_the_same_run_is_answered_from_the_history(sandbox_client: Client, run_count: RunCount) -> None:
    """With `reuse=True` an equal run is not sent: it has the earlier pictures, and its record names their task."""
    first = sandbox_client.run(FLUX, **SEEDED).wait()
    again = sandbox_client.run(FLUX, reuse=True, **SEEDED).wait()
    assert run_count() == 1
    assert (again.record.reused_from, again.record.total_cost) == (first.record.task_id, 0.0)
    assert again.images[0].tobytes() == first.images[0].tobytes()


def test_it_is_off_by_default(sandbox_client: Client, run_count: RunCount) -> None:
    """Without `reuse` an equal run is sent."""
    for _ in range(2):
        assert sandbox_client.run(FLUX, **SEEDED).wait().record.reused_from is None
    assert run_count() == 2


@pytest.mark.parametrize(
    "change",
    [{"seed": 4}, {"prompt": "y"}, {"steps": 3}, {"scale": 2}],
    ids=lambda change: next(iter(change)),
)
def test_another_run_is_sent(sandbox_client: Client, run_count: RunCount, change: dict[str, Any]) -> None:
    """A run that differs in any value is another run."""
    sandbox_client.run(FLUX, **SEEDED).wait()
    assert sandbox_client.run(FLUX, reuse=True, **{**SEEDED, **change}).wait().record.reused_from is None
    assert run_count() == 2


def test_a_run_without_a_seed_is_never_reused(sandbox_client: Client, run_count: RunCount) -> None:
    """A run without a fixed seed is always sent."""
    for _ in range(2):
        sandbox_client.run(FLUX, reuse=True, prompt="x", **SMALL).wait()
    assert run_count() == 2


@pytest.mark.parametrize(
    ("seed", "default", "fixed"),
    [
        (3, None, True),
        ("7350148318", None, True),
        (0, 7, True),
        (0, 0, False),
        ("0", "0", False),
        (-1, None, False),
        ("", None, False),
        ("random", None, False),
        (None, None, False),
    ],
)
def test_what_a_fixed_seed_is(seed: Any, default: Any, fixed: bool) -> None:
    """Negative and blank seeds are random, and so is 0 if it is the model's default."""
    item = {"id": "seed", "type": "text", "default": default}
    schema = ModelSchema.from_tool({"slugowner": "a", "slugproject": "b", "parameters": [{"items": [item]}]})
    assert has_fixed_seed({"seed": seed}, schema) is fixed


def test_a_client_can_reuse_always(make_sandbox_client: MakeClient, run_count: RunCount) -> None:
    """`Client(reuse=True)` reuses in every call, except for calls with `reuse=False`."""
    client = make_sandbox_client(reuse=True)
    client.generate(FLUX, **SEEDED)
    client.generate(FLUX, **SEEDED)
    assert run_count() == 1
    client.generate(FLUX, reuse=False, **SEEDED)
    assert run_count() == 2


def test_files_count_by_their_contents(sandbox_client: Client, run_count: RunCount, tmp_path: Path) -> None:
    """The same picture under another name is the same run; another picture is another run."""
    sandbox_client.generate(FLUX, prompt="in", **SMALL)[0].save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    sandbox_client.run(FLUX, inputImage=tmp_path / "a.png", **SEEDED).wait()
    again = sandbox_client.run(FLUX, reuse=True, inputImage=tmp_path / "b.png", **SEEDED).wait()
    assert (again.record.reused_from is not None, run_count()) == (True, 2)
    sandbox_client.generate(FLUX, prompt="other", **SMALL)[0].save(tmp_path / "b.png")
    assert (
        sandbox_client.run(FLUX, reuse=True, inputImage=tmp_path / "b.png", **SEEDED)
        .wait()
        .record.reused_from
        is None
    )


def test_pictures_that_are_gone_are_made_anew(sandbox_client: Client, run_count: RunCount) -> None:
    """When the files of the earlier run were deleted, the run is sent."""
    first = sandbox_client.run(FLUX, **SEEDED).wait()
    Path(first.record.output_paths[0]).unlink()
    assert sandbox_client.run(FLUX, reuse=True, **SEEDED).wait().record.reused_from is None
    assert run_count() == 2


def test_a_failed_run_is_not_reused(sandbox_client: Client, sandbox: Sandbox, run_count: RunCount) -> None:
    """Only what succeeded is reused."""
    sandbox.faults = {"fail_tasks": 1}
    with pytest.raises(wiro.TaskFailed):
        sandbox_client.run(FLUX, **SEEDED).wait()
    sandbox_client.run(FLUX, reuse=True, **SEEDED).wait()
    assert run_count() == 2


def test_it_costs_nothing(sandbox_client: Client) -> None:
    """A reused run takes nothing from a budget, and counts once in the spending."""
    cost = sandbox_client.run(FLUX, **SEEDED).wait().record.total_cost
    with wiro.budget(usd=0.0001) as purse:
        sandbox_client.run(FLUX, reuse=True, **SEEDED).wait()
    assert (purse.spent, sandbox_client.history.spending(), len(sandbox_client.history)) == (
        0.0,
        {FLUX: cost},
        1,
    )


def test_saved_costs_are_counted(make_sandbox_client: MakeClient, run_count: RunCount) -> None:
    """The history says how many runs were answered by an earlier one, and what they would have cost."""
    client = make_sandbox_client()
    first = client.run(FLUX, **SEEDED).wait().record
    client.run(FLUX, reuse=True, **SEEDED).wait()
    make_sandbox_client().run(FLUX, reuse=True, **SEEDED).wait()
    assert (client.history[first.task_id or ""].reuses, len(client.history), run_count()) == (2, 1, 1)
    assert client.history.savings() == {FLUX: pytest.approx(2 * (first.total_cost or 0))}
    assert client.history.spending() == {FLUX: first.total_cost}
    assert client.history.to_pandas()["reuses"].tolist() == [2]


def test_saved_costs_without_a_journal(make_sandbox_client: MakeClient) -> None:
    """A journal in memory counts them as well, and counts nothing if nothing was reused."""
    client = make_sandbox_client(journal=False)
    assert client.history.savings() == {}
    cost = client.run(FLUX, **SEEDED).wait().record.total_cost
    assert client.history.savings() == {}
    client.run(FLUX, reuse=True, **SEEDED).wait()
    assert client.history.savings() == {FLUX: cost}


def test_sweeps_reuse_single_runs(sandbox_client: Client, run_count: RunCount) -> None:
    """With `reuse=True` a sweep takes the result of an equal single run for a cell."""
    sandbox_client.run(FLUX, **SEEDED).wait()
    sweep = sandbox_client.sweep(FLUX, {**SEEDED, "seed": [3, 4]}, reuse=True).wait()
    assert [cell.record.reused_from is not None for cell in sweep.cells] == [True, False]
    assert run_count() == 2


def test_what_is_reused_is_not_priced(sandbox_client: Client, run_count: RunCount) -> None:
    """With `reuse=True` a budget is compared with the price of the cells that are to be sent."""
    sandbox_client.run(FLUX, **SEEDED).wait()
    sweep = sandbox_client.sweep(FLUX, {**SEEDED, "seed": [3, 4, 5]}, reuse=True, start=False)
    assert sweep.estimate is not None
    assert sweep.estimate.reason.startswith("2 runs")
    with wiro.budget(usd=0.0001):
        again = sandbox_client.sweep(FLUX, {**SEEDED, "seed": [3]}, reuse=True, resume=False).wait()
    assert (again.counts, again.spent, run_count()) == ({"succeeded": 1}, 0.0, 1)


def test_the_task_tells(sandbox_client: Client) -> None:
    """A task that was answered from the history is over at once, and says why in its events."""
    sandbox_client.run(FLUX, **SEEDED).wait()
    task = sandbox_client.run(FLUX, reuse=True, **SEEDED)
    assert (task.over, task.status, task.state.progress) == (True, "succeeded", 1.0)
    (event,) = task.events()
    assert "Answered from the history" in getattr(event, "text", "")


def test_asyncio_reuses_too(sandbox: Sandbox, tmp_path: Path, run_count: RunCount) -> None:
    """An AsyncClient takes the same argument."""

    async def main() -> str | None:
        here = {"base_url": sandbox.base_url, "socket_url": sandbox.socket_url, "output_dir": tmp_path}
        async with AsyncClient(sandbox.api_key, sandbox.api_secret, journal=False, **here) as client:  # type: ignore[arg-type]
            for _ in range(2):
                result = await (await client.run(FLUX, reuse=True, **SEEDED)).wait()
            return result.record.reused_from

    assert asyncio.run(main()) is not None
    assert run_count() == 1


def test_the_same_run_at_the_same_time_is_paid_for_once(
    sandbox_client: Client, sandbox: Sandbox, run_count: RunCount
) -> None:
    """Equal runs with `reuse=True` at the same time are one task, and a budget is charged for one."""
    sandbox.faults = {"stuck": "run"}
    with wiro.budget(usd=1.00) as purse:
        tasks = [sandbox_client.run(FLUX, reuse=True, **SEEDED) for _ in range(3)]
    sandbox.faults = None
    results = [task.wait() for task in tasks]
    assert ({result.record.task_id for result in results}, run_count()) == ({tasks[0].id}, 1)
    assert [result.images[0].size for result in results] == [(64, 64)] * 3
    assert purse.spent == pytest.approx(results[0].record.total_cost)
    assert purse.in_flight == pytest.approx(0.0)
    assert len(sandbox_client.history) == 1


def test_without_a_seed_the_same_run_at_the_same_time_is_two(
    sandbox_client: Client, sandbox: Sandbox, run_count: RunCount
) -> None:
    """Equal runs without a fixed seed are each sent, even with `reuse=True`."""
    sandbox.faults = {"stuck": "run"}
    for _ in range(2):
        sandbox_client.run(FLUX, reuse=True, prompt="x", **SMALL)
    assert run_count() == 2
