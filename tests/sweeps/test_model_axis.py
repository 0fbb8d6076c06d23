import asyncio
import io
import warnings
from typing import Any

import pytest
from PIL import Image

from tests.sandbox_clients import FLUX, MakeClient, RunCount
from wiro_widgets import AsyncClient, Client, InvalidParameter, Sandbox, Sweep, WiroWarning

SKETCH, POSTER, RIDDLE = "wiro/sandbox-sketch", "wiro/sandbox-poster", "wiro/sandbox-riddle"
BOTH = [FLUX, SKETCH]
SIZE: dict[str, Any] = {"width": 64, "height": 64}


@pytest.fixture
def sweep(sandbox_client: Client) -> Sweep:
    """Run two models with two seeds."""
    return sandbox_client.sweep(BOTH, SIZE, prompt="a cat", seed=[1, 2]).wait()


def test_each_cell_runs_its_own_model(sweep: Sweep, sandbox: Sandbox) -> None:
    """Every cell is sent to its model, which its record, its row and its table have too."""
    assert [cell.chosen for cell in sweep.cells] == [
        {"model": model, "seed": seed} for model in BOTH for seed in (1, 2)
    ]
    runs = [item.path for item in sandbox.requests if "/Run/" in item.path]
    assert sorted(runs) == sorted(f"/v1/Run/{model}" for model in BOTH * 2)
    assert [cell.record.model for cell in sweep.cells] == [FLUX, FLUX, SKETCH, SKETCH]
    table = sweep.to_pandas()
    assert list(table["axis.model"]) == list(table["model"]) == [FLUX, FLUX, SKETCH, SKETCH]
    assert sweep.model == f"{FLUX}, {SKETCH}"


def test_what_a_model_does_not_take_is_left_out_and_named(sandbox_client: Client, sandbox: Sandbox) -> None:
    """A value goes to the models that take it; the others run without, and the sweep names which."""
    with pytest.warns(WiroWarning, match=f"{SKETCH} does not take steps: its runs go without"):
        sweep = sandbox_client.sweep(BOTH, SIZE, prompt="a cat", steps=2)
    sweep.wait()
    assert sweep.left_out == {SKETCH: ("steps",)}
    assert f"<div>{SKETCH}: without steps</div>" in sweep._repr_html_()
    fields = {item.path: dict(item.fields) for item in sandbox.requests if "/Run/" in item.path}
    assert "steps" in fields[f"/v1/Run/{FLUX}"]
    assert "steps" not in fields[f"/v1/Run/{SKETCH}"]


@pytest.mark.filterwarnings("ignore:.*does not take")
def test_an_axis_that_a_model_lacks_makes_one_run_of_it(sandbox_client: Client, run_count: RunCount) -> None:
    """Nobody pays twice for runs that differ only in what the model does not take."""
    sweep = sandbox_client.sweep(BOTH, SIZE, prompt=["a cat", "a dog"], steps=[1, 2, 3], seed=1).wait()
    assert [cell.model for cell in sweep.cells] == [FLUX] * 6 + [SKETCH] * 2
    assert [cell.chosen for cell in sweep.cells[6:]] == [
        {"model": SKETCH, "prompt": prompt} for prompt in ("a cat", "a dog")
    ]
    assert run_count() == 8
    assert sweep.to_pandas()["axis.steps"].isna().tolist() == [False] * 6 + [True] * 2
    grid = sweep.grid(x="model", y="steps").layout
    assert grid.rows == ("1", "2", "3", "without steps")
    assert [len(places[1]) for places in grid.places] == [0, 0, 0, 2]
    assert sum(1 for _ in sweep.grid().layout.cells) == 8
    assert sweep.contact_sheet(edge=32).width > 64


def test_equal_values_stay_separate_runs(sandbox_client: Client) -> None:
    """A prompt that is there twice is two runs of each model, as it is of one."""
    sweep = sandbox_client.sweep(BOTH, SIZE, prompt=["a cat", "a cat"], seed=1, start=False)
    assert [(cell.model, cell.number) for cell in sweep.cells] == [
        (FLUX, 0), (FLUX, 1), (SKETCH, 0), (SKETCH, 1)
    ]  # fmt: skip


def test_models_go_side_by_side_with_others_in_zip(sandbox_client: Client) -> None:
    """With `how="zip"` each model takes its own value, and a model may come again."""
    sweep = sandbox_client.sweep([*BOTH, FLUX], SIZE, how="zip", prompt=["one", "two", "three"], start=False)
    assert [(cell.model, cell.values["prompt"]) for cell in sweep.cells] == [
        (FLUX, "one"), (SKETCH, "two"), (FLUX, "three")
    ]  # fmt: skip
    with pytest.raises(InvalidParameter, match="model: has 2 values where seed has 3"):
        sandbox_client.sweep(BOTH, prompt="x", how="zip", seed=[1, 2, 3])


def test_the_cost_of_each_model_stands_beside_it(sandbox_client: Client) -> None:
    """Before the runs a column names what its model will cost, after them what it did."""
    sweep = sandbox_client.sweep([SKETCH, POSTER], prompt="a cat", seed=[1, 2], start=False)
    assert {model: item.amount for model, item in sweep.estimates.items()} == {
        SKETCH: "$0.004",
        POSTER: "$0.004",
    }
    assert sweep.estimate is not None
    assert sweep.estimate.amount == "$0.008"
    assert sweep.grid().layout.columns == (f"{SKETCH}\n$0.004 expected", f"{POSTER}\n$0.004 expected")
    sweep.resume()
    sweep.wait()
    assert sweep.costs == {SKETCH: pytest.approx(0.004), POSTER: pytest.approx(0.004)}
    assert sweep.grid().layout.columns[0] == f"{SKETCH}\n$0.004 as estimated"
    assert "$0.004 as estimated</div></th>" in sweep.grid()._repr_html_()
    again = sandbox_client.sweep([SKETCH, POSTER], prompt="a cat", seed=[1, 2]).wait()
    assert again.grid().layout.columns[0] == f"{SKETCH}\n$0.004"


def test_the_same_sweep_again_costs_nothing(make_sandbox_client: MakeClient, run_count: RunCount) -> None:
    """The journal answers for each model, whether its cells were run in a sweep of models or of one."""
    make_sandbox_client().sweep(SKETCH, SIZE, prompt="a cat", seed=[1, 2]).wait()
    assert run_count() == 2
    sweep = make_sandbox_client().sweep(BOTH, SIZE, prompt="a cat", seed=[1, 2]).wait()
    assert run_count() == 4
    assert [cell.from_journal for cell in sweep.cells] == [False, False, True, True]
    make_sandbox_client().sweep(BOTH[::-1], SIZE, prompt="a cat", seed=[2, 1]).wait()
    assert run_count() == 4


def test_names_that_no_model_has_are_refused(sandbox_client: Client, run_count: RunCount) -> None:
    """A name that none of the models takes is an error, and so is a value that one of those that take it refuses."""
    with pytest.raises(InvalidParameter, match=r"promt: is no parameter of .*Did you mean 'prompt'"):
        sandbox_client.sweep(BOTH, promt="a cat")
    with pytest.raises(InvalidParameter, match=rf"width: cell 1 \({SKETCH}\)"):
        sandbox_client.sweep(BOTH, prompt="a cat", width=2000)
    assert run_count() == 0


@pytest.mark.parametrize(
    ("models", "reason"),
    [
        ([], "the list of models is empty"),
        ({FLUX}, "a set has no order"),
        ({FLUX: 1}, "or a list of them is needed"),
        (7, "or a list of them is needed"),
        ([FLUX, "flux"], '"owner/name" is needed'),
        ([FLUX, 3], '"owner/name" is needed'),
    ],
)
def test_what_is_no_list_of_models(sandbox_client: Client, models: Any, reason: str) -> None:
    """Anything but a name or a list of names is refused in words."""
    with pytest.raises(InvalidParameter, match=reason):
        sandbox_client.sweep(models, prompt="a cat")


def test_models_as_functions_are_models(sandbox_client: Client) -> None:
    """The list may have what `client.model` returns, and a generator will do."""
    flux, sketch = sandbox_client.model(FLUX), sandbox_client.model(SKETCH)
    sweep = sandbox_client.sweep((item for item in (flux, sketch)), prompt="a cat", start=False)  # type: ignore[arg-type]
    assert [cell.model for cell in sweep.cells] == BOTH


def test_a_model_that_nobody_describes_takes_everything(sandbox_client: Client) -> None:
    """Beside a model whose parameters are not known no name is refused, and that model gets them all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WiroWarning)
        sweep = sandbox_client.sweep([SKETCH, RIDDLE], prompt="a cat", mood="grim", start=False)
    assert [dict(cell.values).get("mood") for cell in sweep.cells] == [None, "grim"]
    assert sweep.left_out == {SKETCH: ("mood",)}


def test_files_go_to_the_models_that_take_them(sandbox_client: Client, sandbox: Sandbox) -> None:
    """An open file serves every model of the sweep."""
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(file, "PNG")
    sweep = sandbox_client.sweep(
        [FLUX, "wiro/sandbox-collage"], inputImage=file, prompt="a cat", seed=1
    ).wait()
    assert sweep.counts == {"succeeded": 2}
    assert [len(item.files) for item in sandbox.requests if "/Run/" in item.path] in ([0, 1], [1, 0])


def test_models_of_an_awaited_client(sandbox: Sandbox) -> None:
    """The awaiting client takes the same list."""

    async def run() -> dict[str, int]:
        async with AsyncClient(
            sandbox.api_key,
            sandbox.api_secret,
            base_url=sandbox.base_url,
            socket_url=sandbox.socket_url,
            journal=False,
        ) as client:
            return (await (await client.sweep(BOTH, SIZE, prompt="a cat"))).counts

    assert asyncio.run(run()) == {"succeeded": 2}
