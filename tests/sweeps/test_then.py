"""Whatever `then` raises says nothing about the run, and ends neither the loop nor a worker."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from multiprocessing import get_context
from typing import Any

import pytest

from tests.sandbox_clients import FLUX, SMALL, MakeClient, RunCount
from wiro_widgets import BudgetExceeded, Client, ConfigurationError, InsufficientBalance, Sandbox, TaskResult
from wiro_widgets.sweeps.view import progress_words


class Fussy(Exception):
    """One that cannot be made from its own message."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")


def leave(_result: TaskResult) -> None:
    """End the process."""
    sys.exit(3)


def interrupt(_result: TaskResult) -> None:
    """Be interrupted."""
    raise KeyboardInterrupt


def find_nothing(result: TaskResult) -> Any:
    """Raise StopIteration, as `next` without a match does."""
    return next(output for output in result.outputs if output.name == "none of them")


def be_fussy(_result: TaskResult) -> None:
    """Raise what cannot be pickled."""
    raise Fussy("one", "two")


def be_refused(_result: TaskResult) -> None:
    """Raise what would halt a sweep if a run raised it."""
    raise BudgetExceeded(limit=1, spent=1, estimate=1)


def be_poor(_result: TaskResult) -> None:
    """Raise another error that would halt a sweep."""
    raise InsufficientBalance("nothing left", code=97)


def processes() -> ProcessPoolExecutor:
    """Make a pool of one process."""
    return ProcessPoolExecutor(1, get_context("spawn"))


@pytest.fixture(autouse=True)
def _account(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the sandbox's credentials where workers look for them."""
    monkeypatch.setenv("WIRO_API_KEY", sandbox.api_key)
    monkeypatch.setenv("WIRO_API_SECRET", sandbox.api_secret)


WHERE: dict[str, Callable[[], AbstractContextManager[Executor | None]]] = {
    "here": nullcontext,
    "threads": lambda: ThreadPoolExecutor(1),
    "processes": processes,
}


@pytest.mark.parametrize("where", WHERE)
def test_a_then_that_goes_wrong_fails_its_cell(
    sandbox_client: Client, where: str, run_count: RunCount
) -> None:
    """The cell fails with its error; the run is kept, nothing is paid twice, and the engine goes on."""
    cases = (
        (leave, "SystemExit"),
        (interrupt, "KeyboardInterrupt"),
        (find_nothing, ""),
        (be_fussy, "one and two"),
        (be_refused, "Nothing was sent"),
        (be_poor, "nothing left"),
    )
    with WHERE[where]() as executor:
        for then, words in cases:
            sweep = sandbox_client.sweep(
                FLUX, {"prompt": "x", **SMALL}, seed=range(2), then=then, executor=executor
            )
            sweep.wait(30, progress=False)
            assert sweep.counts == {"failed": 2}, then.__name__
            assert all(words in str(cell.error) for cell in sweep.cells)
            assert all(cell.result is not None and cell.images for cell in sweep.cells)
    assert run_count() == 2
    assert sandbox_client.estimate(FLUX, prompt="x")


def test_an_error_from_a_worker_says_where(sandbox_client: Client) -> None:
    """An error from another process has that process's traceback as a note."""
    with processes() as executor:
        sweep = sandbox_client.sweep(
            FLUX, {"prompt": "x", **SMALL}, seed=[1], then=be_poor, executor=executor
        )
        error = sweep.wait(30, progress=False)[0].error
    assert isinstance(error, InsufficientBalance)
    assert "in be_poor" in error.__notes__[0]


def test_an_async_then_is_refused(sandbox_client: Client, run_count: RunCount) -> None:
    """An `async def` is refused, because it would never be awaited."""

    async def later(_result: TaskResult) -> None: ...

    with pytest.raises(ConfigurationError, match="plain `def`"):
        sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=[1], then=later)
    assert run_count() == 0


def test_a_callback_that_exits_ends_nothing(sandbox_client: Client) -> None:
    """A callback that calls sys.exit does not end the engine's thread."""
    task = sandbox_client.run(FLUX, {"prompt": "x", **SMALL})
    task.add_callback(lambda _event: sys.exit(3))
    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(2))
    sweep.add_callback(lambda _cell: sys.exit(3))
    assert sweep.wait(progress=False).counts == {"succeeded": 2}
    assert task.wait().images


def test_files_that_did_not_come_are_fetched_by_resume(
    make_sandbox_client: MakeClient, sandbox: Sandbox, run_count: RunCount
) -> None:
    """`resume` fetches missing files again, without another run."""
    client = make_sandbox_client()
    sandbox.faults = {"expire_urls": True}
    sweep = client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(2)).wait(progress=False)
    assert all(cell.lacks_files for cell in sweep.cells)
    sandbox.faults = None
    sweep.resume().wait(progress=False)
    assert sweep.counts == {"succeeded": 2}
    assert all(cell.images and cell.trouble is None for cell in sweep.cells)
    assert run_count() == 2


def test_an_exit_on_the_way_in_reaches_the_caller_alone(sandbox_client: Client) -> None:
    """A generator of cells that raises SystemExit ends the call, and the engine goes on."""

    def cells() -> Iterator[dict[str, Any]]:
        yield {"prompt": "x"}
        sys.exit(3)

    with pytest.raises(SystemExit):
        sandbox_client.map(FLUX, cells())
    assert sandbox_client.run(FLUX, {"prompt": "x", **SMALL}).wait().images


def test_a_failed_then_is_seen(sandbox_client: Client) -> None:
    """The table shows the error of `then`, escaped, and the line says what earlier runs have cost."""

    def then(_result: TaskResult) -> None:
        raise ValueError("<b>odd</b>")

    values = {"prompt": "x", **SMALL}
    html = sandbox_client.sweep(FLUX, values, seed=[1], then=then).wait(progress=False)._repr_html_()
    assert html.count("&lt;b&gt;odd&lt;/b&gt;") >= 2
    assert "Cell 0: ValueError: " in html
    assert "<b>odd" not in html
    again = sandbox_client.sweep(FLUX, values, seed=[1]).wait(progress=False)
    assert progress_words(again).endswith(" of it before")
