"""`wiro-widgets stubs`: a module with the types of models, for editors and type checkers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from wiro_widgets.client.sync_client import Client
from wiro_widgets.commands import console
from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model
from wiro_widgets.protocol.schema.typed_module import typed_module


def main(models: Sequence[str], *, out: str | None, as_json: bool) -> int:
    """Write the module to the file, or to stdout; nothing is written if a model is not found."""
    names = list(dict.fromkeys("/".join(split_model(model)) for model in models))
    text = typed_module(_schemas(names), call_options())
    if out is None:
        is_printed = (
            console.out_json({"models": names, "module": text}) if as_json else console.out(text.rstrip("\n"))
        )
        return 0 if is_printed else 1
    try:
        Path(out).expanduser().write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{out!r} cannot be written: {error.strerror}.") from error
    console.err(f"{out}: {len(names)} model{'' if len(names) == 1 else 's'}")
    return 0 if not as_json or console.out_json({"models": names, "file": out}) else 1


def call_options() -> dict[str, list[inspect.Parameter]]:
    """Return the keyword arguments that the calls of a model have beside its parameters."""
    calls: dict[str, Callable[..., Any]] = {
        "__call__": Client.generate,
        "run": Client.run,
        "sweep": Client.sweep,
        "map": Client.map,
    }
    return {
        name: [item for item in inspect.signature(call).parameters.values() if item.kind is item.KEYWORD_ONLY]
        for name, call in calls.items()
    }


def _schemas(names: Sequence[str]) -> list[ModelSchema]:
    """Ask the catalogue; a client, and so a key, is needed only for models that are not built in."""
    with ExitStack() as stack:
        client: Client | None = None
        schemas = []
        for name in names:
            schema = ModelSchema.built_in(name)
            if schema is None:
                client = client or stack.enter_context(Client(journal=False))
                schema = client.schema(name)
            schemas.append(schema)
        return schemas
