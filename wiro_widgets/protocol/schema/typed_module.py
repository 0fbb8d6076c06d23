"""A Python module that tells editors and type checkers what models take: `wiro-widgets stubs`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter as Argument

from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.schema import listing
from wiro_widgets.protocol.schema.call_signature import options, split_parameters
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.schema import ModelSchema

_HEAD = '''"""Types of models on Wiro, written by `wiro-widgets stubs`; write it again when a model changes.

>>> client = wiro.Client()
>>> call = {function}(client)  # a wiro.Model that type checkers know the parameters of
"""
# ruff: noqa
# fmt: off

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from os import PathLike
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Protocol, Required, TypeAlias, TypedDict, Unpack, cast

import wiro_widgets as wiro

if TYPE_CHECKING:
    from PIL.Image import Image
    from wiro_widgets.media.output import Output


class Array(Protocol):
    """A picture as an array of numpy, or of a library that follows it."""

    def __array__(self, *args: Any, **options: Any) -> Any: ...


Run: TypeAlias = "wiro.Task | wiro.TaskResult | wiro.Images | wiro.TaskRecord | wiro.Panel"  # stands for its file
File: TypeAlias = "str | PathLike[str] | bytes | BinaryIO | Image | Array | Output | Run"
'''
_IMPORTS = frozenset(re.findall(r"\w+", _HEAD)) | {"str", "int", "float", "bool", "dict", "list", "property"}
_OPTION_TYPES = {  # of the keyword arguments that calls have beside the model's parameters
    "timeout": "float | None",
    "progress": 'bool | Literal["transient"] | None',
    "on_interrupt": 'Literal["stop", "detach"] | None',
    "reuse": "bool | None",
    "how": 'Literal["grid", "zip"]',
    "concurrency": "int | None",
    "then": "Callable[..., Any] | None",
    "executor": "Executor | None",
    "resume": "bool",
    "start": "bool",
    "unknown": 'Literal["ask", "send"]',
    "columns": "Iterable[str] | Mapping[str, str] | None",
    "confirm": "bool | int | None",
}
_RETURNS = {  # the calls of a Model, and what each returns
    "__call__": "wiro.Images",
    "run": "wiro.Task",
    "panel": "wiro.Panel",
    "estimate": "wiro.Estimate",
    "sweep": "wiro.Sweep",
    "map": "wiro.Sweep",
}
_PARTIAL = ("panel", "estimate", "map")  # calls that need no value, not even a required one


def typed_module(schemas: Iterable[ModelSchema], call_options: Mapping[str, Sequence[Argument]]) -> str:
    """Return the text of a module with a Protocol, TypedDicts and a function for each model.

    `call_options` has, for each call of a model ("__call__", "run", ...), its keyword arguments that are no parameters
    of the model.
    """
    names = _Names()
    models = [_Model.of(schema, names, call_options) for schema in schemas]
    head = _HEAD.replace("{function}", models[0].function if models else "model")
    return "\n\n".join([head.rstrip("\n"), *(model.text() for model in models)]) + "\n"


class _Names:
    """Names for classes and functions, each used once."""

    def __init__(self) -> None:
        self._used_names = set(_IMPORTS)

    def of_model(self, model: str) -> tuple[str, str]:
        """Return the class and the function of "owner/name"."""
        words = re.findall(r"[A-Za-z0-9]+", model) or ["model"]
        kind = "".join(word[:1].upper() + word[1:] for word in words)
        function = "_".join(words).lower()
        if kind[0].isdigit():
            kind, function = f"Model{kind}", f"model_{function}"
        number = 1
        suffix = ""
        while self._used_names.intersection(self._family(kind + suffix, function + suffix)):
            number += 1
            suffix = f"_{number}"
        self._used_names.update(self._family(kind + suffix, function + suffix))
        return kind + suffix, function + suffix

    @staticmethod
    def _family(kind: str, function: str) -> set[str]:
        return {kind, function, *(f"{kind}{suffix}" for suffix in ("Params", "Values", "Settings", "Axes"))}


@dataclass(frozen=True)
class _Model:
    schema: ModelSchema
    kind: str
    function: str
    keywords: list[Parameter]
    others: list[Parameter]
    call_options: Mapping[str, Sequence[Argument]]

    @classmethod
    def of(cls, schema: ModelSchema, names: _Names, call_options: Mapping[str, Sequence[Argument]]) -> _Model:
        kind, function = names.of_model(schema.model)
        own_names = {item.name for items in call_options.values() for item in items}
        keywords, others = split_parameters(schema, own_names)
        # A checker may take two underscores at the start of an argument for "by position only".
        others += [item for item in keywords if item.id.startswith("__")]
        keywords = [item for item in keywords if not item.id.startswith("__")]
        return cls(schema, kind, function, keywords, others, call_options)

    def text(self) -> str:
        about = f"The values of a run of {self.schema.model}."
        parts = [_typed_dict(f"{self.kind}Values", self.keywords, about, _field_type)]
        parts.append(_typed_dict(f"{self.kind}Settings", self.keywords, "", _value_type))
        about = f"The values of a sweep of {self.schema.model}: a list is an axis."
        parts.append(_typed_dict(f"{self.kind}Axes", self.keywords, about, _axis_type))
        if self.others:
            parts.insert(0, _typed_dict(f"{self.kind}Params", self.others, "", _field_type))
        title = ": ".join(filter(None, [self.schema.model, self.schema.title]))
        lines = [f"class {self.kind}(Protocol):", f"    {_text(title)}", "", "    name: str", ""]
        lines += ["    @property", "    def schema(self) -> wiro.ModelSchema: ...", ""]
        lines += [self._call(name, returns) for name, returns in _RETURNS.items()]
        parts.append("\n".join(lines))
        parts.append(
            f"def {self.function}(client: wiro.Client) -> {self.kind}:\n"
            f"    {_text(f'Return {self.schema.model} as a function of this client.')}\n"
            f"    return cast({self.kind!r}, client.model({self.schema.model!r}))"
        )
        return "\n\n\n".join(parts)

    def _call(self, name: str, returns: str) -> str:
        own = [
            f"{item.name}: {_OPTION_TYPES.get(item.name, 'Any')} = {item.default!r}"
            for item in self.call_options.get(name, ())
        ]
        is_whole = name not in _PARTIAL
        values = "Axes" if name == "sweep" else "Values" if is_whole else "Settings"
        first = ["cells: Any"] if name == "map" else self._params(is_whole=is_whole)
        arguments = ["self", *first, "/", *(["*", *own] if own else [])]
        arguments.append(f"**values: Unpack[{self.kind}{values}]")
        return f"    def {name}({', '.join(arguments)}) -> {returns}: ..."

    def _params(self, *, is_whole: bool) -> list[str]:
        if not self.others:
            return []
        is_required = is_whole and any(item.has_to_be_given for item in self.others)
        kind = f"{self.kind}Params" if is_whole else "Mapping[str, Any]"
        return [f"params: {kind}" + ("" if is_required else " | None = None")]


def _typed_dict(
    name: str, items: Sequence[Parameter], about: str, type_of: Callable[[Parameter], str]
) -> str:
    """Return a TypedDict; as a class, where an editor shows what stands below a field, if its ids allow that."""
    if about and all(item.id.isidentifier() and item.id not in _IMPORTS for item in items):
        lines = [f"class {name}(TypedDict, total=False):", f"    {_text(about)}"]
        for item in items:
            words = [item.label if item.label != item.id else "", _words(item), item.help]
            lines.append(f"\n    {item.id}: {type_of(item)}")
            lines.append(f"    {_text('. '.join(filter(None, words)))}")
        return "\n".join(lines)
    fields = "".join(f"    {item.id!r}: {type_of(item)!r},\n" for item in items)
    return f"{name} = TypedDict({name!r}, {{\n{fields}}}, total=False)"


def _words(item: Parameter) -> str:
    text = ", ".join(filter(None, [listing.takes(item), listing.default_words(item)]))
    return text[:1].upper() + text[1:]


def _field_type(item: Parameter) -> str:
    """Return the type of a field of a run's values."""
    return _required(item, _value_type(item))


def _axis_type(item: Parameter) -> str:
    """Return the type of a field of a sweep's values: one value, or several."""
    one = _value_type(item)
    return _required(item, f"{one} | Sequence[{one}]")


def _required(item: Parameter, kind: str) -> str:
    return f"Required[{kind}]" if item.has_to_be_given else kind


def _value_type(item: Parameter) -> str:
    if item.kind == "file":
        return "File | Sequence[File]" if item.multiple else "File"
    if item.kind in ("range", "number"):
        return "int" if item.integer else "float"
    if item.kind == "boolean":
        return "bool"
    if item.structure is not None:
        return "str | Sequence[object]" if item.structure == "list" else "str | Mapping[str, object]"
    texts = options(item) if item.kind == "select" else []
    return f"Literal[{', '.join(map(repr, texts))}]" if texts else "str"


def _text(text: str) -> str:
    """Return a text as a literal of one line."""
    return repr(printable(" ".join(text.split())))
