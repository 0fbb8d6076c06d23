from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import wiro_widgets as wiro
from tests.sandbox_clients import FLUX, SMALL, MakeClient
from wiro_widgets import Client, NotFound, Sandbox

PROMPT = 'a lighthouse, "north": 60\nand fog'


def test_a_recipe_runs_again(sandbox_client: Client) -> None:
    """The recipe in a picture holds the model and the values, and running them gives the same picture."""
    first = sandbox_client.run(FLUX, prompt=PROMPT, seed=7350148318, scale=3.5, **SMALL).wait()
    path = first.record.output_paths[0]
    recipe = wiro.read_recipe(path)
    assert recipe is not None
    assert (recipe["model"], recipe["task_id"]) == (FLUX, first.record.task_id)
    assert recipe["parameters"] == {"prompt": PROMPT, "seed": 7350148318, "scale": 3.5, **SMALL}
    again = sandbox_client.run(recipe["model"], recipe["parameters"]).wait()
    assert np.array_equal(np.asarray(again.images[0]), np.asarray(first.images[0]))


def test_recipes_are_read_from_every_form(sandbox_client: Client, tmp_path: Path) -> None:
    """A recipe is read from a path, its text, bytes, a PIL image, and a result's picture."""
    result = sandbox_client.run(FLUX, prompt=PROMPT, **SMALL).wait()
    path = Path(result.record.output_paths[0])
    with Image.open(path) as opened:
        opened.load()
        forms: list[str | Path | bytes | Image.Image] = [path, str(path), path.read_bytes()]
        forms += [opened, result.images[0]]
        recipes = [wiro.read_recipe(form) for form in forms]
    assert all(recipe == recipes[0] for recipe in recipes)
    copy = result.outputs[0].save(tmp_path / "copy.png")
    assert wiro.read_recipe(copy) == recipes[0]


def test_other_programs_find_the_prompt(sandbox_client: Client) -> None:
    """A picture has the text that other programs show as well, and it is read if there is nothing else."""
    path = Path(sandbox_client.run(FLUX, prompt="a cat", seed=5, **SMALL).wait().record.output_paths[0])
    with Image.open(path) as picture:
        line = picture.info["parameters"]
    assert line.startswith("a cat\nSteps: 2, Seed: 5, Size: 64x64, Model: tencent/hunyuan-flux-srpo")
    foreign = Image.new("RGB", (8, 8))
    foreign.info["parameters"] = line
    recipe = wiro.read_recipe(foreign)
    assert recipe is not None
    assert recipe["parameters"] == {"prompt": "a cat", "steps": 2, "seed": 5, "width": 64, "height": 64}


def test_a_recipe_can_be_removed(sandbox_client: Client) -> None:
    """`strip_recipe` keeps the pixels, removes the recipe, and returns whether there was one."""
    path = Path(sandbox_client.run(FLUX, prompt="a planted prompt", **SMALL).wait().record.output_paths[0])
    with Image.open(path) as picture:
        before = picture.tobytes()
    assert wiro.strip_recipe(path)
    assert not wiro.strip_recipe(path)
    assert wiro.read_recipe(path) is None
    assert b"planted" not in path.read_bytes()
    with Image.open(path) as picture:
        assert picture.tobytes() == before


def test_a_task_of_elsewhere_has_typed_parameters(make_sandbox_client: MakeClient, tmp_path: Path) -> None:
    """A task that this journal does not know has its parameters in the types of its model."""
    task = make_sandbox_client().run(FLUX, prompt="123", seed=7350148318, scale=2.5, **SMALL)
    task.wait()
    other = make_sandbox_client(journal=tmp_path / "another.sqlite3")
    record = other.attach(task.id or "", model=FLUX).wait().record
    assert record.parameters == {"prompt": "123", "seed": 7350148318, "scale": 2.5, **SMALL}
    types = other.history.to_pandas(expand=True).dtypes.astype(str)
    assert types[["param.prompt", "param.seed", "param.scale"]].tolist() == ["string", "Int64", "float64"]
    assert [record.task_id for record in other.history.find(FLUX, parameters={"scale": 2.5})] == [task.id]


def test_events_of_a_run_are_a_table(sandbox_client: Client) -> None:
    """The history has the events of a task: its stages, its log and its progress, in order."""
    task_id = sandbox_client.run(FLUX, prompt="x", **{**SMALL, "steps": 20}).wait().record.task_id
    table = sandbox_client.history.events_to_pandas(task_id or "")
    assert table["seconds"].is_monotonic_increasing
    assert {"stage", "output", "progress"} <= set(table["kind"])
    assert table["fraction"].max() == 1.0
    assert table[table["kind"] == "progress"]["step"].iloc[-1] == 20


def test_pictures_of_the_history_open_when_looked_at(sandbox_client: Client) -> None:
    """A result of the history opens its files lazily; a missing file is an error that names its path."""
    task_id = sandbox_client.run(FLUX, prompt="x", **SMALL).wait().record.task_id or ""
    result = sandbox_client.history.result(task_id)
    assert result.images[0].size == (64, 64)
    Path(result.record.output_paths[0]).unlink()
    result = sandbox_client.history.result(task_id)
    assert repr(result.outputs[0]).endswith(f"error: is no longer at {result.record.output_paths[0]}>")
    with pytest.raises(wiro.OutputError, match="is no longer at"):
        assert result.images


def test_files_that_are_gone_are_fetched_by_attach(sandbox_client: Client) -> None:
    """The error of a file of an old run that was deleted or edited names the call that fetches it from Wiro again."""
    first = sandbox_client.run(FLUX, prompt="x", **(SMALL | {"samples": 2})).wait()
    task_id = first.record.task_id or ""
    pictures = [image.tobytes() for image in first.images]
    deleted, edited = (Path(path) for path in first.record.output_paths)
    deleted.unlink()
    edited.write_bytes(b"edited")
    outputs = sandbox_client.history.result(task_id).outputs
    for output, reason in zip(outputs, ("is no longer at", "was changed at"), strict=True):
        with pytest.raises(wiro.OutputError, match=reason) as info:
            output.image()
        assert f"client.attach('{task_id}').wait() fetches it again" in str(info.value)
    again = sandbox_client.attach(task_id).wait()
    assert [image.tobytes() for image in again.images] == pictures
    assert [image.tobytes() for image in sandbox_client.history.result(task_id).images] == pictures
    assert edited.read_bytes() == b"edited"


def test_spending_is_what_the_runs_cost(sandbox_client: Client) -> None:
    """The spending by model is the sum of what Wiro charged."""
    costs = [sandbox_client.run(FLUX, prompt="x", **SMALL).wait().record.total_cost for _ in range(3)]
    assert sandbox_client.history.spending() == {FLUX: pytest.approx(sum(cost or 0 for cost in costs))}
    assert len(sandbox_client.history.spending(by="day")) == 1


def test_forgetting_everywhere(sandbox_client: Client, sandbox: Sandbox) -> None:
    """`forget(files=True, server=True)` deletes the run, its files here and its files at Wiro."""
    record = sandbox_client.run(FLUX, prompt="x", **SMALL).wait().record
    sandbox_client.history.forget(record.task_id or "", files=True, server=True)
    assert len(sandbox_client.history) == 0
    assert not Path(record.output_paths[0]).exists()
    assert sandbox_client.detail(record.task_id or "").outputs == ()
    assert sandbox.requests[-2].path == "/v1/Task/InputOutputDelete"


def test_what_wiro_does_not_know_is_not_forgotten(make_sandbox_client: MakeClient, sandbox: Sandbox) -> None:
    """When the files at Wiro cannot be deleted the run stays in the history."""
    client = make_sandbox_client()
    task_id = client.run(FLUX, prompt="x", **SMALL).wait().record.task_id or ""
    sandbox.faults = {"detail_missing": 9}
    with pytest.raises(NotFound):
        client.history.forget(task_id, server=True)
    assert client.history[task_id].outcome == "succeeded"
