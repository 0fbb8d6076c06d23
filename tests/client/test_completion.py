"""Tab and Shift-Tab on a model, as IPython and a kernel answer them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from tests.sandbox_clients import FLUX, environment
from wiro_widgets import Sandbox

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
