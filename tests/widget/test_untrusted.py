"""What comes from a page or out of a picture may not name a file of this machine."""

from pathlib import Path

import pytest

from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.widget.panel import Panel

HUNYUAN = "tencent/hunyuan-flux-srpo"


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    """Write a file that nobody meant to send."""
    path = tmp_path / "letter.txt"
    path.write_text("dear diary")
    return path


def test_a_page_names_a_file(letter: Path) -> None:
    """A path where a page may give a web address is left alone."""
    panel = Panel(HUNYUAN)
    panel.typed({"inputImage": [{"url": str(letter)}]})
    assert "inputImage" not in panel.values
    panel.close()


@pytest.mark.parametrize("url", ["http://[::1", "https://", {}, 7])
def test_a_page_names_nonsense(url: object) -> None:
    """An address that is none leaves the panel usable."""
    panel = Panel(HUNYUAN)
    panel.typed({"inputImage": [{"url": url}]})
    panel.set(steps=9)
    assert panel.get_state()["values"]["steps"] == 9
    panel.close()


def test_a_recipe_names_a_file(letter: Path) -> None:
    """A picture's recipe sets the controls but names no file; a web address in it is taken."""
    panel = Panel(HUNYUAN)
    panel.take_recipe({"model": HUNYUAN, "parameters": {"steps": 7, "inputImage": str(letter)}})
    assert panel.values["steps"] == 7
    assert "inputImage" not in panel.values
    panel.take_recipe({"parameters": {"inputImage": "https://example.com/a.png"}})
    assert panel.values["inputImage"] == "https://example.com/a.png"
    panel.close()


def test_a_record_names_a_file(letter: Path) -> None:
    """A panel made from a record takes its values but names no file."""
    panel = Panel.from_record(TaskRecord(model=HUNYUAN, parameters={"steps": 7, "inputImage": str(letter)}))
    assert panel.values["steps"] == 7
    assert "inputImage" not in panel.values
    panel.close()
