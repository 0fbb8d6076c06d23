"""Tab and Shift-Tab on a model, as IPython and a kernel answer them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from tests.sandbox_clients import FLUX, environment
from wiro_widgets import Budget, Sandbox

SKETCH = "wiro/sandbox-sketch"
COMPLETE = """
import json
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.completer import provisionalcompleter
import wiro_widgets as wiro
shell = InteractiveShell.instance()
shell.Completer.use_jedi = {jedi}
client = wiro.Client(journal=False)
shell.user_ns.update(wiro=wiro, client=client, flux=client.model({flux!r}), sketch=client.model({sketch!r}))
answers = {{}}
with provisionalcompleter():
    for text in {texts!r}:
        answers[text] = [item.text.lstrip(".") for item in shell.Completer.completions(text, len(text))]
print(json.dumps(answers))
"""


@pytest.mark.parametrize("jedi", [True, False])
def test_tab_completes_the_parameters(sandbox: Sandbox, jedi: bool) -> None:
    """IPython's completer offers the parameters of a call, with jedi and without, also those of the catalogue."""
    texts = [
        "flux(",
        "flux(st",
        'flux(prompt="x", st',
        "flux.run(wid",
        "x = [\n  sketch.estimate(",
        "print(",
        "sketch.sweep(pro",
        "wiro.",
    ]
    program = COMPLETE.format(jedi=jedi, flux=FLUX, sketch=SKETCH, texts=texts)
    process = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment(sandbox)
    )
    answers = json.loads(process.stdout.splitlines()[-1])
    assert answers["flux("][:3] == ["prompt=", "inputImage=", "steps="]
    assert answers["flux("][-4:] == ["timeout=", "progress=", "on_interrupt=", "reuse="]
    assert {"steps=", "strength="} <= set(answers["flux(st"])
    assert {"steps=", "strength="} <= set(answers['flux(prompt="x", st'])
    assert "width=" in answers["flux.run(wid"]
    assert answers["x = [\n  sketch.estimate("][:2] == ["prompt=", "seed="]
    assert "print" in answers["print("]
    assert "prompt=" in answers["sketch.sweep(pro"]
    import wiro_widgets  # noqa: PLC0415 - its names are what is compared

    assert set(answers["wiro."]) == {name for name in wiro_widgets.__all__ if not name.startswith("_")}


OBJECTS = {
    "client": "attach budget close closed delete_files detail estimate find_run generate history is_sandbox map model "
    "models presets prompts recover run schema sweep sweeps",
    "task": "add_callback cancel error events events_so_far id kill model outputs over record state status stop "
    "stop_soon text_stream values wait",
    "panel": "add_class axes client close code events from_record image images layout load_preset model observe "
    "outputs presets price progress prompts record records remove_class run run_sweep save_preset set star status stop "
    "sweep switch_to task tasks text to_pandas unobserve values vary wait",
    "sweep": "add_callback axes cells contact_sheet costs counts error estimate estimates grid join left_out model "
    "pause plan progress resume spent stop stop_soon to_pandas wait",
    "history": "close events_to_pandas export_to find forget gallery import_from lineage note records result savings "
    "spending star tag to_pandas unfinished untag",
    "gallery": "add_class client close export find layout observe panel panels remove_class selected to_pandas "
    "unobserve",
    "flux": "estimate map name panel run schema sweep",
}
# What other rooms call, and what a widget inherits.
INTERNAL = {
    "busy",
    "call",
    "collection",
    "cost_line",
    "estimate_sweep",
    "events_since",
    "foresee",
    "help_text",
    "left_count",
    "line",
    "picture",
    "plan_sweep",
    "post",
    "quick_schema",
    "refused",
    "resume_soon",
    "runs_of",
    "settle_unknown",
    "show_progress",
    "signature",
    "spawn",
    "start",
    "watch",
    "with_client",
    "with_deletion",
    "add_traits",
    "comm",
    "get_state",
    "send",
    "set_state",
    "trait_names",
    "traits",
}
SETUP = """
task = client.run({sketch!r}, prompt="x")
sweep = client.sweep({sketch!r}, prompt=["x"], start=False)
shell.user_ns.update(
    task=task, sweep=sweep, history=client.history, panel=wiro.Panel({flux!r}, client=client),
    gallery=wiro.Gallery(client),
)
answers = {{}}
"""


@pytest.mark.parametrize("jedi", [True, False])
def test_tab_lists_public_names_alone(sandbox: Sandbox, tmp_path: Path, jedi: bool) -> None:
    """What other rooms of the package call is not offered; what a person uses is, and only that."""
    setup = SETUP.format(flux=FLUX, sketch=SKETCH)
    program = COMPLETE.format(jedi=jedi, flux=FLUX, sketch=SKETCH, texts=[f"{name}." for name in OBJECTS])
    program = program.replace("answers = {}\n", setup).replace(
        "journal=False", f"journal={str(tmp_path / 'journal.sqlite3')!r}"
    )
    process = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment(sandbox)
    )
    answers = json.loads(process.stdout.splitlines()[-1])
    for name, words in OBJECTS.items():
        names = {item for item in answers[f"{name}."] if not item.startswith("_")}
        assert set(words.split()) <= names, name
        assert not INTERNAL & names, name
        assert len(names) < 60, name  # ipywidgets and traitlets have 80 more


def test_dir_lists_no_private_names(sandbox: Sandbox) -> None:
    """`dir` has neither those with an underscore, nor those for other rooms."""
    with sandbox.client() as client:
        task = client.run(SKETCH, prompt="x")
        [output] = task.wait().outputs
        [cell] = client.sweep(SKETCH, prompt=["x"]).cells
        budget = Budget(1.0)
        objects = [client, client.history, client.model(FLUX), task, output, cell, budget]
        names = [name for item in objects for name in dir(item) if not name.startswith("__")]
    assert names
    assert not [name for name in names if name.startswith("_")]
    assert not {"start", "plan_sweep", "with_client", "watch", "peek", "lacks_files", "set_aside"} & set(
        names
    )


@pytest.fixture
def kernel(sandbox: Sandbox) -> Iterator[BlockingKernelClient]:
    """Start a kernel with a model of the sandbox."""
    manager, client = start_new_kernel(kernel_name="python3", env=environment(sandbox))
    client.execute_interactive(
        "import wiro_widgets as wiro\nclient = wiro.Client(journal=False)\n"
        f"sketch = client.model({SKETCH!r})",
        timeout=60,
    )
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.mark.host
def test_a_kernel_completes_and_inspects(kernel: BlockingKernelClient) -> None:
    """JupyterLab's Tab and Shift-Tab, and `sketch?`, show the model's parameters."""

    def ask(message: Any) -> dict[str, Any]:
        content: dict[str, Any] = message["content"]
        return content

    completion = ask(kernel.complete("sketch(pro", reply=True, timeout=60))
    assert "prompt=" in completion["matches"]
    for code, position in (("sketch(", 7), ("sketch.run(prompt=", 18), ("sketch", 6)):
        inspection = ask(kernel.inspect(code, cursor_pos=position, reply=True, timeout=60))
        text = inspection["data"]["text/plain"]
        assert inspection["found"]
        assert "prompt: str" in text
        assert "seed" in text
