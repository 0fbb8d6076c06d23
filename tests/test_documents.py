"""README and documentation promise nothing that no test runs."""

import ast
import asyncio
import inspect
import logging
import os
import re
import runpy
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

import wiro_widgets
from tests.sandbox_clients import account, close_default_client
from wiro_widgets import Client, Gallery, Panel, Sandbox, Task
from wiro_widgets.cli import main
from wiro_widgets.commands.parser import command_parser
from wiro_widgets.protocol import errors as errors_module

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    if not {"_build", "tutorial"} & set(path.parts)
}
README = DOCUMENTS["README.md"]
# What a user reads from top to bottom; the other pages are for looking things up.
TEXT = "\n".join(
    text for name, text in DOCUMENTS.items() if name.startswith(("README", "docs/how-to", "docs/start"))
)
# Their blocks need servers of their own.
RUN_ELSEWHERE = {
    "docs/how-to/hosts.md": "tests/hosts",
    "docs/how-to/teams.md": "tests/sweeps/test_teams_page.py",
}
PAGES = [name for name, text in DOCUMENTS.items() if "```python\n" in text and name not in RUN_ELSEWHERE]
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
COMMANDS = [line for language, text in BLOCKS if not language for line in text.splitlines()]
INLINE = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", TEXT, flags=re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=1000) as running:
        yield running


@pytest.fixture
def _account(_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Set what somebody with an account has set, for a sandbox."""
    for name, value in {
        **account(_sandbox),
        "WIRO_JOURNAL": str(tmp_path / "journal.sqlite3"),
        "WIRO_OUTPUT_DIR": str(tmp_path / "outputs"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    yield
    close_default_client()


@pytest.mark.usefixtures("_account")
@pytest.mark.parametrize("page", PAGES)
def test_the_python_runs(page: str) -> None:
    """Every block of Python runs, one after the other, as in a notebook where Run is pressed after the panel."""
    cell: dict[str, Any] = {}
    level = logging.getLogger("wiro_widgets").level
    with mock.patch.dict(os.environ):
        for block in re.findall(r"^```python\n(.*?)^```", DOCUMENTS[page], re.DOTALL | re.MULTILINE):
            source = block.replace("wiro.Sandbox()", "wiro.Sandbox(speed=1000)")
            code = compile(source, page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            awaitable = eval(code, cell)  # noqa: S307 - our own page
            if awaitable is not None:
                asyncio.run(awaitable)
            panel = cell.get("panel")
            if panel is not None and panel.task is None:
                panel.run()
        for test in [value for name, value in cell.items() if name.startswith("test_")]:
            test()
    logging.getLogger("wiro_widgets").setLevel(level)
    owners = [value for value in cell.values() if isinstance(value, (Panel, Gallery, Client))]
    clients = {
        id(one): one for one in [*owners, *(owner.client for owner in owners if isinstance(owner, Panel))]
    }
    for client in clients.values():
        if isinstance(client, Client):
            assert {record.outcome for record in client.history.find()}.isdisjoint({"failed"})
    for owner in clients.values():
        owner.close()


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


def _anchor(heading: str) -> str:
    """Return the address of a heading, as GitHub and MyST make it."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w -]", "", words).replace(" ", "-")


def _anchors(path: Path) -> set[str]:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return {_anchor(heading) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_somewhere(name: str) -> None:
    """Each relative link of a document, and each picture, is a file of the checkout, and has the heading."""
    page = ROOT / name
    text = re.sub(r"^```.*?^```", "", DOCUMENTS[name], flags=re.DOTALL | re.MULTILINE)
    targets = [*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r"(?:src|srcset)=\"([^\"]+)\"", text)]
    for target in targets:
        file, _, anchor = target.partition("#")
        if "://" in target:
            continue
        # The site's tutorials are the notebooks, which the build copies.
        path = page.parent / file.replace("tutorial/", "../notebooks/") if file else page
        assert path.exists(), target
        assert not anchor or anchor in _anchors(path), target


def test_every_page_of_how_to_is_in_its_index() -> None:
    """A page that is new is a line of the index."""
    pages = {path.name for path in (ROOT / "docs/how-to").glob("*.md")} - {"index.md"}
    assert set(re.findall(r"\]\((\w+\.md)\)", DOCUMENTS["docs/how-to/index.md"])) == pages


def test_every_page_whose_blocks_run_elsewhere_is_named_there() -> None:
    """The tests that are said to run a page's blocks read that page."""
    for page, place in RUN_ELSEWHERE.items():
        path = ROOT / place
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        assert any(page in file.read_text(encoding="utf-8") for file in files), page


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
    pages = "\n".join(text for name, text in DOCUMENTS.items() if name.startswith("docs/reference/"))
    errors = {name for name in wiro_widgets.__all__ if name.endswith(("Error", "Warning"))}
    errors |= {name for name in vars(errors_module) if name in wiro_widgets.__all__}
    for name in set(wiro_widgets.__all__) - errors - {"__version__"}:
        assert f"wiro_widgets.{name}\n" in pages, name


def test_every_variable_is_in_the_settings() -> None:
    """Each WIRO_ variable that the package reads has a row."""
    settings = DOCUMENTS["docs/reference/settings.md"]
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "wiro_widgets").rglob("*.py"))
    names = set(re.findall(r"\bWIRO_[A-Z_]+[A-Z]", sources))
    assert names == set(re.findall(r"`(WIRO_[A-Z_]+)`", settings))


def test_the_reference_leaves_out_what_tab_leaves_out() -> None:
    """Autodoc asks for each member of a class; a method for other rooms of the package is skipped."""
    skip = runpy.run_path(str(ROOT / "docs" / "conf.py"))["skip_internal_name"]

    def app(kind: str) -> SimpleNamespace:
        document = SimpleNamespace(autodoc_module="wiro_widgets", autodoc_class=kind)
        return SimpleNamespace(env=SimpleNamespace(current_document=document))

    assert skip(app("Client"), "class", "plan_sweep", None, False, {}) is True
    assert skip(app("Sweep"), "class", "settle_unknown", None, False, {}) is True  # which it inherits
    assert skip(app("Client"), "class", "run", None, False, {}) is None
    assert skip(app("Nobody"), "class", "run", None, False, {}) is None
