"""Every example in a public docstring runs, against a sandbox; every public name has one."""

import ast
import asyncio
import contextlib
import doctest
import importlib
import inspect
import io
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any

import ipywidgets
import pytest

import wiro_widgets
from tests.sandbox_clients import FLUX, SMALL, account, close_default_client
from wiro_widgets import Client, Panel, Sandbox
from wiro_widgets.media.public_names import internal_names

PARSER = doctest.DocTestParser()
PATCHES_THE_PROCESS = {"allow_nested_loops"}  # it has a test in a process of its own
CHECKER = doctest.OutputChecker()
HISTORY = importlib.import_module("wiro_widgets.journal.history").History
OWNERS = {name: getattr(wiro_widgets, name) for name in wiro_widgets.__all__ if name != "__version__"}
OWNERS["History"] = HISTORY


def _public_objects() -> Iterator[tuple[str, Any]]:
    """Yield each public name and each public method, with its address."""
    for name, owner in OWNERS.items():
        yield name, owner
        if inspect.isclass(owner):
            for attribute, value in vars(owner).items():
                if not attribute.startswith("_") and attribute not in internal_names(owner):
                    yield f"{name}.{attribute}", value


EXAMPLES = {
    address: PARSER.get_examples(inspect.getdoc(value) or "")
    for address, value in _public_objects()
    if ">>>" in (inspect.getdoc(value) or "") and address not in PATCHES_THE_PROCESS
}


@pytest.fixture(scope="module")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=1000) as running:
        yield running


@pytest.fixture
def names(_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Return what an example may take for granted: a client, and a picture that it has made."""
    for name, value in {
        **account(_sandbox),
        "WIRO_JOURNAL": str(tmp_path / "journal.sqlite3"),
        "WIRO_OUTPUT_DIR": str(tmp_path / "outputs"),
        "WIRO_PROGRESS": "0",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    client = Client()
    task = client.run(FLUX, prompt="a lighthouse", seed=1, **SMALL)
    task.wait()
    panel = Panel(FLUX, client=client, prompt="a lighthouse", **SMALL)
    public: dict[str, Any] = {name: getattr(wiro_widgets, name) for name in wiro_widgets.__all__}
    table = [{"prompt": "a fox"}, {"prompt": "a hen"}]
    yield {
        **public,
        "wiro": wiro_widgets,
        "ipywidgets": ipywidgets,
        "client": client,
        "task": task,
        "panel": panel,
        "images": task.wait().images,
        "table": table,
    }
    panel.close()
    client.close()
    close_default_client()


@pytest.mark.parametrize("address", EXAMPLES)
def test_an_example_runs(address: str, names: dict[str, Any]) -> None:
    """Each line runs; what it is said to print, it prints."""
    for example in EXAMPLES[address]:
        code = compile(example.source, address, "single", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        with contextlib.redirect_stdout(io.StringIO()) as output:
            awaitable = eval(code, names)  # noqa: S307 - our own docstrings
            if inspect.isawaitable(awaitable):
                asyncio.run(_finish(awaitable))
        assert not example.want or CHECKER.check_output(example.want, output.getvalue(), doctest.ELLIPSIS)


async def _finish(awaitable: Awaitable[object]) -> None:
    await awaitable


def test_every_public_name_has_an_example() -> None:
    """Functions and classes of the package show how they are used; errors do so on their page."""
    examples = {*EXAMPLES, *PATCHES_THE_PROCESS}
    names = {name for name, kind in OWNERS.items() if inspect.isclass(kind) or inspect.isroutine(kind)}
    errors = {name for name in names if inspect.isclass(OWNERS[name]) and issubclass(OWNERS[name], Exception)}
    assert sorted(names - errors - examples) == []
