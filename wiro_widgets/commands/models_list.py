"""`wiro-widgets models | info`: which models there are, and what one takes and costs."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from typing import Any

from wiro_widgets.client.sync_client import Client
from wiro_widgets.commands import console
from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.credentials import Credentials
from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.schema import listing
from wiro_widgets.protocol.schema.model_info import ModelInfo
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model

_DESCRIPTION = 400  # characters
_MAX_EXAMPLES = 6  # that are printed; `--json` has all


def main(search: str, *, categories: Sequence[str], limit: int, as_json: bool) -> int:
    """Print one line a model, the best matches first."""
    with Client(journal=False) as client:
        models = client.models(search, categories, limit)
    if as_json:
        results = [console.out_json(asdict(model)) for model in models]
        return 0 if all(results) else console.FAILED
    rows = [(model.model, listing.shorten(model.title), model.price) for model in models]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    lines = [f"{name:<{widths[0]}}  {title:<{widths[1]}}  {price}".rstrip() for name, title, price in rows]
    if not lines:
        console.err("No model matches.")
    return 0 if not lines or console.out(printable("\n".join(lines))) else console.FAILED


def info(model: str, *, as_json: bool) -> int:
    """Print what a model is, costs and takes, and its examples; without a key what is built in."""
    name = "/".join(split_model(model))
    schema, estimate = ModelSchema.built_in(name), None
    about = ModelInfo(name)
    with nullcontext() if schema is not None and not _has_key() else Client(journal=False) as client:
        if client is not None:
            schema = client.schema(name)
            estimate = client.estimate(name)
            about = client.info(name)
    if schema is None:
        return console.FAILED
    text = "" if as_json else printable(_text(schema, estimate, about))
    is_printed = console.out_json(_facts(schema, estimate, about)) if as_json else console.out(text)
    return 0 if is_printed else console.FAILED


def _has_key() -> bool:
    try:
        Credentials.find()
    except ConfigurationError:
        return False
    return True


def _text(schema: ModelSchema, estimate: Estimate | None, about: ModelInfo) -> str:
    name = about.model
    title = "" if schema.title == name.partition("/")[2] else schema.title
    description = " ".join((about.description or schema.description).split())
    head = [
        title,
        textwrap.shorten(description, _DESCRIPTION, placeholder="..."),
        "" if estimate is None else f"Price of a run: {estimate}",
    ]
    if schema.is_open:
        table = f"{name}\n  Its parameters are not known here; any can be given."
    else:
        items = sorted(schema.parameters, key=lambda item: item.advanced)  # as a panel has them
        table = listing.parameters(name, items)
    examples = [f"  {_command(name, values)}" for values in about.examples[:_MAX_EXAMPLES]]
    return "\n".join([*filter(None, head), table, *(["Examples", *examples] if examples else [])])


def _command(name: str, values: Mapping[str, Any]) -> str:
    """Return the command that runs an example."""
    options = [
        f"-p {shlex.quote(f'{key}={wire_values.text(item)}')}"
        for key, value in values.items()
        for item in (value if isinstance(value, list) else [value])
    ]
    return " ".join(["wiro-widgets run", shlex.quote(name), *options])


def _facts(schema: ModelSchema, estimate: Estimate | None, about: ModelInfo) -> dict[str, Any]:
    return {
        "model": about.model,
        "title": schema.title,
        "description": about.description or schema.description,
        "price": None if estimate is None else {**asdict(estimate), "amount": estimate.amount},
        "cover": about.cover,
        "readme": about.readme,
        "examples": list(about.examples),
        "samples": list(about.samples),
        "is_open": schema.is_open,
        "parameters": [_parameter(item) for item in schema.parameters],
    }


def _parameter(item: Parameter) -> dict[str, Any]:
    names = ("id", "kind", "label", "required", "default", "minimum", "maximum", "step", "help", "advanced")
    facts = {name: getattr(item, name) for name in (*names, "multiple")}
    return {**facts, "options": [option.value for option in item.options]}
