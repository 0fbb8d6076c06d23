"""What a wheel and an sdist carry, built as an installer builds them but offline."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib.metadata import Distribution
from pathlib import Path

import front_end
import long_description
import pytest
from packaging.metadata import Metadata
from packaging.requirements import Requirement
from readme_renderer import markdown

ROOT = Path(__file__).resolve().parents[2]
NOT_COPIED = shutil.ignore_patterns(".*", "node_modules", "static", "__pycache__", "dist", "tests")
ADDRESS = re.compile(r'(?:href|src|srcset)="([^"#][^"]*)"')
BUNDLES = {path.relative_to(ROOT).as_posix() for path in front_end.bundles(ROOT)}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build an sdist of this checkout, with bundles that are up to date, and unpack it."""
    folder = tmp_path_factory.mktemp("sdist")
    checkout = folder / "checkout"
    shutil.copytree(ROOT, checkout, ignore=NOT_COPIED)
    shutil.copy(ROOT / ".gitignore", checkout)
    for bundle in front_end.bundles(checkout):
        bundle.parent.mkdir(exist_ok=True)
        bundle.write_text(f"export default {{}}; // {bundle.name}\n")
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


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel from the sdist where there is no npm, as pip does for somebody without Node."""
    folder = tmp_path_factory.mktemp("wheel")
    run_build(sdist, "--wheel", folder, path=str(folder))
    (path,) = folder.glob("*.whl")
    return path


def _metadata(wheel: Path) -> Metadata:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return Metadata.from_email(archive.read(name), validate=True)


def test_a_wheel_from_an_sdist_needs_no_node(wheel: Path) -> None:
    """With no npm on the path the sdist still becomes a wheel that has the bundles, types and licence."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {*BUNDLES, "wiro_widgets/py.typed"} <= set(names)
    assert [name for name in names if name.endswith("licenses/LICENSE")]


def test_a_wheel_has_the_package_and_nothing_else(wheel: Path) -> None:
    """Every module is there; no test, tool, source of the front end, cache or map of it."""
    names = set(zipfile.ZipFile(wheel).namelist())
    own = {name for name in names if ".dist-info/" not in name}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "wiro_widgets").rglob("*.py")}
    assert own == modules | BUNDLES | {"wiro_widgets/py.typed", "wiro_widgets/notebooks/quickstart.ipynb"}
    rest = {name.partition(".dist-info/")[2] for name in names - own}
    assert rest == {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}


def test_a_wheel_passes_check_wheel_contents(wheel: Path) -> None:
    """No common mistake of packaging is in it."""
    command = [sys.executable, "-m", "check_wheel_contents", str(wheel)]
    process = subprocess.run(command, cwd=wheel.parent, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout


def test_the_page_of_an_index_has_no_broken_link(wheel: Path) -> None:
    """The description is valid Markdown for an index, and each picture and link in it is absolute."""
    metadata = _metadata(wheel)
    assert metadata.description_content_type == "text/markdown"
    page = markdown.render(metadata.description or "")
    assert page is not None
    assert [address for address in ADDRESS.findall(page) if not address.startswith("https://")] == []
    assert "<picture" not in page


def test_an_index_shows_the_pictures_of_a_known_repository() -> None:
    """Given the repository's address each picture and page is one that the checkout has, and the badges are there."""
    at = long_description.repository({"Source": "https://github.com/owner/name.git"}, "v1", {})
    assert at == ("https://github.com/owner/name", "v1")
    page = markdown.render(long_description.for_index((ROOT / "README.md").read_text(encoding="utf-8"), at))
    assert page is not None
    addresses = ADDRESS.findall(page)
    assert [address for address in addresses if not address.startswith("https://")] == []
    pictures = [address for address in addresses if address.startswith("https://raw.")]
    assert len(pictures) == 2
    files = [
        *pictures,
        *(address for address in addresses if "/blob/v1/" in address and "owner/name" in address),
    ]
    paths = [address.partition("/v1/")[2] for address in files]
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert sum("mybinder" in address or "colab" in address for address in addresses) == 4


def test_a_release_knows_its_repository_from_its_environment() -> None:
    """Without an address in pyproject.toml a build on GitHub names its own repository and commit; elsewhere none."""
    environ = {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "owner/name",
        "GITHUB_SHA": "1f",
    }
    assert long_description.repository({}, "v1", environ) == ("https://github.com/owner/name", "1f")
    assert long_description.repository({}, "v1", {}) is None


def test_a_bare_environment_runs_it(wheel: Path, tmp_path: Path) -> None:
    """With the requirements of the wheel alone, and no extra, every public name loads and the command answers."""
    venv.create(tmp_path / "venv", with_pip=False)
    (python,) = (tmp_path / "venv").glob("bin/python")
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)  # noqa: S202 - we built the wheel
    for distribution in _closure(_metadata(wheel)):
        for file in distribution.files or ():
            top = file.parts[0]
            if top not in ("..", "__pycache__") and not (packages / top).exists():
                (packages / top).symlink_to(Path(str(distribution.locate_file(top))))
    program = (
        "import importlib.util, sys, wiro_widgets as wiro\n"
        "assert wiro.__file__.startswith(sys.prefix), wiro.__file__\n"
        "print(*(name for name in ('pandas', 'polars', 'pyarrow', 'starlette', 'uvicorn', 'sd_parsers', 'shtab', "
        "'pillow_heif') if importlib.util.find_spec(name)))\n"
        "[getattr(wiro, name) for name in wiro.__all__ if name != 'Sandbox']\n"
        "try:\n    wiro.Sandbox\nexcept ImportError as error:\n    assert 'wiro-widgets[sandbox]' in str(error)\n"
        "else:\n    raise SystemExit('a sandbox without its extra')\n"
    )
    for command in (["-c", program], ["-m", "wiro_widgets", "--version"]):
        process = subprocess.run(
            [python, "-I", *command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert process.returncode == 0, process.stderr
        assert process.stdout.strip() in ("", f"wiro-widgets {_metadata(wheel).version}")


def _closure(metadata: Metadata) -> list[Distribution]:
    """Return the distributions that this one needs without extras, and those that they need, from this environment."""
    queue = [(requirement, "") for requirement in metadata.requires_dist or ()]
    distributions: dict[str, Distribution] = {}
    while queue:
        requirement, extra = queue.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        key = f"{requirement.name}[{','.join(sorted(requirement.extras))}]"
        if key not in distributions:
            distributions[key] = distribution = Distribution.from_name(requirement.name)
            for line in distribution.requires or ():
                queue += [(Requirement(line), one) for one in ("", *requirement.extras)]
    return list(distributions.values())
