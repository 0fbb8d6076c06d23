"""What a wheel and an sdist carry, built as an installer builds them but offline."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import front_end
import pytest

ROOT = Path(__file__).resolve().parents[2]
NOT_COPIED = shutil.ignore_patterns(".*", "node_modules", "static", "__pycache__", "dist", "tests")
BUNDLES = {f"wiro_widgets/static/{name}.js" for name in ("widget", "gallery", "markdown")}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build an sdist of this checkout, with bundles that are up to date, and unpack it."""
    folder = tmp_path_factory.mktemp("sdist")
    checkout = folder / "checkout"
    shutil.copytree(ROOT, checkout, ignore=NOT_COPIED)
    shutil.copy(ROOT / ".gitignore", checkout)
    for bundle in front_end.bundles(checkout):
        bundle.parent.mkdir(exist_ok=True)
        bundle.write_text("export default {};\n")
    bundle.with_name("widget.js.sources").write_text(front_end.fingerprint(checkout))
    run_build(checkout, "--sdist", folder)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extraction_filter = getattr(tarfile, "data_filter", None)  # Debian 12's 3.11.2 has none yet
        opened.extractall(folder / "unpacked")  # noqa: S202 - we wrote the archive
    (folder_in_archive,) = (folder / "unpacked").iterdir()
    return folder_in_archive


def run_build(source: Path, what: str, target: Path, *, path: str | None = None) -> None:
    """Run the build frontend on a folder, in this environment instead of a downloaded one."""
    command = [sys.executable, "-m", "build", "--no-isolation", what, "--outdir", str(target), str(source)]
    environment = {**os.environ, "PATH": path or os.environ["PATH"]}
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr


def test_an_sdist_carries_the_front_end(sdist: Path) -> None:
    """The sdist has the built bundles beside its sources, and nothing that npm installed."""
    assert all((sdist / bundle).is_file() for bundle in BUNDLES)
    assert (sdist / "js" / "package-lock.json").is_file()
    assert not (sdist / "js" / "node_modules").exists()


def test_a_wheel_from_an_sdist_needs_no_node(sdist: Path, tmp_path: Path) -> None:
    """With no npm on the path the sdist still becomes a wheel that has the bundles, types and licence."""
    run_build(sdist, "--wheel", tmp_path, path=str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {*BUNDLES, "wiro_widgets/py.typed"} <= set(names)
    assert [name for name in names if name.endswith("licenses/LICENSE")]
    assert [name for name in names if name.startswith(("js/", "tests/", "tools/"))] == []
