"""A model's parameters as those of a Python function: its keyword arguments, their types and defaults, its help."""

from __future__ import annotations

import inspect
import keyword
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from inspect import Parameter as Argument
from pathlib import Path
from types import GenericAlias
from typing import Any, Literal

from wiro_widgets.protocol.schema import listing
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.schema import COMMON, ModelSchema
from wiro_widgets.protocol.wire_values import number_text

_MAX_LITERAL = 12  # options that a signature spells out; help lists more, and stubs all of them
_TAKEN = ("self", "params", "cells", "__debug__")  # by the call itself; Python assigns nothing to the last
_MAX_HELP_OPTIONS = 40
_HELP_WIDTH = 90  # characters
PARAMS = Argument("params", Argument.POSITIONAL_ONLY, default=None)


def is_keyword_name(name: str) -> bool:
    """Return True if a call can have `name=`: Python folds some letters (NFKC), and has words of its own."""
    is_plain = name.isidentifier() and unicodedata.is_normalized("NFKC", name)
    return is_plain and not keyword.iskeyword(name) and name not in _TAKEN


def all_parameters(schema: ModelSchema) -> tuple[Parameter, ...]:
    """Return the schema's parameters and those that every model takes."""
    ids = {item.id for item in schema.parameters}
    return (*schema.parameters, *(item for item in COMMON if item.id not in ids))


def split_parameters(
    schema: ModelSchema, own_names: Iterable[str]
) -> tuple[list[Parameter], list[Parameter]]:
    """Return the parameters that can be keyword arguments, and those whose ids have to stand in the dict `params`.

    `own_names` are the keyword arguments of the function itself.
    """
    used_names = set(own_names)
    keywords: list[Parameter] = []
    others: list[Parameter] = []
    for item in all_parameters(schema):
        (keywords if is_keyword_name(item.id) and item.id not in used_names else others).append(item)
    return keywords, others


def options(item: Parameter) -> list[str]:
    """Return the texts that a select takes, its default included, which catalogues have outside the options."""
    defaults = [item.default] if isinstance(item.default, str) else []
    return list(dict.fromkeys([*(option.value for option in item.options), *defaults]))


def call_signature(
    schema: ModelSchema | None,
    own: Sequence[Argument] = (),
    *,
    first: Argument = PARAMS,
    lists: bool = False,
    is_whole: bool = True,
) -> inspect.Signature:
    """Return the signature of a call of a model: `first`, then a keyword argument for each parameter, then `own`.

    With `lists` each value may be a list of values, as for a sweep. Without `is_whole` even a required value can be
    left out, as for an estimate. Without a schema, or with an open one, it takes any value.
    """
    if schema is None or schema.is_open:
        return inspect.Signature([first, Argument("values", Argument.VAR_KEYWORD)])
    keywords, _ = split_parameters(schema, (item.name for item in own))
    arguments = [_argument(item, lists=lists, is_whole=is_whole) for item in keywords]
    return inspect.Signature([first, *arguments, *own])


def help_text(model: str, schema: ModelSchema | None, own_names: Iterable[str]) -> str:
    """Return the model's title and, for each parameter, what it takes, its default, label, options and help.

    Ids that cannot be keyword arguments are listed as keys of the dict that comes first.
    """
    if schema is None or schema.is_open:
        return f"{model}\n\nIts parameters are not known here: any value can be given by its id, in Wiro's spelling."
    keywords, others = split_parameters(schema, own_names)
    parts = [": ".join(filter(None, [model, schema.title])), schema.description.strip()]
    parts.append("\n".join(_parameter_lines(item.id, item) for item in keywords))
    if others:
        example = f"{{{others[0].id!r}: ...}}"
        parts.append(f"In a dict that comes first, {example}, because these ids cannot be keyword arguments:")
        parts.append("\n".join(_parameter_lines(repr(item.id), item) for item in others))
    return "\n\n".join(filter(None, parts))


def _parameter_lines(name: str, item: Parameter) -> str:
    choices = [
        option.value if option.label == option.value else f"{option.value} ({option.label})"
        for option in item.options[:_MAX_HELP_OPTIONS]
    ]
    more = len(item.options) - _MAX_HELP_OPTIONS
    takes = "one of " + ", ".join(choices) if choices else listing.takes(item)
    takes += f" and {more} more" if more > 0 else ""
    takes += f", in steps of {number_text(item.step)}" if item.step and item.step != 1 else ""
    label = "" if item.label == item.id else f" ({item.label})"
    line = f"{name}{label}: {', '.join(filter(None, [takes, listing.default_words(item)]))}"
    return "\n".join([line, *(f"    {text}" for text in textwrap.wrap(item.help, _HELP_WIDTH))])


def _argument(item: Parameter, *, lists: bool, is_whole: bool) -> Argument:
    annotation = _value_type(item)
    if lists:
        annotation = annotation | GenericAlias(list, (annotation,))
    if item.has_to_be_given and is_whole:
        return Argument(item.id, Argument.KEYWORD_ONLY, annotation=annotation)
    default = None if item.has_to_be_given else item.default
    if default is None:
        annotation = annotation | None
    return Argument(item.id, Argument.KEYWORD_ONLY, default=default, annotation=annotation)


def _value_type(item: Parameter) -> Any:
    if item.kind == "file":
        file = str | Path | bytes
        return file | list[file] if item.multiple else file
    if item.kind in ("range", "number"):
        return int if item.integer else float
    if item.kind == "boolean":
        return bool
    if item.structure is not None:
        return str | (list[Any] if item.structure == "list" else dict[str, Any])
    texts = options(item) if item.kind == "select" else []
    return Literal[tuple(texts)] if 0 < len(texts) <= _MAX_LITERAL else str
