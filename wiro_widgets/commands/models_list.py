"""`wiro-widgets models | info`: which models there are, and what one takes and costs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from typing import Any

from wiro_widgets.client.sync_client import Client
from wiro_widgets.commands import console
from wiro_widgets.protocol.credentials import Credentials
from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.schema import listing
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model


def main(search: str, *, categories: Sequence[str], limit: int, as_json: bool) -> int:
    """Print one line a model, the best matches first."""
    with Client(journal=False) as client:
        models = client.models(search, categories, limit)
    if as_json:
        results = [console.out_json(asdict(model)) for model in models]
        return 0 if all(results) else console.FAILED
    width = max((len(model.model) for model in models), default=0)
    lines = [f"{model.model:<{width}}  {listing.shorten(model.title)}".rstrip() for model in models]
    if not lines:
        console.err("No model matches.")
    return 0 if not lines or console.out(printable("\n".join(lines))) else console.FAILED


def info(model: str, *, as_json: bool) -> int:
    """Print the title of a model, its price and its parameters; the price of a built-in model only with a key."""
    name = "/".join(split_model(model))
    schema, estimate = ModelSchema.built_in(name), None
    with nullcontext() if schema is not None and not _has_key() else Client(journal=False) as client:
        if client is not None:
            schema = client.schema(name)
            estimate = client.estimate(name)
    if schema is None:
        return console.FAILED
    text = "" if as_json else printable(_text(name, schema, estimate))
    is_printed = console.out_json(_facts(name, schema, estimate)) if as_json else console.out(text)
    return 0 if is_printed else console.FAILED


def _has_key() -> bool:
    try:
        Credentials.find()
    except ConfigurationError:
        return False
    return True


def _text(name: str, schema: ModelSchema, estimate: Estimate | None) -> str:
    title = "" if schema.title == name.partition("/")[2] else schema.title
    head = [
        title,
        listing.shorten(schema.description),
        "" if estimate is None else f"Price of a run: {estimate}",
    ]
    if schema.is_open:
        table = f"{name}\n  Its parameters are not known here; any can be given."
    else:
        items = sorted(schema.parameters, key=lambda item: item.advanced)  # as a panel has them
        table = listing.parameters(name, items)
    return "\n".join([*filter(None, head), table])


def _facts(name: str, schema: ModelSchema, estimate: Estimate | None) -> dict[str, Any]:
    return {
        "model": name,
        "title": schema.title,
        "description": schema.description,
        "price": None if estimate is None else {**asdict(estimate), "amount": estimate.amount},
        "is_open": schema.is_open,
        "parameters": [_parameter(item) for item in schema.parameters],
    }


def _parameter(item: Parameter) -> dict[str, Any]:
    names = ("id", "kind", "label", "required", "default", "minimum", "maximum", "step", "help", "advanced")
    facts = {name: getattr(item, name) for name in (*names, "multiple")}
    return {**facts, "options": [option.value for option in item.options]}
