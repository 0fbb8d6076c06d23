"""Every notebook of the repository runs from top to bottom, and is committed as it was written."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.notebook_run import execute, validate
from tests.sandbox_clients import account
from tests.serving import environment
from wiro_widgets import Sandbox

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EVERY = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)

# The sandbox that a notebook starts by itself draws as fast as it can: only its clock is another one.
FAST = "import wiro_widgets.local_sandbox as local\nlocal.Sandbox.__init__.__kwdefaults__['speed'] = 1000.0\n"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Serve a Wiro for the kernels of this module."""
    with Sandbox(speed=1000) as running:
        yield running


def _execute(path: Path, folder: Path, env: Mapping[str, str]) -> Any:
    """Execute a notebook in a kernel of its own and return it as Jupyter would save it."""
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "fast.py").write_text(FAST)
    work = folder / "work"
    work.mkdir()
    own = {"PYTHONPATH": ROOT, "IPYTHONDIR": startup.parent.parent, "XDG_DATA_HOME": folder}
    return execute(path, folder=work, env=environment({**own, **env}))


@pytest.fixture(scope="module")
def notebook_without_account(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Execute the notebook that is the fixture's parameter where no WIRO_ variable is set."""
    return _execute(request.param, tmp_path_factory.mktemp(request.param.stem), {})


def _outputs(notebook: Any) -> list[dict[str, Any]]:
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


def test_there_is_a_quickstart() -> None:
    """The notebook that `make demo` opens is among them."""
    assert "quickstart" in [path.stem for path in NOTEBOOKS]


@pytest.mark.parametrize("notebook_without_account", NOTEBOOKS, indirect=True, ids=lambda path: path.stem)
def test_a_notebook_runs_without_an_account(notebook_without_account: Any) -> None:
    """Where nothing is set a notebook starts a sandbox, says so, and ends without an error."""
    outputs = _outputs(notebook_without_account)
    assert "sandbox" in "".join(output.get("text", "") for output in outputs)
    assert [output for output in outputs if output["output_type"] == "error"] == []


@pytest.mark.parametrize(
    "notebook_without_account", [ROOT / "notebooks" / "sweep.ipynb"], indirect=True, ids=["sweep"]
)
def test_the_sweep_costs_what_it_expects(notebook_without_account: Any) -> None:
    """The line through the costs of few steps gives the cost of more, as the notebook's sentences say."""
    text = "".join(output.get("text", "") for output in _outputs(notebook_without_account))
    match = re.search(r"20 steps should cost (\$0\.\d+) and have cost (\$0\.\d+)", text)
    assert match is not None
    assert match[1] == match[2]


@EVERY
def test_a_notebook_runs_with_an_account_and_keeps_its_secrets(
    path: Path, tmp_path: Path, sandbox: Sandbox
) -> None:
    """With credentials in the environment the same cells run; what is saved has pictures and widgets, no secret."""
    notebook = _execute(path, tmp_path, account(sandbox))
    content = json.dumps(notebook)
    assert "image/png" in {kind for output in _outputs(notebook) for kind in output.get("data", {})}
    assert ("widgets" in notebook.metadata) == ("wiro.Panel(" in path.read_text(encoding="utf-8"))
    assert sandbox._world is not None
    tokens = list(sandbox._world.tasks._by_token)
    assert tokens
    assert [secret for secret in (sandbox.api_key, sandbox.api_secret, *tokens) if secret in content] == []


@EVERY
def test_a_notebook_is_committed_without_outputs(path: Path) -> None:
    """No output, no count, no state of widgets: a notebook in git is what somebody wrote."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert "widgets" not in notebook["metadata"]
    validate(notebook)
