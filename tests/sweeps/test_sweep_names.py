"""The public names of sweeps, and that both clients and both sweeps have the same."""

import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

import wiro_widgets as wiro
from tests.call_parameters import call_parameters
from tests.sandbox_clients import FLUX, SMALL
from wiro_widgets import AsyncClient, Client, Estimate, InvalidParameter, NotFound, Sweep
from wiro_widgets.journal.history import History
from wiro_widgets.sweeps.async_sweep import AsyncSweep

PROMISED: list[tuple[Callable[..., Any], str]] = [  # written as the API page writes it
    (Client.estimate, "self, model, params=None, /, **values"),
    (Client.sweep, "self, model, params=None, /, *, how='grid', resume=True, start=True, **values"),
    (Client.map, "self, model, cells, /, *, columns=None, confirm=None, resume=True, start=True, **values"),
    (Sweep.wait, "self, timeout=None"),
    (Sweep.stop, "self"),
    (Sweep.resume, "self, *, unknown=None"),
    (Sweep.to_pandas, "self, expand=False"),
    (Sweep.grid, "self, x=None, y=None"),
    (Sweep.contact_sheet, "self, x=None, y=None"),
    (History.find, "self"),
    (History.spending, "self, by='model'"),
    (History.to_pandas, "self, expand=False"),
    (History.unfinished, "self"),
    (wiro.budget, "usd"),
    (wiro.read_recipe, "source"),
    (wiro.strip_recipe, "path"),
]


@pytest.mark.parametrize(("function", "page"), PROMISED, ids=lambda item: getattr(item, "__qualname__", ""))
def test_public_names(function: Callable[..., Any], page: str) -> None:
    """Each takes what the page says, with those kinds and defaults, and asks for nothing more."""
    page_parameters = inspect.signature(eval(f"lambda {page}: None")).parameters  # noqa: S307 - our own text
    parameters = call_parameters(function)
    for name, parameter in page_parameters.items():
        assert (parameters[name].kind, parameters[name].default) == (parameter.kind, parameter.default)
    others = [parameter for name, parameter in parameters.items() if name not in page_parameters]
    assert all(parameter.default is not parameter.empty for parameter in others)


@pytest.mark.parametrize("name", ["estimate", "sweep", "map", "delete_files"])
def test_both_clients_are_alike(name: str) -> None:
    """What blocks in Client is awaited in AsyncClient, with the same parameters and the same docstring."""
    blocking, asynchronous = getattr(Client, name), getattr(AsyncClient, name)
    assert inspect.iscoroutinefunction(asynchronous)
    assert list(call_parameters(asynchronous)) == list(call_parameters(blocking))
    assert (
        str(asynchronous.__doc__)
        .strip()
        .startswith(str(blocking.__doc__).strip().split("\n\n    >>>")[0][:200])
    )


def public_surface(kind: type) -> dict[str, object]:
    """Return each public name of a class with its parameters, or True if it is no method."""
    surface: dict[str, object] = {}
    for name in dir(kind):
        if not name.startswith("_"):
            member = inspect.getattr_static(kind, name)
            is_method = inspect.isfunction(member)
            surface[name] = list(call_parameters(member).values()) if is_method else True
    return surface


BLOCKING_ONLY = {
    "resume_soon",  # for callbacks, which cannot await
    "stop_soon",
    "add_display",  # for LiveView
    "live_contents",
}
FOR_THE_CLIENT = {"recall", "unpaid", "close"}
FOR_THE_BLOCKING_FACE = {
    "busy_after",
    "finished_cell",
    "interrupt",
    "interrupt_note",
    "output_cell",
    "raise_error",
    "show_progress",
}
AWAITED = {"wait", "stop", "resume", "settle_unknown"}


def test_both_sweeps_are_alike() -> None:
    """Sweep and AsyncSweep have the same public names with the same parameters; three of them are awaited."""
    blocking, asynchronous = public_surface(Sweep), public_surface(AsyncSweep)
    assert set(blocking) - set(asynchronous) == BLOCKING_ONLY
    assert set(asynchronous) - set(blocking) == FOR_THE_CLIENT | FOR_THE_BLOCKING_FACE
    for name in set(blocking) & set(asynchronous):
        ours, theirs = blocking[name], asynchronous[name]
        if name == "add_callback":  # the cells have each its own kind of task
            ours, theirs = str(ours).replace("Task]", "TaskT]"), str(theirs)
        assert ours == theirs, name
        is_awaited = inspect.iscoroutinefunction(inspect.getattr_static(AsyncSweep, name))
        assert is_awaited == (name in AWAITED), name
    assert hasattr(Sweep, "__iter__")
    assert hasattr(AsyncSweep, "__aiter__")


@pytest.mark.parametrize("method", [History.find, History.spending, History.to_pandas, History.unfinished])
def test_the_history_needs_no_arguments(method: Callable[..., Any]) -> None:
    """Every query of the history can be called without arguments."""
    first, *others = call_parameters(method).values()
    assert first.name == "self"
    assert all(item.default is not item.empty for item in others)


def test_an_estimate_has_its_fields(sandbox_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """An estimate has low and high in USD or None, whether it is exact, and the reason; it is a value."""
    estimate = sandbox_client.estimate(FLUX, {"prompt": "x", **SMALL})
    assert (estimate.low, estimate.high, estimate.exact) == (None, None, False)
    assert "for each second of work" in estimate.reason
    price = {"dynamicprice": [{"inputs": {}, "price": 0.5, "priceMethod": "cpr"}]}
    monkeypatch.setattr("wiro_widgets.sandbox.http.endpoints.tool_entry", lambda _model: price)
    exact = sandbox_client.estimate("wiro/sandbox-fail")
    assert (exact.low, exact.high, exact.exact) == (0.5, 0.5, True)
    assert pickle.loads(pickle.dumps(exact)) == exact != estimate  # noqa: S301 - our own
    with pytest.raises(FrozenInstanceError):
        exact.low = 0.0  # type: ignore[misc]
    assert repr(Estimate(0.1, 0.2, exact=False, reason="why")) == "<Estimate $0.10 to $0.20 (why)>"


def test_a_cell_has_its_fields(sandbox_client: Client) -> None:
    """A cell is values, task, result and error."""
    (cell,) = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL})
    assert cell.values["prompt"] == "x"
    assert cell.task is not None
    assert cell.result is not None
    assert cell.error is None


def test_a_text_in_place_of_the_values(sandbox_client: Client) -> None:
    """Every call that takes values says what is meant when it is given a text or one dict."""
    for call in (sandbox_client.run, sandbox_client.generate, sandbox_client.estimate, sandbox_client.sweep):
        with pytest.raises(InvalidParameter, match=r"a dict of values is needed.*prompt='a cat'"):
            call(FLUX, "a cat")  # type: ignore[arg-type]
    for cells in ({"prompt": "x"}, "a cat"):
        with pytest.raises(InvalidParameter, match="a list of dicts is needed"):
            sandbox_client.map(FLUX, cells)
    with pytest.raises(InvalidParameter, match="owner/name"):
        sandbox_client.run(None, prompt="a cat")  # type: ignore[arg-type]


def test_what_does_not_exist_is_named(sandbox_client: Client) -> None:
    """An unknown task or model is named as the user wrote it."""
    for call in (sandbox_client.detail, sandbox_client.attach):
        with pytest.raises(NotFound, match="there is no task 99"):
            call("99")
    with pytest.raises(NotFound, match="there is no model nobody/nothing"):
        sandbox_client.run("nobody/nothing", prompt="x")


def test_a_refusal_is_not_buried(sandbox_client: Client) -> None:
    """The traceback of a misspelt parameter has the user's line and few frames of the client."""
    with pytest.raises(InvalidParameter) as error:
        sandbox_client.run(FLUX, promt="x")
    frames = [Path(frame.path).name for frame in error.traceback]
    assert set(frames[1:]) <= {"sync_client.py", "bridge.py", "loop_thread.py"}
    assert len(frames) <= 6
