"""The four laws of the house: rooms in one order, no circle, folders small enough to overlook, a name for one file.

Each foreign library has its rooms as well.
"""

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "wiro_widgets"
# From the bottom up: a room imports itself and the rooms before it.
ORDER = (
    "protocol",
    "media",
    "render",
    "display",
    "journal",
    "transport",
    "money",
    "runs",
    "sweeps",
    "client",
    "widget",
)
BESIDE = "sandbox"
TOP = "top"  # __init__.py, cli.py, commands/ and the modules beside them: they put the rooms together
MAX_FILES = 15  # of a folder

# credentials.py asks Colab and the keyring, where they are installed.
OPTIONAL_IN_PROTOCOL = {"google", "keyring"}
LIBRARY_ROOMS = {
    "starlette": {"sandbox"},
    "uvicorn": {"sandbox"},
    "python_multipart": {"sandbox"},
    "httpx": {"transport"},
    "websockets": {"transport"},
    "anywidget": {"widget"},
    "ipywidgets": {"widget"},
    "PIL": {"media", "render", "sandbox"},
    "nest_asyncio": {TOP},
    "psycopg": {"journal"},
}
# A client that only lists models, and a panel that only shows a form, do not pay for loading Pillow:
# these rooms import it inside the function that holds a picture.
PILLOW_ON_DEMAND = {"journal", "money", "runs", "sweeps", "client", "widget", TOP}
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
        """The room of the importing file."""
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
    return parts[0] if parts and parts[0] in {*ORDER, BESIDE} else TOP


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
    if base.partition(".")[0] == PACKAGE and (ROOT / base.replace(".", "/")).is_dir():
        return [f"{base}.{alias.name}" for alias in node.names]  # a folder: the list names its modules
    return [base]


@cache
def _imports() -> tuple[Import, ...]:
    return tuple(
        Import(path, node.lineno, module, when)
        for path in sorted((ROOT / PACKAGE).rglob("*.py"))
        for node, when in _walk(ast.parse(path.read_text(encoding="utf-8")), "import")
        for module in _modules(node, path)
    )


def _lines(imports: list[Import]) -> str:
    return "\n".join(str(one) for one in imports)


def _circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of nodes that reach each other (Tarjan's strongly connected components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    circles: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(arrows.get(node, ())):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                circles.append(sorted(group))

    for node in sorted(arrows):
        if node not in index:
            visit(node)
    return circles


def _arrows_between_files() -> dict[str, set[str]]:
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / PACKAGE).rglob("*.py")
    }
    arrows: dict[str, set[str]] = {}
    for one in _imports():
        source = ".".join(one.path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if one.module in modules and one.module != source:
            arrows.setdefault(source, set()).add(one.module)
    return arrows


def test_rooms_import_in_one_order() -> None:
    """No room imports a later one, the sandbox or the top level, not even in a function or for types."""
    places = {room: place for place, room in enumerate(ORDER)}
    up = [
        one
        for one in _imports()
        if one.room in places and one.target and places.get(one.target, len(ORDER)) > places[one.room]
    ]
    assert not up, _lines(up)


def test_every_folder_is_a_known_room() -> None:
    """A new folder is given its place here, before anything is built on it."""
    rooms = {path.parent.relative_to(ROOT / PACKAGE).parts[:1] for path in (ROOT / PACKAGE).rglob("*.py")}
    assert rooms == {(), (BESIDE,), ("commands",), *((room,) for room in ORDER)}


def test_no_circle_of_files() -> None:
    """No file reaches itself through its imports; type-only and lazy imports count."""
    assert _circles(_arrows_between_files()) == []


def test_the_circle_finder_finds_circles() -> None:
    """Two circles that share a node are one, and a line is none."""
    assert _circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": set()}) == [["a", "b", "c"]]
    assert _circles({"a": {"b", "c"}, "b": {"a"}, "c": {"a"}}) == [["a", "b", "c"]]
    assert _circles({"a": {"b"}, "b": {"c"}}) == []


def test_a_folder_can_be_overlooked() -> None:
    """No folder of the package holds more than fifteen files."""
    counts = Counter(path.parent.relative_to(ROOT) for path in (ROOT / PACKAGE).rglob("*.py"))
    assert {str(folder): count for folder, count in counts.items() if count > MAX_FILES} == {}


def test_a_name_stands_for_one_file() -> None:
    """No two files of the package share a name, outside the sandbox."""
    names = Counter(
        path.name
        for path in (ROOT / PACKAGE).rglob("*.py")
        if path.name != "__init__.py" and _room(path.relative_to(ROOT / PACKAGE).parts) != BESIDE
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_the_sandbox_imports_nothing_of_the_house() -> None:
    """The sandbox imports no other room: one mistake must not hide in both sides."""
    inside = [one for one in _imports() if one.room == BESIDE and one.target not in {None, BESIDE}]
    assert not inside, _lines(inside)


def test_the_protocol_is_pure() -> None:
    """The protocol imports the standard library; only credentials.py asks Colab and the keyring."""
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
    assert not foreign, _lines(foreign)


@pytest.mark.parametrize("library", sorted(LIBRARY_ROOMS))
def test_a_library_stays_in_its_rooms(library: str) -> None:
    """The transport has the network, the sandbox the server, media and render the pictures."""
    astray = [
        one
        for one in _imports()
        if one.library == library
        and one.room not in LIBRARY_ROOMS[library]
        and not (library == "PIL" and one.room in PILLOW_ON_DEMAND and one.when != "import")
    ]
    assert not astray, _lines(astray)


def test_no_module_loads_pandas_or_numpy() -> None:
    """Pandas and numpy are imported in the functions that need them."""
    heavy = [one for one in _imports() if one.library in NEVER_AT_IMPORT and one.when == "import"]
    assert not heavy, _lines(heavy)


def test_the_reader_sees_every_kind_of_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Imports at the top, in a function, for types, and relative ones are all read."""
    path = tmp_path / PACKAGE / "client" / "one.py"
    (tmp_path / PACKAGE / "widget").mkdir(parents=True)
    path.parent.mkdir(parents=True)
    path.write_text(
        "import a.b\nif TYPE_CHECKING:\n    import t\ndef f():\n    import g\n"
        "from ..widget import p\nfrom . import http\nfrom wiro_widgets import widget\n"
    )
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    imports = [
        (module, when)
        for node, when in _walk(ast.parse(path.read_text()), "import")
        for module in _modules(node, path)
    ]
    assert imports == [
        ("a.b", "import"),
        ("t", "types"),
        ("g", "function"),
        ("wiro_widgets.widget.p", "import"),
        ("wiro_widgets.client.http", "import"),
        ("wiro_widgets.widget", "import"),
    ]
