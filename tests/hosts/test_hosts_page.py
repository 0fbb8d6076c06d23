"""The code of docs/how-to/hosts.md."""

import ast
import re
from pathlib import Path
from typing import Any

import ipywidgets

from tests.sandbox_clients import FLUX, SMALL
from wiro_widgets import Client, Panel

PAGE = (Path(__file__).resolve().parents[2] / "docs/how-to/hosts.md").read_text(encoding="utf-8")
BLOCKS: list[str] = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_observer_for_voila_shows_the_pictures(sandbox_client: Client) -> None:
    """The page's function puts the pictures of a run that succeeded into the page."""
    panel = Panel(FLUX, client=sandbox_client, prompt="a lighthouse", **SMALL)
    gallery = ipywidgets.VBox()
    cell: dict[str, Any] = {"ipywidgets": ipywidgets, "panel": panel, "gallery": gallery}
    (block,) = [text for text in BLOCKS if "ipywidgets.Image" in text]
    exec(block, cell)  # noqa: S102 - our own page
    panel.run()
    panel.wait()
    assert [child.value for child in gallery.children] == [output.bytes() for output in panel.outputs]
    panel.close()


def test_the_other_blocks_call_what_exists() -> None:
    """Servers of pages have tests of their own; what their blocks ask of this package is there."""
    for block in BLOCKS:
        for node in ast.walk(ast.parse(block)):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "panel"
            ):
                assert hasattr(Panel, node.attr), node.attr
