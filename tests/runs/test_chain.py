"""Chains: the results of runs as inputs of others, on a real sandbox."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from tests.sandbox_clients import FLUX, SMALL, MakeClient, wait_for
from wiro_widgets import (
    AsyncClient,
    BudgetExceeded,
    Client,
    InvalidParameter,
    Panel,
    Sandbox,
    TaskCancelled,
    TaskRecord,
)
from wiro_widgets.runs.task import AsyncTask

UPSCALE, SKETCH = "wiro/sandbox-upscale", "wiro/sandbox-sketch"
VALUES: dict[str, Any] = {"prompt": "a fox", "seed": 7, **SMALL}


def run_count(sandbox: Sandbox) -> int:
    """Return how many Runs the sandbox has received."""
    return sum(request.path.startswith("/v1/Run") for request in sandbox.requests)


WAYS: dict[str, Callable[[Any], Any]] = {
    "a task": lambda task: task,
    "a result": lambda task: task.wait(),
    "an output": lambda task: task.wait().outputs[0],
    "a record": lambda task: task.wait().record,
    "a list": lambda task: [task],
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_result_is_an_input(sandbox_client: Client, way: Callable[[Any], Any]) -> None:
    """The next model gets the very file, and its record says which task it came from."""
    task = sandbox_client.run(FLUX, VALUES)
    result = sandbox_client.run(UPSCALE, inputImage=way(task), scale="2").wait()
    assert result.images[0].size == (128, 128)
    assert result.record.parents == (task.id,)
    assert sandbox_client.history[result.record.task_id or ""].parents == (task.id,)
    file = sandbox_client.history[result.record.task_id or ""].parameters["inputImage"]
    assert file["size"] == task.outputs[0].size


def test_a_run_waits_for_its_input(sandbox_client: Client, sandbox: Sandbox) -> None:
    """Nothing is sent before the input is there; the task says what it waits for, and goes on by itself."""
    sandbox.faults = {"stuck": "run"}
    first = sandbox_client.run(FLUX, VALUES)
    before = run_count(sandbox)
    second = sandbox_client.start(
        UPSCALE, {"inputImage": first, "scale": "2"}, sandbox_client.schema(UPSCALE)
    )
    wait_for(lambda: f"Waiting for task {first.id}" in (second.state.note or ""))
    assert run_count(sandbox) == before
    sandbox.faults = None
    assert second.wait(60).record.parents == (first.id,)
    assert run_count(sandbox) == before + 1


def test_a_run_whose_input_fails_is_not_sent(sandbox_client: Client, sandbox: Sandbox) -> None:
    """It says which input failed, and why."""
    sandbox.faults = {"fail_tasks": 1}
    first = sandbox_client.run(FLUX, VALUES)
    before = run_count(sandbox)
    with pytest.raises(InvalidParameter, match=rf"^inputImage: this run was not sent.*{first.id}"):
        sandbox_client.run(UPSCALE, inputImage=first)
    assert run_count(sandbox) == before


def test_a_run_that_waits_can_be_stopped(sandbox_client: Client, sandbox: Sandbox) -> None:
    """Stopping it sends nothing and leaves its input running."""
    sandbox.faults = {"stuck": "run"}
    first = sandbox_client.run(FLUX, VALUES)
    second = sandbox_client.start(UPSCALE, {"inputImage": first}, sandbox_client.schema(UPSCALE))
    wait_for(lambda: "Waiting" in (second.state.note or ""))
    second.stop()
    with pytest.raises(TaskCancelled):
        second.wait(60)
    assert not first.over
    first.stop()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"inputImage": TaskRecord()}, "has no image to use"),
        ({"prompt": TaskRecord()}, "takes no file|text is needed"),
    ],
)
def test_what_is_no_input(sandbox_client: Client, values: dict[str, Any], message: str) -> None:
    """A result without a file, and a field that takes none, are named."""
    model = UPSCALE if "inputImage" in values else FLUX
    with pytest.raises(InvalidParameter, match=message):
        sandbox_client.run(model, values)


def test_one_of_several_is_chosen(sandbox_client: Client) -> None:
    """A field of one file takes no result with several; one of its outputs it does."""
    result = sandbox_client.run(FLUX, {**VALUES, "samples": 2}).wait()
    with pytest.raises(InvalidParameter, match=r"^inputImage: the result has 2 files.*result\.outputs\[0\]"):
        sandbox_client.run(UPSCALE, inputImage=result)
    assert sandbox_client.run(UPSCALE, inputImage=result.outputs[1]).wait().record.parents


def test_an_edited_record_reads_no_other_file(sandbox_client: Client, tmp_path: Path) -> None:
    """A record that the journal does not have names no file outside the output folder."""
    secret = tmp_path / "secret.png"
    Image.new("RGB", (8, 8)).save(secret)
    record = TaskRecord(task_id="999", output_count=1, output_paths=(str(secret),), output_urls=("x",))
    with pytest.raises(InvalidParameter, match="outside of the output folder"):
        sandbox_client.run(UPSCALE, inputImage=record)


def test_the_chain_counts_in_the_budget(make_sandbox_client: MakeClient, sandbox: Sandbox) -> None:
    """A run that waits for its input is refused at once if a budget has no room for both; nothing more is sent."""
    sandbox.faults = {"stuck": "run"}
    with make_sandbox_client() as client:
        price = client.estimate(SKETCH, prompt="x").high or 0
        more = client.estimate(UPSCALE, inputImage=Image.new("RGB", (8, 8)), scale="2").low or 0
    assert price > 0 < more
    with make_sandbox_client(budget=price + more / 2) as client:
        first = client.run(SKETCH, prompt="x")
        before = run_count(sandbox)
        with pytest.raises(BudgetExceeded):
            client.run(UPSCALE, inputImage=first, scale="2")
        assert run_count(sandbox) == before
        assert not first.over
        first.stop()


def test_an_estimate_counts_the_chain(sandbox_client: Client, sandbox: Sandbox) -> None:
    """What is still being made counts, what is made does not."""
    price = sandbox_client.estimate(SKETCH, prompt="x").low or 0
    alone = sandbox_client.estimate(UPSCALE, inputImage=Image.new("RGB", (8, 8)), scale="2").low or 0
    sandbox.faults = {"stuck": "run"}
    task = sandbox_client.run(SKETCH, prompt="x")
    assert sandbox_client.estimate(UPSCALE, inputImage=task).low == pytest.approx(price + alone)
    sandbox.faults = None
    task.wait(60)
    assert sandbox_client.estimate(UPSCALE, inputImage=task).low == pytest.approx(alone)


def test_an_estimate_counts_each_run_once(sandbox_client: Client) -> None:
    """A run that feeds two others of a chain is paid once, and counts once, however far up it is."""
    price = sandbox_client.estimate(SKETCH, prompt="x").low or 0
    alone = sandbox_client.estimate(UPSCALE, inputImage=Image.new("RGB", (8, 8)), scale="2").low or 0
    assert price > 0 < alone
    first = AsyncTask(SKETCH, {"prompt": "x"})
    second = AsyncTask(UPSCALE, {"inputImage": first, "scale": "2"})
    third = AsyncTask(UPSCALE, {"inputImage": second, "mask": first, "scale": "2"})
    estimate = sandbox_client.estimate(UPSCALE, inputImage=third, scale="2")
    assert estimate.low == pytest.approx(price + 3 * alone)


def test_a_sweep_over_results(sandbox_client: Client, sandbox: Sandbox) -> None:
    """Cells of one sweep are the inputs of another; begun again it pays for nothing, in a table too."""
    first = sandbox_client.sweep(FLUX, VALUES, steps=[2, 3])
    rows = pd.DataFrame({"inputImage": list(first.cells), "note": ["a", "b"]})
    second = sandbox_client.map(UPSCALE, rows, scale="2").wait()
    assert [cell.record.parents for cell in second.cells] == [(cell.record.task_id,) for cell in first.cells]
    before = run_count(sandbox)
    again = sandbox_client.sweep(UPSCALE, inputImage=[cell.result for cell in first.cells], scale="2").wait()
    assert all(cell.from_journal for cell in again.cells)
    assert run_count(sandbox) == before


def test_one_bad_input_spoils_nothing(sandbox_client: Client, sandbox: Sandbox) -> None:
    """The cell whose input failed is never sent, also when the sweep is resumed; the others run."""
    sandbox.faults = {"fail_tasks": 1}
    bad = sandbox_client.run(FLUX, VALUES)
    with pytest.raises(Exception, match="failed"):
        bad.wait()
    good = sandbox_client.run(FLUX, {**VALUES, "seed": 8})
    sweep = sandbox_client.sweep(UPSCALE, inputImage=[bad, good]).wait()
    assert [cell.status for cell in sweep.cells] == ["failed", "succeeded"]
    assert "was not sent" in str(sweep.cells[0].error)
    before = run_count(sandbox)
    sweep.resume().wait()
    assert run_count(sandbox) == before
    assert [cell.index for cell in sweep] == [0, 1] or [cell.index for cell in sweep] == [1, 0]
    assert sweep.to_pandas()["cell_error"].notna().tolist() == [True, False]


def test_a_new_kernel_goes_on(make_sandbox_client: MakeClient, sandbox: Sandbox, tmp_path: Path) -> None:
    """A chain that was cut off goes on from its last finished part, which is not paid again."""
    journal = tmp_path / "chain.sqlite3"
    with make_sandbox_client(journal=journal) as client:
        client.sweep(FLUX, VALUES, steps=[2, 3]).wait()
    before = run_count(sandbox)
    with make_sandbox_client(journal=journal) as client:
        first = client.sweep(FLUX, VALUES, steps=[2, 3])
        second = client.sweep(UPSCALE, inputImage=list(first.cells), scale="2").wait()
        assert second.counts == {"succeeded": 2}
        assert run_count(sandbox) == before + 2
        assert [cell.record.parents for cell in second.cells] == [(c.record.task_id,) for c in first.cells]


def test_reuse_answers_a_chain(make_sandbox_client: MakeClient, sandbox: Sandbox) -> None:
    """With `reuse` both parts come from the history, as long as the seed is fixed."""
    with make_sandbox_client() as client:
        for expected in (2, 2):
            first = client.run(FLUX, VALUES, reuse=True)
            client.run(FLUX, {**VALUES, "seed": 9}, inputImage=first, reuse=True).wait()
            assert run_count(sandbox) == expected


def test_the_lineage(sandbox_client: Client) -> None:
    """`lineage` is the tree both ways: what a run was made from, and what was made from it."""
    first = sandbox_client.run(FLUX, VALUES).wait()
    other = sandbox_client.run(FLUX, {**VALUES, "seed": 8}).wait()
    middle = sandbox_client.run(UPSCALE, inputImage=first, scale="2").wait()
    last = sandbox_client.run(UPSCALE, inputImage=middle, scale="2").wait()
    beside = sandbox_client.run(UPSCALE, inputImage=middle, scale="4").wait()
    tree = sandbox_client.history.lineage(middle.record.task_id or "")
    assert [parent.record.task_id for parent in tree.parents] == [first.record.task_id]
    assert [child.record.task_id for child in tree.children] == [last.record.task_id, beside.record.task_id]
    assert [record.task_id for record in tree.records] == [
        result.record.task_id for result in (first, middle, last, beside)
    ]
    assert str(other.record.task_id) not in repr(tree)
    lines = repr(tree).splitlines()
    assert lines[0].startswith(f"    from {first.record.task_id}: {FLUX}, a fox")
    assert lines[1].startswith(f"{middle.record.task_id}: ")
    assert lines[2].startswith(f"    into {last.record.task_id}: ")
    assert "<pre" in tree._repr_html_()
    with pytest.raises(KeyError):
        sandbox_client.history.lineage("1")


def test_parents_survive_files_and_tables(
    sandbox_client: Client, make_sandbox_client: MakeClient, tmp_path: Path
) -> None:
    """Parents stand in the table, in an exported history, and in a run that `attach` picks up."""
    first = sandbox_client.run(FLUX, VALUES)
    second = sandbox_client.run(UPSCALE, inputImage=first)
    second.wait()
    table = sandbox_client.history.to_pandas()
    assert [json.loads(text) for text in table["parents"]] == [[first.id], []]
    for name in ("history.jsonl", "history.csv", "history.parquet"):
        sandbox_client.history.export_to(tmp_path / name)
        with make_sandbox_client(journal=tmp_path / f"{name}.sqlite3") as client:
            client.history.import_from(tmp_path / name)
            assert client.history[second.id or ""].parents == (first.id,)
            assert client.history.lineage(first.id or "").children[0].record.task_id == second.id


def test_a_panel_is_an_input(sandbox_client: Client) -> None:
    """The picture that a panel shows, or the run that makes one, is an input; "Use as input" keeps the lineage."""
    panel = Panel(FLUX, client=sandbox_client, **VALUES)
    task = panel.run()
    result = sandbox_client.run(UPSCALE, inputImage=panel).wait()
    assert result.record.parents == (task.id,)
    panel.wait()
    assert sandbox_client.run(UPSCALE, inputImage=panel).wait().record.parents == (task.id,)
    panel.close()


def test_an_async_task_of_another_loop(
    sandbox: Sandbox, make_sandbox_client: MakeClient, tmp_path: Path
) -> None:
    """An AsyncClient waits for a task of a blocking one, whose loop is another."""
    blocking = make_sandbox_client()
    sandbox.faults = {"stuck": "run"}
    task = blocking.run(FLUX, VALUES)

    async def chain() -> tuple[str, ...]:
        settings: dict[str, Any] = {"base_url": sandbox.base_url, "socket_url": sandbox.socket_url}
        keys = sandbox.api_key, sandbox.api_secret
        async with AsyncClient(*keys, journal=tmp_path / "other.sqlite3", **settings) as client:
            work = asyncio.create_task(client.run(UPSCALE, inputImage=task, scale="2"))
            await asyncio.sleep(0)
            sandbox.faults = None
            return (await (await work).wait(60)).record.parents

    assert asyncio.run(chain()) == (task.id,)
