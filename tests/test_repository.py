"""What the repository promises as a whole: its names, its version, its files."""

import importlib
import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PUBLIC = {
    *("Client", "AsyncClient", "ModelSchema", "Panel", "Sandbox", "TaskRecord"),
    *("to_pandas", "allow_nested_loops"),
    *("WiroError", "ConfigurationError", "InvalidParameter", "TransportError", "RunOutcomeUnknown"),
    *(
        "ApiError",
        "AuthenticationError",
        "InsufficientBalance",
        "ConcurrencyLimit",
        "RateLimited",
        "NotFound",
    ),
    *("TaskError", "TaskFailed", "TaskCancelled", "TaskTimeout", "BudgetExceeded", "OutputError"),
}
# Spelled in halves, so that this file passes its own test.
PRIVATE = [
    *("/wo" + "rk/", "/ro" + "ot/", "/op" + "t/", "/ho" + "me/", "/Us" + "ers/"),
    *(
        "registry.np" + "mjs",
        "pypi" + ".org",
        "files.python" + "hosted",
        "deb." + "debian.org",
        "node" + "source.com",
    ),
]
SLOW_TO_LOAD = {"nest_asyncio", "pandas", "numpy", "starlette", "uvicorn", "httpx", "PIL"}


@cache
def _tracked_files() -> tuple[Path, ...]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607 - whichever git there is
    if listing.returncode:
        pytest.skip("no git checkout: nothing says which files are ours")
    return tuple(path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file())


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def _package() -> Any:
    return importlib.import_module("wiro_widgets")


def test_every_public_name_is_exported() -> None:
    """`wiro_widgets.__all__` has the names of the API page, and each of them can be had."""
    package = _package()
    assert set(package.__all__) >= PUBLIC
    assert [name for name in package.__all__ if not hasattr(package, name)] == []


def test_the_version_is_one() -> None:
    """The version is written in one file; the installed package and the changelog say the same."""
    version = _package().__version__
    assert "version" in _project()["dynamic"]
    assert metadata.version("wiro-widgets") == version
    assert re.search(
        rf"^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )


def test_importing_the_package_loads_nothing_slow() -> None:
    """`import wiro_widgets` patches no event loop and loads no pandas, server, network or pictures."""
    program = "import sys, wiro_widgets; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert SLOW_TO_LOAD & set(modules.stdout.split()) == set()


def test_the_package_is_typed() -> None:
    """`py.typed` tells type checkers to read the annotations."""
    assert (ROOT / "wiro_widgets" / "py.typed").is_file()


def test_no_file_names_a_machine_or_a_registry() -> None:
    """No file in git holds a path of somebody's machine or the host of a package registry."""
    hits = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in _tracked_files()
        for word in PRIVATE
        if word.encode() in path.read_bytes()
    ]
    assert hits == []


def test_the_lock_file_serves_every_platform() -> None:
    """Each optional package that another one names is in the lock file, or `npm ci` refuses it elsewhere."""
    packages = json.loads((ROOT / "js" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    names = {name for package in packages.values() for name in package.get("optionalDependencies", {})}
    assert sorted(name for name in names if f"node_modules/{name}" not in packages) == []


def test_the_citation_has_the_version() -> None:
    """CITATION.cff names the version that the package has."""
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {_package().__version__}\n" in text


def test_classifiers_are_real() -> None:
    """Every classifier is one that the package index knows, and the Pythons begin where requires-python does."""
    classifiers = _project()["classifiers"]
    real_names = importlib.import_module("trove_classifiers").classifiers
    assert not set(classifiers) - real_names
    pythons = [item.rpartition(" ")[2] for item in classifiers if re.fullmatch(r".* :: 3\.\d+", item)]
    assert _project()["requires-python"] == f">={pythons[0]}"


@pytest.mark.parametrize(
    ("name", "floor"), [("pillow", (12, 3)), ("starlette", (1, 3, 1)), ("python-multipart", (0, 0, 31))]
)
def test_floors_have_no_known_hole(name: str, floor: tuple[int, ...]) -> None:
    """What an installation may have at least is the first release without a known hole."""
    project = _project()
    requirements = [*project["dependencies"], *project["optional-dependencies"]["sandbox"]]
    (requirement,) = [item for item in requirements if item.startswith(name)]
    assert tuple(map(int, requirement.partition(">=")[2].split("."))) >= floor
