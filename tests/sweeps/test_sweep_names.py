"""The names of the API page's "Experiments", and that both clients have them alike."""

import inspect
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wiro_widgets as wiro
from tests.sandbox_clients import FLUX, SMALL
from wiro_widgets import AsyncClient, Client, Estimate, InvalidParameter, NotFound, Sweep
from wiro_widgets.journal.history import History
from wiro_widgets.sweeps.async_sweep import AsyncSweep


@pytest.mark.parametrize(
    "name", ["Budget", "Estimate", "Sweep", "budget", "from_pandas", "read_recipe", "strip_recipe"]
)
def test_public_names(name: str) -> None:
    """Each is exported by the package."""
    assert name in wiro.__all__
    assert getattr(wiro, name) is not None


@pytest.mark.parametrize("name", ["estimate", "sweep", "map", "delete_files"])
def test_both_clients_are_alike(name: str) -> None:
    """What blocks in Client is awaited in AsyncClient, with the same parameters and the same words about it."""
    blocking, awaited = getattr(Client, name), getattr(AsyncClient, name)
    assert inspect.iscoroutinefunction(awaited)
    assert list(inspect.signature(awaited).parameters) == list(inspect.signature(blocking).parameters)
    assert (
        str(awaited.__doc__).strip().startswith(str(blocking.__doc__).strip().split("\n\n    >>>")[0][:200])
    )


@pytest.mark.parametrize("name", ["wait", "stop", "pause", "resume", "to_pandas", "grid", "contact_sheet"])
def test_both_sweeps_are_alike(name: str) -> None:
    """A sweep has the same verbs whether one blocks or awaits."""
    assert callable(getattr(Sweep, name))
    assert callable(getattr(AsyncSweep, name))


@pytest.mark.parametrize("method", [History.find, History.spending, History.to_pandas, History.unfinished])
def test_the_history_needs_no_arguments(method: Callable[..., Any]) -> None:
    """Every question about the history has an answer without further words."""
    first, *others = inspect.signature(method).parameters.values()
    assert first.name == "self"
    assert all(item.default is not item.empty for item in others)


def test_an_estimate_has_its_fields() -> None:
    """An estimate is low, high, exact and a reason."""
    found = Estimate(0.1, 0.2, exact=False, reason="two rows may apply")
    assert (found.low, found.high, found.exact, found.reason) == (0.1, 0.2, False, "two rows may apply")
    assert repr(found) == "<Estimate $0.10 to $0.20 (two rows may apply)>"
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own


def test_a_cell_has_its_fields(client: Client) -> None:
    """A cell is values, task, result and error."""
    (cell,) = client.sweep(FLUX, {"prompt": "x", **SMALL})
    assert cell.values["prompt"] == "x"
    assert cell.task is not None
    assert cell.result is not None
    assert cell.error is None


def test_a_text_in_place_of_the_values(client: Client) -> None:
    """The most natural slip is answered with what was meant, by every call that takes values."""
    for call in (client.run, client.generate, client.estimate, client.sweep):
        with pytest.raises(InvalidParameter, match=r"a dict of values is needed.*prompt='a cat'"):
            call(FLUX, "a cat")  # type: ignore[arg-type]
    for cells in ({"prompt": "x"}, "a cat"):
        with pytest.raises(InvalidParameter, match="a list of dicts is needed"):
            client.map(FLUX, cells)  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match="owner/name"):
        client.run(None, prompt="a cat")  # type: ignore[arg-type]


def test_what_does_not_exist_is_named(client: Client) -> None:
    """A task and a model that do not exist are named as they were given, not by what the server calls them."""
    for call in (client.detail, client.attach):
        with pytest.raises(NotFound, match="there is no task 99"):
            call("99")
    with pytest.raises(NotFound, match="there is no model nobody/nothing"):
        client.run("nobody/nothing", prompt="x")


def test_a_refusal_is_not_buried(client: Client) -> None:
    """The traceback of a typing error has the user's line and the way in, and none of the engine's frames."""
    with pytest.raises(InvalidParameter) as caught:
        client.run(FLUX, promt="x")
    frames = [Path(frame.path).name for frame in caught.traceback]
    assert set(frames[1:]) <= {"sync_client.py", "bridge.py", "loop_thread.py"}
    assert len(frames) <= 6
