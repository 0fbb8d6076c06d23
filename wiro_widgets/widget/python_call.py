"""Copy as Python: a program that repeats what a panel's controls say, in a fresh kernel too."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeGuard

from wiro_widgets.media.output import Output
from wiro_widgets.protocol.schema.call_signature import is_keyword_name
from wiro_widgets.protocol.schema.scalars import is_url
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.runs.inputs import NamedBytes

_LINE_LENGTH = 88
_OWN_ARGUMENTS = {  # keyword arguments of the calls themselves; parameters of these names go into the dict
    "generate": {"timeout", "progress", "on_interrupt", "reuse"},
    "run": {"on_interrupt", "reuse"},
    "sweep": {"how", "concurrency", "then", "executor", "resume", "reuse", "start", "unknown"},
}
_RESULTS = {"generate": ("images", "", "images"), "run": ("result", ".wait()", "result")}
_RESULTS["sweep"] = ("sweep", "", "sweep.wait()")
_MAX_LISTED = 4  # whole numbers that are listed rather than written as a range


def python_call(
    models: str | Sequence[str],
    values: Mapping[str, Any],
    axes: Mapping[str, tuple[Any, ...]],
    schema: ModelSchema | None = None,
) -> str:
    """Return a program with the imports, the client and the call: `client.generate`, or `client.sweep` with axes.

    Several models are an axis as well. A model that makes no pictures is run with `client.run`. A picture that exists
    only in memory is called `picture`, and a line says that it has to be saved.
    """
    models = [models] if isinstance(models, str) else list(models)
    has_axes = bool(axes) or len(models) > 1
    function = "sweep" if has_axes else "generate" if _makes_pictures(schema) else "run"
    program = _Program(schema)
    # Beside axes a list would be one as well, so it is wrapped into a list with one value.
    literals = {
        name: program.literal(name, [value] if has_axes and isinstance(value, list) else value)
        for name, value in values.items()
    }
    literals |= {name: program.axis(name, items) for name, items in axes.items()}
    names = [name for name in literals if is_keyword_name(name) and name not in _OWN_ARGUMENTS[function]]
    names.sort(key=lambda name: name != "prompt")
    arguments = [repr(models if len(models) > 1 else models[0])]
    in_dict = literals.keys() - set(names)
    others = [f"{name!r}: {literal}" for name, literal in literals.items() if name in in_dict]
    if others:
        arguments.append("{" + ", ".join(others) + "}")
    arguments += [f"{name}={literals[name]}" for name in names]
    result, suffix, last_line = _RESULTS[function]
    head = f"{result} = client.{function}("
    call = f"{head}{', '.join(arguments)}){suffix}"
    if len(call) > _LINE_LENGTH:
        call = f"{head}\n" + "".join(f"    {argument},\n" for argument in arguments) + f"){suffix}"
    lines = ["import wiro_widgets as wiro", "", "client = wiro.connect()", *program.notes, call, last_line]
    if program.uses_path:
        lines = ["from pathlib import Path", "", *lines]
    return "\n".join(lines)


def _makes_pictures(schema: ModelSchema | None) -> bool:
    """Return False if the catalogue says that a model makes only something else: "llm", "text-to-video"."""
    categories = schema.categories if schema else ()
    targets = [item.rpartition("-to-")[2] for item in categories if item == "llm" or "-to-" in item]
    return not targets or "image" in targets


class _Program:
    """What a call needs besides itself, collected while its values are written."""

    def __init__(self, schema: ModelSchema | None) -> None:
        self.notes: list[str] = []  # lines before the call
        self.uses_path = False
        self._schema = schema
        self._pictures: dict[int, str] = {}  # names by the identity of what is only in memory

    def axis(self, name: str, values: tuple[Any, ...]) -> str:
        """Return the values of an axis, as a range where they are one."""
        whole = [value for value in values if type(value) is int]
        by = whole[1] - whole[0] if len(whole) > _MAX_LISTED else 0
        if len(whole) != len(values) or not by or any(b - a != by for a, b in pairwise(whole)):
            return self.literal(name, values)
        step = "" if by == 1 else f", {by}"
        start = "" if whole[0] == 0 and not step else f"{whole[0]}, "
        return f"range({start}{whole[-1] + (1 if by > 0 else -1)}{step})"

    def literal(self, name: str, value: Any) -> str:
        """Return a value as Python writes it; a file by its shortest path."""
        if isinstance(value, list | tuple):
            return "[" + ", ".join(self.literal(name, item) for item in value) + "]"
        parameter = self._schema.get(name) if self._schema else None
        is_file = parameter is not None and parameter.kind == "file"
        if isinstance(value, str) and is_file and not is_url(value):
            return repr(_short_path(value))
        if value is None or isinstance(value, str | int | float | bool):
            return repr(value)
        if is_noted_file(value) and Path(str(value["file"])).suffix:  # else it was never one, as an array
            note = f"# The run was made with {value['file']!r}: put it in this folder, or change the path."
            self.notes += [] if note in self.notes else [note]
            value = Path(str(value["file"]))
        path = _path_of(value)
        if path is None:
            return self._picture(value)
        if isinstance(value, NamedBytes):
            note = f"# {path!r} came from the browser: put it in this folder, or change the path."
            self.notes += [] if note in self.notes else [note]
        if is_file:
            return repr(path)
        self.uses_path = True  # without a schema only its type says that it is a file
        return f"Path({path!r})"

    def _picture(self, value: object) -> str:
        if id(value) not in self._pictures:
            name = "picture" if not self._pictures else f"picture_{len(self._pictures) + 1}"
            self._pictures[id(value)] = name
            self.uses_path = True
            self.notes.append(f"{name} = Path('{name}.png')  # it is only in memory: save it as this file")
        return self._pictures[id(value)]


def is_noted_file(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Return True for what the journal has of a file: its name, size and digest (see `jsonable.plain`)."""
    return isinstance(value, Mapping) and "file" in value and value.keys() <= {"file", "size", "sha256"}


def _path_of(value: Any) -> str | None:
    """Return the shortest path of the file that a value is or was read from, or None."""
    if isinstance(value, Output):
        value = value.path
    elif not isinstance(value, os.PathLike):
        value = getattr(value, "name", None) or getattr(value, "filename", None)
    return _short_path(os.fsdecode(value)) if value and isinstance(value, str | os.PathLike) else None


def _short_path(value: str) -> str:
    """Return the path as it is, from the working folder, or from the home folder (~), whichever is shortest."""
    path = Path(value)
    texts = [value]
    with suppress(OSError, RuntimeError):  # a working folder that was deleted, a user without a home
        for folder, prefix in ((Path.cwd(), ""), (Path.home(), "~/")):
            if path.is_relative_to(folder):
                text = prefix + path.relative_to(folder).as_posix()
                texts.append(f"./{text}" if text.startswith("~") and not prefix else text)
    return min(texts, key=len)
