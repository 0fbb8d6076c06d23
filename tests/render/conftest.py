from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.render.typefaces import write_typeface
from wiro_widgets.render import fonts

Install = Callable[[str, Mapping[str, str]], Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that installs a font with these shapes on a machine that has no fonts yet."""
    monkeypatch.setattr(fonts, "_FILES", ())

    def install(name: str, shapes: Mapping[str, str]) -> Path:
        path = write_typeface(tmp_path / name, shapes)
        monkeypatch.setattr(fonts, "_FILES", (*fonts._FILES, str(path)))
        return path

    return install
