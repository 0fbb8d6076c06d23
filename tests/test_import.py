"""What `import wiro_widgets` costs, and what it offers."""

import importlib
import inspect
import json
import subprocess
import sys

import pytest

import wiro_widgets

HEAVY = {
    "httpx", "websockets", "PIL", "pandas", "numpy", "anywidget", "ipywidgets", "traitlets", "IPython", "starlette",
    "uvicorn", "nest_asyncio", "platformdirs", "asyncio", "sqlite3", "ssl",
}  # fmt: skip


def _loaded_after(statement: str) -> set[str]:
    """Return the modules that a fresh Python has after a statement."""
    program = f"import json, sys\n{statement}\njson.dump(sorted(sys.modules), sys.stdout)"
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    return set(json.loads(process.stdout))


def test_the_import_loads_nothing_heavy() -> None:
    """A notebook that imports the package pays for what it uses, when it uses it."""
    assert HEAVY & _loaded_after("import wiro_widgets") == set()


def test_an_error_may_be_caught_without_the_network() -> None:
    """The errors, the schema and the record are pure: they load no network, no pictures, no tables."""
    names = ", ".join(
        name for name in wiro_widgets.__all__ if name.endswith(("Error", "Failed", "Schema", "Record"))
    )
    modules = _loaded_after(f"from wiro_widgets import {names}")
    assert {"httpx", "websockets", "PIL", "pandas", "numpy", "anywidget", "asyncio"} & modules == set()


def test_a_client_loads_no_tables_and_no_widgets() -> None:
    """A script that only runs models needs neither pandas nor Jupyter, nor the sandbox's server."""
    modules = _loaded_after("from wiro_widgets import Client")
    assert {
        "pandas",
        "numpy",
        "anywidget",
        "ipywidgets",
        "IPython",
        "starlette",
        "uvicorn",
    } & modules == set()


def test_no_loop_is_patched() -> None:
    """Whatever is used, asyncio stays as it is until `allow_nested_loops` is called."""
    modules = _loaded_after("from wiro_widgets import *")
    assert "nest_asyncio" not in modules


@pytest.mark.parametrize("name", wiro_widgets.__all__)
def test_every_public_name_resolves(name: str) -> None:
    """Each name can be had, is documented, and says where it is at home."""
    value = getattr(wiro_widgets, name)
    if name != "__version__":
        assert inspect.getdoc(value)
        assert value.__module__.startswith("wiro_widgets.")


def test_the_public_names_can_be_listed() -> None:
    """`dir` has them all, before any was used."""
    assert set(wiro_widgets.__all__) <= set(dir(importlib.reload(wiro_widgets)))


def test_a_name_that_does_not_exist() -> None:
    """It is an AttributeError, as for any module."""
    with pytest.raises(AttributeError, match="Cliet"):
        _ = wiro_widgets.Cliet
