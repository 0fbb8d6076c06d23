"""README and guide promise nothing that no test runs."""

import ast
import asyncio
import inspect
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import wiro_widgets
from wiro_widgets import Client, Panel, Sandbox, Task
from wiro_widgets.cli import main
from wiro_widgets.commands.parser import command_parser
from wiro_widgets.protocol import errors as errors_module

ROOT = Path(__file__).resolve().parent.parent
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/guide.md")}
README = PAGES["README.md"]
TEXT = "\n".join(PAGES.values())
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
COMMANDS = [line for language, text in BLOCKS if not language for line in text.splitlines()]
INLINE = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", TEXT, flags=re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=1000) as running:
        yield running


@pytest.fixture
def _account(_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Set what somebody with an account has set, for a sandbox."""
    for name, value in {
        "WIRO_API_KEY": _sandbox.api_key,
        "WIRO_API_SECRET": _sandbox.api_secret,
        "WIRO_BASE_URL": _sandbox.base_url,
        "WIRO_SOCKET_URL": _sandbox.socket_url,
        "WIRO_JOURNAL": str(tmp_path / "journal.sqlite3"),
        "WIRO_OUTPUT_DIR": str(tmp_path / "outputs"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_account")
@pytest.mark.parametrize("page", PAGES)
def test_the_python_runs(page: str) -> None:
    """Every block of Python runs, one after the other, as in a notebook where Run is pressed after the panel."""
    cell: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```", PAGES[page], re.DOTALL | re.MULTILINE):
        source = block.replace("wiro.Sandbox()", "wiro.Sandbox(speed=1000)")
        code = compile(source, page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        awaitable = eval(code, cell)  # noqa: S307 - our own README
        if awaitable is not None:
            asyncio.run(awaitable)
        panel = cell.get("panel")
        if panel is not None and panel.task is None:
            panel.run()
    assert cell["panel"].status == "succeeded"
    assert [image.size for image in cell["images"]] == [(1024, 1024)]
    cell["panel"].close()
    cell["panel"].client.close()
    cell["client"].close()


@pytest.mark.usefixtures("_account")
@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("wiro-widgets run ")])
def test_the_run_command_runs(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The commands that run a model print where its picture is."""
    assert main(shlex.split(line)[1:]) == 0
    assert all(Path(path).is_file() for path in capsys.readouterr().out.splitlines())


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("wiro-widgets ")])
def test_every_command_is_understood(line: str) -> None:
    """Each `wiro-widgets` line is one that the command line takes."""
    assert command_parser().parse_args(shlex.split(line)[1:]).command


def test_every_target_of_make_exists() -> None:
    """`make demo` and `make test`, and whatever else is named."""
    targets = set(
        re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    targets_in_text = {shlex.split(line)[1] for line in [*COMMANDS, *INLINE] if line.startswith("make ")}
    assert {"demo", "test"} <= targets_in_text <= targets


def test_every_extra_exists() -> None:
    """The extras that the README names are those of the package, but for the developers' own."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    [sentence] = re.findall(r"^The extras are (.*)$", README, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", sentence)) == extras.keys() - {"dev", "docs"}


def test_every_name_exists() -> None:
    """Each name in the text is one that the package has, and so is each keyword argument of a client."""
    owners = {"wiro": wiro_widgets, "panel": Panel, "client": Client, "task": Task}
    for text in INLINE:
        owner, dot, rest = text.partition(".")
        name = re.match(r"\w+", rest)
        if dot and owner in owners and name:
            assert hasattr(owners[owner], name[0]), text
        for keyword in re.findall(r"^Client\((\w+)=", text):
            assert keyword in inspect.signature(Client).parameters, text


def test_every_file_exists() -> None:
    """Each path in the text is in the checkout."""
    paths = [text for text in INLINE if re.fullmatch(r"[\w./-]+\.(ipynb|md|py|toml)", text)]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    "page", [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))], ids=lambda page: page.name
)
def test_every_link_leads_somewhere(page: Path) -> None:
    """Each relative link of a document, and each picture, is a file of the checkout."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    targets = [*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r"(?:src|srcset)=\"([^\"]+)\"", text)]
    files = [
        target.partition("#")[0] for target in targets if "://" not in target and not target.startswith("#")
    ]
    # The site's tutorials are the notebooks, which the build copies.
    paths = [page.parent / file.replace("tutorial/", "../notebooks/") for file in files]
    assert [path for path in paths if not path.exists()] == []


def test_every_variable_is_read() -> None:
    """Each WIRO_ variable in the text is one that something reads."""
    sources = [
        *(ROOT / "wiro_widgets").rglob("*.py"),
        *(ROOT / "tests").glob("*.py"),
        *(ROOT / "tools").iterdir(),
    ]
    source_text = "\n".join(
        path.read_text(encoding="utf-8") for path in sources if path.is_file() and path != Path(__file__)
    )
    names = set(re.findall(r"\bWIRO_\w+", TEXT))
    assert names
    assert {name for name in names if name not in source_text} == set()


def test_the_reference_has_every_public_name() -> None:
    """A name that a user can import stands on a page of the reference."""
    pages = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "reference").glob("*.md"))
    errors = {name for name in wiro_widgets.__all__ if name.endswith(("Error", "Warning"))}
    errors |= {name for name in vars(errors_module) if name in wiro_widgets.__all__}
    for name in set(wiro_widgets.__all__) - errors - {"__version__"}:
        assert f"wiro_widgets.{name}\n" in pages, name


@pytest.mark.parametrize("page", ["docs/reference/settings.md", "docs/policy.md"])
def test_the_python_of_further_pages_runs(page: str) -> None:
    """Their blocks need no client."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for block in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        exec(compile(block, page, "exec"), {})  # noqa: S102 - our own page


def test_every_variable_is_in_the_settings() -> None:
    """Each WIRO_ variable that the package reads has a row."""
    settings = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "wiro_widgets").rglob("*.py"))
    names = set(re.findall(r"\bWIRO_[A-Z_]+[A-Z]", sources))
    assert names == set(re.findall(r"`(WIRO_[A-Z_]+)`", settings))
