"""`wiro-widgets stubs`."""

import os
import subprocess
import sys
from pathlib import Path

from tests.commands.terminal import Terminal
from wiro_widgets import ModelSchema
from wiro_widgets.commands.stubs import call_options
from wiro_widgets.protocol.schema.typed_module import typed_module

ROOT = Path(__file__).resolve().parents[2]
FLUX = "tencent/hunyuan-flux-srpo"
SKETCH = "wiro/sandbox-sketch"
NASTY = [
    {"id": "input-image", "type": "fileinput", "required": True},
    {"id": "int", "type": "number"},
    {"id": "str", "type": "text", "required": True},
    {"id": "Literal", "type": "select"},
    *(
        {"id": name, "type": "text"}
        for name in ("__x", "self", "params", "how", "values", "keys", "if", "\ud800", "é")
    ),
    {"id": "bool", "type": "checkbox"},
    {"id": "pick", "type": "select", "options": ["a'b", '"', "\\", "\n", "é", "\ud800"], "default": "z"},
]
USE = """
import numpy as np
from PIL import Image
import wiro_widgets as wiro
from typed import TencentHunyuanFluxSrpoValues, nasty_names, tencent_hunyuan_flux_srpo
client = wiro.Client()
flux = tencent_hunyuan_flux_srpo(client)
flux(prompt="x", steps=20, timeout=3.0, inputImage="a.png")[0].save("x.png")
flux(prompt="x", inputImage=Image.new("RGB", (1, 1)))
flux(prompt="x", inputImage=np.zeros((4, 4, 3), dtype=np.uint8))
flux(prompt="x", steps="20")  # type: ignore[arg-type]
flux(prompt="x", step=20)  # type: ignore[call-arg]
flux(steps=20)  # type: ignore[call-arg]
task: wiro.Task = flux.run(prompt="x", on_interrupt="detach")
panel: wiro.Panel = flux.panel(steps=3)
print(flux.estimate(steps=3).low, flux.schema.defaults)
flux.sweep(prompt=["a", "b"], seed=range(4), how="zip").wait()
values: TencentHunyuanFluxSrpoValues = {"prompt": "x", "seed": 3}
flux(**values)
flux.map([values])
nasty = nasty_names(client)
nasty({"input-image": "x"}, str="a", pick="a'b")
nasty({"input-image": "x"}, str="a", pick="nope")  # type: ignore[arg-type]
nasty(str="a")  # type: ignore[call-arg]
"""


def test_a_module_of_the_catalogue(terminal: Terminal) -> None:
    """It is written to the file; the model that is built in and those of the catalogue, once each."""
    status, out, err = terminal.run("stubs", FLUX, SKETCH, FLUX, "-o", "typed.py")
    assert (status, out, err) == (0, "", "typed.py: 2 models\n")
    text = (terminal.folder / "typed.py").read_text(encoding="utf-8")
    assert "def wiro_sandbox_sketch(client: wiro.Client) -> WiroSandboxSketch:" in text
    assert terminal.run("stubs", FLUX)[1].startswith('"""Types of models on Wiro')


def test_nothing_is_written_if_a_model_is_missing(terminal: Terminal) -> None:
    """A model that is not there is named; a folder that is not there as well."""
    status, _, err = terminal.run("stubs", SKETCH, "nobody/none", "-o", "typed.py")
    assert (status, (terminal.folder / "typed.py").exists()) == (1, False)
    assert "no model nobody/none" in err
    status, _, err = terminal.run("stubs", FLUX, "-o", "missing/typed.py")
    assert (status, "cannot be written: No such file" in err) == (1, True)


def test_the_built_in_model_needs_no_key(bare_terminal: Terminal) -> None:
    """Types of the model that this package has are written without an account."""
    assert bare_terminal.run("stubs", FLUX)[0] == 0


def test_mypy_accepts_the_module_and_refuses_wrong_calls(tmp_path: Path) -> None:
    """Mypy --strict finds nothing in the module, and in its use only what is wrong; `ignore` comments say what."""
    flux = ModelSchema.built_in(FLUX)
    assert flux is not None
    nasty = {"slugowner": "nasty", "slugproject": "names", "title": '"""\\', "parameters": [{"items": NASTY}]}
    text = typed_module([flux, ModelSchema.from_tool(nasty)], call_options())
    (tmp_path / "typed.py").write_text(text, encoding="utf-8")
    (tmp_path / "use.py").write_text(USE, encoding="utf-8")
    process = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--python-version",
            "3.11",
            "--cache-dir",
            str(tmp_path / "cache"),
            "typed.py",
            "use.py",
        ],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
