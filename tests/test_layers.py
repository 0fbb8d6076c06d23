"""Imports go down only, and each foreign library has its rooms."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "wiro_widgets"
FLOORS = {"protocol": 0, "results": 1, "client": 2, "widget": 3}
BESIDE = "sandbox"
TOP = 4  # __init__.py, connecting.py, local.py, nested.py, cli.py and its commands/: they put the floors together

OPTIONAL_IN_PROTOCOL = {
    "google",
    "keyring",
}  # credentials.py asks Colab and the keyring, where they are installed
ROOMS = {
    "starlette": {"sandbox"},
    "uvicorn": {"sandbox"},
    "python_multipart": {"sandbox"},
    "httpx": {"client"},
    "websockets": {"client"},
    "anywidget": {"widget"},
    "ipywidgets": {"widget"},
    "PIL": {"results", "sandbox"},
    "nest_asyncio": {"top"},
}
# A client that only lists models, and a panel that only shows a form, do not pay for loading Pillow:
# these rooms may import it inside the function that holds a picture.
PIL_WHEN_NEEDED = {"client", "widget"}
NEVER_AT_IMPORT = {"pandas", "numpy"}  # a third of a second that most cells do not need


@dataclass(frozen=True)
class Import:
    """One imported module, where, and when: with the file, in a function, or for types only."""

    path: Path
    line: int
    module: str
    when: str

    @property
    def room(self) -> str:
        """The room of the importing file; the top level is "top"."""
        return _room(self.path.relative_to(ROOT / PACKAGE).parts)

    @property
    def library(self) -> str:
        """The outermost name."""
        return self.module.partition(".")[0]

    @property
    def target(self) -> str | None:
        """The room imported from, for our own modules."""
        return _room(tuple(self.module.split(".")[1:])) if self.library == PACKAGE else None

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} imports {self.module}"


def _room(parts: tuple[str, ...]) -> str:
    return parts[0] if parts and parts[0] in {*FLOORS, BESIDE} else "top"


def _types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _walk(node: ast.AST, when: str) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, when
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _walk(child, "function")
        else:
            yield from _walk(child, "types" if _types_only(child) else when)


def _modules(node: ast.Import | ast.ImportFrom, path: Path) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        folder = path.relative_to(ROOT).parts[: -node.level]
        base = ".".join([*folder, *([base] if base else [])])
    if base == PACKAGE:  # `from wiro_widgets import client` names the room only in its list
        return [f"{base}.{alias.name}" for alias in node.names]
    return [base]


@cache
def _imports() -> tuple[Import, ...]:
    return tuple(
        Import(path, node.lineno, module, when)
        for path in sorted((ROOT / PACKAGE).rglob("*.py"))
        for node, when in _walk(ast.parse(path.read_text(encoding="utf-8")), "import")
        for module in _modules(node, path)
    )


def _told(found: list[Import]) -> str:
    return "\n".join(str(one) for one in found)


def test_imports_of_ours_go_down() -> None:
    """No floor imports a higher one, the sandbox or the top level, not even in a function or for types."""
    up = [
        one
        for one in _imports()
        if one.room in FLOORS and one.target and FLOORS.get(one.target, TOP) > FLOORS[one.room]
    ]
    assert not up, _told(up)


def test_every_folder_is_a_known_room() -> None:
    """A new folder is given its floor here, before anything is built on it."""
    rooms = {path.parent.relative_to(ROOT / PACKAGE).parts[:1] for path in (ROOT / PACKAGE).rglob("*.py")}
    assert rooms == {(), (BESIDE,), ("commands",), *((floor,) for floor in FLOORS)}


def test_the_sandbox_knows_the_protocol_at_most() -> None:
    """The sandbox imports no client, no results and no widget: one mistake must not hide in both sides."""
    nosy = [
        one for one in _imports() if one.room == "sandbox" and one.target not in {None, "sandbox", "protocol"}
    ]
    assert not nosy, _told(nosy)


def test_the_protocol_is_pure() -> None:
    """The protocol floor imports the standard library; only credentials.py asks Colab and the keyring."""
    foreign = [
        one
        for one in _imports()
        if one.room == "protocol"
        and one.library not in {*sys.stdlib_module_names, PACKAGE}
        and not (
            one.path.name == "credentials.py"
            and one.library in OPTIONAL_IN_PROTOCOL
            and one.when == "function"
        )
    ]
    assert not foreign, _told(foreign)


@pytest.mark.parametrize("library", sorted(ROOMS))
def test_a_library_stays_in_its_rooms(library: str) -> None:
    """The client has the network, the sandbox the server, the results the pictures."""
    astray = [
        one
        for one in _imports()
        if one.library == library
        and one.room not in ROOMS[library]
        and not (library == "PIL" and one.room in PIL_WHEN_NEEDED and one.when != "import")
    ]
    assert not astray, _told(astray)


def test_no_module_loads_pandas_or_numpy() -> None:
    """Pandas and numpy are imported in the functions that need them."""
    heavy = [one for one in _imports() if one.library in NEVER_AT_IMPORT and one.when == "import"]
    assert not heavy, _told(heavy)


def test_the_reader_sees_every_kind_of_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Imports at the top, in a function, for types, and relative ones are all read."""
    path = tmp_path / PACKAGE / "client" / "one.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "import a.b\nif TYPE_CHECKING:\n    import t\ndef f():\n    import g\n"
        "from ..widget import p\nfrom . import http\nfrom wiro_widgets import widget\n"
    )
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    read = [
        (module, when)
        for node, when in _walk(ast.parse(path.read_text()), "import")
        for module in _modules(node, path)
    ]
    assert read == [
        ("a.b", "import"),
        ("t", "types"),
        ("g", "function"),
        ("wiro_widgets.widget", "import"),
        ("wiro_widgets.client", "import"),
        ("wiro_widgets.widget", "import"),
    ]
