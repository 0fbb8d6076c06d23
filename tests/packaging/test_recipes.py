"""The recipe for conda-forge and the configuration of Binder say what pyproject.toml says."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from wiro_widgets import __version__

rattler_build = pytest.importorskip("rattler_build")

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BUILD = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]


@pytest.fixture(scope="module")
def recipe() -> dict[str, Any]:
    """Render the recipe as rattler-build does before it builds."""
    (variant,) = rattler_build.Stage0Recipe.from_file(ROOT / "conda/recipe.yaml").render()
    fields: dict[str, Any] = variant.recipe.to_dict()
    return fields


def _as_conda(requirements: list[str]) -> set[str]:
    """Return pip's requirements as conda writes them: without extras, and by the names that it has for them."""
    plain = {
        re.sub(r"\[.*?\]", "", requirement).replace("ray>=", "ray-core>=") for requirement in requirements
    }
    return {re.sub(r"(?=[<>=!])", " ", requirement, count=1) for requirement in plain}


def test_the_recipe_needs_what_the_package_needs(recipe: dict[str, Any]) -> None:
    """The requirements at run time and of the build are those of pyproject.toml, with their floors."""
    run, host = recipe["requirements"]["run"], recipe["requirements"]["host"]
    assert set(run) == _as_conda(PROJECT["dependencies"]) | {f"python {PROJECT['requires-python']}"}
    assert _as_conda(BUILD) <= set(host)
    assert f"python {PROJECT['requires-python'].removeprefix('>=')}.*" in host


def test_the_recipe_knows_the_extras(recipe: dict[str, Any]) -> None:
    """What conda may have installed beside it has the floors of the extras."""
    extras = PROJECT["optional-dependencies"]
    names = extras.keys() - {"demo", "dev", "docs"}
    floors = _as_conda([requirement for name in names for requirement in extras[name]])
    assert set(recipe["requirements"]["run_constraints"]) == floors


def test_the_recipe_is_of_this_version(recipe: dict[str, Any]) -> None:
    """Version, command, summary and licence are the package's."""
    assert recipe["package"] == {"name": PROJECT["name"], "version": __version__}
    (command,) = PROJECT["scripts"].items()
    assert recipe["build"]["python"]["entry_points"] == [" = ".join(command)]
    assert recipe["build"]["noarch"] == "python"
    assert recipe["about"]["summary"] == PROJECT["description"]
    assert recipe["about"]["license"] == PROJECT["license"]
    assert recipe["source"] == [{"path": f"../dist/wiro_widgets-{__version__}.tar.gz"}]


def test_binder_installs_the_demo() -> None:
    """Binder's Python is one that the package supports, and its last step installs an extra that exists."""
    environment = yaml.safe_load((ROOT / "binder/environment.yml").read_text(encoding="utf-8"))
    (python,) = [item for item in environment["dependencies"] if item.startswith("python=")]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.partition("=")[2])
    script = ROOT / "binder/postBuild"
    assert os.access(script, os.X_OK)
    (extra,) = re.findall(r"'\.\[(\w+)\]'", script.read_text(encoding="utf-8"))
    assert extra in PROJECT["optional-dependencies"]
